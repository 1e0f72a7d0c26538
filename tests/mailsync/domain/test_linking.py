from datetime import timedelta

import pytest
from django.utils import timezone

from mailsync.domain import linking
from mailsync.enums import AccountScope, LinkOrigin
from mailsync.models import MailAccount, Thread, ThreadAddress, ThreadLink
from tests.factories.crm import make_deal, make_organization, make_person
from tests.factories.mail import make_account, make_thread
from users.enums import ItemLinking
from users.models import Preferences, User

NOW = timezone.now()


def new_thread(account: MailAccount, **fields: object) -> Thread:
    return make_thread(account, at=NOW + timedelta(hours=1), **fields)


def links_of(thread: Thread) -> set[tuple[str, object]]:
    return {
        (link.origin, linking.target(link))
        for link in thread.links.standing().select_related("person", "organization", "deal")
    }


def test_link_threads_links_person_and_organization_by_address(account, alice):
    acme = make_organization(alice)
    ada = make_person(alice, organization=acme)
    thread = new_thread(account)

    linking.link_threads([thread.pk])

    assert links_of(thread) == {(LinkOrigin.ADDRESS, ada), (LinkOrigin.ADDRESS, acme)}
    assert {link.address for link in thread.links.all()} == {"ada@acme.example"}


def test_link_threads_twice_is_once(account, alice):
    make_person(alice)
    make_deal(alice, person=make_person(alice, "Ada again"))
    thread = new_thread(account)

    linking.link_threads([thread.pk])
    before = list(ThreadLink.objects.values())
    linking.link_threads([thread.pk])

    assert list(ThreadLink.objects.values()) == before


def test_addresses_of_our_own_never_link(account, alice, bob):
    make_person(alice, "Bob as a person", bob.email)
    make_person(alice, "Our account", account.address)
    thread = new_thread(account, sender=("Bob", bob.email))
    ThreadAddress.objects.create(thread=thread, address=account.address)

    linking.link_threads([thread.pk])

    assert not thread.links.exists()


def test_the_only_open_item_is_linked_and_main(account, alice):
    deal = make_deal(alice, person=make_person(alice))
    thread = new_thread(account)

    linking.link_threads([thread.pk])

    link = thread.links.get(deal=deal)
    assert (link.origin, link.is_main, link.address) == (
        LinkOrigin.AUTOMATIC,
        True,
        "ada@acme.example",
    )
    thread.refresh_from_db()
    assert thread.possible_items == 0


def test_several_open_items_ask(account, alice):
    ada = make_person(alice)
    make_deal(alice, person=ada)
    make_deal(alice, "Second", person=ada)
    thread = new_thread(account)

    linking.link_threads([thread.pk])

    thread.refresh_from_db()
    assert thread.possible_items == 2
    assert not thread.links.filter(deal__isnull=False).exists()


def test_closed_and_deleted_items_are_not_linked(account, alice):
    ada = make_person(alice)
    make_deal(alice, person=ada, status="won")
    make_deal(alice, person=ada, deleted_at=NOW)
    thread = new_thread(account)

    linking.link_threads([thread.pk])

    assert not thread.links.filter(deal__isnull=False).exists()


def test_an_item_made_after_the_last_mail_is_offered_and_not_linked(account, alice):
    deal = make_deal(alice, person=make_person(alice))
    thread = make_thread(account, at=NOW - timedelta(days=1))

    linking.link_threads([thread.pk])

    assert not thread.links.filter(deal=deal).exists()
    assert linking.possible_items(thread, user=alice) == [deal]
    assert list(linking.earlier_threads(deal, user=alice)) == [thread]


def test_a_running_thread_keeps_its_link(account, alice):
    ada = make_person(alice)
    first = make_deal(alice, person=ada)
    thread = new_thread(account)
    linking.link_threads([thread.pk])
    first.status = "lost"
    first.save()
    make_deal(alice, "Second", person=ada)

    linking.link_threads([thread.pk])

    assert [link.deal for link in thread.links.filter(deal__isnull=False)] == [first]


def test_a_removed_link_is_not_put_back(account, alice):
    ada = make_person(alice)
    deal = make_deal(alice, person=ada)
    thread = new_thread(account)
    linking.link_threads([thread.pk])
    for link in thread.links.all():
        linking.unlink(link, by=alice)

    linking.link_threads([thread.pk])

    assert not thread.links.standing().exists()
    linking.link_by_hand(thread, record=deal, by=alice)
    assert links_of(thread) == {(LinkOrigin.HAND, deal)}


def test_manual_links_persons_only(account, alice):
    Preferences.objects.create(user=alice, item_linking=ItemLinking.MANUAL)
    make_deal(alice, person=make_person(alice))
    thread = new_thread(account)

    linking.link_threads([thread.pk])

    assert not thread.links.filter(deal__isnull=False).exists()
    MailAccount.objects.update(item_linking=ItemLinking.AUTOMATIC)
    linking.link_threads([thread.pk])
    assert thread.links.filter(deal__isnull=False).exists()


def test_an_item_the_owner_may_not_see_is_not_linked(account, alice, carol):
    make_deal(carol, person=make_person(carol), visibility="owner")
    thread = new_thread(account)

    linking.link_threads([thread.pk])

    assert not thread.links.filter(deal__isnull=False).exists()


def test_in_a_team_account_every_member_must_see_the_item(alice, bob, carol):
    team = make_account(alice, "sales@northwind.example", scope=AccountScope.TEAM)
    team.members.add(bob, carol)
    make_deal(bob, person=make_person(bob), visibility="owner")
    thread = new_thread(team)

    linking.link_threads([thread.pk])

    assert not thread.links.filter(deal__isnull=False).exists()


def test_an_answer_can_be_kept_for_the_address(account, alice):
    ada = make_person(alice)
    make_deal(alice, person=ada)
    wanted = make_deal(alice, "Second", person=ada)
    thread, later = new_thread(account), new_thread(account)
    linking.link_threads([thread.pk])

    linking.answer_question(thread, item=wanted, by=alice, remember=True)
    linking.link_threads([later.pk])

    thread.refresh_from_db()
    assert thread.possible_items == 0
    link = later.links.get(deal__isnull=False)
    assert (link.deal, link.origin) == (wanted, LinkOrigin.REMEMBERED)


def test_link_address_finds_stored_threads(account, alice):
    thread = new_thread(account)
    ada = make_person(alice)

    assert linking.link_address("Ada@ACME.example") == 1
    assert links_of(thread) == {(LinkOrigin.ADDRESS, ada)}


def test_ask_again_counts_and_does_not_link(account, alice):
    ada = make_person(alice)
    first = make_deal(alice, person=ada)
    make_deal(alice, "Second", person=ada)
    thread = new_thread(account)
    linking.link_threads([thread.pk])
    first.status = "lost"
    first.save()

    linking.ask_again(person_ids=[ada.pk])

    thread.refresh_from_db()
    assert thread.possible_items == 1
    assert not thread.links.filter(deal__isnull=False).exists()


def test_link_by_hand_refuses_a_record_one_does_not_see(account, alice, carol):
    thread = new_thread(account)
    with pytest.raises(linking.LinkError):
        linking.link_by_hand(thread, record=make_deal(carol, visibility="owner"), by=alice)
    assert not thread.links.exists()


def test_a_colleague_removes_only_his_own_link(account, alice, bob):
    thread = new_thread(account, visibility="shared")
    owners = linking.link_by_hand(thread, record=make_deal(alice), by=alice)
    bobs = linking.link_by_hand(thread, record=make_deal(bob, "Bob's"), by=bob)

    linking.unlink(bobs, by=bob)
    with pytest.raises(linking.LinkError):
        linking.unlink(owners, by=bob)

    assert [link.pk for link in thread.links.standing()] == [owners.pk]


def test_the_next_item_becomes_main_when_the_main_one_goes(account, alice):
    thread = new_thread(account)
    first = linking.link_by_hand(thread, record=make_deal(alice), by=alice)
    second = linking.link_by_hand(thread, record=make_deal(alice, "Second"), by=alice)

    linking.unlink(first, by=alice)

    assert thread.links.standing().get(is_main=True) == second


def test_follow_merge_moves_links_and_keeps_one_per_thread(account, alice):
    kept, gone = make_person(alice), make_person(alice, "Ada B.", "ada.b@acme.example")
    both, only = new_thread(account), new_thread(account)
    for record in (kept, gone):
        linking.link_by_hand(both, record=record, by=alice)
    linking.link_by_hand(only, record=gone, by=alice)

    linking.follow_merge(kind="person", kept_id=kept.pk, gone_id=gone.pk)

    for thread in (both, only):
        assert [link.person_id for link in thread.links.all()] == [kept.pk]


def make_linked_threads(account: MailAccount, owner: User, number: int) -> list[int]:
    ids = []
    for index in range(number):
        address = f"person{index}@acme.example"
        make_deal(owner, f"Deal {index}", person=make_person(owner, f"P{index}", address))
        ids.append(new_thread(account, sender=(f"P{index}", address)).pk)
    return ids


@pytest.mark.parametrize("number", [1, 30])
def test_link_threads_takes_the_same_queries_for_many(
    account, alice, number, django_assert_num_queries
):
    ids = make_linked_threads(account, alice, number)
    with django_assert_num_queries(15):
        linking.link_threads(ids)
    assert ThreadLink.objects.filter(deal__isnull=False).count() == number
