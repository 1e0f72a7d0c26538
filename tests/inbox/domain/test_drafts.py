from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from inbox.domain import drafts
from inbox.enums import DraftKind
from inbox.models import Draft, Signature
from mailsync.enums import AccountScope
from tests.factories.mail import make_account


@pytest.fixture
def draft(account, alice):
    return drafts.start_new(
        by=alice, start=drafts.Start(to=(("Ada Byron", "ada@acme.example"),)), account=account
    )


def test_start_new_takes_the_default_account_and_signature(alice, account):
    other = make_account(alice, "second@northwind.example")
    assert drafts.default_account(alice) is None
    account.is_default = True
    account.save()
    Signature.objects.create(owner=alice, name="All", is_for_new=True)
    special = Signature.objects.create(owner=alice, name="One", is_for_new=True, account=account)

    draft = drafts.start_new(by=alice, start=drafts.Start())

    assert (draft.account, draft.signature) == (account, special)
    assert drafts.default_signature(alice, account=other, kind=DraftKind.REPLY) is None


def test_save_needs_the_newest_version(draft):
    saved = drafts.save(draft, version=1, subject="Offer")
    assert (saved.version, saved.subject) == (2, "Offer")

    with pytest.raises(drafts.DraftConflictError) as conflict:
        drafts.save(draft, version=1, subject="From the phone")

    assert conflict.value.draft.subject == "Offer"
    draft.refresh_from_db()
    assert draft.subject == "Offer"


def test_save_refuses_what_is_not_the_writers(draft, bob):
    with pytest.raises(ValueError, match="author"):
        drafts.save(draft, version=1, author=bob)


def test_discard_can_be_undone_for_thirty_days(draft):
    drafts.discard(draft)
    with pytest.raises(drafts.DraftConflictError):
        drafts.save(draft, version=2, subject="too late")
    drafts.bring_back(draft)
    assert Draft.objects.standing().get() == draft

    drafts.discard(draft)
    drafts.purge()
    assert Draft.objects.exists()
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        drafts.purge()
    assert not Draft.objects.exists()


def test_drafts_are_their_authors_and_team_drafts_the_teams(draft, alice, bob, carol, dana):
    team = make_account(dana, "sales@northwind.example", scope=AccountScope.TEAM)
    team.members.add(alice, bob)
    shared = drafts.start_new(by=alice, start=drafts.Start(), account=team)

    assert set(Draft.objects.usable_by(alice)) == {draft, shared}
    assert set(Draft.objects.usable_by(bob)) == {shared}
    for outsider in (carol, dana):
        assert not Draft.objects.usable_by(outsider).exists()


def test_a_draft_of_an_account_one_has_left_is_out_of_reach(alice, bob, dana):
    team = make_account(dana, "sales@northwind.example", scope=AccountScope.TEAM)
    team.members.add(bob)
    drafts.start_new(by=bob, start=drafts.Start(), account=team)
    team.members.remove(bob)
    assert not Draft.objects.usable_by(bob).exists()
