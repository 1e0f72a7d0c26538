import pytest
from django.urls import reverse

from mailsync.models import BlockedAddress
from tests.factories.mail import make_thread

pytestmark = pytest.mark.django_db


def test_block_a_pasted_list(alice, signed_in):
    client = signed_in.as_(alice)
    url = reverse("mailsync:blocked")
    response = client.post(url, {"patterns": "Spam@X.example\n\n@list.example\nnot an address"})
    assert response.status_code == 422
    assert "Line 4" in response.content.decode()
    rows = set(BlockedAddress.objects.values_list("user", "scope", "pattern"))
    assert rows == {
        (alice.pk, "address", "spam@x.example"),
        (alice.pk, "domain", "list.example"),
    }


def test_own_company_is_not_blocked(alice, bob, signed_in):
    client = signed_in.as_(alice)
    client.post(reverse("mailsync:blocked"), {"patterns": f"{bob.email}\n@northwind.example"})
    assert not BlockedAddress.objects.exists()


def test_unblock_is_ones_own(alice, bob, signed_in):
    row = BlockedAddress.objects.create(user=alice, scope="address", pattern="spam@x.example")
    url = reverse("mailsync:unblock", args=[row.pk])
    assert signed_in.as_(bob).post(url).status_code == 404
    assert BlockedAddress.objects.exists()
    signed_in.as_(alice).post(url)
    assert not BlockedAddress.objects.exists()


def test_block_sender_from_the_conversation(alice, account, signed_in):
    thread = make_thread(account)
    signed_in.as_(alice).post(reverse("inbox:thread_block", args=[thread.key]))
    assert BlockedAddress.objects.get().pattern == "ada@acme.example"
    thread.refresh_from_db()
    assert thread.trashed_at is not None
