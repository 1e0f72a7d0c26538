"""One's own settings as forms of one field each."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from users.forms.door import time_zone_choices
from users.models import Preferences, User

SECTIONS = [
    (_("Profile"), ("name", "job_title", "phone")),
    # A menu of one language is no choice.
    (_("Language and time"), ("language", "time_zone")[len(settings.LANGUAGES) < 2 :]),
    (_("Look"), ("theme", "density")),
    (_("Writing and keys"), ("single_keys", "undo_seconds", "email_links")),
    (_("Linking"), ("item_linking",)),
]
PROFILE_FIELDS = frozenset(SECTIONS[0][1])
PERSONAL_FIELDS = frozenset(name for _title, names in SECTIONS for name in names)

CHOSEN: dict[str, tuple[Any, Any]] = {
    "language": (_("Language"), lambda: settings.LANGUAGES),
    "time_zone": (_("Time zone"), time_zone_choices),
    "undo_seconds": (
        _("Time to undo sending"),
        [(0, _("None")), (5, _("5 seconds")), (10, _("10 seconds")), (20, _("20 seconds")),
         (30, _("30 seconds"))],
    ),
}  # fmt: skip
LABELS = {
    "theme": _("Theme"),
    "density": _("Density of lists"),
    "email_links": _("A click on an e-mail address"),
    "item_linking": _("Link conversations to deals, leads and projects"),
}
HELP = {
    "single_keys": _("Such as j and k in lists. Keys with Ctrl or ⌘ work in any case."),
    "undo_seconds": _("A mail waits this long in the outbox before it leaves."),
    "item_linking": _(
        "Automatic links to the only open one. Persons are always linked by their address."
    ),
}


def setting_form(name: str, *, user: User, data: Any = None) -> forms.ModelForm:  # type: ignore[type-arg]
    """The form of one setting."""
    model = User if name in PROFILE_FIELDS else Preferences
    row = user if model is User else Preferences.of(user)
    form = forms.modelform_factory(model, fields=[name])(data, instance=row, auto_id="setting-%s")
    if name in CHOSEN:
        label, choices = CHOSEN[name]
        coerce = int if name == "undo_seconds" else str
        form.fields[name] = forms.TypedChoiceField(label=label, choices=choices, coerce=coerce)
    field = form.fields[name]
    field.label = LABELS.get(name, field.label)
    field.help_text = HELP.get(name, "")
    return form
