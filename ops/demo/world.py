"""The demo's company and its correspondence, read from the files in `data`."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
PARAGRAPH = "¶"
# Patterns number their orders and invoices from here.
FIRST_NUMBER = 417


@dataclass(frozen=True)
class Person:
    key: str
    name: str
    title: str
    address: str
    language: str = "en"
    organization: str = ""

    @property
    def mailbox(self) -> str:
        return f"{self.name} <{self.address}>"

    @property
    def first_name(self) -> str:
        return self.name.split()[0]


@dataclass(frozen=True)
class Turn:
    author: Person
    text: str


@dataclass(frozen=True)
class Conversation:
    subject: str
    person: Person
    days: float
    turns: list[Turn]
    options: dict[str, str] = field(default_factory=dict)

    def participants(self) -> list[Person]:
        return list(dict.fromkeys([self.person, *(turn.author for turn in self.turns)]))


@cache
def people() -> dict[str, Any]:
    return tomllib.loads((DATA / "people.toml").read_text())


@cache
def colleagues() -> dict[str, Person]:
    domain = people()["company"]["domain"]
    return {
        row["key"]: Person(row["key"], row["name"], row["title"], f"{row['key']}@{domain}")
        for row in people()["colleagues"]
    }


@cache
def customers() -> dict[str, Person]:
    return {
        key: Person(key, name, title, f"{key}@{row['domain']}", language, row["name"])
        for row in people()["organizations"]
        for key, name, title, language in row["persons"]
    }


def owner() -> Person:
    """The user who is signed in."""
    return next(iter(colleagues().values()))


def everybody() -> dict[str, Person]:
    return colleagues() | customers()


def conversations() -> Iterator[Conversation]:
    for head, turns in _blocks("conversations.txt"):
        subject, key, days, options = head
        yield _conversation(subject, everybody()[key], float(days), turns, options)
    number = FIRST_NUMBER
    for head, turns in _blocks("patterns.txt"):
        subject, keys, days, options = head
        for shift, key in enumerate(keys.split()):
            person = customers()[key]
            number += 1
            values = {"org": person.organization, "number": str(number)}
            filled = [(mark, text.format(**values)) for mark, text in turns]
            age = float(days) + 4.3 * shift
            yield _conversation(subject.format(**values), person, age, filled, options)


def _conversation(
    subject: str, person: Person, days: float, turns: list[tuple[str, str]], options: str
) -> Conversation:
    authors = {"": person, ">": owner()}
    return Conversation(
        subject=subject,
        person=person,
        days=days,
        turns=[
            Turn(
                authors[mark] if mark in authors else everybody()[mark],
                text.replace(PARAGRAPH, "\n\n"),
            )
            for mark, text in turns
        ],
        options=dict(word.partition("=")[::2] for word in options.split()),
    )


def _blocks(name: str) -> Iterator[tuple[list[str], list[tuple[str, str]]]]:
    """Heads with their turns: `== a | b | c | d`, then `< text`, `> text`, `<key> text`."""
    head: list[str] = []
    turns: list[tuple[str, str]] = []
    for line in [*(DATA / name).read_text().splitlines(), "== end"]:
        if line.startswith("== "):
            if turns:
                yield head, turns
            head, turns = [part.strip() for part in line[3:].split("|")], []
        elif line.startswith(">"):
            turns.append((">", line[1:].strip()))
        elif line.startswith("<"):
            mark, _, text = line[1:].partition(">") if line[1:2] != " " else ("", "", line[1:])
            turns.append((mark, text.strip()))
