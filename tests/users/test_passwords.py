"""Forgotten and changed passwords, and the list of own sessions."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone

from users.domain.people import change_login_address
from users.models import ResetRequest, User, UserSession

PASSWORD = "a long password"
NEW = "another long password"


def ask(email: str, capture: Any, **more: Any) -> Any:
    with capture(execute=True):
        return Client().post("/password/reset/", {"email": email}, **more)


def link_in(letter: mail.EmailMessage) -> str:
    found = re.search(r"(https?://\S+)", letter.body)
    assert found
    return found[1]


@pytest.fixture
def link(alice: User, django_capture_on_commit_callbacks: Any) -> str:
    ask(" ALICE@northwind.example", django_capture_on_commit_callbacks)
    return link_in(mail.outbox[0]).removeprefix("http://127.0.0.1:8000")


def test_known_and_unknown_address_get_the_same_answer(
    alice: User, eve: User, django_capture_on_commit_callbacks: Any, django_assert_num_queries: Any
) -> None:
    Client().get("/password/reset/")  # a process asks once whether the installation is set up
    answers = set()
    for number, email in enumerate((alice.email, eve.email, "nobody@northwind.example")):
        client = Client(REMOTE_ADDR=f"198.51.100.{number}")
        with django_assert_num_queries(17) as queries:
            response = client.post("/password/reset/", {"email": email})
        answers.add((response.status_code, response["Location"], len(queries)))
    assert len(answers) == 1


def test_only_users_who_may_sign_in_get_a_mail(
    alice: User, eve: User, django_capture_on_commit_callbacks: Any
) -> None:
    for email in (eve.email, "nobody@northwind.example", alice.email):
        ask(email, django_capture_on_commit_callbacks)
    assert [letter.to for letter in mail.outbox] == [[alice.email]]
    assert not ResetRequest.objects.exists()


def test_host_of_the_request_is_not_in_the_mail(
    alice: User, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    ask(alice.email, django_capture_on_commit_callbacks, HTTP_HOST="evil.example")
    assert link_in(mail.outbox[0]).startswith("http://127.0.0.1:8000/password/reset/")


def test_mails_are_limited(alice: User, django_capture_on_commit_callbacks: Any) -> None:
    for _ in range(8):
        ask(alice.email, django_capture_on_commit_callbacks)
    assert len(mail.outbox) == 5


def test_link_sets_the_password_once_and_ends_all_sessions(
    alice: User, signed_in: Any, django_capture_on_commit_callbacks: Any
) -> None:
    client = signed_in.as_(alice)
    ask(alice.email, django_capture_on_commit_callbacks)
    link = link_in(mail.outbox[0]).removeprefix("http://127.0.0.1:8000")
    assert Client().get(link).status_code == 200
    assert Client().post(link, {"password": "short"}).status_code == 422
    assert Client().post(link, {"password": NEW})["Location"] == "/login/"
    assert Client().get(link).status_code == 410
    assert client.get("/settings/").status_code == 302
    alice.refresh_from_db()
    assert alice.check_password(NEW)


def test_link_dies_with_a_sign_in(link: str, alice: User, signed_in: Any) -> None:
    """Whoever remembers the password needs no link that lies about in a mailbox."""
    signed_in.as_(alice)
    assert Client().get(link).status_code == 410


def test_link_dies_with_time_deactivation_and_a_new_address(
    alice: User, dana: User, link: str
) -> None:
    with time_machine.travel(timezone.now() + timedelta(hours=24, seconds=5)):
        assert Client().get(link).status_code == 410
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert Client().get(link).status_code == 410
    User.objects.filter(pk=alice.pk).update(is_active=True)
    assert Client().get(link).status_code == 200
    change_login_address(alice, email="new@northwind.example", by=dana)
    assert Client().get(link).status_code == 410


def test_made_up_links_are_dead(company: Any) -> None:
    assert Client().get("/password/reset/AAAAAAAAAAAAAAAAAAAAAA/x-y/").status_code == 410


def test_changing_the_password_ends_all_other_sessions(alice: User, signed_in: Any) -> None:
    here, there = signed_in.as_(alice), signed_in.as_(alice)
    wrong = here.post("/settings/security/", {"current": "wrong", "password": NEW})
    assert wrong.status_code == 422
    right = here.post("/settings/security/", {"current": PASSWORD, "password": NEW})
    assert right.status_code == 303
    assert here.get("/settings/").status_code == 200
    assert there.get("/settings/").status_code == 302
    assert UserSession.objects.count() == 1


def test_own_sessions_are_listed_and_ended(alice: User, bob: User, signed_in: Any) -> None:
    here, there, foreign = (signed_in.as_(user) for user in (alice, alice, bob))
    page = here.get("/settings/security/").content.decode()
    for key in UserSession.objects.values_list("session_key", flat=True):
        assert key not in page, "a session's key opens it"
    handles = re.findall(r'name="session" value="(\w+)"', page)
    assert len(handles) == 1
    assert foreign.post("/settings/security/end/", {"session": handles[0]}).status_code == 404
    assert there.get("/settings/").status_code == 200
    assert here.post("/settings/security/end/", {"session": handles[0]}).status_code == 303
    assert there.get("/settings/").status_code == 302
    assert foreign.get("/settings/").status_code == 200


def test_all_other_sessions_end_at_once(alice: User, signed_in: Any) -> None:
    here, there = signed_in.as_(alice), signed_in.as_(alice)
    here.post("/settings/security/end-others/")
    assert here.get("/settings/").status_code == 200
    assert there.get("/settings/").status_code == 302
