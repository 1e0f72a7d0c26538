"""Answers as a demo person would: in the person's language, to what the mail seems to be about."""

import random
import tomllib
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import cache
from typing import Any

from ops.demo import world
from ops.demo.letters import new_message, quote, reply_to
from ops.demo.world import Person

QUOTE_MARKS = (">", "On ", "Am ")
INTENTS = ("meeting", "price", "thanks")


@cache
def phrases() -> dict[str, Any]:
    return tomllib.loads((world.DATA / "answers.toml").read_text())


def answer(message: EmailMessage, *, person: Person, chance: random.Random) -> EmailMessage:
    """The person's reply in the same thread, with the mail quoted beneath."""
    text = text_of(message)
    now = datetime.now(UTC)
    subject = str(message["Subject"] or "")
    reply = new_message(
        author=person.mailbox,
        to=[str(message["From"])],
        subject=subject if subject.lower().startswith("re:") else f"Re: {subject}",
        moment=now,
    )
    earlier = str(message["References"] or "").split()
    if identifier := message["Message-ID"]:
        reply_to(reply, references=[*earlier, str(identifier)])
    choices = phrases()[person.language][intent_of(text)]
    body = chance.choice(choices).format(first=world.owner().first_name)
    quoted = quote(own_words(text), author=world.owner().name, moment=now)
    reply.set_content(f"{body}\n\n{person.first_name}\n\n{quoted}\n")
    return reply


def intent_of(text: str) -> str:
    words = own_words(text).casefold()
    for intent in INTENTS:
        if any(sign in words for sign in phrases()["signs"][intent]):
            return intent
    return "question" if "?" in words or "？" in words else "other"


def own_words(text: str) -> str:
    """What stands above the quoted mail."""
    kept = []
    for line in text.splitlines():
        if line.startswith(QUOTE_MARKS):
            break
        kept.append(line)
    return "\n".join(kept).strip()


def text_of(message: EmailMessage) -> str:
    part = message.get_body(preferencelist=("plain", "html"))
    return str(part.get_content()) if part else ""
