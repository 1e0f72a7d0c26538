"""What acts take beside the conversation: a moment, a label."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inbox.models import Label
from mailsync.domain.mailboxes import folders_to_move_to
from mailsync.models import MailAccount, Mailbox
from users.models import User

MORNING = 8


def snooze_presets(now: datetime, zone: ZoneInfo) -> dict[str, tuple[Any, datetime]]:
    """Names and moments of the snooze menu, in the user's zone."""
    local = now.astimezone(zone)

    def morning(days: int) -> datetime:
        day = (local + timedelta(days=days)).date()
        return datetime(day.year, day.month, day.day, MORNING, tzinfo=zone)

    to_monday = (7 - local.weekday()) or 7
    return {
        "hour": (_("In 1 hour"), now + timedelta(hours=1)),
        "evening": (_("In 4 hours"), now + timedelta(hours=4)),
        "tomorrow": (_("Tomorrow morning"), morning(1)),
        "monday": (_("Next Monday"), morning(to_monday)),
        "week": (_("In a week"), morning(7)),
    }


class SnoozeForm(forms.Form):
    """A preset's name, or a moment in the user's own zone."""

    preset = forms.CharField(required=False)
    until = forms.DateTimeField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        presets = snooze_presets(timezone.now(), timezone.get_current_timezone())  # type: ignore[arg-type]
        if cleaned.get("preset") in presets:
            cleaned["until"] = presets[cleaned["preset"]][1]
        until = cleaned.get("until")
        if until is None:
            raise forms.ValidationError(_("Choose when the conversation comes back."))
        if until <= timezone.now():
            raise forms.ValidationError(_("This moment has passed. Choose a later one."))
        return cleaned


class LabelChoiceForm(forms.Form):
    label = forms.ModelChoiceField(Label.objects.all())


class NewLabelForm(forms.Form):
    """The name of a label that is made by putting it on."""

    new_label = forms.CharField(max_length=60)

    def clean_new_label(self) -> str:
        return " ".join(self.cleaned_data["new_label"].split())


class AssigneeForm(forms.Form):
    """Whether he is a member of the conversation's account is asked by the act."""

    assignee = forms.ModelChoiceField(User.objects.active())


class FolderChoiceForm(forms.Form):
    """A folder of one of the user's own accounts, by its sealed key."""

    mailbox = forms.ChoiceField()

    def __init__(self, *args: Any, accounts: list[MailAccount], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        folders = [(account.address, folders_to_move_to(account)) for account in accounts]
        self.groups = [(address, rows) for address, rows in folders if rows]
        self.folders = {row.key: row for _address, rows in self.groups for row in rows}
        self.fields["mailbox"].choices = [(key, key) for key in self.folders]  # type: ignore[attr-defined]

    def clean_mailbox(self) -> Mailbox:
        return self.folders[self.cleaned_data["mailbox"]]


class LabelForm(forms.ModelForm):
    class Meta:
        model = Label
        fields = ("name", "hue")

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        taken = Label.objects.filter(name__iexact=name).exclude(pk=self.instance.pk)
        if taken.exists():
            raise forms.ValidationError(_("There is a label with this name."))
        return name
