"""PostgreSQL: the index knows whose mail it has beside the words, and keeps a document in its row.

So a search in one's own mail reads down one's own newest mail. A document of an ordinary mail is a
little over the 2 kB at which PostgreSQL moves a value away, and to follow it there cost more than to
look for the words in it.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def add(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE mailsync_search ADD COLUMN account_id integer")
        schema_editor.execute("ALTER TABLE mailsync_search ALTER COLUMN document SET STORAGE MAIN")


def remove(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "ALTER TABLE mailsync_search ALTER COLUMN document SET STORAGE EXTENDED"
        )
        schema_editor.execute("ALTER TABLE mailsync_search DROP COLUMN account_id")


class Migration(migrations.Migration):
    dependencies = [("mailsync", "0011_folder_not_chosen")]

    operations = [migrations.RunPython(add, remove)]
