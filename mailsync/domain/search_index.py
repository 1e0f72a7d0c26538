"""The full-text index of emails: the same words, columns and answers on both databases.

Only words go in (`common.words`), into columns subject, sender, recipients and body (with the
names of files), and a word for the account, so that a search in one's own mail never walks
through the mail of others. Keys grow with the time of arrival: an answer is read newest first and
stops after a page, whatever the number of matches.

What the index answers is a candidate and nothing more. Whoever asks must put the found
emails through `visible_to`.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from common.words import searchable, words
from mailsync.domain import bulk
from mailsync.models import Attachment, Email, SearchEntry

BODY_WORDS = 20_000
# PostgreSQL refuses a tsvector over 1 MB; words and their places take up to twice the text.
BODY_CHARACTERS = 400_000
BATCH = 500
SWEEP = 5000
# Below this many matches PostgreSQL is quicker to sort them than to walk the key for them.
FEW = 1000
# So many mails are looked at first for each one that is wanted.
GLANCE = 8

COLUMNS = ("account", "subject", "sender", "recipients", "body")
WEIGHTS = {"subject": "A", "sender": "B", "recipients": "C", "body": "D"}


@dataclass(frozen=True)
class Term:
    """Words that stand together; in one column, or in any. The last may be a beginning."""

    text: str
    column: str = ""
    is_prefix: bool = False
    is_excluded: bool = False


@dataclass(frozen=True)
class Question:
    """All terms must hold. Keys bound the time of arrival; `among` names the emails asked about."""

    terms: Sequence[Term]
    account_ids: Sequence[int] = field(default_factory=list)
    after_key: int | None = None
    before_key: int | None = None
    among: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """An email as the index has it: a text for each of its columns."""

    email_id: int
    account_id: int
    key: int
    texts: tuple[str, ...]


def key_for(seconds: float, email_id: int = 0) -> int:
    """The key of an email that arrived then."""
    return (int(seconds) << 24) | (email_id & 0xFFFFFF)


# --- Writing ---------------------------------------------------------------------------------


def add(documents: Iterable[Document]) -> None:
    """Puts emails in that are new, inside the transaction that stores them."""
    _insert(list(documents))


def index_emails(email_ids: Iterable[int]) -> None:
    """Puts these emails into the index in place of what it had of them."""
    ids = list(email_ids)
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        # No savepoint: the sync stores and indexes a batch in one transaction of its own.
        with transaction.atomic(savepoint=False):
            forget_emails(batch)
            _insert(list(_documents(batch)))


def forget_emails(email_ids: Iterable[int]) -> None:
    """Takes these emails out of the index."""
    entries = SearchEntry.objects.filter(email__in=list(email_ids))
    keys = list(entries.values_list("key", flat=True))
    if keys:
        _forget_words(keys)
        SearchEntry.objects.filter(key__in=keys).delete()


def _forget_words(keys: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.executemany(
                "DELETE FROM mailsync_search WHERE rowid = %s", [(key,) for key in keys]
            )
        else:
            cursor.execute("DELETE FROM mailsync_search WHERE key = ANY(%s)", [list(keys)])


def _insert(documents: Sequence[Document]) -> None:
    bulk.insert(SearchEntry, ("key", "email_id"), [(one.key, one.email_id) for one in documents])
    if not documents:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.executemany(
                "INSERT INTO mailsync_search(rowid, account, subject, sender, recipients, body)"
                " VALUES (%s, %s, %s, %s, %s, %s)",
                [(one.key, *one.texts) for one in documents],
            )
        else:
            # One statement a batch: words are made into lexemes on the server.
            columns = [
                list(column) for column in zip(*(one.texts for one in documents), strict=True)
            ]
            cursor.execute(
                "INSERT INTO mailsync_search(key, account_id, document) SELECT key, account_id,"
                " array_to_tsvector(ARRAY['#' || account])"
                " || setweight(to_tsvector('simple', subject), 'A')"
                " || setweight(to_tsvector('simple', sender), 'B')"
                " || setweight(to_tsvector('simple', recipients), 'C')"
                " || to_tsvector('simple', body)"
                " FROM unnest(%s::bigint[], %s::integer[], %s::text[], %s::text[], %s::text[],"
                " %s::text[], %s::text[])"
                " AS given(key, account_id, account, subject, sender, recipients, body)",
                [[one.key for one in documents], [one.account_id for one in documents], *columns],
            )


def _documents(email_ids: list[int]) -> Iterable[Document]:
    """What the index is given of these emails."""
    files: dict[int, list[str]] = {}
    for pk, name in Attachment.objects.filter(email__in=email_ids).values_list("email", "name"):
        files.setdefault(pk, []).append(name)
    rows = Email.objects.filter(pk__in=email_ids).order_by("pk")
    for pk, account, subject, name, address, recipients, received_at, text in rows.values_list(
        "pk",
        "account",
        "subject",
        "from_name",
        "from_address",
        "recipients",
        "received_at",
        "body__text",
    ):
        yield document(
            pk,
            account,
            subject=subject,
            sender=f"{name} {address}",
            recipients=recipients,
            received_at=received_at,
            text=text or "",
            files=files.get(pk, ()),
        )


def document(
    email_id: int,
    account_id: int,
    *,
    subject: str,
    sender: str,
    recipients: Sequence[Sequence[str]],
    received_at: datetime,
    text: str,
    files: Sequence[str],
) -> Document:
    """An email as it goes into the index."""
    body = words(text[:BODY_CHARACTERS])[:BODY_WORDS]
    if files:
        body += words(" ".join(files))
    people = " ".join(f"{name} {address}" for _, name, address in recipients)
    texts = (
        account_word(account_id),
        searchable(subject),
        searchable(sender),
        searchable(people),
        " ".join(body),
    )
    return Document(email_id, account_id, key_for(received_at.timestamp(), email_id), texts)


def account_word(account_id: int) -> str:
    return f"account{account_id}"


# --- Keeping whole ---------------------------------------------------------------------------


def missing_ids(account_id: int | None = None) -> QuerySet[Email, int]:
    """Ids of emails that the index does not have, newest first."""
    emails = Email.objects.filter(search_entry=None)
    if account_id is not None:
        emails = emails.filter(account=account_id)
    return emails.order_by("-received_at", "-pk").values_list("pk", flat=True)


def wordless_ids(account_id: int) -> list[int]:
    """Ids of emails that have a place in the index and no words there."""
    column = "rowid" if connection.vendor == "sqlite" else "key"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT entry.email_id FROM mailsync_searchentry entry"  # noqa: S608 -- constants
            " JOIN mailsync_email email ON email.id = entry.email_id"
            f" LEFT JOIN mailsync_search words ON words.{column} = entry.key"
            f" WHERE email.account_id = %s AND words.{column} IS NULL",
            [account_id],
        )
        return [pk for (pk,) in cursor.fetchall()]


def forget_places() -> int:
    """Makes every email count as missing, so that filling up makes the whole index anew. What is
    still there of the old one is found no more, and is replaced or swept as filling goes on."""
    return SearchEntry.objects.all().delete()[0]


def fill_up(email_ids: Sequence[int]) -> None:
    """Puts missing emails into the index, over words that an earlier run has left."""
    with transaction.atomic():
        documents = list(_documents(list(email_ids)))
        _forget_words([one.key for one in documents])
        _insert(documents)


def sweep() -> int:
    """Removes words that belong to no email any more. Returns how many."""
    column = "rowid" if connection.vendor == "sqlite" else "key"
    swept, after = 0, -1
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {column} FROM mailsync_search WHERE {column} > %s"  # noqa: S608 -- constants
                f" ORDER BY {column} LIMIT {SWEEP}",
                [after],
            )
            keys = [key for (key,) in cursor.fetchall()]
        if not keys:
            return swept
        known = SearchEntry.objects.filter(key__in=keys).values_list("key", flat=True)
        lost = sorted(set(keys) - set(known))
        _forget_words(lost)
        swept += len(lost)
        after = keys[-1]


# --- Asking ----------------------------------------------------------------------------------


def matching_keys(question: Question, *, limit: int) -> list[int]:
    """Keys of the newest matching emails below `before_key`, newest first. Without a word to look
    for, all that the accounts have; none without accounts either."""
    ask = _ask_sqlite if connection.vendor == "sqlite" else _ask_postgresql
    return ask(question, limit) if has_words(question) or question.account_ids else []


def has_words(question: Question) -> bool:
    """Whether there is a word to look for: what is only left out cannot be asked for."""
    return any(words(term.text) and not term.is_excluded for term in question.terms)


def _bounds(question: Question, column: str) -> tuple[str, list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    if question.before_key is not None:
        conditions.append(f" AND {column} < %s")
        values.append(question.before_key)
    if question.after_key is not None:
        conditions.append(f" AND {column} >= %s")
        values.append(question.after_key)
    if question.among is not None:
        if connection.vendor == "sqlite":
            conditions.append(f" AND {column} IN (SELECT value FROM json_each(%s))")  # noqa: S608 -- constants
            values.append(json.dumps(list(question.among)))
        else:
            conditions.append(f" AND {column} = ANY(%s)")
            values.append(list(question.among))
    return "".join(conditions), values


def _ask_sqlite(question: Question, limit: int) -> list[int]:
    bounds, values = _bounds(question, "rowid")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT rowid FROM mailsync_search WHERE mailsync_search MATCH %s{bounds}"  # noqa: S608 -- constants
            " ORDER BY rowid DESC LIMIT %s",
            [_fts5(question), *values, limit],
        )
        return [key for (key,) in cursor.fetchall()]


def _fts5(question: Question) -> str:
    """FTS5's query language. Words hold no quotes, so quoting them is enough."""
    wanted: list[str] = []
    unwanted: list[str] = []
    for term in question.terms:
        pieces = words(term.text)
        if not pieces:
            continue
        columns = term.column or "{subject sender recipients body}"
        text = f'{columns} : "{" ".join(pieces)}"{" *" if term.is_prefix else ""}'
        (unwanted if term.is_excluded else wanted).append(text)
    if question.account_ids:
        accounts = " OR ".join(f'"{account_word(pk)}"' for pk in question.account_ids)
        wanted.append(f"account : ({accounts})")
    expression = " AND ".join(f"({text})" for text in wanted)
    for text in unwanted:
        expression = f"({expression}) NOT ({text})"
    return expression


def _ask_postgresql(question: Question, limit: int) -> list[int]:
    query = _tsquery(question)
    bounds, values = _bounds(question, "key")
    if question.among is not None:
        return _walked(f"mailsync_search WHERE true{bounds}", values, query, limit)
    whose, whose_values = _accounts(question)
    below = f"mailsync_search WHERE true{bounds}{whose}"
    # A common word is found at the newest end, whatever the size of the rest.
    newest = f"(SELECT key, document FROM {below} ORDER BY key DESC LIMIT %s) AS newest WHERE true"  # noqa: S608 -- constants
    keys = _walked(newest, [*values, *whose_values, GLANCE * limit], query, limit)
    if len(keys) == limit:
        return keys
    if not _is_rare(question):
        return _walked(below, [*values, *whose_values], query, limit)
    # For a rare word the planner would walk the key from its newest end through everything; the
    # fence makes it take the word's own list.
    fenced = (
        "WITH found AS MATERIALIZED (SELECT key FROM mailsync_search WHERE document @@ %s::tsquery)"  # noqa: S608 -- constants
        f" SELECT key FROM found WHERE true{bounds} ORDER BY key DESC LIMIT %s"
    )
    return _by_index(fenced, [query, *values, limit])


def _accounts(question: Question) -> tuple[str, list[Any]]:
    """Said by the words as well; once more it gives the walk down the key an index of its own,
    which PostgreSQL reads in order for one account only."""
    if not question.account_ids:
        return "", []
    if len(question.account_ids) == 1:
        return " AND account_id = %s", list(question.account_ids)
    return " AND account_id = ANY(%s)", [list(question.account_ids)]


def _walked(source: str, values: Sequence[Any], query: str, limit: int) -> list[int]:
    return _by_index(
        f"SELECT key FROM {source} AND document @@ %s::tsquery ORDER BY key DESC LIMIT %s",  # noqa: S608 -- constants
        [*values, query, limit],
    )


def _is_rare(question: Question) -> bool:
    """Whether few mails fit, whenever they came. Phrases count as their words, and a column as
    any: the index answers that without a look at the mails."""
    loose = replace(
        question,
        terms=[
            Term(word, is_prefix=term.is_prefix and word == pieces[-1])
            for term in question.terms
            if not term.is_excluded and (pieces := words(term.text))
            for word in pieces
        ],
    )
    [count] = _by_index(
        "SELECT count(*) FROM (SELECT 1 FROM mailsync_search WHERE document @@ %s::tsquery LIMIT %s)"
        " AS few",
        [_tsquery(loose), FEW],
    )
    return count < FEW


def _by_index(statement: str, values: Sequence[Any]) -> list[int]:
    """The first column. PostgreSQL takes a look into a document for as cheap as a sum and would
    read the whole table for a common word."""
    with connection.cursor() as cursor:
        # One trip, which is a transaction of its own or part of the caller's.
        cursor.execute(
            f"SET LOCAL enable_seqscan = off; {statement}; SET LOCAL enable_seqscan = on", values
        )
        cursor.nextset()
        return [value for (value,) in cursor.fetchall()]


def _tsquery(question: Question) -> str:
    """PostgreSQL's query language, made of nothing but words and operators of ours."""
    parts = []
    for term in question.terms:
        pieces = words(term.text)
        if not pieces:
            continue
        # Without a column no weights: for these PostgreSQL would look into every document.
        weights = WEIGHTS[term.column] if term.column else ""
        lexemes = [f"'{piece}':{weights}" if weights else f"'{piece}'" for piece in pieces]
        if term.is_prefix:
            lexemes[-1] = f"'{pieces[-1]}':*{weights}"
        phrase = " <-> ".join(lexemes)
        parts.append(f"!({phrase})" if term.is_excluded else f"({phrase})")
    if question.account_ids:
        # The sign keeps it apart from any word of a mail.
        accounts = " | ".join(f"'#{account_word(pk)}'" for pk in question.account_ids)
        parts.append(f"({accounts})")
    return " & ".join(parts)
