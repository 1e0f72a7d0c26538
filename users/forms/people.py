"""Forms of the administrators' pages, and of one's own settings."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from users.currencies import CURRENCIES
from users.enums import Role
from users.models import Company, Team, User


class InvitationForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail address"),
        widget=forms.EmailInput(attrs={"autocomplete": "off", "autocapitalize": "off"}),
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.MEMBER)


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)


class AddressForm(forms.Form):
    email = forms.EmailField(
        label=_("New login address"),
        widget=forms.EmailInput(attrs={"autocomplete": "off", "autocapitalize": "off"}),
    )


class CompanyForm(forms.ModelForm):  # type: ignore[type-arg]
    currency = forms.ChoiceField(label=_("Currency"), choices=CURRENCIES)

    class Meta:
        model = Company
        fields = ("name", "currency", "accounts_per_user", "team_accounts")


class PeopleField(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class TeamForm(forms.ModelForm):  # type: ignore[type-arg]
    members = PeopleField(
        label=_("Members"),
        queryset=User.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    managers = PeopleField(
        label=_("Managers"),
        queryset=User.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "Managers see and change every record that people of the team own, and the shared"
            " conversations on it; private mail stays private. They belong to the team without"
            " being ticked as members too."
        ),
    )

    class Meta:
        model = Team
        fields = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("members", "managers"):
            self.fields[name].queryset = User.objects.active()  # type: ignore[attr-defined]
