"""Which record a conversation is linked to, chosen among those that the user may see."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.enums import RecordKind
from crm.models import Deal, Lead, Organization, Person, Project

MODELS = {
    RecordKind.DEAL: Deal,
    RecordKind.LEAD: Lead,
    RecordKind.PROJECT: Project,
    RecordKind.PERSON: Person,
    RecordKind.ORGANIZATION: Organization,
}


class RecordForm(forms.Form):
    """A record by kind and number. One out of sight is refused like one that is not there."""

    kind = forms.ChoiceField(choices=RecordKind.choices)
    record = forms.IntegerField(min_value=1, max_value=2**62)
    remember = forms.BooleanField(required=False)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        model = MODELS[RecordKind(cleaned["kind"])]
        cleaned["found"] = model.objects.visible_to(self.user).filter(pk=cleaned["record"]).first()
        if cleaned["found"] is None:
            raise forms.ValidationError(_("This record is gone, or not yours to see."))
        return cleaned


# So many records at once are a choice; more would be a mistake.
MAX_CHOSEN = 20


def chosen_records(values: list[str], *, user: Any) -> list[Any] | None:
    """The records that ticks name as `deal:12`, each once, in that order. None when one of them
    is out of sight, or no record."""
    found = []
    for value in dict.fromkeys(values[:MAX_CHOSEN]):
        kind, _colon, number = value.partition(":")
        form = RecordForm({"kind": kind, "record": number}, user=user)
        if not form.is_valid():
            return None
        found.append(form.cleaned_data["found"])
    return found
