"""Static files under names that carry their content's hash, so that browsers keep them for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):
    # Modules import each other by name; the names in them are hashed too.
    support_js_module_import_aggregation = True
    # A file that no template names by its hash is still found by its own name, and a page with a
    # mistyped name is better than no page.
    manifest_strict = False
