"""Prefixes that mail programs put before the subject of an answer or a forward, by language.

The one table, for reading forwards, for answers and for threads.
"""

import re

_REPLY = (
    "re|aw|antw|sv|odp|ynt|yan|yanit|res|rif|antwort|ref|atb|hl|ats|回复|回覆|答复|答覆|답장|回信|返信|"
    "отв|vá|bls|ατ|σχετ|r"
)
# "VS" answers in Finnish and forwards in Danish and Norwegian.
_EITHER = "vs"
_FORWARD = (
    "fw|fwd|wg|vb|vl|tr|rv|enc|i|pd|trs|doorst|továbbítás|转发|轉寄|转寄|転送|전달|пересл|ilt|i̇lt|edasi|"
    "fs|πρθ|прд|пересылка|fwd.msg|videresendt|vidarebefordrat"
)
# Some programs count: Re[2]:, Re(2):, Re^2:, Re*2:, Re2:
_COUNT = r"\s*(?:\[\d{1,3}\]|\(\d{1,3}\)|[\^*]?\d{1,3})?\s*[:：]\s*"
_PREFIX = re.compile(rf"(?i)^\s*(?:{_REPLY}|{_EITHER}|{_FORWARD}){_COUNT}")
_IS_FORWARD = re.compile(rf"(?i)^\s*\[?(?:{_FORWARD}|{_EITHER}){_COUNT}")
_IS_REPLY = re.compile(rf"(?i)^\s*(?:{_REPLY}|{_EITHER}){_COUNT}")
_NESTED = 50


def without_mark(subject: str) -> str:
    """The subject without its first prefix; the same where it has none."""
    found = _PREFIX.match(subject)
    return subject[found.end() :] if found else subject


def base_subject(subject: str) -> str:
    """The subject without the prefixes of answers and forwards, however many there are."""
    for _ in range(_NESTED):
        shorter = without_mark(subject)
        if shorter == subject:
            break
        subject = shorter
    return subject.strip()


def is_forward(subject: str) -> bool:
    return _IS_FORWARD.match(subject) is not None


def is_reply(subject: str) -> bool:
    return _IS_REPLY.match(subject) is not None
