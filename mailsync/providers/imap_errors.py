"""What a server's refusal asks for, from its response code (RFC 5530) or, failing that, its words."""

import re

from mailsync.providers.base import ProviderError, Reaction

_CODE = re.compile(rb"\[([A-Z0-9-]+)(?: ([^\]]*))?\]", re.IGNORECASE)
_BACKOFF = re.compile(rb"backoff time:? *(\d+) *(milliseconds|ms|seconds|s)?", re.IGNORECASE)

_BY_CODE = {
    b"AUTHENTICATIONFAILED": ("sign_in_refused", Reaction.SIGN_IN),
    b"AUTHORIZATIONFAILED": ("sign_in_refused", Reaction.SIGN_IN),
    b"EXPIRED": ("sign_in_refused", Reaction.SIGN_IN),
    b"CONTACTADMIN": ("account_blocked", Reaction.SIGN_IN),
    b"WEBALERT": ("account_blocked", Reaction.SIGN_IN),
    b"PRIVACYREQUIRED": ("tls_required", Reaction.SETTINGS),
    b"THROTTLED": ("throttled", Reaction.THROTTLED),
    b"LIMIT": ("throttled", Reaction.THROTTLED),
    b"UNAVAILABLE": ("server_unavailable", Reaction.LATER),
    b"INUSE": ("server_unavailable", Reaction.LATER),
    b"SERVERBUG": ("server_unavailable", Reaction.LATER),
    b"CORRUPTION": ("server_unavailable", Reaction.LATER),
    b"OVERQUOTA": ("over_quota", Reaction.REFUSED),
    b"NONEXISTENT": ("mailbox_not_opened", Reaction.MAILBOX),
    b"TRYCREATE": ("mailbox_not_opened", Reaction.MAILBOX),
    b"NOPERM": ("refused", Reaction.REFUSED),
    b"CANNOT": ("refused", Reaction.REFUSED),
    b"ALREADYEXISTS": ("refused", Reaction.REFUSED),
    b"TOOBIG": ("refused", Reaction.REFUSED),
}

# Words that servers use instead of codes; the first match counts.
_BY_WORDS = tuple(
    (re.compile(words, re.IGNORECASE), code, reaction)
    for words, code, reaction in (
        (
            rb"application-specific password|app password|authori[sz]ation code",
            "app_password_needed",
            Reaction.SIGN_IN,
        ),
        (rb"too many|maximum number of connections", "throttled", Reaction.THROTTLED),
        # Microsoft says this when it throttles; the password is right.
        (rb"authenticated but not connected", "throttled", Reaction.THROTTLED),
        (rb"rate limit|throttl|backoff|bandwidth", "throttled", Reaction.THROTTLED),
        (rb"quota", "over_quota", Reaction.REFUSED),
        (rb"unsafe login", "account_blocked", Reaction.SIGN_IN),
        (rb"temporar|try again|unavailable|server busy", "server_unavailable", Reaction.LATER),
        (rb"(does ?n.t|not) exist|no such|unknown mailbox", "mailbox_not_opened", Reaction.MAILBOX),
    )
)


class BadAnswerError(ValueError):
    """An answer that is not built as the protocol says."""


def refusal(text: bytes, *, code: str, reaction: Reaction) -> ProviderError:
    """The error for a NO, BAD or BYE. `code` and `reaction` stand where the text says nothing
    that we know."""
    found = _CODE.search(text)
    known = _BY_CODE.get(found[1].upper()) if found else None
    if known is None:
        for words, word_code, word_reaction in _BY_WORDS:
            if words.search(text):
                known = (word_code, word_reaction)
                break
    code, reaction = known or (code, reaction)
    return ProviderError(
        code,
        reaction,
        server_text=text.decode("utf-8", "replace").strip()[:500],
        retry_after=_backoff(text),
    )


def _backoff(text: bytes) -> float | None:
    found = _BACKOFF.search(text)
    if not found:
        return None
    in_seconds = (found[2] or b"ms").lower() in (b"s", b"seconds")
    return min(float(found[1]) / (1 if in_seconds else 1000), 86_400.0)
