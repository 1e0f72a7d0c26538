import pytest
from django.test import Client

from users.domain.setup import is_set_up


@pytest.mark.django_db
def test_the_start_of_a_new_installation_is_its_set_up(client):
    assert not is_set_up()
    assert client.get("/", follow=True).redirect_chain[-1][0].startswith("/setup")


@pytest.mark.django_db
def test_the_start_is_the_inbox(alice):
    client = Client()
    assert client.get("/", follow=True).redirect_chain[-1][0].startswith("/login/")
    client.force_login(alice, backend="users.backends.AddressBackend")
    answer = client.get("/", follow=True)
    assert answer.status_code == 200
    assert answer.redirect_chain[-1][0].startswith("/mail/")


@pytest.mark.django_db
def test_a_load_balancer_is_answered_whatever_name_it_asks_by(client):
    answer = client.get("/healthz/", headers={"host": "10.0.0.7:8000"})
    assert (answer.status_code, answer.content) == (200, b"ok")
