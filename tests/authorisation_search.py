"""The rows of the matrix for search, saved views and the mail of records."""

from typing import Any

from inbox.models import SavedView
from tests.authorisation import USERS, Row
from tests.authorisation_mail import ALICE, CASES, mail_of

NOBODY: frozenset[str] = frozenset()
# Who sees alice's deal.
SEERS = frozenset({"alice", "grace", "heidi", "dana"})


def a_view(scene: Any) -> dict[str, Any]:
    made = SavedView.objects.create(user=scene.alice, name="Mine", box="inbox", query="starred=1")
    return {"pk": made.pk}


def the_deal(scene: Any) -> dict[str, Any]:
    return {"kind": "deal", "pk": mail_of(scene).deals["personal"].pk}


def on_the_deal(case: str) -> Any:
    """The conversation, under the deal that it is linked to or would be."""

    def args(scene: Any) -> dict[str, Any]:
        mail = mail_of(scene)
        deal = mail.deals["team" if case.startswith("team") else "personal"]
        return {"kind": "deal", "pk": deal.pk, "thread_pk": mail.threads[case].pk}

    return args


def shown_there(case: str) -> frozenset[str]:
    """A record shows neither what is not linked to it nor what lies in the trash."""
    is_there = "not linked" not in case and "trash" not in case
    return CASES[case][0] if is_there else NOBODY


SEARCH_ROWS: dict[str, Any] = {
    "inbox:search": Row(USERS),
    "inbox:saved_views": Row(USERS, post=422),
    "inbox:saved_view": Row(ALICE, get=None, post=422, args=a_view),
    "inbox:saved_view_remove": Row(ALICE, get=None, post=303, args=a_view),
    # Without htmx these lead to the pages that ask for them.
    "inbox:record_pane": Row(SEERS, get=302, args=the_deal),
    "inbox:record_timeline": Row(SEERS, get=302, args=the_deal),
    "inbox:record_plans": Row(SEERS, get=302, args=the_deal),
    "inbox:last_mail": Row(USERS, args=lambda _: {"kind": "deal"}),
    "inbox:record_files": Row(SEERS, get=302, args=the_deal),
    "inbox:record_thread": {
        case: Row(shown_there(case), get=302, args=on_the_deal(case)) for case in CASES
    },
}
