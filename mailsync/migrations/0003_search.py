"""The full-text index, in each database's own form."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# The table keeps its text: to forget a mail, an index without it would have to be told the very
# words it once got, and is corrupt for ever after the first mistake.
SQLITE = (
    "CREATE VIRTUAL TABLE mailsync_search USING fts5("
    "account, subject, sender, recipients, body,"
    " tokenize='unicode61 remove_diacritics 0')"
)
POSTGRESQL = (
    "CREATE TABLE mailsync_search (key bigint PRIMARY KEY, document tsvector NOT NULL)",
    "CREATE INDEX mailsync_search_document ON mailsync_search USING gin (document)",
)


def create(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    statements = POSTGRESQL if schema_editor.connection.vendor == "postgresql" else (SQLITE,)
    for statement in statements:
        schema_editor.execute(statement)


def drop(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute("DROP TABLE mailsync_search")


class Migration(migrations.Migration):
    dependencies = [("mailsync", "0002_outbox_copies")]

    operations = [
        migrations.CreateModel(
            name="SearchEntry",
            fields=[
                ("key", models.BigIntegerField(primary_key=True, serialize=False)),
                (
                    "email",
                    models.OneToOneField(
                        on_delete=models.deletion.CASCADE,
                        related_name="search_entry",
                        to="mailsync.email",
                    ),
                ),
            ],
            options={"verbose_name": "search entry", "verbose_name_plural": "search entries"},
        ),
        migrations.RunPython(create, drop),
    ]
