"""When a mail leaves, and when to be reminded of it."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

# The reminder that the draft has had since it was opened.
KEPT = "kept"
MORNING, AFTERNOON = 8, 13


def _at(day: datetime, hour: int, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=zone)


def send_presets(now: datetime, zone: ZoneInfo) -> dict[str, tuple[Any, datetime]]:
    """Names and moments of the menu "send later", in the user's zone; none has passed."""
    local = now.astimezone(zone)
    to_monday = (7 - local.weekday()) or 7
    found = {
        "hour": (_("In 1 hour"), now + timedelta(hours=1)),
        "afternoon": (_("This afternoon"), _at(local, AFTERNOON, zone)),
        "tomorrow": (_("Tomorrow morning"), _at(local + timedelta(days=1), MORNING, zone)),
        "afternoon_after": (
            _("Tomorrow afternoon"),
            _at(local + timedelta(days=1), AFTERNOON, zone),
        ),
        "monday": (_("Monday morning"), _at(local + timedelta(days=to_monday), MORNING, zone)),
    }
    return {name: preset for name, preset in found.items() if preset[1] > now}


def remind_presets(now: datetime, zone: ZoneInfo) -> dict[str, tuple[Any, datetime]]:
    """When to be reminded if nobody has answered."""
    local = now.astimezone(zone)
    days = {"day": 1, "three": 3, "week": 7, "fortnight": 14}
    names = {
        "day": _("Tomorrow"),
        "three": _("In 3 days"),
        "week": _("In a week"),
        "fortnight": _("In two weeks"),
    }
    return {
        name: (names[name], _at(local + timedelta(days=number), MORNING, zone))
        for name, number in days.items()
    }


def reminder_of(name: str, kept: datetime | None) -> datetime | None:
    """What was chosen in the window; `kept` is what had been chosen when it was opened."""
    if name == KEPT:
        return kept
    presets = remind_presets(timezone.now(), timezone.get_current_timezone())  # type: ignore[arg-type]
    return presets[name][1] if name in presets else None


class MomentForm(forms.Form):
    """A preset's name or an own moment, in the user's zone; for a reminder too."""

    later = forms.CharField(required=False)
    later_at = forms.DateTimeField(required=False)
    remind = forms.CharField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        now, zone = timezone.now(), timezone.get_current_timezone()
        presets = send_presets(now, zone)  # type: ignore[arg-type]
        name = cleaned.get("later", "")
        moment = None
        if name == "own":
            moment = cleaned.get("later_at")
            if moment is None:
                raise forms.ValidationError(_("Choose the day and time."))
        elif name:
            if name not in presets:
                raise forms.ValidationError(_("This moment has passed. Choose a later one."))
            moment = presets[name][1]
        if moment and moment <= now:
            raise forms.ValidationError(_("This moment has passed. Choose a later one."))
        if moment and moment > now + timedelta(days=366):
            raise forms.ValidationError(_("Choose a moment within a year."))
        cleaned["moment"] = moment
        chosen = remind_presets(moment or now, zone).get(  # type: ignore[arg-type]
            cleaned.get("remind", "")
        )
        cleaned["remind_at"] = chosen[1] if chosen else None
        return cleaned
