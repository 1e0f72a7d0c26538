"""Linking, making records, taking apart and putting together, and who sees it: the pages."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from common.opaque import seal
from crm.models import Activity, Deal, Person
from inbox.enums import Act
from inbox.models import UndoToken
from mailsync.domain import linking, links_by_hand, search_index
from mailsync.domain.thread_joins import rebuild_addresses
from mailsync.enums import AccountScope, LinkOrigin
from mailsync.models import (
    Email,
    RememberedLink,
    Thread,
    ThreadLink,
    ThreadSeparation,
)
from sharing.enums import ItemVisibility, ThreadVisibility
from tests.factories.crm import make_deal, make_organization, make_person
from tests.factories.mail import link, make_account, make_thread

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
SHARED = {"visibility": ThreadVisibility.SHARED}


@pytest.fixture
def person(alice: Any) -> Person:
    return make_person(alice, organization=make_organization(alice))


@pytest.fixture
def client(alice: Any, signed_in: Any) -> Any:
    return signed_in.as_(alice)


def url(name: str, thread: Thread, *more: Any) -> str:
    return reverse(f"inbox:{name}", args=[thread.key, *more])


# --- The question --------------------------------------------------------------------------------


@pytest.fixture
def asking(account: Any, alice: Any, person: Person) -> Thread:
    """A conversation with a person who has three open deals."""
    deals = [make_deal(alice, f"Deal {n}", person=person) for n in range(3)]
    Deal.objects.update(created_at=timezone.now().replace(year=2020))
    thread = make_thread(account)
    linking.link_threads([thread.pk])
    thread.refresh_from_db()
    assert (thread.possible_items, len(deals)) == (3, 3)
    return thread


def test_row_asks_and_one_click_answers(client: Any, asking: Thread) -> None:
    listed = client.get("/mail/inbox/").content.decode()
    assert url("thread_question", asking) in listed
    assert "3 possible items" in listed
    page = client.get(url("thread_question", asking), headers=HTMX).content.decode()
    assert [f"Deal {n}" in page for n in range(3)] == [True] * 3
    deal = Deal.objects.get(title="Deal 1")
    data = {"kind": "deal", "record": deal.pk, "remember": "1"}
    response = client.post(url("thread_link", asking), data, headers=HTMX)
    assert "Linked to Deal 1." in response.content.decode()
    assert ThreadLink.objects.get(deal__isnull=False).deal == deal
    assert RememberedLink.objects.get().deal == deal
    assert "possible items" not in client.get("/mail/inbox/").content.decode()


# --- One or several by hand ----------------------------------------------------------------------


def test_several_records_are_linked_at_once(client: Any, account: Any, person: Person) -> None:
    thread, deal = make_thread(account), make_deal(person.owner)
    chosen = [f"deal:{deal.pk}", f"person:{person.pk}", f"deal:{deal.pk}"]
    response = client.post(url("thread_link", thread), {"to": chosen}, headers=HTMX)
    assert "Linked to 2 records." in response.content.decode()
    assert response["HX-Trigger"] == "threads-changed,thread-changed"
    links = ThreadLink.objects.standing().filter(thread=thread)
    assert links.get(deal=deal).is_main
    assert links.filter(person=person, origin=LinkOrigin.HAND).exists()


def test_one_record_out_of_sight_links_none(client: Any, account: Any, bob: Any) -> None:
    thread, seen = make_thread(account), make_deal(bob)
    hidden = make_deal(bob, "Hidden", visibility=ItemVisibility.OWNER)
    for other in (f"deal:{hidden.pk}", "deal:0", "mail:1", "deal", ""):
        data = {"to": [f"deal:{seen.pk}", other]}
        assert client.post(url("thread_link", thread), data).status_code == 404, other
    assert not ThreadLink.objects.filter(thread=thread).exists()


def test_what_is_ticked_stays_while_one_looks_for_more(
    client: Any, account: Any, alice: Any, person: Person
) -> None:
    thread = make_thread(account)
    ticked, other = make_deal(alice, "Acme renewal"), make_deal(alice, "Navy pilot")
    query = {"q": "navy", "to": [f"deal:{ticked.pk}"]}
    found = client.get(
        url("thread_link_choose", thread), query, headers={**HTMX, "HX-Target": "form#link-found"}
    ).content.decode()
    assert f'value="deal:{ticked.pk}" checked' in found
    assert f'value="deal:{other.pk}" aria-label' in found
    # Found once more, it does not stand there twice.
    query["q"] = "acme"
    found = client.get(url("thread_link_choose", thread), query).content.decode()
    assert found.count(f'<input type="checkbox" name="to" value="deal:{ticked.pk}"') == 1


def test_the_panel_comes_anew_where_it_asked(client: Any, account: Any, alice: Any) -> None:
    thread, deal = make_thread(account), make_deal(alice)
    data = {"kind": "deal", "record": deal.pk}
    headers = {**HTMX, "HX-Target": "div#thread-side"}
    response = client.post(url("thread_link", thread), data, headers=headers)
    assert 'id="thread-side"' in response.content.decode()


# --- Unlink and undo -----------------------------------------------------------------------------


def test_unlink_is_undone(client: Any, account: Any, alice: Any) -> None:
    thread = make_thread(account)
    deal = make_deal(alice)
    links_by_hand.link_by_hand(thread, record=deal, by=alice)
    data = {"kind": "deal", "record": deal.pk}
    response = client.post(url("thread_unlink", thread), data, headers=HTMX)
    row = ThreadLink.objects.get(deal=deal)
    assert row.removed_at
    back = url("thread_relink", thread, seal("link", row.pk))
    assert back in response.content.decode()
    assert client.post(back, headers=HTMX).status_code == 200
    row.refresh_from_db()
    assert (row.removed_at, row.is_main, row.origin) == (None, True, LinkOrigin.HAND)
    assert client.post(back, headers=HTMX).status_code == 404


def test_colleague_who_unlinks_his_own_way_in_is_out(
    account: Any, bob: Any, dana: Any, alice: Any, signed_in: Any
) -> None:
    thread = make_thread(account, visibility=ThreadVisibility.SHARED)
    deal = make_deal(bob)
    ThreadLink.objects.create(
        thread=thread, deal=deal, origin=LinkOrigin.HAND, created_by=bob, is_main=True
    )
    data = {"kind": "deal", "record": deal.pk}
    client = signed_in.as_(bob)
    response = client.post(url("thread_unlink", thread), data, headers=HTMX)
    assert response.status_code == 200
    assert thread.key not in response.content.decode()
    assert client.get(url("thread", thread)).status_code == 404


# --- Made from a conversation --------------------------------------------------------------------


def test_person_from_an_unknown_sender(client: Any, account: Any) -> None:
    thread = make_thread(account, sender=("Ada Byron", "ada@acme.example"))
    side = client.get(url("thread_side", thread)).content.decode()
    to = url("make_record", thread, "person")
    assert f"{to}?address=ada%40acme.example" in side
    form = client.get(f"{to}?address=ada%40acme.example", headers=HTMX).content.decode()
    assert "Ada Byron" in form
    assert "ada@acme.example" in form
    data = {"name": "Ada Byron", "emails": "ada@acme.example", "visibility": "company"}
    response = client.post(to, data, headers=HTMX)
    assert response.status_code == 200, response.content.decode()[:500]
    assert "thread-changed" in response["HX-Trigger"]
    assert ThreadLink.objects.get(person__isnull=False).origin == LinkOrigin.CREATED


def test_only_addresses_of_the_conversation_fill_the_form(client: Any, account: Any) -> None:
    thread = make_thread(account)
    form = client.get(f"{url('make_record', thread, 'person')}?address=evil%40x.example")
    assert "evil@x.example" not in form.content.decode().replace("evil%40x.example", "")


def test_deal_is_prefilled_linked_and_offers_earlier_mail(
    client: Any, account: Any, person: Person
) -> None:
    earlier = make_thread(account, "Before")
    thread = make_thread(account, "Re: Renewal 2027")
    linking.link_threads([earlier.pk, thread.pk])
    to = url("make_record", thread, "deal")
    form = client.get(to, headers=HTMX).content.decode()
    assert 'value="Renewal 2027"' in form
    assert f"Ada Byron (#{person.pk})" in form
    make_deal(person.owner)  # a pipeline with stages
    stage = Deal.objects.get().stage
    Deal.objects.all().delete()
    data = {
        "title": "Renewal 2027",
        "person": f"Ada Byron (#{person.pk})",
        "stage": stage.pk,
        "currency": "EUR",
        "visibility": "company",
    }
    response = client.post(to, data, headers=HTMX)
    page = response.content.decode()
    assert response.status_code == 200
    deal = Deal.objects.get()
    assert ThreadLink.objects.get(deal=deal).thread == thread
    assert earlier.key in page
    assert thread.key not in page
    client.post(reverse("inbox:earlier", args=["deal", deal.pk]), {"thread": earlier.key})
    assert set(ThreadLink.objects.filter(deal=deal).values_list("thread", flat=True)) == {
        earlier.pk,
        thread.pk,
    }
    offer = client.get(reverse("inbox:earlier_offer", args=["deal", deal.pk])).content.decode()
    assert "banner" not in offer


def test_offer_counts_own_mail_alone(
    client: Any, account: Any, bob: Any, person: Person, signed_in: Any
) -> None:
    make_thread(make_account(bob), "Bob's canary", visibility=ThreadVisibility.PRIVATE)
    make_thread(account, "Mine")
    linking.link_threads(list(Thread.objects.values_list("pk", flat=True)))
    deal = make_deal(person.owner, person=person)
    offer = reverse("inbox:earlier_offer", args=["deal", deal.pk])
    assert "1 earlier conversation with" in client.get(offer).content.decode()
    dialog = reverse("inbox:earlier", args=["deal", deal.pk])
    assert "canary" not in client.get(dialog).content.decode()
    foreign = Thread.objects.get(subject="Bob's canary")
    client.post(dialog, {"thread": foreign.key})
    assert not ThreadLink.objects.filter(deal=deal).exists()


def test_activity_stands_on_the_linked_record(client: Any, account: Any, alice: Any) -> None:
    thread = make_thread(account, "Re: Order form")
    deal = make_deal(alice)
    link(thread, deal=deal)
    to = url("make_activity", thread)
    assert 'value="Order form"' in client.get(to, headers=HTMX).content.decode()
    assert client.post(to, {"title": "Call Ada"}, headers=HTMX).status_code == 200
    assert Activity.objects.get().deal == deal


# --- Apart and together --------------------------------------------------------------------------


@pytest.fixture
def long_thread(account: Any) -> Thread:
    thread, other = make_thread(account, "Long"), make_thread(account, "Other")
    Email.objects.filter(thread=other).update(thread=thread)
    other.delete()
    Thread.objects.filter(pk=thread.pk).update(email_count=2)
    return thread


def undo_in(response: Any, start: str) -> str:
    text = response.content.decode().replace("&amp;", "&")
    return text[text.index(start) :].split('"', maxsplit=1)[0]


def test_message_moves_out_and_back(client: Any, long_thread: Thread) -> None:
    email = long_thread.emails.order_by("pk").last()
    response = client.post(url("thread_split", long_thread), {"email": email.key}, headers=HTMX)
    email.refresh_from_db()
    assert email.thread != long_thread
    undo = undo_in(response, "/mail/threads/merge/?")
    assert client.post(undo, headers=HTMX).status_code == 200
    email.refresh_from_db()
    assert email.thread == long_thread


def test_message_moves_to_another_conversation_and_back(
    client: Any, account: Any, alice: Any, long_thread: Thread
) -> None:
    """By words of its text; shared is the other one only while both are."""
    other = make_thread(account, "Offer", sender=("Eve", "eve@firm.example"), **SHARED)
    Thread.objects.filter(pk=long_thread.pk).update(visibility=ThreadVisibility.PRIVATE)
    search_index.index_emails(Email.objects.values_list("pk", flat=True))
    email = long_thread.emails.order_by("pk").last()
    to = url("thread_move", long_thread)
    dialog = client.get(to, {"email": email.key, "q": "offe"}, headers=HTMX).content.decode()
    assert other.key in dialog
    assert email.key in dialog
    assert long_thread.key not in client.get(to, {"q": "long"}).content.decode().split("radio")[1:]
    data = {"email": email.key, "thread": other.key}
    response = client.post(to, data, headers=HTMX)
    assert "Moved to “Offer”." in response.content.decode()
    assert email in other.emails.all()
    other.refresh_from_db()
    assert (other.visibility, other.email_count) == (ThreadVisibility.PRIVATE, 2)
    assert ThreadSeparation.objects.count() == 1
    client.post(to, data, headers=HTMX)
    assert other.emails.count() == 2, "twice is harmless"
    undo = undo_in(response, f"/mail/t/{other.key}/move/?")
    assert "Moved back." in client.post(undo, headers=HTMX).content.decode()
    email.refresh_from_db()
    other.refresh_from_db()
    assert (email.thread, other.visibility) == (long_thread, ThreadVisibility.SHARED)
    assert not ThreadSeparation.objects.exists()


def test_whole_conversation_moved_is_put_together(client: Any, account: Any) -> None:
    one, other = make_thread(account, "One"), make_thread(account, "Other")
    email = one.emails.get()
    response = client.post(
        url("thread_move", one), {"email": email.key, "thread": other.key}, headers=HTMX
    )
    assert "2 conversations put together." in response.content.decode()
    assert one.emails.count() == 2


def test_message_moves_within_one_account_only(
    client: Any, alice: Any, bob: Any, long_thread: Thread
) -> None:
    email = long_thread.emails.order_by("pk").last()
    second = make_thread(make_account(alice, "second@northwind.example"), "Second")
    foreign = make_thread(make_account(bob), "Foreign", **SHARED)
    link(foreign, deal=make_deal(alice))
    to = url("thread_move", long_thread)
    search_index.index_emails(Email.objects.values_list("pk", flat=True))
    for other in (second, foreign):
        assert client.post(to, {"email": email.key, "thread": other.key}).status_code == 404
        page = client.get(to, {"email": email.key, "q": other.subject}).content.decode()
        assert other.key not in page
    assert long_thread.emails.count() == 2


def test_person_whose_only_message_moves_away_is_linked_no_longer(
    client: Any, account: Any, alice: Any, long_thread: Thread
) -> None:
    """His record would still show what is left to whoever sees it."""
    email = long_thread.emails.order_by("pk").last()
    Email.objects.filter(pk=email.pk).update(from_address="eve@firm.example")
    rebuild_addresses([long_thread.pk])
    eve, ada = make_person(alice, "Eve", "eve@firm.example"), make_person(alice)
    linking.link_threads([long_thread.pk])
    assert linked_persons(long_thread) == {eve.pk, ada.pk}
    response = client.post(url("thread_split", long_thread), {"email": email.key}, headers=HTMX)
    email.refresh_from_db()
    assert (linked_persons(long_thread), linked_persons(email.thread)) == ({ada.pk}, {eve.pk})
    client.post(undo_in(response, "/mail/threads/merge/?"), headers=HTMX)
    assert linked_persons(long_thread) == {eve.pk, ada.pk}


def linked_persons(thread: Thread) -> set[int]:
    links = thread.links.standing().filter(person__isnull=False)
    return set(links.values_list("person", flat=True))


def test_conversations_go_together_and_apart(client: Any, account: Any) -> None:
    first, second = make_thread(account, "One"), make_thread(account, "Two")
    page = client.get(url("thread_merge", first), headers=HTMX).content.decode()
    assert second.key in page
    response = client.post(url("thread_merge", first), {"thread": second.key}, headers=HTMX)
    assert first.emails.count() == 2
    undo = undo_in(response, f"/mail/t/{first.key}/split/?")
    assert client.post(undo, headers=HTMX).status_code == 200
    assert first.emails.count() == 1


def test_accounts_and_owners_are_never_mixed(
    client: Any, account: Any, alice: Any, bob: Any
) -> None:
    mine = make_thread(account)
    second = make_thread(make_account(alice, "second@northwind.example"))
    foreign = make_thread(make_account(bob), visibility=ThreadVisibility.SHARED)
    link(foreign, deal=make_deal(alice))
    merge = reverse("inbox:threads_merge")
    assert client.post(merge, {"thread": [mine.key, foreign.key]}).status_code == 404
    client.post(merge, {"thread": [mine.key, second.key]})
    assert not Thread.objects.filter(merged_into__isnull=False).exists()
    client.post(url("thread_split", mine), {"email": foreign.emails.get().key})
    assert foreign.emails.count() == mine.emails.count() == 1


# --- Who sees it ---------------------------------------------------------------------------------


def test_toast_names_who_can_see_it(client: Any, account: Any, alice: Any, bob: Any) -> None:
    thread = make_thread(account)
    link(thread, deal=make_deal(bob, visibility=ItemVisibility.OWNER))
    response = client.post(url("thread_act", thread, Act.SHARE), headers=HTMX)
    assert "Shared. Bob can see it now." in response.content.decode()
    response = client.post(url("thread_act", thread, Act.HIDE), headers=HTMX)
    assert "you alone see it now" in response.content.decode()
    assert UndoToken.objects.count() == 2


def test_each_person_is_named_with_the_reason(
    client: Any, account: Any, alice: Any, bob: Any, carol: Any, dana: Any
) -> None:
    thread = make_thread(account, visibility=ThreadVisibility.SHARED)
    link(thread, deal=make_deal(alice, "Acme renewal", visibility=ItemVisibility.OWNER))
    link(thread, deal=make_deal(bob, "Secret of Bob", visibility=ItemVisibility.OWNER))
    page = client.get(url("thread_who", thread), headers=HTMX).content.decode()
    listed = page[: page.index("<select")]
    assert "Bob" in listed
    assert "sees a record of theirs" in listed
    assert "Dana" in listed
    assert "as administrators do" in listed
    assert "Acme renewal" in listed
    assert "Secret of Bob" not in page
    assert "Carol" not in listed


def test_look_as_a_colleague(
    client: Any, account: Any, alice: Any, bob: Any, carol: Any, signed_in: Any
) -> None:
    thread = make_thread(account, "Offer 4711", visibility=ThreadVisibility.SHARED)
    link(thread, deal=make_deal(bob, "Secret of Bob", visibility=ItemVisibility.OWNER))
    to = url("thread_as", thread)
    as_bob = client.get(f"{to}?user={bob.pk}").content.decode()
    assert "Offer 4711" in as_bob
    assert "Secret of Bob" not in as_bob
    as_carol = client.get(f"{to}?user={carol.pk}").content.decode()
    assert "Carol sees nothing of it" in as_carol
    assert signed_in.as_(bob).get(f"{to}?user={carol.pk}").status_code == 404
    assert client.get(f"{to}?user=999999").status_code == 404


def test_many_change_after_a_preview(
    client: Any, account: Any, alice: Any, bob: Any, carol: Any
) -> None:
    deal = make_deal(bob, visibility=ItemVisibility.OWNER)
    threads = [make_thread(account, f"T{n}") for n in range(3)]
    for thread in threads[:2]:
        link(thread, deal=deal)
    data = {"scope": "all", "box": "all", "filter": "", "next": "/mail/all/"}
    page = client.post(reverse("inbox:threads_preview", args=["share"]), data, headers=HTMX)
    text = page.content.decode()
    assert "3 conversations become Shared." in text
    assert "2 conversations" in text
    assert "Carol" not in text
    assert not Thread.objects.filter(visibility=ThreadVisibility.SHARED).exists()
    client.post(reverse("inbox:threads_act", args=["share"]), data)
    assert Thread.objects.visible_to(bob).count() == 2
    page = client.post(reverse("inbox:threads_preview", args=["hide"]), data, headers=HTMX)
    assert "Who loses sight" in page.content.decode()
    assert "Bob" in page.content.decode()


def test_team_accounts_have_team_only(alice: Any, bob: Any, dana: Any, signed_in: Any) -> None:
    team = make_account(dana, "sales@northwind.example", scope=AccountScope.TEAM)
    team.member_rows.create(user=bob)
    thread = make_thread(team, visibility=ThreadVisibility.SHARED)
    response = signed_in.as_(bob).post(url("thread_act", thread, Act.HIDE), headers=HTMX)
    assert "Team only" in response.content.decode()
    thread.refresh_from_db()
    assert thread.visibility == ThreadVisibility.TEAM
