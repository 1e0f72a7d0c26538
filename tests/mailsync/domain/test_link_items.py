"""Which open deal, lead or project is linked by rule, and about which the user is asked."""

from datetime import timedelta

from mailsync.domain import linking, links_by_hand
from mailsync.enums import AccountScope, LinkOrigin
from mailsync.models import MailAccount
from tests.factories.crm import make_deal, make_person
from tests.factories.mail import make_account, make_thread
from tests.mailsync.domain.test_linking import NOW, links_of, new_thread
from users.enums import ItemLinking
from users.models import Preferences


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
    assert links_by_hand.possible_items(thread, user=alice) == [deal]
    assert list(links_by_hand.earlier_threads(deal, user=alice)) == [thread]


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
        links_by_hand.unlink(link, by=alice)

    linking.link_threads([thread.pk])

    assert not thread.links.standing().exists()
    links_by_hand.link_by_hand(thread, record=deal, by=alice)
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

    links_by_hand.answer_question(thread, item=wanted, by=alice, remember=True)
    linking.link_threads([later.pk])

    thread.refresh_from_db()
    assert thread.possible_items == 0
    link = later.links.get(deal__isnull=False)
    assert (link.deal, link.origin) == (wanted, LinkOrigin.REMEMBERED)
