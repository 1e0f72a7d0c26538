from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.domain.import_columns import FIELDS, NEEDED
from crm.enums import DuplicatePolicy
from crm.models import RecordImport


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("CSV file"),
        help_text=_("With a line of headings; separated by comma, semicolon or tab."),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
    )


class MappingForm(forms.Form):
    """One choice a column, and what happens with what is here already."""

    def __init__(
        self, *args: Any, record_import: RecordImport, headings: list[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.record_import = record_import
        self.columns = len(headings)
        choices = [("", _("Leave out")), *FIELDS[record_import.kind].items()]
        for number, heading in enumerate(headings):
            self.fields[f"column_{number}"] = forms.ChoiceField(
                label=heading or _("Column %(n)s") % {"n": number + 1},
                choices=choices,
                required=False,
                initial=record_import.mapping.get(str(number), ""),
            )
        self.fields["duplicates"] = forms.ChoiceField(
            label=_("What is here already"),
            choices=DuplicatePolicy.choices,
            initial=record_import.duplicates,
            widget=forms.RadioSelect,
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        chosen = [data.get(f"column_{n}") for n in range(self.columns)]
        given = [name for name in chosen if name]
        if len(given) != len(set(given)):
            self.add_error(None, _("A field is filled by one column only."))
        needed = NEEDED[self.record_import.kind]
        if not set(needed) & set(given):
            name = FIELDS[self.record_import.kind][needed[0]]
            self.add_error(None, _("Choose the column for “%(name)s”.") % {"name": name})
        data["mapping"] = {str(n): name for n, name in enumerate(chosen) if name}
        return data
