import pytest

from mailsync.providers.base import Reaction
from mailsync.providers.imap_errors import refusal


@pytest.mark.parametrize(
    ("text", "code", "reaction"),
    [
        (b"[AUTHENTICATIONFAILED] no", "sign_in_refused", Reaction.SIGN_IN),
        (b"[authenticationfailed] no", "sign_in_refused", Reaction.SIGN_IN),
        (b"[UNAVAILABLE] try later", "server_unavailable", Reaction.LATER),
        (b"[NONEXISTENT] gone", "mailbox_not_opened", Reaction.MAILBOX),
        (b"Application-specific password required", "app_password_needed", Reaction.SIGN_IN),
        (b"User is authenticated but not connected.", "throttled", Reaction.THROTTLED),
        (b"Maximum number of connections exceeded", "throttled", Reaction.THROTTLED),
        # A code that we do not know leaves the word to the words.
        (b"[X-ODD 7] quota exceeded", "over_quota", Reaction.REFUSED),
        (b"[OVERQUOTA] try again", "over_quota", Reaction.REFUSED),
        (b"No.", "refused", Reaction.REFUSED),
    ],
)
def test_what_a_refusal_asks_for(text: bytes, code: str, reaction: Reaction) -> None:
    error = refusal(text, code="refused", reaction=Reaction.REFUSED)
    assert (error.code, error.reaction) == (code, reaction)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (b"Suggested Backoff Time: 37500 milliseconds", 37.5),
        (b"backoff time 20 seconds", 20.0),
        (b"Backoff time: 9999999999 s", 86_400.0),
        (b"wait a bit", None),
    ],
)
def test_how_long_to_wait(text: bytes, seconds: float | None) -> None:
    error = refusal(text, code="throttled", reaction=Reaction.THROTTLED)
    assert error.retry_after == seconds


def test_the_servers_words_are_bounded() -> None:
    error = refusal(b"x" * 9000 + b"\xff", code="refused", reaction=Reaction.REFUSED)
    assert error.server_text == "x" * 500
