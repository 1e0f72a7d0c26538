import pytest

from mailsync.domain import links_by_hand
from tests.factories.crm import make_deal
from tests.mailsync.domain.test_linking import new_thread


def test_link_by_hand_refuses_a_record_one_does_not_see(account, alice, carol):
    thread = new_thread(account)
    with pytest.raises(links_by_hand.LinkError):
        links_by_hand.link_by_hand(thread, record=make_deal(carol, visibility="owner"), by=alice)
    assert not thread.links.exists()


def test_a_colleague_removes_only_his_own_link(account, alice, bob):
    thread = new_thread(account, visibility="shared")
    owners = links_by_hand.link_by_hand(thread, record=make_deal(alice), by=alice)
    bobs = links_by_hand.link_by_hand(thread, record=make_deal(bob, "Bob's"), by=bob)

    links_by_hand.unlink(bobs, by=bob)
    with pytest.raises(links_by_hand.LinkError):
        links_by_hand.unlink(owners, by=bob)

    assert [link.pk for link in thread.links.standing()] == [owners.pk]


def test_the_next_item_becomes_main_when_the_main_one_goes(account, alice):
    thread = new_thread(account)
    first = links_by_hand.link_by_hand(thread, record=make_deal(alice), by=alice)
    second = links_by_hand.link_by_hand(thread, record=make_deal(alice, "Second"), by=alice)

    links_by_hand.unlink(first, by=alice)

    assert thread.links.standing().get(is_main=True) == second
