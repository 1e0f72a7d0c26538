"""Static files under names that carry their content's hash, so that browsers keep them for ever."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

from common.assets import JOINED, joined_stylesheet


class StaticStorage(CompressedManifestStaticFilesStorage):
    # Modules import each other by name; the names in them are hashed too.
    support_js_module_import_aggregation = True
    # A file that no template names by its hash is still found by its own name, and a page with a
    # mistyped name is better than no page.
    manifest_strict = False
    # Read by common.assets: pages then name one style sheet.
    joins_stylesheets = True

    def post_process(
        self, paths: dict[str, Any], **options: Any
    ) -> Iterator[tuple[str, str | None, bool | Exception]]:
        """Adds the joined style sheet to what is hashed and packed."""
        if not options.get("dry_run"):
            self.delete(JOINED)
            self.save(JOINED, ContentFile(joined_stylesheet()))
            paths = {**paths, JOINED: (self, JOINED)}
        yield from super().post_process(paths, **options)

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Only under the names that pages use: packing both took twice the time of a first start."""
        yield from super().compress_files(set(paths) & set(self.hashed_files.values()))
