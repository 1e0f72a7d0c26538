"""One's own settings, the welcome page, and the operators' pages."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from users.checks import operators_pages_are_safe
from users.models import Company, Preferences, User
from users.operators import OperatorModelAdmin


def test_each_setting_is_saved_alone(alice: User, signed_in: Any) -> None:
    client = signed_in.as_(alice)
    fields = {
        "name": "Alice Liddell",
        "time_zone": "Asia/Tokyo",
        "theme": "dark",
        "density": "compact",
        "undo_seconds": "20",
        "email_links": "computer",
        "item_linking": "manual",
    }
    for name, value in fields.items():
        response = client.post("/settings/personal/", {"setting": name, name: value})
        assert response.status_code == 303, name
    client.post("/settings/personal/", {"setting": "single_keys"})
    alice.refresh_from_db()
    saved = Preferences.objects.get(user=alice)
    assert alice.name == "Alice Liddell"
    assert (saved.time_zone, saved.theme, saved.undo_seconds) == ("Asia/Tokyo", "dark", 20)
    assert saved.single_keys is False


def test_htmx_gets_the_row_with_saved_or_the_error(alice: User, signed_in: Any) -> None:
    client = signed_in.as_(alice)
    htmx = {"HX-Request": "true"}
    good = {"setting": "undo_seconds", "undo_seconds": "30"}
    answer = client.post("/settings/personal/", good, headers=htmx)
    assert b"Saved" in answer.content
    assert b"<html" not in answer.content
    bad = {"setting": "undo_seconds", "undo_seconds": "31"}
    answer = client.post("/settings/personal/", bad, headers=htmx)
    assert answer.status_code == 422
    assert b"Saved" not in answer.content
    themed = client.post("/settings/personal/", {"setting": "theme", "theme": "dark"}, headers=htmx)
    assert themed["HX-Refresh"] == "true"


@pytest.mark.parametrize("name", ["is_staff", "role", "email", "password", "user", ""])
def test_other_fields_cannot_be_set(name: str, alice: User, signed_in: Any) -> None:
    response = signed_in.as_(alice).post(
        "/settings/personal/", {"setting": name, name or "x": "administrator"}
    )
    assert response.status_code == 404
    alice.refresh_from_db()
    assert (alice.role, alice.is_staff) == ("member", False)


def test_pages_are_made_in_the_users_time_zone(alice: User, signed_in: Any) -> None:
    Preferences.objects.create(user=alice, time_zone="Asia/Tokyo")
    page = signed_in.as_(alice).get("/settings/security/").content.decode()
    assert "+09:00" in page
    assert timezone.get_current_timezone_name() == "UTC", "given back afterwards"


def test_unknown_zone_and_language_do_no_harm(alice: User, signed_in: Any) -> None:
    Preferences.objects.create(user=alice, time_zone="Mars/Olympus", language="xx")
    assert signed_in.as_(alice).get("/settings/").status_code == 200


def test_reading_a_page_makes_no_preferences(alice: User, signed_in: Any) -> None:
    assert signed_in.as_(alice).get("/settings/personal/").status_code == 200
    assert not Preferences.objects.exists()


def test_company_is_saved_or_not(dana: User, signed_in: Any) -> None:
    client = signed_in.as_(dana)
    data = {"name": "Northwind GmbH", "currency": "CHF", "accounts_per_user": "3"}
    assert client.post("/settings/company/", data).status_code == 303
    saved = Company.objects.get()
    assert (saved.name, saved.currency, saved.accounts_per_user, saved.team_accounts) == (
        "Northwind GmbH", "CHF", 3, None,
    )  # fmt: skip
    assert client.post("/settings/company/", {**data, "currency": "XXX"}).status_code == 422


def test_operators_pages_are_for_operators(alice: User, company: Company) -> None:
    page = Client().get("/operator/users/user/", follow=True)
    assert page.redirect_chain[-1][0] == "/login/?next=/operator/users/user/"
    client = Client()
    client.force_login(alice)
    assert client.get("/operator/").status_code == 404
    assert client.get("/operator/users/user/").status_code == 404


def test_operators_pages_delete_nothing_and_remember_no_names(
    alice: User, dana: User, signed_in: Any
) -> None:
    client = signed_in.as_(dana)
    assert client.get("/operator/").status_code == 200
    for page in (
        f"/operator/users/user/{alice.pk}/delete/",
        "/operator/users/user/add/",
    ):
        assert client.get(page).status_code == 403, page
    for page in (
        f"/operator/users/user/{alice.pk}/history/",
        "/operator/password_change/",
        "/operator/autocomplete/",
    ):
        assert client.get(page).status_code == 404, page
    change = f"/operator/users/user/{alice.pk}/change/"
    assert client.get(change).status_code == 200
    data = {"is_staff": "on", "email": "taken@evil.example", "role": "administrator"}
    assert client.post(change, data).status_code == 302
    alice.refresh_from_db()
    assert (alice.is_staff, alice.email, alice.role) == (True, "alice@northwind.example", "member")
    entry = LogEntry.objects.get()
    assert (entry.object_repr, entry.change_message) == (f"users.User {alice.pk}", "")
    assert b"recent-actions" not in client.get("/operator/").content


def test_operators_pages_answer_no_question_by_filter(
    alice: User, dana: User, signed_in: Any
) -> None:
    client = signed_in.as_(dana)
    assert client.get("/operator/users/user/?role__exact=member").status_code == 200
    for probe in ("password__startswith=m", "email__contains=a", "sessions__address=1"):
        assert client.get(f"/operator/users/user/?{probe}").status_code in {302, 400}, probe


def test_every_model_of_the_operators_pages_is_a_safe_one() -> None:
    assert admin.site._registry
    assert operators_pages_are_safe(None) == []

    class Careless(admin.ModelAdmin):
        pass

    admin.site._registry[Preferences] = Careless(Preferences, admin.site)
    try:
        assert [error.id for error in operators_pages_are_safe(None)] == ["users.E001"]
    finally:
        del admin.site._registry[Preferences]
    assert issubclass(OperatorModelAdmin, admin.ModelAdmin)
