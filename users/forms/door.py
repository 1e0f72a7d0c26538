"""Forms of people who are not signed in yet: first run, sign-in, join, new password."""

import zoneinfo
from functools import lru_cache
from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from users.currencies import CURRENCIES
from users.models import User


@lru_cache(maxsize=1)
def known_zones() -> frozenset[str]:
    """The standard library opens six hundred files for this; once is enough."""
    return frozenset(zoneinfo.available_timezones())


@lru_cache(maxsize=1)
def time_zone_choices() -> list[tuple[str, str]]:
    """Zones people live in: those named after a place, and UTC."""
    names = sorted(name for name in known_zones() if "/" in name)
    places = [name for name in names if not name.startswith(("Etc/", "SystemV/", "US/"))]
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in places)]


class TimeZoneField(forms.Field):
    """What the browser says of itself (js/lib/zones.js). Never a reason to refuse a form: whoever
    sends nothing, or no zone, gets UTC and changes it in the settings."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"data-time-zone": True}

    def clean(self, value: Any) -> str:
        return value if value in known_zones() else "UTC"


def address_field() -> forms.EmailField:
    return forms.EmailField(
        label=_("E-mail address"),
        widget=forms.EmailInput(
            attrs={"autocomplete": "username", "autocapitalize": "off", "spellcheck": "false"}
        ),
    )


def new_password_field() -> forms.CharField:
    return forms.CharField(
        label=_("Password"),
        strip=False,
        help_text=_("At least 10 characters. A few words are easier to remember."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class NewPasswordForm(forms.Form):
    """A form in which a password is chosen; it is judged together with the person's name."""

    password = new_password_field()

    def __init__(self, *args: Any, user: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        person = self.user or User(email=values.get("email", ""), name=values.get("name", ""))
        if password := values.get("password"):
            try:
                password_validation.validate_password(password, person)
            except ValidationError as error:
                self.add_error("password", error)
        return values


class SetupForm(NewPasswordForm):
    company = forms.CharField(
        label=_("Company"), max_length=150, widget=forms.TextInput({"autocomplete": "organization"})
    )
    currency = forms.ChoiceField(label=_("Currency"), choices=CURRENCIES, initial="EUR")
    name = forms.CharField(
        label=_("Your name"), max_length=150, widget=forms.TextInput({"autocomplete": "name"})
    )
    email = address_field()
    time_zone = TimeZoneField()
    code = forms.CharField(
        label=_("Set-up code"),
        help_text=_("Shown where Dealpost was started, and kept in the file setup_code there."),
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "characters"}),
    )

    field_order = ("code", "company", "currency", "name", "email", "password", "time_zone")

    def __init__(self, *args: Any, needs_code: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not needs_code:
            del self.fields["code"]


class SignInForm(forms.Form):
    email = address_field()
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    time_zone = TimeZoneField()


class ResetForm(forms.Form):
    email = address_field()


class JoinForm(NewPasswordForm):
    name = forms.CharField(
        label=_("Your name"), max_length=150, widget=forms.TextInput({"autocomplete": "name"})
    )
    time_zone = TimeZoneField()

    field_order = ("name", "password", "time_zone")


class ChangePasswordForm(NewPasswordForm):
    current = forms.CharField(
        label=_("Current password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    field_order = ("current", "password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].label = _("New password")
