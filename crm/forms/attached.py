from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from crm.domain.records import MODELS
from crm.enums import ActivityKind, RecordKind
from crm.forms.links import RecordNameField, connect_suggestions
from crm.forms.records import StageField, currency_choices, date_field, phases, stages
from users.models import User


class NoteForm(forms.Form):
    text = forms.CharField(
        label=_("Note"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 3})
    )


class FileForm(forms.Form):
    file = forms.FileField(label=_("File"), max_length=255)


class ActivityForm(forms.Form):
    """`kind` and the records it is about, each by name among those that the user sees."""

    title = forms.CharField(label=_("What"), max_length=200)
    kind = forms.ChoiceField(
        label=_("Kind"), choices=ActivityKind.choices, initial=ActivityKind.TASK, required=False
    )
    due_date = date_field(_("Due"))
    due_time = forms.TimeField(
        label=_("At"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    assigned_to = forms.ModelChoiceField(
        label=_("Assigned to"), queryset=User.objects.none(), required=False, empty_label=None
    )
    note = forms.CharField(
        label=_("Note"), required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["assigned_to"].queryset = User.objects.active()  # type: ignore[attr-defined]
        self.fields["assigned_to"].initial = user.pk

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or ActivityKind.TASK


class LostForm(forms.Form):
    reason = forms.CharField(label=_("Why was it lost?"), max_length=200, required=False)


class MoveDealForm(forms.Form):
    stage = StageField(label=_("Stage"), queryset=stages(), empty_label=None)
    before = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)


class MoveProjectForm(forms.Form):
    phase = StageField(label=_("Phase"), queryset=phases(), empty_label=None)
    before = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)


class ConvertForm(forms.Form):
    stage = StageField(label=_("Stage"), queryset=stages(), empty_label=None)
    value = forms.DecimalField(
        label=_("Value"), required=False, max_digits=15, decimal_places=2, min_value=0
    )
    currency = forms.ChoiceField(label=_("Currency"))

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = currency_choices(currency)  # type: ignore[attr-defined]


class NamedRecordForm(forms.Form):
    """One existing record, named: a participant, a linked deal, the other half of a merge."""

    def __init__(self, *args: Any, kind: RecordKind, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["record"] = RecordNameField(
            label=capfirst(MODELS[kind]._meta.verbose_name),
            model=MODELS[kind],
            adds=False,
            suggest_url=f"crm:{kind}_suggest",
        )
        self.fields["record"].required = True
        connect_suggestions(self)

    def clean_record(self) -> Any:
        field = self.fields["record"]
        return field.resolve(  # type: ignore[attr-defined]
            self.cleaned_data["record"], user=self.user, current=None
        )


class TaskForm(forms.Form):
    title = forms.CharField(label=_("Task"), max_length=200)
    assigned_to = forms.ModelChoiceField(
        label=_("Assigned to"), queryset=User.objects.active(), required=False
    )
    due_date = date_field(_("Due"))
