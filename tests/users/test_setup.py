"""The first run: who may do it, and that it is done once."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from users.domain.setup import code_path, set_up, setup_code
from users.errors import AlreadySetUpError
from users.models import Company, User
from users.signals import company_made

FORM = {
    "company": "Northwind",
    "currency": "EUR",
    "name": "Dana Scully",
    "email": "Dana@Northwind.example",
    "password": "trust nobody at all",
    "time_zone": "Europe/Berlin",
}


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Any) -> None:
    settings.DATA_DIR = tmp_path


@pytest.mark.django_db
def test_every_page_leads_to_the_setup_before_it_is_done() -> None:
    for path in ("/login/", "/settings/", "/operator/", "/events/"):
        response = Client().get(path)
        if path == "/events/":
            assert response.status_code == 401
        else:
            assert response["Location"] == "/setup/", path


@pytest.mark.django_db
def test_visitor_at_the_machine_makes_company_and_administrator() -> None:
    heard: list[Any] = []
    company_made.connect(lambda **given: heard.append(given["company"]), weak=False, dispatch_uid=1)
    code = setup_code()
    client = Client(HTTP_HOST="localhost")
    response = client.post("/setup/", FORM)
    company_made.disconnect(dispatch_uid=1)
    assert (response.status_code, response["Location"]) == (303, "/welcome/")
    user = User.objects.get()
    assert user.email == "dana@northwind.example"
    assert user.is_administrator
    assert user.is_staff
    assert not user.is_superuser
    assert user.preferences.time_zone == "Europe/Berlin"
    assert heard == [Company.objects.get()]
    assert code
    assert not code_path().exists()
    assert client.get("/setup/").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    "elsewhere",
    [
        {"REMOTE_ADDR": "203.0.113.9"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_X_REAL_IP": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_VIA": "1.1 proxy"},
        {"HTTP_HOST": "rebound.example"},
    ],
)
def test_visitor_from_elsewhere_needs_the_code(elsewhere: dict[str, str], settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    client = Client(**{"HTTP_HOST": "localhost", **elsewhere})
    assert client.post("/setup/", FORM).status_code == 422
    assert client.post("/setup/", {**FORM, "code": "AAAA-AAAA-AAAA"}).status_code == 422
    assert not Company.objects.exists()
    code = setup_code().lower().replace("-", " ")
    assert client.post("/setup/", {**FORM, "code": code}).status_code == 303


@pytest.mark.django_db
def test_code_cannot_be_guessed_on_and_on() -> None:
    client = Client(REMOTE_ADDR="203.0.113.9")
    for _ in range(5):
        client.post("/setup/", {**FORM, "code": "AAAA-AAAA-AAAA"})
    response = client.post("/setup/", {**FORM, "code": setup_code()})
    assert response.status_code == 422
    assert not Company.objects.exists()


@pytest.mark.django_db
def test_of_two_visitors_one_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have passed the question whether there is a company when the first one makes it."""
    values = {key: FORM[key] for key in FORM}
    set_up(**{**values, "email": "first@northwind.example"})
    with pytest.raises(AlreadySetUpError):
        set_up(**{**values, "company": "Late", "email": "second@northwind.example"})
    monkeypatch.setattr("users.views.door.is_set_up", lambda: False)
    assert Client(HTTP_HOST="localhost").post("/setup/", FORM)["Location"] == "/login/"
    assert Company.objects.get().name == "Northwind"
    assert User.objects.get().email == "first@northwind.example"


@pytest.mark.django_db
def test_weak_password_is_refused() -> None:
    response = Client(HTTP_HOST="localhost").post("/setup/", {**FORM, "password": "northwind"})
    assert response.status_code == 422
    assert not User.objects.exists()


def test_code_is_readable_by_the_operator_alone() -> None:
    assert setup_code() == setup_code()
    assert code_path().stat().st_mode & 0o077 == 0
    assert code_path().parent == settings.DATA_DIR
