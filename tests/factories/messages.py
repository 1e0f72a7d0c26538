"""Raw messages for tests."""

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache

START = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)


@cache
def message(
    number: int,
    *,
    to: str,
    subject: str = "",
    sender: str = "",
    answers: int | None = None,
    text: str = "",
) -> bytes:
    """Message `number`; with `answers` an answer to that other one."""
    mail = EmailMessage()
    mail["From"] = sender or f"Customer {number % 17} <customer{number % 17}@acme.example>"
    mail["To"] = to
    mail["Subject"] = subject or f"Question {number}"
    mail["Date"] = format_datetime(START + timedelta(minutes=number))
    mail["Message-ID"] = f"<mail{number}@acme.example>"
    if answers is not None:
        mail["In-Reply-To"] = f"<mail{answers}@acme.example>"
        mail["References"] = f"<mail{answers}@acme.example>"
    mail.set_content(text or f"This is mail number {number}.\n")
    return mail.as_bytes()
