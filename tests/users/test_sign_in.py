"""Sign-in: limits, sameness of answers, sessions and their ends."""

from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
import time_machine
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from tests.accidents import without_accidents
from users.domain.people import deactivate
from users.models import AttemptLimit, User, UserSession
from users.views.door import sign_in_page, wait_text

PASSWORD = "a long password"


def sign_in(client: Client, email: str, password: str = PASSWORD, **more: Any) -> Any:
    return client.post("/login/", {"email": email, "password": password}, **more)


def test_right_password_signs_in_under_a_new_key(alice: User) -> None:
    client = Client(HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
    client.cookies["sessionid"] = "presetpresetpresetpresetpresetpr"
    response = sign_in(client, " ALICE@northwind.example ")
    assert (response.status_code, response["Location"]) == (303, "/")
    row = UserSession.objects.get()
    assert row.session_key != "presetpresetpresetpresetpresetpr"
    assert (row.user, row.browser, row.address) == (alice, "Firefox, Linux", "127.0.0.1")
    assert client.get("/settings/").status_code == 200


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"],
)
def test_next_leads_to_our_pages_only(alice: User, target: str) -> None:
    data = {"email": alice.email, "password": PASSWORD, "next": target}
    assert Client().post("/login/", data)["Location"] == "/"
    data["next"] = "/settings/personal/"
    assert Client().post("/login/", data)["Location"] == "/settings/personal/"


def test_unknown_wrong_and_deactivated_get_the_same_answer(alice: User, eve: User) -> None:
    answers = [
        sign_in(Client(), email, password).content.replace(email.encode(), b"")
        for email, password in [
            ("nobody@northwind.example", PASSWORD),
            (alice.email, "a wrong password"),
            (eve.email, PASSWORD),
        ]
    ]
    cleaned = {without_accidents(answer) for answer in answers}
    assert len(cleaned) == 1
    assert b"do not belong together" in cleaned.pop()


def test_unknown_address_costs_a_hash_too(alice: User) -> None:
    for email in ("nobody@northwind.example", alice.email):
        with mock.patch.object(
            MD5PasswordHasher, "encode", autospec=True, side_effect=MD5PasswordHasher.encode
        ) as hashed:
            sign_in(Client(), email, "a wrong password")
        assert hashed.call_count == 1, email


def test_guessing_from_one_place_is_stopped_after_five(alice: User) -> None:
    for _ in range(5):
        assert b"do not belong together" in sign_in(Client(), alice.email, "wrong").content
    blocked = sign_in(Client(), alice.email)
    assert blocked.status_code == 422
    assert b"Too many attempts" in blocked.content
    assert sign_in(Client(), "nobody@x.example", "wrong").status_code == 422
    elsewhere = sign_in(Client(REMOTE_ADDR="198.51.100.7"), alice.email)
    assert elsewhere.status_code == 303


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "in 1 second."), (59, "in 59 seconds."), (60, "in 1 minute,"), (61, "in 2 minutes,")],
)
def test_wait_is_told_in_numbers_that_agree(seconds: int, words: str) -> None:
    assert words in wait_text(seconds)


def test_wait_doubles_and_passes(alice: User) -> None:
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        for _ in range(5):
            sign_in(Client(), alice.email, "wrong")
        clock.shift(29)
        assert b"Too many" in sign_in(Client(), alice.email).content
        clock.shift(2)
        assert b"do not belong" in sign_in(Client(), alice.email, "wrong").content
        clock.shift(31)
        assert b"Too many" in sign_in(Client(), alice.email).content
        clock.shift(30)
        assert sign_in(Client(), alice.email).status_code == 303


def test_thousand_guesses_from_fifty_places_reach_the_hasher_twenty_times_at_most(
    alice: User,
) -> None:
    # What is said to the guesser is not the question here, and a thousand pages take their time:
    # the view is asked without what is before and behind it.
    answer = mock.patch("users.views.door.render", return_value=HttpResponse(status=422))
    with answer, mock.patch("users.views.door.authenticate", return_value=None) as asked:
        for number in range(1000):
            guess = RequestFactory(REMOTE_ADDR=f"198.51.100.{number % 50}").post(
                "/login/", {"email": alice.email, "password": f"guess {number}"}
            )
            guess.user = AnonymousUser()
            assert sign_in_page(guess).status_code == 422
    assert 0 < asked.call_count <= 20


def test_others_guesses_do_not_lock_out_who_signed_in_here_before(alice: User) -> None:
    home = "192.0.2.4"
    assert sign_in(Client(REMOTE_ADDR=home), alice.email).status_code == 303
    for number in range(40):
        sign_in(Client(REMOTE_ADDR=f"198.51.100.{number}"), alice.email, "wrong")
    assert b"Too many" in sign_in(Client(REMOTE_ADDR="198.51.100.99"), alice.email).content
    assert sign_in(Client(REMOTE_ADDR=home), alice.email).status_code == 303


def test_one_place_trying_many_addresses_is_stopped(company: Any) -> None:
    for number in range(30):
        sign_in(Client(), f"user{number}@northwind.example", "wrong")
    assert b"Too many" in sign_in(Client(), "another@northwind.example", "wrong").content


def test_limits_keep_no_address(alice: User) -> None:
    sign_in(Client(), alice.email, "wrong")
    keys = list(AttemptLimit.objects.values_list("key", flat=True))
    assert len(keys) == 3
    assert not [key for key in keys if "alice" in key or "127" in key]


def test_forwarded_address_counts_only_behind_a_trusted_proxy(alice: User, settings: Any) -> None:
    for number in range(5):
        sign_in(Client(), alice.email, "wrong", HTTP_X_FORWARDED_FOR=f"198.51.100.{number}")
    assert b"Too many" in sign_in(Client(), alice.email).content
    settings.TRUSTED_PROXIES = 1
    client = Client(HTTP_X_FORWARDED_FOR="6.6.6.6, 198.51.100.200")
    assert sign_in(client, alice.email).status_code == 303
    assert str(UserSession.objects.get().address) == "198.51.100.200"


def test_sign_out_ends_the_session_and_empties_the_browser(alice: User) -> None:
    client = Client()
    sign_in(client, alice.email)
    assert client.get("/logout/").status_code == 405
    response = client.post("/logout/")
    assert response["Location"] == "/login/"
    assert response["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert not UserSession.objects.exists()


def test_deactivated_user_is_out_at_once(alice: User, dana: User) -> None:
    client = Client()
    sign_in(client, alice.email)
    assert client.get("/settings/").status_code == 200
    deactivate(alice, by=dana)
    assert client.get("/settings/").status_code == 302
    assert not UserSession.objects.filter(user=alice).exists()


def test_session_ends_when_idle_and_in_any_case_after_thirty_days(alice: User) -> None:
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        client = Client()
        sign_in(client, alice.email)
        clock.shift(timedelta(hours=11, minutes=50))
        assert client.get("/settings/").status_code == 200
        clock.shift(timedelta(hours=11, minutes=50))
        assert client.get("/settings/").status_code == 200
        clock.shift(timedelta(hours=12, minutes=6))
        assert client.get("/settings/").status_code == 302

        sign_in(client, alice.email)
        for _ in range(66):
            clock.shift(timedelta(hours=11))
            client.get("/settings/")
        assert client.get("/settings/").status_code == 302


def test_what_a_page_fetches_by_itself_keeps_no_session_alive(alice: User) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = Client()
        sign_in(client, alice.email)
        for _ in range(13):
            clock.shift(timedelta(hours=1))
            last = client.get("/notifications/count/", headers={"X-Background": "1"})
        assert last.status_code == 302


def test_use_is_written_every_few_minutes_only(alice: User, django_assert_num_queries: Any) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = Client()
        sign_in(client, alice.email)
        with django_assert_num_queries(3):  # session, user with preferences, company
            client.get("/password/reset/sent/", headers={"HX-Request": "true"})
        clock.shift(timedelta(minutes=6))
        client.get("/settings/")
        assert UserSession.objects.get().seen_at == timezone.now()


def test_signed_out_fragment_leads_the_page_to_sign_in(company: Any) -> None:
    response = Client().get("/settings/", headers={"HX-Request": "true"})
    assert response.status_code == 401
    assert response["HX-Redirect"].startswith("/login/")


def test_anonymous_visits_write_no_session(company: Any) -> None:
    for _ in range(20):
        Client().get("/login/?next=/settings/")
    assert not UserSession.objects.exists()


def test_nobody_registers_alone(company: Any) -> None:
    for path in ("/signup/", "/accounts/signup/", "/accounts/login/", "/register/"):
        assert Client().get(path).status_code == 404, path
