"""News about records. Receivers live in apps above and only queue or call one function."""

from django.dispatch import Signal

# person_ids: list[int] -- these persons got addresses, or were made with some.
addresses_added = Signal()
# kept_id: int, gone_id: int -- two persons became one.
persons_merged = Signal()
# kind: RecordKind, record_id: int -- a deal, lead or project was made or opened again.
record_opened = Signal()
# kind: RecordKind, record_id: int -- it was won, lost, archived, completed or deleted.
record_closed = Signal()
# kept_id: int, gone_id: int -- two organizations became one.
organizations_merged = Signal()
# from_kind: RecordKind, from_id: int, to_kind: RecordKind, to_id: int -- a lead became a deal
# or a deal became a lead again; what was linked to the one belongs to the other.
record_converted = Signal()
# deal_id: int -- its place on the board, its status or what its card shows has changed.
deal_moved = Signal()
