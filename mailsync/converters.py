"""Path converters for sealed keys: `<thread:pk>` and its like; importing registers them."""

from django.urls import register_converter

from common.opaque import opaque_converter

for _kind in (
    "thread",
    "email",
    "attachment",
    "account",
    "submission",
    "change",
    "mailbox",
    "setup",
    "entry",
    "link",
):
    register_converter(opaque_converter(_kind), _kind)
