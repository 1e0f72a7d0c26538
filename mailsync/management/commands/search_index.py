"""Fills the full-text index with what it lacks, or makes it anew. May be cut off and run again."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from mailsync.domain import search_index


class Command(BaseCommand):
    help = "Puts emails into the search index that it lacks, newest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--rebuild",
            action="store_true",
            help="make the whole index anew; once cut off, go on without this option",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["rebuild"]:
            self.stdout.write(f"{search_index.forget_places()} emails to be indexed anew.")
        todo = search_index.missing_ids().count()
        done = 0
        while batch := list(search_index.missing_ids()[: search_index.BATCH]):
            search_index.fill_up(batch)
            done += len(batch)
            self.stdout.write(f"{done} of {max(todo, done)} emails indexed.")
        swept = search_index.sweep()
        if swept:
            self.stdout.write(f"{swept} entries of removed emails swept.")
        self.stdout.write("The search index is whole.")
