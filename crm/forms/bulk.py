from typing import Any

from django import forms

from common.numbers import number_in
from crm.enums import BulkAct
from crm.models import RecordLabel
from sharing.enums import ItemVisibility
from users.models import User

MAX_TICKED = 500


class SelectionForm(forms.Form):
    """Which rows: the ticked ones, or everything that the filter of the list matches."""

    scope = forms.ChoiceField(choices=[("ids", "ids"), ("filter", "filter")], required=False)

    def __init__(self, data: Any, *, filtered: Any, visible: Any) -> None:
        super().__init__(data)
        self._filtered, self._visible = filtered, visible

    def ids(self) -> list[int]:
        """The keys of the chosen rows, all visible to the user. Ids of others choose nothing."""
        if self.is_valid() and self.cleaned_data["scope"] == "filter":
            rows = self._filtered
        else:
            ids = {number_in(key) for key in self.data.getlist("ids")[:MAX_TICKED]}
            rows = self._visible.filter(pk__in=ids - {None})
        return list(rows.order_by("pk").values_list("pk", flat=True).distinct())


class BulkForm(forms.Form):
    """What an act on many needs beside the rows: one field of its own name, or none."""

    def __init__(self, *args: Any, kind: str, act: BulkAct, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = {
            BulkAct.OWNER: forms.ModelChoiceField(queryset=User.objects.active()),
            BulkAct.LABEL: forms.ModelChoiceField(queryset=RecordLabel.objects.filter(kind=kind)),
            BulkAct.VISIBILITY: forms.ChoiceField(choices=ItemVisibility.choices),
            BulkAct.ASSIGN: forms.ModelChoiceField(queryset=User.objects.active()),
            BulkAct.DUE: forms.DateField(),
        }
        self.act = act
        if act in fields:
            self.fields[act.value] = fields[act]

    def value(self) -> str:
        found = self.cleaned_data.get(self.act.value, "")
        return str(getattr(found, "pk", found))


class SavedFilterForm(forms.Form):
    name = forms.CharField(max_length=60)
    query = forms.CharField(max_length=1000, required=False)
