"""The steps of connecting an account."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from mailsync.domain.setup import OTHER, providers
from mailsync.enums import AccountScope, Direction, MailboxRole, Security
from mailsync.models import AccountSetup
from sharing.enums import ThreadVisibility
from users.models import User

# Roles whose mail is hardly ever a customer's.
LEFT_OUT = (MailboxRole.JUNK, MailboxRole.TRASH)
PERIODS = {
    "days3": (_("3 days"), timedelta(days=3)),
    "month1": (_("1 month"), timedelta(days=31)),
    "month3": (_("3 months"), timedelta(days=92)),
    "month6": (_("6 months"), timedelta(days=183)),
    "year1": (_("1 year"), timedelta(days=365)),
    "year2": (_("2 years"), timedelta(days=730)),
    "all": (_("Everything"), None),
}


def since_of(period: str) -> datetime | None:
    """The moment that a choice of PERIODS means; None for everything."""
    span = PERIODS[period][1]
    return timezone.now() - span if span else None


class AddressForm(forms.Form):
    address = forms.EmailField(
        label=_("Your e-mail address"),
        widget=forms.EmailInput(
            attrs={
                "autocomplete": "email",
                "inputmode": "email",
                "autocapitalize": "off",
                "autofocus": True,
            }
        ),
    )
    provider = forms.ChoiceField(
        label=_("Provider"), required=False, initial="", widget=forms.RadioSelect
    )
    scope = forms.ChoiceField(
        label=_("Whose mailbox is it?"),
        choices=[
            (AccountScope.PERSONAL, _("Mine: I alone read and answer it")),
            (AccountScope.TEAM, _("A team's: several colleagues read and answer it")),
        ],
        initial=AccountScope.PERSONAL,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["provider"].choices = [
            ("", _("Find it by the address")),
            *providers(),
            (OTHER, _("Another IMAP server")),
        ]
        if not user.is_administrator:
            # Team accounts are the administrators' to make; the question would only confuse.
            self.fields["scope"].required = False
            self.fields["scope"].widget = forms.HiddenInput()

    def clean_scope(self) -> str:
        return self.cleaned_data["scope"] or AccountScope.PERSONAL


class ServersForm(forms.Form):
    """Both servers. An empty password means: the one that was typed before."""

    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    incoming_host = forms.CharField(label=_("Incoming server"), max_length=253)
    incoming_port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535)
    incoming_security = forms.ChoiceField(label=_("Security"), choices=Security.choices)
    incoming_user_name = forms.CharField(label=_("User name"), max_length=254)
    outgoing_host = forms.CharField(label=_("Outgoing server"), max_length=253)
    outgoing_port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535)
    outgoing_security = forms.ChoiceField(label=_("Security"), choices=Security.choices)
    outgoing_user_name = forms.CharField(label=_("User name"), max_length=254)
    confirmed = forms.BooleanField(required=False)
    outgoing_password = forms.CharField(
        label=_("Another password for the outgoing server"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, setup: AccountSetup, **kwargs: Any) -> None:
        initial = {
            f"{direction}_{name}": value
            for direction in Direction
            for name, value in setup.server(direction).items()
        }
        super().__init__(*args, initial=initial, **kwargs)
        self.setup = setup
        for name, field in self.fields.items():
            if name.endswith(("_host", "_user_name")):
                field.widget.attrs |= {
                    "autocapitalize": "off",
                    "spellcheck": "false",
                    "autocomplete": "off",
                }
        foreign = ", ".join(setup.found.get("needs_confirmation", []))
        if foreign:
            text = _("%(servers)s is where my mail is: send my password there")
            self.fields["confirmed"].label = text % {"servers": foreign}
        else:
            del self.fields["confirmed"]
        self.fields["password"].required = not setup.secret
        if setup.secret:
            self.fields["password"].help_text = _("Leave it empty to use the one you typed before.")
        if not settings.ALLOWED_PRIVATE_NETWORKS:
            # Without encryption only inside a network that the operator named.
            choices = [one for one in Security.choices if one[0] != Security.PLAIN]
            for direction in Direction:
                self.fields[f"{direction}_security"].choices = choices

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        # A password is for the servers it was typed for: with another host it is asked again.
        if not cleaned.get("password") and (not self.setup.secret or self._is_moved(cleaned)):
            self.add_error("password", _("Enter the password for this server."))
        hosts = {cleaned["incoming_host"], cleaned["outgoing_host"]}
        if hosts & set(self.setup.found.get("needs_confirmation", [])) and not cleaned["confirmed"]:
            self.add_error("confirmed", _("Look at the name of the server before you go on."))
        return cleaned

    def _is_moved(self, cleaned: dict[str, Any]) -> bool:
        return self.servers(cleaned) != self.setup.servers

    def servers(self, cleaned: dict[str, Any] | None = None) -> dict[str, dict[str, Any]]:
        values = cleaned or self.cleaned_data
        return {
            str(direction): {
                "host": values[f"{direction}_host"].strip().rstrip(".").lower(),
                "port": values[f"{direction}_port"],
                "security": values[f"{direction}_security"],
                "user_name": values[f"{direction}_user_name"],
            }
            for direction in Direction
        }


class ChoicesForm(forms.Form):
    """What is synced, and who sees it."""

    folders = forms.ChoiceField(
        label=_("Folders"),
        choices=[("all", _("All folders")), ("chosen", _("Only these:"))],
        initial="all",
        widget=forms.RadioSelect,
    )
    chosen = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    period = forms.ChoiceField(
        label=_("How far back"),
        choices=[(key, label) for key, (label, _span) in PERIODS.items()],
        initial="month3",
        widget=forms.RadioSelect,
    )
    contacts_only = forms.BooleanField(
        label=_("Only mail from or to people who are contacts"), required=False
    )
    leave_out_internal = forms.BooleanField(
        label=_("Leave out mail between colleagues"), required=False
    )
    default_visibility = forms.ChoiceField(
        label=_("New conversations are"), widget=forms.RadioSelect
    )
    mirror_archive = forms.BooleanField(
        label=_("Archiving here archives in the mailbox too"), required=False
    )
    mirror_delete = forms.BooleanField(
        label=_("Deleting here deletes in the mailbox too"), required=False
    )
    members = forms.ModelMultipleChoiceField(
        User.objects.none(),
        label=_("Who works in this account"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, setup: AccountSetup, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.setup = setup
        selectable = [one for one in setup.folders if one["is_selectable"]]
        self.fields["chosen"].choices = [(one["path"], one["path"]) for one in selectable]
        self.fields["chosen"].initial = [
            one["path"] for one in selectable if one["role"] not in LEFT_OUT
        ]
        if setup.scope == AccountScope.TEAM:
            self.fields["members"].queryset = User.objects.active()
            self.fields["members"].initial = [setup.user_id]
            own = (ThreadVisibility.TEAM, _("Team only: the members of this account see them"))
        else:
            del self.fields["members"]
            own = (ThreadVisibility.PRIVATE, _("Private: you alone see them, until you share one"))
        shared = _("Shared: colleagues see those that are linked to a record they may see")
        self.fields["default_visibility"].choices = [(ThreadVisibility.SHARED, shared), own]
        self.fields["default_visibility"].initial = own[0]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("folders") == "chosen" and not cleaned.get("chosen"):
            self.add_error("chosen", _("Choose at least one folder."))
        if "members" in self.fields and not self.errors and not cleaned.get("members"):
            self.add_error("members", _("Choose at least one colleague."))
        return cleaned

    def folder_paths(self) -> list[str] | None:
        return self.cleaned_data["chosen"] if self.cleaned_data["folders"] == "chosen" else None

    def settings(self) -> dict[str, Any]:
        names = (
            "contacts_only",
            "leave_out_internal",
            "default_visibility",
            "mirror_archive",
            "mirror_delete",
        )
        chosen = {name: self.cleaned_data[name] for name in names}
        if self.cleaned_data.get("members"):
            chosen["members"] = self.cleaned_data["members"]
        return {**chosen, "sync_since": since_of(self.cleaned_data["period"])}
