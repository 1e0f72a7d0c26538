"""Addresses of what a list asks for beside its rows."""

from django.urls import path, register_converter

from common.opaque import opaque_converter
from inbox.views import many

register_converter(opaque_converter("bulkjob"), "bulkjob")

many_urls = [
    path("mail/<box:box>/number/", many.number, name="box_number"),
    path("mail/<box:box>/new/", many.fresh, name="box_new"),
    path("mail/jobs/<bulkjob:pk>/", many.job, name="job"),
    path("mail/folder/", many.folder, name="folder_pick"),
    path("mail/snooze/", many.snooze, name="snooze_pick"),
]
