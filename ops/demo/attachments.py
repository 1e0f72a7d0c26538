"""Small real files for the demo's mails, made on the spot."""

import struct
import zlib
from datetime import datetime, timedelta
from email.message import EmailMessage

from ops.demo import world
from ops.demo.world import Conversation

WIDTH, HEIGHT = 480, 270


def attach(message: EmailMessage, conversation: Conversation, *, moment: datetime) -> None:
    """What the conversation's options ask for."""
    options = conversation.options
    if name := options.get("pdf"):
        lines = [name.removesuffix(".pdf").replace("-", " "), conversation.subject]
        message.add_attachment(pdf(lines), maintype="application", subtype="pdf", filename=name)
    if name := options.get("csv"):
        rows = "position;text;pieces\r\n1;Chain;2\r\n2;Brake pad, left;4\r\n3;Rear light;1\r\n"
        message.add_attachment(rows.encode(), maintype="text", subtype="csv", filename=name)
    if name := options.get("png"):
        message.add_attachment(png(), maintype="image", subtype="png", filename=name)
    if "invite" in options:
        message.add_attachment(
            invitation(conversation, moment=moment),
            maintype="text", subtype="calendar", filename="invite.ics",
            params={"method": "REQUEST"},
        )  # fmt: skip


def pdf(lines: list[str]) -> bytes:
    """One page with a few lines of text; only Latin letters, as the built-in font has them."""
    text = " ".join(
        f"({_latin(line)}) Tj 0 -24 Td" for line in [*lines, "Harbourline Bikes (demo)"]
    )
    stream = f"BT /F1 16 Tf 72 760 Td {text} ET".encode("latin-1")
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
            b"/Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    result = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(bodies, start=1):
        offsets.append(len(result))
        result += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(bodies) + 1
    return result + (
        b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
        + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(result))
    )


def png() -> bytes:
    """A harbour at dusk, as far as two gradients can be one."""
    rows = bytearray()
    for y in range(HEIGHT):
        rows.append(0)
        is_water = y > HEIGHT * 0.6
        for x in range(WIDTH):
            glow = 255 * y // HEIGHT
            wave = 18 if is_water and (x + y * 7) % 23 < 9 else 0
            rows += (
                bytes((40 + wave, 70 + wave, 120 + wave))
                if is_water
                else bytes((glow, 90 + glow // 3, 150 - glow // 3))
            )
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(bytes(rows), 9))
        + _chunk(b"IEND", b"")
    )


def invitation(conversation: Conversation, *, moment: datetime) -> bytes:
    start = (moment + timedelta(days=7)).replace(hour=9, minute=0)
    form = "%Y%m%dT%H%M%SZ"
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Harbourline//Demo//EN", "METHOD:REQUEST",
        "BEGIN:VEVENT", "UID:test-ride@harbourline.example", f"DTSTAMP:{moment:{form}}",
        f"DTSTART:{start:{form}}", f"DTEND:{start + timedelta(hours=2):{form}}",
        f"SUMMARY:{conversation.subject}", "LOCATION:Fløyen\\, Bergen",
        f"ORGANIZER:mailto:{conversation.person.address}",
        f"ATTENDEE:mailto:{world.owner().address}", "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip
    return ("\r\n".join(lines) + "\r\n").encode()


def _latin(text: str) -> str:
    plain = text.encode("latin-1", "replace").decode("latin-1")
    return plain.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )
