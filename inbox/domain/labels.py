"""The company's labels by name."""

from crm.enums import Hue
from inbox.models import Label


def label_named(name: str) -> Label:
    """The label of this name, however it is spelled in capitals; a new one where there is none,
    in a colour that the last ones have not."""
    found = Label.objects.filter(name__iexact=name).first()
    if found:
        return found
    hue = Hue.values[Label.objects.count() % len(Hue.values)]
    return Label.objects.get_or_create(name=name, defaults={"hue": hue})[0]
