"""Fields that hold several texts: the addresses and numbers of a person, the domains of a firm."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from common.addresses import normalise_address
from common.numbers import number_in

MAX_VALUES = 20


class RowsInput(forms.Widget):
    """Several texts, each in a row of its own, one of them marked as the main one."""

    template_name = "crm/widgets/rows.html"
    SPARE = 1

    def __init__(self, *, label: Any, input_type: str, has_main: bool) -> None:
        super().__init__()
        self.label, self.input_type, self.has_main = label, input_type, has_main

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        """What was typed, the main one first."""
        given = data.getlist(name) if hasattr(data, "getlist") else [data.get(name, "")]
        main = number_in(data.get(f"{name}_main", "")) or 0
        if 0 < main < len(given):
            given = [given[main], *given[:main], *given[main + 1 :]]
        return given

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in data

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, None, attrs)
        texts = [value] if isinstance(value, str) else list(value or [])
        texts = [text for text in texts if text]
        context["widget"] |= {
            "rows": [*texts, *([""] * self.SPARE)],
            "label": self.label,
            "input_type": self.input_type,
            "has_main": self.has_main,
        }
        return context


class SeveralField(forms.Field):
    """Several texts; the first is the main one."""

    is_several = True
    max_length = 320

    def __init__(
        self, *, label: Any, input_type: str = "text", has_main: bool = True, **kwargs: Any
    ) -> None:
        widget = RowsInput(label=label, input_type=input_type, has_main=has_main)
        super().__init__(label=label, widget=widget, **kwargs)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """The spare rows of the widget are no change."""
        return [*filter(None, initial or [])] != [*filter(None, data or [])]

    def clean(self, value: Any) -> list[str]:
        texts = [text.strip() for text in value or []]
        values = list(dict.fromkeys(text for text in texts if text))
        if len(values) > MAX_VALUES:
            raise ValidationError(_("No more than %(n)s, please."), params={"n": MAX_VALUES})
        if any(len(text) > self.max_length or "\x00" in text for text in values):
            raise ValidationError(_("This is too long or holds odd characters."))
        return values


class AddressesField(SeveralField):
    def clean(self, value: Any) -> list[str]:
        addresses = [normalise_address(address) for address in super().clean(value)]
        for address in addresses:
            try:
                validate_email(address)
            except ValidationError:
                raise ValidationError(
                    _("“%(address)s” is not an e-mail address."), params={"address": address}
                ) from None
        return list(dict.fromkeys(addresses))


class PhonesField(SeveralField):
    max_length = 50
