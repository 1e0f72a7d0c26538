"""A folder that the server does not open: said on the page of its account, and the others come."""

from typing import Any

import pytest
from django.urls import reverse

from mailsync.domain.sync import sync_account
from mailsync.enums import AccountState, MailboxState
from mailsync.models import Email, MailAccount
from tests.factories.messages import message
from tests.servers.dovecot import Dovecot, is_installed
from tests.servers.test_sync import connected, mailbox_user, own_blobs

__all__ = ["connected", "mailbox_user", "own_blobs"]

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not is_installed(), reason="Dovecot is not installed"),
]


def test_the_other_folders_come_and_the_page_says_which_did_not(
    dovecot: Dovecot, connected: MailAccount, mailbox_user: str, signed_in: Any
) -> None:
    for number in range(3):
        dovecot.deliver(mailbox_user, message(number, to=mailbox_user))
    hidden = dovecot.deliver(mailbox_user, message(9, to=mailbox_user), mailbox="Ledger")
    folder = hidden.parent.parent
    for part in (folder / "cur", folder / "new", folder / "tmp", folder):
        part.chmod(0)
    try:
        while sync_account(connected.pk).has_more:
            pass
        connected.refresh_from_db()
        assert connected.state == AccountState.OK
        assert Email.objects.count() == 3
        ledger = connected.mailboxes.get(path="Ledger")
        assert (ledger.state, ledger.error_code) == (MailboxState.PARKED, "mailbox_not_opened")
        client = signed_in.as_(connected.owner)
        page = client.get(reverse("mailsync:diagnostics", args=[connected.key])).content.decode()
        assert "Ledger" in page
        assert "This folder cannot be opened" in page
    finally:
        for part in (folder, folder / "cur", folder / "new", folder / "tmp"):
            part.chmod(0o700)
