"""The words and sort keys of the records that are here, folded and cut as they are now.

Records were folded by a rule of their own that kept Ł, Ø and đ: who typed *lukasz* did not find
Łukasz. Now the rule is that of the search in mail. It stands here once more, as of this day:
whoever changes it brings a migration of his own.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.db import migrations

KINDS = {
    "person": ("Person", "name"),
    "organization": ("Organization", "name"),
    "deal": ("Deal", "title"),
    "lead": ("Lead", "title"),
    "project": ("Project", "title"),
}
BATCH = 2000
MAX_WORD, WORDS_PER_RECORD, SORT_KEY_LENGTH, SHORTEST_NUMBER = 64, 40, 200, 4
WORD = re.compile(r"[\w\u0900-\u0dff]+")
MARKS = re.compile(
    r"[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    r"\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
PLAIN = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)
UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
    r"\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+"
)


def fold(text: str) -> str:
    bare = MARKS.sub("", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", bare.translate(PLAIN))


def words(text: str) -> Iterator[str]:
    for word in WORD.findall(fold(text).replace("_", " ")):
        end = 0
        for run in UNSPACED.finditer(word):
            if run.start() > end:
                yield word[end : run.start()][:MAX_WORD]
            for at in range(max(len(run[0]) - 1, 1)):
                yield run[0][at : at + 2]
            end = run.end()
        if end < len(word):
            yield word[end:][:MAX_WORD]


def words_of_phone(number: str) -> Iterator[str]:
    groups = re.findall(r"\d+", number.replace("(0)", ""))
    for at in range(len(groups)):
        ending = "".join(groups[at:]).lstrip("0")
        if len(ending) >= SHORTEST_NUMBER:
            yield ending[:MAX_WORD]


FURTHER = {
    "person": (("PersonEmail", "address", words), ("PersonPhone", "number", words_of_phone)),
    "organization": (("OrganizationDomain", "domain", words),),
}


def make_anew(apps: Any, _schema_editor: Any) -> None:
    model = apps.get_model("crm", "SearchWord")
    model.objects.all().delete()
    for kind, (name, title) in KINDS.items():
        records = apps.get_model("crm", name).objects.order_by("pk")
        after = 0
        while batch := list(records.filter(pk__gt=after).only("sort_key", title)[:BATCH]):
            _make(apps, model, kind, title, batch)
            after = batch[-1].pk


def _make(apps: Any, model: Any, kind: str, title: str, batch: list[Any]) -> None:
    ids = [record.pk for record in batch]
    further: dict[int, list[str]] = defaultdict(list)
    for name, field, cut in FURTHER.get(kind, ()):
        rows = apps.get_model("crm", name).objects.filter(**{f"{kind}__in": ids}).order_by("pk")
        for pk, text in rows.values_list(f"{kind}_id", field):
            further[pk] += cut(text)
    found, changed = [], []
    for record in batch:
        text = getattr(record, title)
        key = " ".join(fold(text).split())[:SORT_KEY_LENGTH]
        if key != record.sort_key:
            record.sort_key = key
            changed.append(record)
        own = list(dict.fromkeys([*words(text), *further[record.pk]]))[:WORDS_PER_RECORD]
        found += [model(kind=kind, record_id=record.pk, word=word) for word in own]
    model.objects.bulk_create(found, batch_size=BATCH)
    type(batch[0]).objects.bulk_update(changed, ["sort_key"], batch_size=500)


class Migration(migrations.Migration):
    dependencies = [("crm", "0004_nulls_last_on_postgresql")]

    operations = [migrations.RunPython(make_anew, migrations.RunPython.noop, elidable=True)]
