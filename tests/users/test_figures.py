"""The figures on the first of the operators' pages."""

from typing import Any

from mailsync.enums import AccountState
from mailsync.models import MailAccount
from users.models import User


def test_operator_sees_what_needs_looking_after_and_no_names(
    account: MailAccount, alice: User, dana: User, signed_in: Any
) -> None:
    client = signed_in.as_(dana)
    assert b"data-worry" not in client.get("/operator/").content
    MailAccount.objects.filter(pk=account.pk).update(state=AccountState.AUTH_FAILED)
    response = client.get("/operator/")
    assert response.content.count(b"data-worry") == 1
    assert alice.email.encode() not in response.content
    figures = {str(one["label"]): one for one in response.context["figures"]}
    assert figures["Active users"]["count"] == 2
    assert figures["Accounts that need to sign in again"]["count"] == 1
    for figure in figures.values():
        page = client.get(figure["url"])
        assert page.status_code == 200
        assert page.context["cl"].result_count == figure["count"]
