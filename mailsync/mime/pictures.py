"""Pictures of strangers, decoded and written anew: what comes out holds pixels and nothing else.

The type is read from the bytes; what a server or a mail says of them counts for nothing. Decoding
happens in a child process that the kernel ends when it takes too much: a small file may unfold
to gigabytes, and decoders are the oldest way into programs that show pictures.
"""

import base64
import binascii
import contextlib
import io
from dataclasses import dataclass

from mailsync.mime import sandbox

LARGEST_BYTES = 5_000_000
LARGEST_PIXELS = 20_000_000
# No screen shows more of a picture in a mail, and larger ones take long to write.
LARGEST_SIDE = 2400
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")

# The first bytes of the formats that are decoded.
_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


class PictureError(Exception):
    """Bytes that are not shown."""


class NoPictureError(PictureError):
    """They are no picture of a kind that is shown: SVG and HTML are none."""


class TooLargeError(PictureError):
    """They are a picture of more pixels than are decoded."""


@dataclass(frozen=True, slots=True)
class Picture:
    content_type: str
    content: bytes


def picture_type(data: bytes) -> str:
    """The media type that the bytes themselves claim; empty unless it is a harmless picture."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _STARTS if data.startswith(start)), "")


def rewritten(data: bytes) -> Picture:
    """The first frame of the picture, as PNG or JPEG. Raises PictureError."""
    if not picture_type(data):
        raise NoPictureError
    if len(data) > LARGEST_BYTES:
        raise TooLargeError
    answer = sandbox.run(_rewrite_apart, base64.b64encode(data).decode())
    kind, _, content = (answer or "").partition(";")
    if kind == "large":
        raise TooLargeError
    try:
        decoded = base64.b64decode(content, validate=True)
    except binascii.Error as error:
        raise NoPictureError from error
    if not decoded:
        raise NoPictureError
    return Picture(kind, decoded)


def _rewrite_apart(job: str) -> str:
    """Runs in a child of the sandbox; whatever fails here is an empty answer to the parent."""
    # slow import: the children that clean HTML never need it.
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # counted below, as an answer of its own
    with Image.open(io.BytesIO(base64.b64decode(job)), formats=FORMATS) as source:
        if source.width * source.height > LARGEST_PIXELS:
            return "large;"
        source.draft("RGB", (LARGEST_SIDE, LARGEST_SIDE))  # JPEG decodes at a smaller scale
        source.load()
        picture: Image.Image = source
        with contextlib.suppress(Exception):  # a picture is shown unturned before it is lost
            picture = ImageOps.exif_transpose(source)
        picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
        is_photo = source.format == "JPEG"
        has_alpha = not is_photo and picture.has_transparency_data
        picture = picture.convert("RGBA" if has_alpha else "RGB")
    picture.info.clear()  # comments, places, colour profiles
    out = io.BytesIO()
    if is_photo:
        picture.save(out, "JPEG", quality=85)
    else:
        picture.save(out, "PNG", compress_level=4)
    kind = "image/jpeg" if is_photo else "image/png"
    return f"{kind};{base64.b64encode(out.getvalue()).decode()}"
