"""The hunt for the canary: alice has one private mail with eight of them, linked to bob's deal.

Whatever bob, carol and dana open, search, sort or export: no canary in any byte, and every answer
is the one of a company in which that mail does not exist.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from crm.models import Deal, Organization, Person
from inbox.domain import reminders, texts, triage
from inbox.enums import Act
from inbox.models import Draft, Label, MailTemplate, ThreadLabel
from mailsync.domain import linking, links_by_hand, search_index
from mailsync.domain.news import tell_threads_changed
from mailsync.models import Attachment, Email, MailAccount, Thread
from notifications.models import LiveEvent, Notification
from sharing.enums import ThreadVisibility
from tests.factories.crm import make_deal, make_organization, make_person
from tests.factories.mail import give_bytes, link, make_account, make_thread
from tests.scene import taken_back
from tests.visibility.crawling import crawl, paths

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
CANARIES = {
    "subject": "zorblatt",
    "word": "quuxmire",
    "phrase": "velvet ostrich parade",
    "number": "4711088123",
    "name": "Wilhelmina Xylander",
    "address": "wx.canary@hidden-customer.example",
    "copy": "cc.canary@other-hidden.example",
    "file": "fluxcapacitor-prices.pdf",
}
# What of this small world has a page of its own.
MODELS = (Person, Organization, Deal, Thread, Email, Attachment, MailAccount, Draft, Label)
SEARCHED = ("zorblatt", "zorb", "velvet ostrich", "4711088123", "wx.canary@hidden", "fluxcap")
SEARCHES = (
    "/search/?q={}",
    "/search/palette/?q={}",
    "/contacts/people/?q={}",
    "/contacts/organizations/?q={}",
    "/deals/?q={}",
    "/leads/?q={}",
    "/contacts/people/suggest/?q={}",
    "/deals/suggest/?q={}",
    "/contacts/people/export/?q={}",
    "/deals/export/?q={}",
    "/mail/search/?q={}",
    "/mail/recipients/?q={}",
    "/mail/all/?q={}",
    "/settings/email/where/?q={}",
)


@pytest.fixture
def account(alice: Any, settings: Any, tmp_path: Path) -> MailAccount:
    settings.BLOB_DIR = tmp_path / "blobs"
    return make_account(alice)


@pytest.fixture
def deal(bob: Any) -> Any:
    organization = make_organization(bob, "Hidden Customer Ltd")
    person = make_person(bob, "W. X.", CANARIES["address"], organization=organization)
    return make_deal(bob, "Prices", person=person, organization=organization)


def add_private_mail(account: MailAccount, deal: Any) -> Thread:
    """The mail, and all that comes of it: links, index, figures, a draft, bells for its owner."""
    thread = make_thread(
        account,
        f"Prices {CANARIES['subject']}",
        text=f"{CANARIES['word']} and the {CANARIES['phrase']}, call {CANARIES['number']}",
        sender=(CANARIES["name"], CANARIES["address"]),
        at=NOW,
        has_attachments=True,
    )
    thread.addresses.create(address=CANARIES["copy"])
    email = give_bytes(thread, html=f"<p>{CANARIES['word']}</p>", file_name=CANARIES["file"])
    email.recipients = [*email.recipients, ["cc", "", CANARIES["copy"]]]
    email.save(update_fields=["recipients"])
    search_index.index_emails([email.pk])
    linking.link_threads([thread.pk])
    links_by_hand.link_by_hand(thread, record=deal, by=account.owner)
    ThreadLabel.objects.create(thread=thread, label=Label.objects.first(), put_by=account.owner)
    Draft.objects.create(author=account.owner, account=account, subject=CANARIES["subject"])
    for template in MailTemplate.objects.all():
        texts.note_use(template, by=account.owner)
    for act, more in ((Act.STAR, {}), (Act.SNOOZE, {"until": timezone.now() + timedelta(days=1)})):
        assert triage.perform(act, [thread.pk], by=account.owner, **more).number == 1
    reminders.wait_for_answer(thread, by=account.owner, until=NOW, since=NOW)
    reminders.sweep()
    tell_threads_changed(account, [thread.pk])
    return thread


def numbers() -> list[int]:
    """The numbers that rows have here, whatever ran in this database before."""
    return sorted({row for model in MODELS for row in model.objects.values_list("pk", flat=True)})


def open_everything(
    clients: dict[str, Any], pages: list[str]
) -> dict[str, dict[str, tuple[int, bytes]]]:
    searches = [
        page.format(word.replace(" ", "+").replace("@", "%40"))
        for page in SEARCHES
        for word in SEARCHED
    ]
    starts = [*pages, *searches]
    return {name: crawl(client, starts) for name, client in clients.items()}


def traces(user: Any) -> tuple[int, int]:
    """What waits for a user outside of pages: the bell and the stream of live events."""
    return (
        Notification.objects.filter(user=user).count(),
        LiveEvent.objects.filter(user=user).count(),
    )


def test_no_canary_and_no_difference_for_anybody_else(
    alice: Any, bob: Any, carol: Any, dana: Any, account: Any, deal: Any, signed_in: Any
) -> None:
    Label.objects.create(name="Later")
    MailTemplate.objects.create(author=alice, name="Ours", html="<p>Hi</p>", is_shared=True)
    others = {"bob": bob, "carol": carol, "dana": dana}
    with time_machine.travel(NOW, tick=False):
        clients = {name: signed_in.as_(user) for name, user in others.items()}
        # First with the mail, then in the same company without it: taken back, not deleted.
        with taken_back():
            thread = add_private_mail(account, deal)
            pages = paths(numbers())
            having = open_everything(clients, pages)
            rung = {name: traces(user) for name, user in others.items()}
            assert clients["bob"].get(reverse("crm:deal", args=[deal.pk])).status_code == 200
            hidden = reverse("inbox:thread", args=[thread.key])
            assert clients["bob"].get(hidden).status_code == 404
        without = open_everything(clients, pages)
        quiet = {name: traces(user) for name, user in others.items()}
    for name in others:
        for path, (status, content) in having[name].items():
            found = content.replace(path.encode(), b"").lower()
            for canary in CANARIES.values():
                if canary == CANARIES["address"]:
                    continue  # bob's own person has it
                assert not is_told(canary, found, path), (name, path, canary)
            assert (status, content) == without[name].get(path), (name, path)
        assert set(having[name]) == set(without[name])
        assert rung[name] == quiet[name]
    assert sum(len(pages) for pages in having.values()) > 400


def is_told(canary: str, content: bytes, path: str) -> bool:
    """Whether a page says the word by itself: an answer to a search repeats what was asked."""
    if "q=" in path or "q%3D" in path:
        return False  # the comparison of the two runs decides
    return canary.lower().encode() in content


def test_positive_control_shared_it_is_found(
    alice: Any, bob: Any, account: Any, deal: Any, signed_in: Any
) -> None:
    Label.objects.create(name="Later")
    thread = add_private_mail(account, deal)
    Thread.objects.filter(pk=thread.pk).update(visibility=ThreadVisibility.SHARED)
    client = signed_in.as_(bob)
    page = client.get(reverse("inbox:thread", args=[thread.key])).content.decode()
    for name in ("subject", "word", "phrase", "number", "name"):
        assert CANARIES[name] in page or name in ("word", "phrase", "number"), name
    email = Email.objects.get()
    assert CANARIES["word"] in client.get(reverse("inbox:body", args=[email.key])).content.decode()
    pages = crawl(client, paths(numbers()))
    told = {
        name
        for name, canary in CANARIES.items()
        for path, (_status, content) in pages.items()
        if canary.encode() in content
    }
    assert {"subject", "word", "name", "copy", "file"} <= told


def test_crawl_reaches_the_owners_mail(alice: Any, account: Any, deal: Any, signed_in: Any) -> None:
    """The same walk finds everything where it may: else the hunt above would prove nothing."""
    Label.objects.create(name="Later")
    add_private_mail(account, deal)
    link_to = make_thread(account, "Second")
    link(link_to, deal=deal)
    pages = crawl(signed_in.as_(alice), paths(numbers()))
    content = b"".join(answer for _status, answer in pages.values())
    for name in ("subject", "word", "name", "file", "copy"):
        assert CANARIES[name].encode() in content, name
