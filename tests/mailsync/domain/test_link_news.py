from mailsync.domain import link_news, links_by_hand
from tests.factories.crm import make_person
from tests.mailsync.domain.test_linking import new_thread


def test_follow_merge_moves_links_and_keeps_one_per_thread(account, alice):
    kept, gone = make_person(alice), make_person(alice, "Ada B.", "ada.b@acme.example")
    both, only = new_thread(account), new_thread(account)
    for record in (kept, gone):
        links_by_hand.link_by_hand(both, record=record, by=alice)
    links_by_hand.link_by_hand(only, record=gone, by=alice)

    link_news.follow_merge(kind="person", kept_id=kept.pk, gone_id=gone.pk)

    for thread in (both, only):
        assert [link.person_id for link in thread.links.all()] == [kept.pk]
