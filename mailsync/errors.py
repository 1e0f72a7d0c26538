"""Every way mail can go wrong, as a code; and the sentence a person reads for it."""

from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "sign_in_refused": _("The server refused this user name and password."),
    "app_password_needed": _(
        "This provider wants an app password. Create one there and enter it here."
    ),
    "unknown_host": _("There is no server with this name. Check the spelling."),
    "private_network": _(
        "This server is on a private network. The operator of Dealpost can allow it."
    ),
    "port_not_allowed": _("This port is not one that mail servers use."),
    "not_reached": _("The server does not answer. Check the name and port, or try again later."),
    "not_a_mail_server": _("What answers there is not a mail server of this kind."),
    "certificate_untrusted": _(
        "The server's certificate is not signed by an authority, so the password was not sent."
    ),
    "certificate_wrong_name": _(
        "The server's certificate is for another name, so the password was not sent."
    ),
    "certificate_expired": _("The server's certificate has expired, so the password was not sent."),
    "certificate_changed": _(
        "The server's certificate is not the one you confirmed, so the password was not sent."
    ),
    "tls_failed": _("No encrypted connection could be made. Check the port and the security."),
    "tls_required": _("The server offers no encryption, so the password was not sent."),
    "account_blocked": _(
        "The provider blocks access by mail programs. Sign in on its website; it says why."
    ),
    "server_unavailable": _("The server is busy or being repaired. Syncing goes on by itself."),
    "over_quota": _("The mailbox is full, so the server stores nothing more."),
    "refused": _("The server refused this."),
    "sign_in_not_offered": _("The server offers no way to sign in with a password."),
    "message_refused": _("The server refused the message."),
    "message_too_big": _("The message is larger than the server takes."),
    "message_malformed": _("The message is not built as mail has to be, so it was not sent."),
    "message_not_seven_bit": _("The server does not take messages with raw 8-bit characters."),
    "address_invalid": _("This is not an e-mail address that mail can be sent to."),
    "address_not_supported": _("The server does not take addresses with letters beyond ASCII."),
    "throttled": _("The server asks us to wait. Syncing goes on by itself."),
    "connection_lost": _("The connection was cut. Syncing goes on by itself."),
    "server_misbehaves": _("The server answers against the rules of the protocol."),
    "mailbox_not_opened": _("This folder cannot be opened. The server says no."),
    "state_lost": _("The server numbered this folder anew. It is being compared."),
    "message_not_had": _("The server did not give out this message."),
    "message_unreadable": _("This message is broken. It can be downloaded as it is."),
    "message_too_complex": _("This message is built so that it cannot be read safely."),
    "no_safe_move": _("The server cannot move single messages safely."),
    "outcome_unknown": _(
        "The connection was cut while the server had the mail. It may have been sent."
    ),
    "sender_refused": _("The server does not let this address send."),
    "recipients_refused": _("The server refused every recipient."),
    "not_allowed_any_more": _("Whoever wrote this may no longer send from this account."),
    "account_locked": _(
        "An administrator changed the address you sign in with. Your mail is locked until you "
        "connect this account again with its password."
    ),
    "owner_left": _("The owner may not sign in at the moment."),
    "account_stopped": _("The account is paused or being removed."),
    "too_late": _("This should have left hours ago, so it waits for your word."),
    "was_away": _(
        "Dealpost was not running when this should have left, or was restored from a backup. It may "
        "have gone already: look into Sent, then send it or leave it."
    ),
    "limit_day": _(
        "This account has written to as many people as it may in a day. The mail leaves by itself "
        "as soon as there is room."
    ),
    "limit_hour": _(
        "This account has written to many new people within an hour. The mail leaves by itself as "
        "soon as there is room."
    ),
    "limit_bounces": _(
        "Many of the addresses that this account wrote to today do not exist, so mail to new people "
        "waits a day before providers take it for spam. Look through your list meanwhile."
    ),
    "sending_limit": _(
        "The provider lets this account send no more for now. It is tried again by itself."
    ),
    "gave_up": _("The server kept putting the message off for a day."),
    "disk_full": _("The disk of the Dealpost server is nearly full. Syncing waits."),
    "internal": _("Something went wrong in Dealpost. The operator finds details in the log."),
}


def sentence(code: str) -> str:
    """What to tell a person about this code."""
    return str(SENTENCES.get(code, SENTENCES["internal"]))


# What to do about it, for who is just connecting an account.
_CERTIFICATE = _(
    "Nobody can tell whether this is the right server, so Dealpost offers no way around it. Enter "
    "the name that the certificate is made for, or ask whoever runs the server to renew it."
)
_PORTS = _(
    "Incoming mail is usually on 993 with TLS, outgoing on 465 with TLS or 587 with STARTTLS."
)
ADVICE = {
    "sign_in_refused": _(
        "Some servers want the whole address as the user name, others only what stands before the "
        "@. Where two-step sign-in is on, create an app password."
    ),
    "app_password_needed": _("It is made in the provider's security settings."),
    "unknown_host": _(
        "It often begins with imap., smtp. or mail. Your provider's help page for mail programs "
        "names it."
    ),
    "private_network": _("Ask the operator to add its network to DEALPOST_PRIVATE_NETWORKS."),
    "port_not_allowed": _PORTS,
    "not_reached": _PORTS,
    "certificate_untrusted": _CERTIFICATE,
    "certificate_wrong_name": _CERTIFICATE,
    "certificate_expired": _CERTIFICATE,
    "tls_failed": _PORTS,
    "tls_required": _("Choose TLS with the port that goes with it, or ask for encryption there."),
    "sign_in_not_offered": _(
        "Check that IMAP and SMTP are switched on in the provider's settings."
    ),
    "account_blocked": _("Syncing can begin as soon as the block is lifted."),
    "server_unavailable": _("Test again in a few minutes."),
    "throttled": _("Test again in a few minutes."),
    "connection_lost": _("Test again; if it stays so, check the port."),
    "mailbox_not_opened": _("Ask whoever runs the server to repair the folder."),
}


def advice(code: str) -> str:
    """What a person can do about this code; empty when nothing is known."""
    return str(ADVICE.get(code, ""))
