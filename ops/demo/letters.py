"""The demo's correspondence as mails, with the places they lie in."""

import html
import random
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from ops.demo import attachments, world
from ops.demo.world import Conversation, Person

FIRST_HOUR, LAST_HOUR = 8, 18
# The newest mail of the demo is this old at most when it is set up.
SOON = timedelta(minutes=7)


@dataclass(frozen=True)
class Letter:
    folder: str
    content: EmailMessage
    moment: datetime
    flags: str


# The newest conversations are written as two or three days old; a visitor expects today's.
QUIET_DAYS = 1.8


def all_letters(*, now: datetime) -> list[Letter]:
    """The owner's whole mailbox, oldest first."""
    letters = [
        letter for conversation in world.conversations() for letter in _exchange(conversation, now)
    ]
    letters += _broadcasts(now)
    letters += _bounce(now)
    return sorted(letters, key=lambda letter: letter.moment)


def new_message(
    *, author: str, to: list[str], subject: str, moment: datetime, cc: list[str] | None = None
) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = author
    message["To"] = ", ".join(to)
    if cc:
        message["Cc"] = ", ".join(cc)
    message["Subject"] = subject
    message["Date"] = format_datetime(moment)
    message["Message-ID"] = make_msgid(domain=author.rstrip(">").rpartition("@")[2])
    return message


def reply_to(message: EmailMessage, *, references: list[str]) -> None:
    if references:
        message["In-Reply-To"] = references[-1]
        message["References"] = " ".join(references)


def quote(text: str, *, author: str, moment: datetime) -> str:
    lines = "\n".join(f"> {line}".rstrip() for line in text.splitlines())
    return f"On {moment:%d %b %Y at %H:%M}, {author} wrote:\n{lines}"


def _exchange(conversation: Conversation, now: datetime) -> Iterator[Letter]:
    chance = random.Random(conversation.subject)
    moments = _moments(conversation, now, chance)
    references: list[str] = []
    quoted = ""
    last = len(conversation.turns) - 1
    for number, turn in enumerate(conversation.turns):
        prefix = "Re: " if number else ""
        others = [p for p in conversation.participants() if p != turn.author]
        # Whoever has not been drawn in yet gets no copy.
        seen = {
            conversation.person,
            world.owner(),
            *(t.author for t in conversation.turns[:number]),
        }
        to = [conversation.person] if turn.author == world.owner() else [world.owner()]
        cc = [p.mailbox for p in others if p in seen and p not in to]
        message = new_message(
            author=turn.author.mailbox,
            to=[person.mailbox for person in to],
            cc=cc,
            subject=prefix + conversation.subject,
            moment=moments[number],
        )
        reply_to(message, references=references)
        _write(message, turn.text, author=turn.author, quoted=quoted)
        if number == last:
            attachments.attach(message, conversation, moment=moments[number])
        references.append(message["Message-ID"])
        quoted = quote(turn.text, author=turn.author.name, moment=moments[number])
        is_unread = number == last and "unread" in conversation.options
        flags = ("" if is_unread else "S") + ("F" if _is_starred(conversation, number) else "")
        yield Letter(_folder(conversation, turn.author), message, moments[number], flags)


def _write(message: EmailMessage, text: str, *, author: Person, quoted: str) -> None:
    company = author.organization or world.people()["company"]["name"]
    signature = f"{author.name}\n{author.title}, {company}"
    plain = f"{text}\n\n-- \n{signature}\n"
    message.set_content(plain + (f"\n{quoted}\n" if quoted else ""))
    paragraphs = "".join(f"<p>{html.escape(part)}</p>" for part in text.split("\n\n"))
    sign = html.escape(signature).replace("\n", "<br>")
    message.add_alternative(
        f"<div>{paragraphs}</div><div style='color:#667'>--<br>{sign}</div>"
        + (_quote_html(quoted) if quoted else ""),
        subtype="html",
    )


def _quote_html(quoted: str) -> str:
    """As mail programs write it: the introduction, and the quote without its marks."""
    introduction, *lines = quoted.split("\n")
    old = "<br>".join(html.escape(line.removeprefix(">").removeprefix(" ")) for line in lines)
    return f"<div>{html.escape(introduction)}</div><blockquote type='cite'>{old}</blockquote>"


def _folder(conversation: Conversation, author: Person) -> str:
    if author == world.owner():
        return "Sent"
    return "Archive" if "archive" in conversation.options else "INBOX"


def _is_starred(conversation: Conversation, number: int) -> bool:
    return number == 0 and "star" in conversation.options


def _moments(conversation: Conversation, now: datetime, chance: random.Random) -> list[datetime]:
    """One moment for each turn, in office hours, spread over the conversation's age."""
    count = len(conversation.turns)
    age = max(conversation.days - QUIET_DAYS, conversation.days / 4)
    begin = now - timedelta(days=age)
    pace = min(age * 0.9 / count, 2.5)
    moments: list[datetime] = []
    for number in range(count):
        moment = begin + timedelta(days=pace * number)
        hour = chance.randint(FIRST_HOUR, LAST_HOUR)
        moment = moment.replace(hour=hour, minute=chance.randint(0, 59), second=0, microsecond=0)
        earliest = moments[-1] + timedelta(minutes=11) if moments else begin
        moments.append(max(moment, earliest))
    latest = now - SOON
    return [min(moment, latest - timedelta(minutes=count - n)) for n, moment in enumerate(moments)]


def _broadcasts(now: datetime) -> Iterator[Letter]:
    rows = tomllib.loads((world.DATA / "broadcasts.toml").read_text())["letters"]
    for row in rows:
        for number, days in enumerate(row["days"], start=3):
            moment = now - timedelta(days=days, hours=number)
            name, address = row["sender"]
            message = new_message(
                author=f"{name} <{address}>",
                to=[world.owner().mailbox],
                subject=row["subject"].format(number=number),
                moment=moment,
            )
            message["List-Unsubscribe"] = f"<mailto:leave@{address.rpartition('@')[2]}>"
            message["Precedence"] = "bulk"
            items = [(title, text.format(number=number)) for title, text in row["items"]]
            message.set_content("\n\n".join(f"{title}\n{text}" for title, text in items))
            message.add_alternative(
                _newsletter(row["title"], row["lead"].format(number=number), items), subtype="html"
            )
            yield Letter("INBOX", message, moment, "" if days < 4 else "S")


def _newsletter(title: str, lead: str, items: list[tuple[str, str]]) -> str:
    body = "".join(
        f"<tr><td style='padding:16px 24px;border-top:1px solid #dde3e8'>"
        f"<h2 style='margin:0 0 6px;font-size:17px;color:#17324d'>{html.escape(heading)}</h2>"
        f"<p style='margin:0;color:#42525f;line-height:1.5'>{html.escape(text)}</p></td></tr>"
        for heading, text in items
    )
    return (
        "<body style='margin:0;background:#eef2f5;font-family:Helvetica,Arial,sans-serif'>"
        "<table align='center' width='600' cellpadding='0' cellspacing='0' "
        "style='margin:24px auto;background:#ffffff'>"
        f"<tr><td style='padding:28px 24px;background:#17324d;color:#ffffff;font-size:24px'>"
        f"{html.escape(title)}<div style='font-size:14px;color:#b9c9d6'>{html.escape(lead)}</div>"
        f"<img src='https://images.cityfreight.example/head.png' alt='' width='1' height='1'>"
        f"</td></tr>{body}</table></body>"
    )


def _bounce(now: datetime) -> Iterator[Letter]:
    """A mail that could not be delivered, and the notice about it (RFC 3464)."""
    moment = now - timedelta(days=4, hours=3)
    owner = world.owner()
    gone = "buyer@oldharbour.example"
    sent = new_message(
        author=owner.mailbox, to=[gone], subject="Your enquiry from spring", moment=moment
    )
    sent.set_content("Hello,\n\nin spring you asked for two trailers. Is it still of interest?\n")
    yield Letter("Sent", sent, moment, "S")
    notice = bounce_of(sent, recipient=gone, moment=moment + timedelta(minutes=1))
    yield Letter("INBOX", notice, moment + timedelta(minutes=1), "")


def bounce_of(sent: EmailMessage, *, recipient: str, moment: datetime) -> EmailMessage:
    notice = new_message(
        author="Mail Delivery <mailer-daemon@mail.harbourline.example>",
        to=[str(sent["From"])],
        subject="Undelivered mail returned to sender",
        moment=moment,
    )
    notice["Auto-Submitted"] = "auto-replied"
    reply_to(notice, references=[str(sent["Message-ID"])])
    notice.set_content(
        f"Your message could not be delivered to {recipient}.\nThere is no mailbox of that name.\n"
    )
    status = EmailMessage(policy=SMTP)
    status["Reporting-MTA"] = "dns; mail.harbourline.example"
    details = EmailMessage(policy=SMTP)
    details["Final-Recipient"] = f"rfc822; {recipient}"
    details["Action"] = "failed"
    details["Status"] = "5.1.1"
    details["Diagnostic-Code"] = "smtp; 550 5.1.1 no mailbox of that name"
    notice.make_mixed()
    notice.replace_header("Content-Type", "multipart/report; report-type=delivery-status")
    report = EmailMessage(policy=SMTP)
    report["Content-Type"] = "message/delivery-status"
    report.set_payload([status, details])
    notice.attach(report)
    original = EmailMessage(policy=SMTP)
    original["Content-Type"] = "text/rfc822-headers"
    headers = "".join(f"{name}: {value}\n" for name, value in sent.items())
    original.set_payload(headers)
    notice.attach(original)
    return notice
