"""Rights are asked on reading: one is taken away, and at once every surface is as if nothing were.

bob sees a conversation of alice by a deal of his visibility group, carol one of the team account.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm.domain.records import bin_record
from crm.models import Deal
from inbox.domain import search
from mailsync.domain import accounts, links_by_hand, search_index
from mailsync.enums import AccountScope
from mailsync.models import Attachment, Email, Thread
from sharing.enums import ItemVisibility, ThreadVisibility
from sharing.models import GroupMembership, VisibilityGroup
from tests.factories.crm import make_deal
from tests.factories.mail import give_bytes, link, make_account, make_thread
from users.domain import people
from users.enums import Role
from users.models import User

pytestmark = pytest.mark.django_db


@dataclass
class Scene:
    alice: User
    bob: User
    dana: User
    deal: Deal
    thread: Thread
    client: Client

    def surfaces(self) -> dict[str, int]:
        """Status, or number of hits, of all ways to the conversation that bob has."""
        email = Email.objects.filter(thread=self.thread).first()
        user = User.objects.get(pk=self.bob.pk)
        attachment = Attachment.objects.filter(email=email).first()
        found = {
            name: self.client.get(path).status_code
            for name, path in {
                "page": reverse("inbox:thread", args=[self.thread.key]),
                "panel": reverse("inbox:thread_side", args=[self.thread.key]),
                "link": reverse("inbox:thread_link_choose", args=[self.thread.key]),
                "message": reverse("inbox:message", args=[email.key]) if email else "/none/",
                "body": reverse("inbox:body", args=[email.key]) if email else "/none/",
                "file": reverse("inbox:attachment", args=[attachment.key])
                if attachment
                else "/none/",
                "picture": reverse("inbox:inline_picture", args=[email.key, "2"])
                if email
                else "/none/",
            }.items()
        }
        found["search"] = len(search.find(user, "peregrine").rows)
        found["rows"] = Thread.objects.visible_to(user).count()
        pane = reverse("inbox:record_pane", args=["deal", self.deal.pk])
        answer = self.client.get(pane, headers={"HX-Request": "true"})
        found["pane"] = int(b"peregrine" in answer.content)
        return found


SEEN = {
    "page": 200,
    "panel": 200,
    "link": 200,
    "message": 302,
    "body": 200,
    "file": 200,
    "picture": 200,
    "search": 1,
    "rows": 1,
    "pane": 1,
}
GONE = {**dict.fromkeys(SEEN, 404), "search": 0, "rows": 0, "pane": 0}


@pytest.fixture
def scene(alice: Any, bob: Any, dana: Any, settings: Any, tmp_path: Path) -> Scene:
    settings.BLOB_DIR = tmp_path / "blobs"
    group = VisibilityGroup.objects.create(name="Sales")
    for user in (alice, bob):
        GroupMembership.objects.create(user=user, group=group)
    deal = make_deal(alice, visibility=ItemVisibility.GROUP)
    thread = make_thread(make_account(alice), "peregrine offer", visibility=ThreadVisibility.SHARED)
    link(thread, deal=deal)
    give_bytes(thread)
    search_index.index_emails(Email.objects.values_list("pk", flat=True))
    client = Client()
    client.force_login(bob)
    return Scene(alice=alice, bob=bob, dana=dana, deal=deal, thread=thread, client=client)


def set_private(s: Scene) -> None:
    owner = Client()
    owner.force_login(s.alice)
    path = reverse("inbox:thread_act", args=[s.thread.key, "hide"])
    assert owner.post(path).status_code == 303


def unlink(s: Scene) -> None:
    links_by_hand.unlink(s.thread.links.get(), by=s.alice)


def make_record_private(s: Scene) -> None:
    Deal.objects.filter(pk=s.deal.pk).update(visibility=ItemVisibility.OWNER)


def change_owner(s: Scene) -> None:
    Deal.objects.filter(pk=s.deal.pk).update(owner=s.dana)


def put_record_into_the_bin(s: Scene) -> None:
    bin_record(s.deal, by=s.alice)


def leave_the_group(s: Scene) -> None:
    GroupMembership.objects.filter(user=s.bob).delete()


def trash_the_thread(s: Scene) -> None:
    Thread.objects.filter(pk=s.thread.pk).update(trashed_at=timezone.now())


def remove_the_account(s: Scene) -> None:
    account = s.thread.account
    accounts.remove_account(account, keep_mail=False)
    accounts.finish_removal(account.pk)


TAKEN: list[Callable[[Scene], None]] = [
    set_private,
    unlink,
    make_record_private,
    change_owner,
    put_record_into_the_bin,
    leave_the_group,
    trash_the_thread,
    remove_the_account,
]


def test_everything_is_there_to_be_taken(scene: Scene) -> None:
    assert scene.surfaces() == SEEN


@pytest.mark.parametrize("take", TAKEN, ids=lambda take: take.__name__)
def test_gone_at_once_everywhere(scene: Scene, take: Callable[[Scene], None]) -> None:
    assert scene.surfaces()["page"] == 200
    take(scene)
    assert scene.surfaces() == GONE


def test_demoted_administrator(scene: Scene) -> None:
    scene.client.force_login(scene.dana)
    scene.bob = scene.dana
    assert scene.surfaces() == SEEN
    User.objects.filter(pk=scene.dana.pk).update(role=Role.MEMBER)
    assert scene.surfaces() == GONE


def test_deactivated_user_is_out(scene: Scene) -> None:
    assert scene.surfaces()["page"] == 200
    people.deactivate(scene.bob, by=scene.dana)
    found = scene.surfaces()
    assert {found[name] for name in ("page", "panel", "body", "file")} == {302}
    assert (found["search"], found["rows"], found["pane"]) == (0, 0, 0)


def test_who_leaves_a_team_account_loses_its_mail(scene: Scene) -> None:
    team = make_account(scene.dana, "sales@northwind.example", scope=AccountScope.TEAM)
    accounts.set_members(team, [scene.bob], by=scene.dana)
    own = make_thread(team, "peregrine team", visibility=ThreadVisibility.TEAM)
    path = reverse("inbox:thread", args=[own.key])
    assert scene.client.get(path).status_code == 200
    assert b"peregrine team" in scene.client.get("/mail/inbox/").content
    accounts.set_members(team, [], by=scene.dana)
    assert scene.client.get(path).status_code == 404
    assert b"peregrine team" not in scene.client.get("/mail/inbox/").content
