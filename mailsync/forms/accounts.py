"""Settings of a connected account, blocked addresses, and the search for a lost mail."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from mailsync.domain import folder_roles
from mailsync.enums import AccountScope, MailboxRole
from mailsync.forms.setup import PERIODS, since_of
from mailsync.models import MailAccount, Mailbox
from sharing.enums import ThreadVisibility
from users.enums import ItemLinking
from users.models import User


class AccountForm(forms.ModelForm):
    older = forms.ChoiceField(
        label=_("Fetch older mail"),
        required=False,
        choices=[
            ("", _("Leave it as it is")),
            *((key, label) for key, (label, _s) in PERIODS.items()),
        ],
        help_text=_("Nothing that is here is removed."),
    )

    class Meta:
        model = MailAccount
        fields = (
            "sender_name",
            "default_visibility",
            "item_linking",
            "contacts_only",
            "leave_out_internal",
            "mirror_archive",
            "mirror_delete",
            "follow_deletions",
            "keeps_drafts",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_team = self.instance.scope == AccountScope.TEAM
        own = ThreadVisibility.TEAM if is_team else ThreadVisibility.PRIVATE
        self.fields["default_visibility"].choices = [
            (value.value, value.label) for value in (ThreadVisibility.SHARED, own)
        ]
        self.fields["default_visibility"].help_text = _(
            "For new conversations. What is here stays as it is."
        )
        linking = self.fields["item_linking"]
        linking.required, linking.help_text = False, ""
        linking.choices = [("", _("As I set it for myself")), *ItemLinking.choices]

    def changed_settings(self) -> dict[str, Any]:
        """Only what differs, so that nothing is fetched anew without need."""
        changed = {name: self.cleaned_data[name] for name in self.changed_data if name != "older"}
        if self.cleaned_data.get("older"):
            changed["sync_since"] = since_of(self.cleaned_data["older"])
        return changed


class MembersForm(forms.Form):
    """Who works in a team account."""

    members = forms.ModelMultipleChoiceField(
        User.objects.none(),
        label=_("Members"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("They see all of its mail; whoever you take out sees none of it any more."),
        error_messages={"required": _("Choose at least one colleague.")},
    )

    def __init__(self, *args: Any, account: MailAccount, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["members"]
        field.queryset = User.objects.active().order_by("name", "pk")
        field.label_from_instance = lambda user: user.name
        field.initial = list(account.member_rows.values_list("user", flat=True))


class FoldersForm(forms.Form):
    folders = forms.MultipleChoiceField(
        label=_("Synced folders"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, account: MailAccount, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = account.mailboxes.filter(is_selectable=True).order_by("path")
        self.fields["folders"].choices = [(row.pk, row.path) for row in rows]
        self.fields["folders"].initial = [row.pk for row in rows if row.is_chosen]


class RolesForm(forms.Form):
    """Which folder is for what. A field is called as its role."""

    NONE = "none"

    def __init__(self, *args: Any, account: MailAccount, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._folders = {row.pk: row for row in folder_roles.candidates(account)}
        self._without = set(account.roles_without)
        for role in folder_roles.ASKED:
            self.fields[role.value] = self._field(role)

    def _field(self, role: MailboxRole) -> forms.ChoiceField:
        current = next((row for row in self._folders.values() if row.role == role), None)
        unknown = [] if current else [("", _("Not known"))]
        return forms.ChoiceField(
            label=role.label,
            required=False,
            choices=[
                *unknown,
                *((str(row.pk), row.path) for row in self._folders.values()),
                (self.NONE, _("There is none")),
            ],
            initial=str(current.pk) if current else self.NONE if role in self._without else "",
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        seen: dict[str, MailboxRole] = {}
        for role in folder_roles.ASKED:
            value = cleaned.get(role.value, "")
            if value in ("", self.NONE):
                continue
            if value in seen:
                self.add_error(role.value, _("This folder has another use already."))
            seen[value] = role
        return cleaned

    def choice(self) -> dict[MailboxRole, Mailbox | None]:
        """What differs from before: a folder, or None for "there is none"."""
        changed = {}
        for role in folder_roles.ASKED:
            value = self.cleaned_data[role.value]
            if role.value in self.changed_data and value:
                changed[role] = None if value == self.NONE else self._folders[int(value)]
        return changed


class BlockForm(forms.Form):
    patterns = forms.CharField(
        label=_("Addresses or domains, one on each line"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3, "autocapitalize": "off", "spellcheck": "false"}),
        help_text=_("ada@acme.example blocks one address, @acme.example a whole domain."),
    )


class WhereForm(forms.Form):
    q = forms.CharField(
        label=_("Address, subject or Message-ID"),
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    day = forms.DateField(
        label=_("Day it arrived"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not (self.errors or cleaned.get("q") or cleaned.get("day")):
            self.add_error("q", _("Type what you know of it, or the day it arrived."))
        return cleaned
