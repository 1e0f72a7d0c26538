import pytest
from django.urls import reverse

from tests.factories.mail import make_thread

pytestmark = pytest.mark.django_db


def test_usage_counts_accounts_and_never_mail(alice, dana, account, signed_in):
    make_thread(account, "Private canary-31337")
    url = reverse("mailsync:usage")
    assert signed_in.as_(alice).get(url).status_code == 403
    text = signed_in.as_(dana).get(url).content.decode()
    assert "Alice" in text
    assert "canary-31337" not in text
    assert account.address not in text
