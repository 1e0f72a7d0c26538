"""The outbox says what waits, why, and what can be done about it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mailsync.enums import SubmissionState
from mailsync.errors import SENTENCES
from mailsync.models import Submission
from tests.fakes.outgoing import ADA, queue

S = SubmissionState
LATER = timedelta(hours=3)


@pytest.fixture
def shown(alice, account, signed_in, monkeypatch):
    """The page with one mail in this state."""
    monkeypatch.setattr("mailsync.tasks.send_submission.apply_async", lambda *_, **__: None)

    def show(**fields):
        row = queue(account, to=[ADA], send_at=timezone.now() + LATER)
        Submission.objects.filter(pk=row.pk).update(**fields)
        page = signed_in.as_(alice).get("/mail/outbox/").content.decode()
        acts = {
            name
            for name in ("now", "again", "sent", "undo", "cancel", "time")
            if reverse(f"inbox:submission_{name}", args=[row.key]) in page
        }
        return page, acts

    return show


@pytest.mark.parametrize(
    ("fields", "badge", "words", "acts"),
    [
        ({}, "Scheduled", "", {"now", "cancel", "time"}),
        ({"error_code": "limit_day"}, "Waiting for room", "as many people as it may in a day",
         {"cancel"}),
        ({"error_code": "limit_hour"}, "Waiting for room", "many new people within an hour",
         {"cancel"}),
        ({"error_code": "limit_bounces"}, "Waiting for room", "do not exist", {"cancel"}),
        ({"attempts": 2, "error_code": "throttled"}, "Waiting to try again",
         "tried again by itself", {"now", "cancel"}),
        ({"state": S.CLAIMED}, "Sending", "", set()),
        ({"state": S.HANDED_OVER}, "Sending", "", set()),
        ({"state": S.FAILED, "error_code": "message_refused"}, "Not sent",
         "The server refused the message.", {"again", "cancel"}),
        ({"state": S.FAILED, "error_code": "was_away"}, "Not sent", "restored from a backup",
         {"again", "cancel"}),
        ({"state": S.FAILED, "error_code": "too_late"}, "Not sent", "waits for your word",
         {"again", "cancel"}),
        ({"state": S.UNKNOWN, "error_code": "outcome_unknown"}, "Perhaps sent",
         "It may have been sent.", {"again", "sent"}),
    ],
)  # fmt: skip
def test_each_state_has_its_words_and_acts(shown, fields, badge, words, acts):
    page, offered = shown(**fields)
    assert badge in page
    assert words in page
    assert offered == acts


def test_what_left_or_was_taken_back_is_no_longer_there(shown):
    for state in (S.SENT, S.CANCELLED):
        assert shown(state=state)[1] == set()


@pytest.mark.parametrize(
    "code",
    ["was_away", "too_late", "limit_day", "limit_hour", "limit_bounces", "sending_limit", "gave_up",
     "not_allowed_any_more", "account_stopped", "recipients_refused", "outcome_unknown"],
)  # fmt: skip
def test_every_end_of_the_outbox_has_a_sentence(code):
    assert str(SENTENCES[code]).endswith(".")
