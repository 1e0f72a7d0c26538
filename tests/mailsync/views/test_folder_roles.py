"""The page that asks what folders are for."""

import pytest
from django.urls import reverse

from mailsync.domain import folder_roles
from mailsync.enums import MailboxRole
from mailsync.models import MailAccount
from tests.factories.mail import make_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def folders(account: MailAccount):
    return {
        path: account.mailboxes.create(path=path, role=role)
        for path, role in (
            ("INBOX", "inbox"),
            ("Papierkorb", "trash"),
            ("Kundenpost", ""),
            ("Wichtiges", ""),
        )
    }


def post(client, account, **data):
    return client.post(reverse("mailsync:account_roles", args=[account.key]), data)


def test_card_asks_and_the_page_answers(alice, account, folders, signed_in):
    client = signed_in.as_(alice)
    cards = client.get(reverse("mailsync:accounts")).content.decode()
    assert "Which folder is for this: Sent?" in cards
    page = client.get(reverse("mailsync:account", args=[account.key])).content.decode()
    assert 'id="folder-roles"' in page
    assert post(client, account, sent=folders["Wichtiges"].pk).status_code == 303
    folders["Wichtiges"].refresh_from_db()
    assert (folders["Wichtiges"].role, folders["Wichtiges"].role_is_chosen) == ("sent", True)
    assert "Which folder" not in client.get(reverse("mailsync:accounts")).content.decode()


def test_there_is_none_is_an_answer_too(alice, account, folders, signed_in):
    client = signed_in.as_(alice)
    post(client, account, sent="none")
    account.refresh_from_db()
    assert account.roles_without == ["sent"]
    assert folder_roles.open_questions([account]) == {}
    post(client, account, sent=folders["Wichtiges"].pk)
    account.refresh_from_db()
    assert account.roles_without == []


def test_what_is_left_as_it_is_stays_the_servers_word(alice, account, folders, signed_in):
    post(signed_in.as_(alice), account, trash=folders["Papierkorb"].pk)
    folders["Papierkorb"].refresh_from_db()
    assert not folders["Papierkorb"].role_is_chosen


def test_one_folder_has_one_use(alice, account, folders, signed_in):
    number = folders["Wichtiges"].pk
    response = post(signed_in.as_(alice), account, sent=number, drafts=number)
    assert response.status_code == 422
    assert "This folder has another use already." in response.content.decode()
    assert not account.mailboxes.filter(role=MailboxRole.SENT).exists()


@pytest.mark.parametrize("path", ["INBOX", "other account's"])
def test_inbox_and_folders_of_others_are_no_choice(alice, bob, account, folders, signed_in, path):
    foreign = make_account(bob).mailboxes.create(path="Sent")
    number = folders["INBOX"].pk if path == "INBOX" else foreign.pk
    assert post(signed_in.as_(alice), account, sent=number).status_code == 422
    folders["INBOX"].refresh_from_db()
    assert folders["INBOX"].role == MailboxRole.INBOX


def test_gmail_is_not_asked(alice, account, folders, signed_in):
    account.capabilities = ["X-GM-EXT-1"]
    account.save(update_fields=["capabilities"])
    page = signed_in.as_(alice).get(reverse("mailsync:account", args=[account.key]))
    assert page.context["roles"] is None
