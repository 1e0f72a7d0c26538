"""A text that names another record: typed or chosen from suggestions, with or without script.

A suggestion reads `Acme (#12)`; a bare name is taken when exactly one record that the user sees
has it. What the user does not see does not exist here, not even in an error.
"""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.models.record import fold
from users.models import User

NUMBERED = re.compile(r"^(?P<name>.*?)\s*\(#(?P<pk>\d{1,15})\)$")


class RecordNameField(forms.CharField):
    """Names a record of `model`. `adds`: a name that nobody has makes a new record."""

    def __init__(self, *, model: Any, adds: bool, suggest_url: str, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=220, **kwargs)
        self.model, self.adds, self.suggest_url = model, adds, suggest_url

    def resolve(self, text: str, *, user: User, current: Model | None) -> Any:
        """The record named by the text, None for no text, or the new name as text."""
        text = text.strip()
        if not text:
            return None
        if current is not None and text == str(current):
            return current
        visible = self.model.objects.visible_to(user)
        numbered = NUMBERED.match(text)
        if numbered:
            found = visible.filter(pk=int(numbered["pk"])).first()
            if found is None:
                raise ValidationError(_("Choose one of the suggestions."))
            return found
        same_name = list(visible.filter(sort_key=fold(text))[:2])
        if len(same_name) == 1:
            return same_name[0]
        if same_name:
            raise ValidationError(_("Several have this name. Choose one of the suggestions."))
        if not self.adds:
            raise ValidationError(_("There is nothing with this name. Choose a suggestion."))
        return text


def suggestion(record: Any) -> str:
    """How a record reads in a list of suggestions."""
    return f"{record} (#{record.pk})"


def connect_suggestions(form: forms.Form) -> None:
    """Lets each of the form's fields of this kind fill its list of suggestions while typing."""
    for name, field in form.fields.items():
        if isinstance(field, RecordNameField):
            options = f"{form[name].auto_id}_options"
            field.widget.attrs |= {
                "autocomplete": "off",
                "spellcheck": "false",
                "list": options,
                "hx-get": f"{reverse(field.suggest_url)}?field={name}",
                "hx-target": f"#{options}",
                "hx-trigger": "input changed delay:200ms",
                "hx-swap": "innerHTML",
            }
