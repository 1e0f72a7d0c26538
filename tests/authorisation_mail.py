"""The rows of the matrix for mail and mail accounts.

Conversations come in six cases, all of them linked unless it says otherwise. alice has a personal
account, bob is the one member of a team account. Alice's deal is seen by her visibility group,
which is grace, and by heidi, who manages her; the team's deal by bob alone; administrators see
every record. A manager reads what is shared and linked, and not a mail more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from inbox.models import Label
from mailsync.enums import AccountScope, BlockScope, ChangeOperation, LinkOrigin
from mailsync.models import (
    AccountSetup,
    Attachment,
    BlockedAddress,
    Email,
    Mailbox,
    MailboxEntry,
    RemoteChange,
    Thread,
    ThreadLink,
)
from sharing.enums import ItemVisibility, ThreadVisibility
from sharing.models import GroupMembership, VisibilityGroup
from tests.authorisation import ADMINISTRATORS, USERS, Row
from tests.factories.crm import make_deal
from tests.factories.mail import give_bytes, make_account, make_thread

ALICE, BOB = frozenset({"alice"}), frozenset({"bob"})
# case -> who reads it, who acts on it
CASES = {
    "private": (ALICE, ALICE),
    "shared": (frozenset({"alice", "grace", "heidi", "dana"}), ALICE),
    "shared, not linked": (ALICE, ALICE),
    "shared, in trash": (ALICE, ALICE),
    "team only": (BOB, BOB),
    "team shared": (frozenset({"bob", "dana"}), BOB),
}


@dataclass
class Mail:
    """What the URLs of mail point at."""

    threads: dict[str, Thread]
    deals: dict[str, Any]
    personal: Any
    team: Any


def mail_of(scene: Any) -> Mail:
    """The scene's mail, made when it is first asked for."""
    if not hasattr(scene, "mail"):
        scene.mail = _make_mail(scene)
    mail: Mail = scene.mail
    return mail


def _make_mail(scene: Any) -> Mail:
    group = VisibilityGroup.objects.create(name="Sales")
    for user in (scene.alice, scene.grace):
        GroupMembership.objects.create(user=user, group=group)
    personal = make_account(scene.alice)
    team = make_account(scene.dana, "sales@northwind.example", scope=AccountScope.TEAM)
    team.member_rows.create(user=scene.bob)
    deals = {
        "personal": make_deal(scene.alice, visibility=ItemVisibility.GROUP),
        "team": make_deal(scene.bob, visibility=ItemVisibility.OWNER),
    }
    threads = {}
    for case in CASES:
        is_team = case.startswith("team")
        visibility = (
            ThreadVisibility.SHARED
            if "shared" in case
            else ThreadVisibility.TEAM
            if is_team
            else ThreadVisibility.PRIVATE
        )
        trashed = {"trashed_at": timezone.now(), "in_trash": True} if "trash" in case else {}
        thread = make_thread(team if is_team else personal, visibility=visibility, **trashed)
        give_bytes(thread)
        threads[case] = thread
        if "not linked" not in case:
            deal = deals["team" if is_team else "personal"]
            ThreadLink.objects.create(
                thread=thread, deal=deal, origin=LinkOrigin.HAND, is_main=True
            )
    return Mail(threads=threads, deals=deals, personal=personal, team=team)


# --- Conversations -----------------------------------------------------------------------------

Args = Callable[[Any], dict[str, Any]]


def in_case(case: str, **more: Any) -> Args:
    return lambda scene: {"pk": mail_of(scene).threads[case].pk, **more}


def email_in(case: str, **more: Any) -> Args:
    return lambda scene: {"pk": mail_of(scene).threads[case].emails.get().pk, **more}


def reading(
    args: Callable[[str], Args] = in_case, *, get: int | None = 200, **more: Any
) -> dict[str, Row]:
    """Rows of a URL that everybody may open who knows of the conversation."""
    return {
        case: Row(readers, get=get, args=args(case), **more)
        for case, (readers, _actors) in CASES.items()
    }


def acting(
    args: Callable[[str], Args] = in_case,
    *,
    get: int | None = None,
    post: int | None = 303,
    data: Callable[[str], Args] = lambda _case: lambda _scene: {},
    cases: tuple[str, ...] = tuple(CASES),
    **more: Any,
) -> dict[str, Row]:
    """Rows of a URL that only the conversation's own people may use: seeing is not acting."""
    return {
        case: Row(CASES[case][1], get=get, post=post, args=args(case), data=data(case), **more)
        for case in cases
    }


def the_deal(case: str) -> Args:
    """A POST that names the deal the conversation is linked to, or could be."""
    kind = "team" if case.startswith("team") else "personal"
    return lambda scene: {"kind": "deal", "record": mail_of(scene).deals[kind].pk}


def an_attachment(case: str) -> Args:
    def args(scene: Any) -> dict[str, Any]:
        thread = mail_of(scene).threads[case]
        return {"pk": Attachment.objects.get(email__thread=thread).pk}

    return args


def a_removed_link(case: str) -> Args:
    """The thread's link, taken away by its own people."""

    def args(scene: Any) -> dict[str, Any]:
        thread = mail_of(scene).threads[case]
        (by,) = (getattr(scene, name) for name in CASES[case][1])
        link = thread.links.get()
        ThreadLink.objects.filter(pk=link.pk).update(removed_at=timezone.now(), removed_by=by)
        return {"pk": thread.pk, "link_pk": link.pk}

    return args


def every_key(scene: Any) -> dict[str, Any]:
    """Conversations of everybody: each user's act reaches his own alone (see
    tests/visibility/test_second_hand.py)."""
    return {"thread": [thread.key for thread in mail_of(scene).threads.values()]}


def an_item(scene: Any) -> dict[str, Any]:
    return {"kind": "deal", "pk": mail_of(scene).deals["personal"].pk}


SEERS = frozenset({"alice", "grace", "heidi", "dana"})
LINKED = tuple(case for case in CASES if "not linked" not in case)

THREAD_ROWS: dict[str, Any] = {
    "inbox:thread": reading(),
    "inbox:thread_side": reading(),
    "inbox:thread_link_choose": reading(),
    "inbox:message": reading(email_in, get=302),
    "inbox:body": reading(email_in),
    "inbox:inline_picture": reading(lambda case: email_in(case, section="2")),
    "inbox:attachment": reading(an_attachment),
    # Their bytes are here: both lead to the file.
    "inbox:attachment_fetch": reading(an_attachment, get=302, post=302),
    # The bytes as they came name the servers on the way: for the own people.
    "inbox:raw": acting(email_in, get=200, post=None),
    # Reading is for the own people: for others the mark is not made, and they are told nothing.
    "inbox:thread_shown": {
        case: Row(readers, get=None, post=(200, 204), args=in_case(case))
        for case, (readers, _actors) in CASES.items()
    },
    "inbox:thread_who": acting(get=200, post=None),
    "inbox:thread_act": acting(lambda case: in_case(case, act="star")),
    "inbox:thread_block": acting(get=200),
    "inbox:thread_labels": acting(get=200, post=None),
    # A colleague who knows of it may link it to what he sees as well.
    "inbox:thread_link": {
        case: Row(readers, get=None, post=303, args=in_case(case), data=the_deal(case))
        for case, (readers, _actors) in CASES.items()
    },
    "inbox:thread_unlink": acting(data=the_deal, cases=LINKED),
    "inbox:thread_main_link": acting(data=the_deal, cases=LINKED),
    # Only who took the link away brings it back.
    "inbox:thread_relink": acting(a_removed_link, cases=LINKED),
    "inbox:thread_question": acting(get=200, post=None),
    "inbox:make_record": {
        case: Row(readers, post=422, args=in_case(case, kind="deal"))
        for case, (readers, _actors) in CASES.items()
    },
    "inbox:make_activity": {
        case: Row(readers, post=422, args=in_case(case))
        for case, (readers, _actors) in CASES.items()
    },
    # Refused in words where one message is all there is, or one conversation.
    "inbox:thread_split": acting(),
    "inbox:thread_merge": acting(get=200),
    "inbox:thread_move": acting(get=200),
    "inbox:threads_merge": Row(USERS, get=None, post=404),
    "inbox:thread_as": acting(get=404, post=None),
    "inbox:threads_preview": Row(
        USERS, get=None, post=200, args=lambda scene: {"act": "share"}, data=every_key
    ),
    "inbox:earlier": Row(SEERS, post=303, args=an_item),
    "inbox:earlier_offer": Row(SEERS, args=an_item),
}


# --- Lists, labels, undo -----------------------------------------------------------------------


def a_label(scene: Any) -> dict[str, Any]:
    return {"pk": Label.objects.create(name="Later").pk}


INBOX_ROWS: dict[str, Any] = {
    "inbox:home": Row(USERS, get=302),
    "inbox:box": Row(USERS, args=lambda scene: {"box": "all"}),
    "inbox:counts": Row(USERS),
    "inbox:threads_act": Row(
        USERS, get=None, post=303, args=lambda scene: {"act": "star"}, data=every_key
    ),
    "inbox:labels": Row(USERS, post=422),
    "inbox:label_choices": Row(USERS, get=302),
    "inbox:label": Row(USERS, get=None, post=422, args=a_label),
    # Users who are no administrators are told so in words; the label stays.
    "inbox:label_remove": Row(USERS, get=None, post=303, args=a_label),
    "inbox:undo_newest": Row(USERS, get=None, post=303),
    "inbox:undo": Row(USERS, get=None, post=303, args=lambda scene: {"token": "no-such-token"}),
}


# --- Accounts ----------------------------------------------------------------------------------


def account(name: str) -> Args:
    return lambda scene: {"pk": getattr(mail_of(scene), name).pk}


def a_locked_account(scene: Any) -> dict[str, Any]:
    found = mail_of(scene).personal
    type(found).objects.filter(pk=found.pk).update(locked_at=timezone.now())
    return {"pk": found.pk}


def managing(*, get: int | None = None, post: int | None = 303, locked: bool = False) -> Any:
    """Rows of a page that manages an account: the owner's, and for a team an administrator's
    who works in it. dana made the team account, but she does not work in it."""
    return {
        "personal": Row(ALICE, get=get, post=post, args=account("personal")),
        "team": Row(frozenset(), get=get, post=post, args=account("team")),
        "locked": Row(ALICE if locked else frozenset(), get=get, post=post, args=a_locked_account),
    }


def looking_into() -> Any:
    """Rows of a page about an account for everybody whose mail it is."""
    return {
        "personal": Row(ALICE, args=account("personal")),
        "team": Row(BOB, args=account("team")),
        "locked": Row(frozenset(), args=a_locked_account),
    }


def a_setup(scene: Any) -> dict[str, Any]:
    return {"pk": AccountSetup.objects.create(user=scene.alice, address="a@acme.example").pk}


def a_blocked_address(scene: Any) -> dict[str, Any]:
    row = BlockedAddress.objects.create(
        user=scene.alice, scope=BlockScope.ADDRESS, pattern="spam@acme.example"
    )
    return {"pk": row.pk}


def an_entry(scene: Any) -> MailboxEntry:
    mail = mail_of(scene)
    mailbox = Mailbox.objects.create(account=mail.personal, path="INBOX")
    email = Email.objects.filter(account=mail.personal).first()
    return MailboxEntry.objects.create(mailbox=mailbox, uidvalidity=1, uid=7, email=email)


def a_change(scene: Any) -> dict[str, Any]:
    row = RemoteChange.objects.create(
        account=mail_of(scene).personal,
        entry=an_entry(scene),
        operation=ChangeOperation.KEYWORDS,
        wanted={"add": 1},
        base={"keywords": 0},
        created_at=timezone.now() - timedelta(hours=1),
    )
    return {"pk": row.pk}


ACCOUNT_ROWS: dict[str, Any] = {
    "mailsync:accounts": Row(USERS),
    "mailsync:account_add": Row(USERS, post=422),
    "mailsync:setup_servers": Row(ALICE, post=422, args=a_setup),
    "mailsync:setup_trial": Row(ALICE, args=a_setup),
    # Before the trial went well there is no third step.
    "mailsync:setup_choices": Row(ALICE, get=302, post=302, args=a_setup),
    "mailsync:blocked": Row(USERS, post=422),
    "mailsync:unblock": Row(ALICE, get=None, post=303, args=a_blocked_address),
    "mailsync:where": Row(USERS),
    "mailsync:unreadable": Row(USERS),
    "mailsync:try_again": Row(
        ALICE, get=None, post=303, args=lambda scene: {"pk": an_entry(scene).pk}
    ),
    "mailsync:undo_change": Row(ALICE, get=None, post=303, args=a_change),
    "mailsync:account": managing(get=200, post=422),
    "mailsync:account_card": {
        "personal": Row(ALICE, args=account("personal")),
        "team": Row(BOB, args=account("team")),
        "locked": Row(ALICE, args=a_locked_account),
    },
    "mailsync:account_folders": managing(),
    "mailsync:account_roles": managing(),
    # A personal account has no members; a team's page is tests/mailsync/views/test_members.py's.
    "mailsync:account_members": {
        name: Row(frozenset(), get=None, post=303, args=row.args)
        for name, row in managing().items()
    },
    "mailsync:account_pause": managing(),
    "mailsync:account_resume": managing(),
    "mailsync:account_reconnect": managing(locked=True),
    "mailsync:account_remove": managing(get=200, post=422, locked=True),
    "mailsync:diagnostics": looking_into(),
    "mailsync:changes": looking_into(),
    "mailsync:usage": Row(ADMINISTRATORS),
}

MAIL_ROWS: dict[str, Any] = THREAD_ROWS | INBOX_ROWS | ACCOUNT_ROWS
