"""News about records. Receivers live in apps above and only queue or call one function."""

from django.dispatch import Signal

# address: str, person_id: int -- a person got an address, or a new person with one was made.
address_added = Signal()
# kept_id: int, gone_id: int -- two persons became one.
persons_merged = Signal()
# kind: RecordKind, record_id: int -- a deal, lead or project was made or opened again.
record_opened = Signal()
# kind: RecordKind, record_id: int -- it was won, lost, archived, completed or deleted.
record_closed = Signal()
