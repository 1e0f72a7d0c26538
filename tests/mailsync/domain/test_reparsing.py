from email import message_from_bytes, policy

import pytest

from mailsync.domain.reparsing import reparse
from mailsync.models import Attachment, Email, EmailBody, Thread
from tests.factories.messages import message

pytestmark = pytest.mark.django_db


def with_a_file(number: int, *, to: str, text: str = "") -> bytes:
    mail = message_from_bytes(message(number, to=to, text=text), policy=policy.SMTP)
    mail.add_attachment(b"figures", maintype="application", subtype="pdf", filename="offer.pdf")
    return mail.as_bytes()


@pytest.fixture
def filled(account, server, run):
    """Three mails; the last one has U+0000 in its text, which PostgreSQL cannot hold."""
    server.deliver(message(0, to=account.address))
    server.deliver(with_a_file(1, to=account.address))
    server.deliver(with_a_file(2, to=account.address, text="before\0after\n"))
    run(account)
    return account


def rows(model, *, without=()):
    names = [field.attname for field in model._meta.concrete_fields if field.name not in without]
    return list(model.objects.order_by("pk").values(*names))


def everything():
    files = rows(Attachment, without=("id",))
    return rows(Email), rows(EmailBody), sorted(files, key=repr), rows(Thread)


def everybody():
    return Email.objects.order_by("id").values_list("id", flat=True)


def test_what_is_read_again_is_as_it_was(filled):
    before = everything()
    assert reparse(everybody()) == 3
    assert everything() == before
    assert reparse(everybody()) == 3
    assert everything() == before


def test_what_was_read_wrongly_is_put_right(filled):
    before = everything()
    Email.objects.update(
        subject="?", from_name="?", from_address="?", recipients=[], sent_at=None, preview="?"
    )
    Email.objects.update(has_attachments=False, kind="list", parse_state="partial", parse_note="?")
    EmailBody.objects.update(text="")
    Attachment.objects.all().delete()
    assert reparse(everybody()) == 3
    assert everything() == before


def test_what_was_stored_without_its_files_stays(filled):
    Email.objects.update(parse_note="too_big", parse_state="partial", subject="as it was")
    assert reparse(everybody()) == 0
    assert set(Email.objects.values_list("subject", flat=True)) == {"as it was"}


def test_lost_bytes_leave_the_row_and_the_others_go_on(filled):
    lost = Email.objects.latest("id")
    lost.blob.pack = 99
    lost.blob.save(update_fields=["pack"])
    Email.objects.update(subject="?")
    assert reparse(everybody()) == 2
    assert list(Email.objects.filter(subject="?")) == [lost]
