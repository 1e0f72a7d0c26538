"""Quotes, forwards and reports, on mails of other projects (see data/SOURCES.md)."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.mime import bounces, forwards, quotes

DATA = Path(__file__).parent / "data"
FORWARDS = json.loads((DATA / "forwards.json").read_text())

REPLIES = [
    ("Hi\n\nOn Mon, Feb 1, 2016 at 6:32 PM, Jeff <j@x.example>\nwrote:\n\n> old\n", "Hi"),
    ("Ahoj\n\nDne 1. 2. 2024 v 10:11 Jan <j@x.example> napsal:\n> staré", "Ahoj"),
    ("好\n\n2024年1月2日 10:11 Wang <w@x.example>：\n> 旧", "好"),
    (("Ok\n\n________________________________\nVon: A <a@x.example>\nGesendet: 1. Mai 2024\n"
     "An: B\nBetreff: x\n\nalt"), "Ok"),
    ("Ok\n\n-----Ursprüngliche Nachricht-----\n\nalt", "Ok"),
    ("On 19/04/2011 07:10 AM, Roman wrote:\n> question\n\nThe answer", "The answer"),
    ("Yes\n\n-- \nAnn\nSales", "Yes"),
    ("Meet at:\n- 10:00\n- 11:00\nOn this day we start.",
     "Meet at:\n- 10:00\n- 11:00\nOn this day we start."),
    ("Yes.\n\nSent from my iPhone", "Yes."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "new"), REPLIES)
def test_new_text(text, new):
    assert quotes.split(text).new == new


@given(st.lists(st.sampled_from(["> a", "b", "", "-- ", "From: x <a@b.example>", "Date: 2024",
       "Subject: s", "On 1 May 2024 at 10:10, x <a@b.example> wrote:", "____________"]),
       max_size=30).map("\n".join))  # fmt: skip
def test_no_word_is_lost(text):
    got = quotes.split(text)
    assert sorted(" ".join(got).split()) == sorted(text.split())


@pytest.mark.parametrize("name", FORWARDS)
def test_forward(name):
    case = FORWARDS[name]
    got = forwards.unwrap_text(case["body"], subject=case.get("subject") or "")
    assert (got is not None) == case["expect"]["forwarded"]
    if got:
        assert got.sender.address == case["expect"]["email"]["from"]["address"]
        assert "".join(got.body.split()) == "".join(case["expect"]["email"]["body"].split())


@pytest.mark.parametrize("name", ["lhost-postfix-02.eml", "lhost-qmail-01.eml"])
def test_report_names_the_address(name):
    got = bounces.read_bounce((DATA / name).read_bytes())
    assert got
    assert got.failures
    assert all("@" in one.address for one in got.failures)


def test_abuse_report_is_no_report_of_failure():
    assert bounces.read_bounce((DATA / "arf-01.eml").read_bytes()) is None


VERDICTS = [
    ("5.1.1", "550", "user unknown", True),
    ("5.2.2", "552", "mailbox full", False),
    ("4.1.1", "450", "user unknown, try again", False),
    ("5.7.1", "550", "message looks like spam", False),
]


@pytest.mark.parametrize(("status", "code", "diagnostic", "dead"), VERDICTS)
def test_only_dead_addresses_are_dead(status, code, diagnostic, dead):
    assert bounces.is_dead(status, code, diagnostic) is dead
