import pytest

from mailsync.enums import MailboxRole
from mailsync.providers.roles import role_by_attributes, roles_by_name


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("Gesendete Objekte", MailboxRole.SENT),
        ("INBOX/Sent Messages", MailboxRole.SENT),
        ("Éléments supprimés", MailboxRole.TRASH),
        ("垃圾邮件", MailboxRole.JUNK),
        ("Черновики", MailboxRole.DRAFTS),
        ("ARCHIVE", MailboxRole.ARCHIVE),
        ("Bulk Mail", MailboxRole.JUNK),
        ("Customers/Sent", None),
        ("Sentinel", None),
    ],
)
def test_roles_by_name(path: str, role: MailboxRole | None) -> None:
    found = roles_by_name([(path, "/")], missing=frozenset(MailboxRole))
    assert found.get(path) == role


def test_one_mailbox_a_role_and_the_commonest_name_wins() -> None:
    paths = [("Sent Messages", "/"), ("Sent", "/"), ("Papierkorb", "/")]
    found = roles_by_name(paths, missing=frozenset({MailboxRole.SENT}))
    assert found == {"Sent": MailboxRole.SENT}


def test_the_servers_word_comes_first() -> None:
    assert role_by_attributes(frozenset({"\\junk"}), "Sent") is MailboxRole.JUNK
    assert role_by_attributes(frozenset(), "inbox") is MailboxRole.INBOX
    assert role_by_attributes(frozenset({"\\hasnochildren"}), "Sent") is MailboxRole.NONE
