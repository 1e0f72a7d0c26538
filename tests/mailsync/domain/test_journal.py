"""The checks find what is broken, and mend it."""

import io

import pytest
from django.core.management import CommandError, call_command

from mailsync.domain import blobs, journal
from mailsync.models import Blob, Email, MailboxEntry, Thread
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


def test_resync_fetches_everything_again_and_changes_nothing(filled):
    before = list(Email.objects.order_by("id").values())
    assert "6 there, 6 known" in called("resync", filled.address, dry_run=True)
    called("resync", filled.address, full=True)
    assert list(Email.objects.order_by("id").values()) == before
    assert codes(filled) == []
