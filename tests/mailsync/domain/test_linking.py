from datetime import timedelta

import pytest
from django.utils import timezone

from mailsync.domain import linking, links_by_hand
from mailsync.enums import LinkOrigin
from mailsync.models import MailAccount, Thread, ThreadAddress, ThreadLink
from tests.factories.crm import make_deal, make_organization, make_person
from tests.factories.mail import make_thread
from users.models import User

NOW = timezone.now()


def new_thread(account: MailAccount, **fields: object) -> Thread:
    return make_thread(account, at=NOW + timedelta(hours=1), **fields)


def links_of(thread: Thread) -> set[tuple[str, object]]:
    return {
        (link.origin, links_by_hand.target(link))
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
