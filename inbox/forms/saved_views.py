"""Naming a filtered list or a search, to come back to it."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from inbox.enums import Box
from inbox.forms.filters import NAMES
from inbox.models import SavedView


class NameForm(forms.ModelForm):
    class Meta:
        model = SavedView
        fields = ("name",)

    def __init__(self, *args: Any, user: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.user = user

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        taken = SavedView.objects.filter(user=self.user, name__iexact=name)
        if taken.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("You have a view with this name."))
        return name


class SaveForm(NameForm):
    """A new view, out of the list that the user looks at."""

    class Meta(NameForm.Meta):
        fields = ("name", "box", "query")
        widgets = {"box": forms.HiddenInput, "query": forms.HiddenInput}

    def clean(self) -> dict[str, Any]:
        """Only what a box or the search understands is kept of the address."""
        cleaned = super().clean() or {}
        given = QueryDict(cleaned.get("query", ""))
        names = NAMES if cleaned.get("box") in Box.values else ("q",)
        kept = QueryDict(mutable=True)
        for name in names:
            if given.get(name):
                kept[name] = given[name]
        cleaned["query"] = kept.urlencode()
        if not kept:
            raise forms.ValidationError(_("Filter or search first, then save what you see."))
        return cleaned

    def add(self) -> SavedView:
        """The new view."""
        self.instance.user = self.user
        view: SavedView = self.save()
        return view
