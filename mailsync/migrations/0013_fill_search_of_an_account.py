"""Whose mail it is, for what PostgreSQL's index has already; then the index that is read down.

Words that belong to no mail get no account: nobody's search finds them, and the sweep takes them.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

BATCH = 5000
INDEX = "mailsync_search_of_account"


def fill(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    after = -1
    with schema_editor.connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT max(key) FROM (SELECT key FROM mailsync_search WHERE key > %s"
                " ORDER BY key LIMIT %s) AS batch",
                [after, BATCH],
            )
            last = cursor.fetchone()[0]
            if last is None:
                break
            # Put together anew, the document is stored where the column says now.
            cursor.execute(
                "UPDATE mailsync_search search SET account_id = email.account_id,"
                " document = search.document || ''::tsvector"
                " FROM mailsync_searchentry entry JOIN mailsync_email email"
                " ON email.id = entry.email_id"
                " WHERE entry.key = search.key AND search.key > %s AND search.key <= %s",
                [after, last],
            )
            after = last
    schema_editor.execute(
        f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {INDEX} ON mailsync_search (account_id, key)"
    )


def forget(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")


class Migration(migrations.Migration):
    # CONCURRENTLY works outside of a transaction only.
    atomic = False

    dependencies = [("mailsync", "0012_search_of_an_account")]

    operations = [migrations.RunPython(fill, forget)]
