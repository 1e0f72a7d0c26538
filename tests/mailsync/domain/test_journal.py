"""The checks find what is broken, and mend it."""

import io

import pytest
from django.core.management import CommandError, call_command

from crm.models import Note
from inbox.domain import triage
from inbox.enums import Act
from inbox.models import Label, ThreadLabel
from mailsync.domain import blobs, journal, links_by_hand, sync
from mailsync.models import (
    Attachment,
    Blob,
    Email,
    EmailBody,
    MailboxEntry,
    Thread,
    ThreadLink,
)
from tests.factories.crm import make_deal, make_person
from tests.factories.mail import link
from tests.factories.messages import message

pytestmark = pytest.mark.django_db


@pytest.fixture
def filled(account, server, run):
    for number in range(6):
        server.deliver(message(number, to=account.address))
    run(account)
    return account


def codes(account, **options):
    return [finding.code for finding in journal.check(account, **options)]


def test_sound_account_has_no_findings(filled):
    assert codes(filled) == []
    assert "hold together" in called("mail_check")


def called(*args, **options):
    out = io.StringIO()
    call_command(*args, stdout=out, **options)
    return out.getvalue()


def test_lost_row_is_found_and_fetched_again(filled, run):
    entry = MailboxEntry.objects.first()
    entry.email.delete()
    entry.delete()
    Thread.objects.filter(emails=None).delete()
    with pytest.raises(CommandError):
        called("mail_check")
    called("mail_check", repair=True)
    run(filled)
    assert codes(filled) == []
    assert Email.objects.count() == 6


def test_drifted_figures_are_found_and_made_anew(filled):
    Thread.objects.update(unread_count=40)
    assert codes(filled) == ["figures_differ"]
    assert codes(filled) == ["figures_differ"]
    assert codes(filled, repair=True) == ["figures_differ"]
    assert codes(filled) == []


def test_damaged_bytes_are_fetched_again(filled, run):
    blob = Blob.objects.order_by("id").first()
    email = Email.objects.get(blob=blob)
    Blob.objects.filter(pk=blob.pk).update(offset=blob.offset + 3)
    assert codes(filled, sample=None) == ["bytes_missing"]
    assert codes(filled, repair=True, sample=None) == ["bytes_missing"]
    run(filled)
    assert codes(filled, sample=None) == []
    email.refresh_from_db()
    assert blobs.read(email.blob).startswith(b"From:")
    assert set(MailboxEntry.objects.values_list("outcome", flat=True)) == {"stored"}


def test_erased_bytes_are_gone_from_the_disk(filled, settings, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        blobs.erase(filled.pk, Blob.objects.filter(account=filled))
    (pack,) = (settings.BLOB_DIR / str(filled.pk)).glob("*.pack")
    assert set(pack.read_bytes()) == {0}


@pytest.mark.parametrize(
    "options",
    [{}, {"full": True}, {"full": True, "folder": "INBOX"}, {"full": True, "since": "2026-01-01"}],
)
def test_resync_keeps_what_people_did(filled, server, alice, options):
    """Links made and taken away, labels, marks here and there, what was split, shared or placed."""
    deal, person = make_deal(alice), make_person(alice)
    threads = list(Thread.objects.order_by("pk"))
    link(threads[0], deal=deal)
    gone = link(threads[0], person=person)
    links_by_hand.unlink(gone, by=alice)
    ThreadLabel.objects.create(thread=threads[1], label=Label.objects.create(name="Later"))
    Note.objects.create(deal=deal, text="About it", author=alice)
    triage.perform(Act.STAR, [threads[1].pk], by=alice)
    triage.perform(Act.ARCHIVE, [threads[2].pk], by=alice)
    triage.perform(Act.SHARE, [threads[0].pk], by=alice)
    triage.perform(Act.MUTE, [threads[3].pk], by=alice)
    sync.sync_account(filled.pk)
    kept = (Thread, ThreadLink, ThreadLabel, Note, Email, EmailBody, Attachment)
    before = {model: list(model.objects.order_by("pk").values()) for model in kept}
    marks = server.snapshot()

    text = called("resync", filled.address, **options)

    assert "6 messages known" in text
    assert {model: list(model.objects.order_by("pk").values()) for model in kept} == before
    assert server.snapshot() == marks
    assert codes(filled) == []


def test_resync_fetches_everything_again_and_changes_nothing(filled):
    before = list(Email.objects.order_by("id").values())
    assert "6 there, 6 known" in called("resync", filled.address, dry_run=True)
    called("resync", filled.address, full=True)
    assert list(Email.objects.order_by("id").values()) == before
    assert codes(filled) == []
