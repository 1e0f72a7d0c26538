"""Which kind of writer: a person, a machine that answers, a list, a bounce, a receipt.

By the fields that standards give for it first (RFC 3834, 2369, 3464, 8098), and by what mail
systems write in their stead. A name in From alone never decides.
"""

import re

from mailsync.mime.headers import Fields, first, plain, unstructured
from mailsync.mime.types import Kind

_AUTO_SUBJECT = re.compile(
    r"(?i)^\W*(auto(matic|matische|mated)?[ -]?(re(ply|sponse|sponder)|antwort|odpowied|svar)"
    r"|out of (the )?office|abwesenheits|automatische antwort|automaattinen vastaus|autosvar"
    r"|r[ée]ponse automatique|absence du bureau|risposta automatica|respuesta autom[áa]tica"
    r"|resposta autom[áa]tica|automatick[áa] odpov|odpowied[źz] automatyczna|fuera de la oficina"
    r"|vacation (reply|message|notice)|自動返信|自动回复|자동 회신|автоответ)"
)
_MACHINES = re.compile(
    r"(?i)^(mailer-daemon|mail-daemon|post[_-]?master|mmdf|mdaemon|mail[. ]deliver)"
)
_BOUNCE_SUBJECT = re.compile(
    r"(?i)(undeliver|undelivered|non[ -]?deliver|not (be )?delivered|delivery (status|failure|"
    r"report|has failed|notification|problem|error|unsuccessful|incomplete)|returned mail|mail "
    r"(delivery|system|could not|status|not delivered)|failure notice|message (delivery|delayed|"
    r"not delivered|undeliverable)|mail failure|unzustellbar|unable to deliver|rejected|bounce|"
    r"nicht zugestellt|delayed|warning: could not send|could not be delivered|returned to sender|"
    r"user unknown|delivery to .* failed|permanent fail|temporar)"
)
_AUTO_FIELDS = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply-from")
_LIST_FIELDS = ("list-id", "list-post", "list-unsubscribe", "x-mailing-list", "list-help")


def kind_of(  # noqa: PLR0911 - the order of the questions is the rule
    fields: Fields, content_type: str, parameters: dict[str, str], sender: str, subject: str
) -> Kind:
    """`sender` is the address or, without one, the name of the From field."""
    report = parameters.get("report-type", "").lower() if content_type.endswith("/report") else ""
    if report == "disposition-notification":
        return Kind.RECEIPT
    if report == "delivery-status" or "x-failed-recipients" in fields:
        return Kind.BOUNCE
    if report == "feedback-report":
        return Kind.AUTOMATIC
    answer = _automatic(fields, subject)
    declared = _says(fields, "auto-submitted") in ("auto-generated", "auto-replied")
    if (not answer or declared) and looks_like_bounce(fields, sender, subject):
        return Kind.BOUNCE
    if answer:
        return Kind.AUTOMATIC
    if any(name in fields for name in _LIST_FIELDS) or _says(fields, "precedence") == "list":
        return Kind.LIST
    if _says(fields, "precedence") in ("bulk", "junk"):
        return Kind.LIST if "list" in _says(fields, "x-mailer") else Kind.AUTOMATIC
    return Kind.PERSON


def looks_like_bounce(fields: Fields, sender: str, subject: str) -> bool:
    """Of the many that are no report: sent by the mail system itself, and saying what failed."""
    if "x-autoreply" in fields or _AUTO_SUBJECT.match(subject):
        return False
    return is_mail_system(fields, sender) and speaks_of_failure(subject)


def is_mail_system(fields: Fields, sender: str) -> bool:
    if _MACHINES.match(sender) is not None:
        return True
    return "return-path" in fields and plain(first(fields, "return-path")) in ("<>", "")


def speaks_of_failure(subject: str) -> bool:
    return _BOUNCE_SUBJECT.search(subject[:300]) is not None


def is_answer(subject: str) -> bool:
    """Whether the subject is one that vacation programs write."""
    return _AUTO_SUBJECT.match(subject) is not None


def _automatic(fields: Fields, subject: str) -> bool:
    submitted = _says(fields, "auto-submitted")
    if submitted and submitted != "no":
        return True
    if any(name in fields for name in _AUTO_FIELDS):
        return True
    if _says(fields, "precedence") == "auto_reply":
        return True
    if "x-auto-response-suppress" in fields and "in-reply-to" in fields:
        # Exchange writes the field on ordinary mail as well; on an answer only with the subject.
        return _AUTO_SUBJECT.match(subject) is not None
    return _AUTO_SUBJECT.match(subject) is not None


def _says(fields: Fields, name: str) -> str:
    value = first(fields, name)
    return unstructured(value).lower().split(";")[0].split("(")[0].strip() if value else ""
