"""Path converters of the inbox; importing registers them."""

from django.urls import register_converter

import mailsync.converters  # noqa: F401 -- registers <thread:…>, <email:…>, <attachment:…>
from common.opaque import opaque_converter
from crm.enums import RecordKind
from inbox.enums import Act, Box, DraftKind
from mailsync.domain.link_items import ITEM_FIELDS


class BoxConverter:
    """One of the boxes by name, so that other pages under /mail/ keep their own names."""

    regex = "|".join(Box.values)

    def to_python(self, value: str) -> Box:
        return Box(value)

    def to_url(self, value: str) -> str:
        return str(value)


class ActConverter:
    """An act by name. The longer names stand first: `unarchive` before `archive`."""

    regex = "|".join(sorted(Act.values, key=len, reverse=True))

    def to_python(self, value: str) -> Act:
        return Act(value)

    def to_url(self, value: str) -> str:
        return str(value)


class AnswerConverter:
    """How a mail is answered."""

    regex = "|".join(
        sorted((kind.value for kind in DraftKind if kind != DraftKind.NEW), key=len, reverse=True)
    )

    def to_python(self, value: str) -> DraftKind:
        return DraftKind(value)

    def to_url(self, value: str) -> str:
        return str(value)


class RecordKindConverter:
    """The kind of a record that is made from a conversation."""

    regex = "|".join(RecordKind.values)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return str(value)


class ItemKindConverter(RecordKindConverter):
    """What a conversation is about: a deal, lead or project."""

    regex = "|".join(ITEM_FIELDS)


register_converter(RecordKindConverter, "recordkind")
register_converter(ItemKindConverter, "itemkind")
register_converter(AnswerConverter, "answer")
register_converter(BoxConverter, "box")
register_converter(ActConverter, "act")
register_converter(opaque_converter("draft"), "draft")
register_converter(opaque_converter("draftfile"), "draftfile")
register_converter(opaque_converter("textfile"), "textfile")
