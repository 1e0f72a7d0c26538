from typing import Any

from django import forms

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

    def rows(self) -> Any:
        """The chosen rows, all of them visible to the user. Ids of others choose nothing."""
        if self.is_valid() and self.cleaned_data["scope"] == "filter":
            # The filter may join labels: the keys make it a plain set that can be updated.
            return self._visible.filter(pk__in=self._filtered.order_by().values("pk"))
        ids = [int(key) for key in self.data.getlist("ids")[:MAX_TICKED] if key.isdecimal()]
        return self._visible.filter(pk__in=[key for key in ids if key < 2**63])


class OwnerForm(forms.Form):
    owner = forms.ModelChoiceField(queryset=User.objects.active())


class LabelForm(forms.Form):
    label = forms.ModelChoiceField(queryset=RecordLabel.objects.none())

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["label"].queryset = RecordLabel.objects.filter(  # type: ignore[attr-defined]
            kind=kind
        )


class VisibilityForm(forms.Form):
    visibility = forms.ChoiceField(choices=ItemVisibility.choices)


class SavedFilterForm(forms.Form):
    name = forms.CharField(max_length=60)
    query = forms.CharField(max_length=1000, required=False)
