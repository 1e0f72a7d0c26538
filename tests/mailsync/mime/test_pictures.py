"""Pictures are decoded and written anew; nothing but their pixels gets through."""

import io

import pytest
from PIL import Image, PngImagePlugin

from mailsync.mime import pictures


def made(
    kind: str, size: tuple[int, int] = (12, 8), *, mode: str = "RGB", **given: object
) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, given.pop("colour", None)).save(out, kind, **given)  # type: ignore[arg-type]
    return out.getvalue()


def opened(picture: pictures.Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.content))


@pytest.mark.parametrize(
    ("kind", "becomes"), [("PNG", "PNG"), ("JPEG", "JPEG"), ("GIF", "PNG"), ("WEBP", "PNG")]
)
def test_each_kind_is_written_anew(kind, becomes):
    data = made(kind)
    picture = pictures.rewritten(data)
    assert picture.content != data
    assert picture.content_type == f"image/{becomes.lower()}"
    assert (opened(picture).format, opened(picture).size) == (becomes, (12, 8))


def test_only_pixels_get_through():
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", "<script>canary</script>")
    png = made("PNG", pnginfo=words, icc_profile=b"canary profile", exif=b"Exif\0\0canary")
    jpeg = made("JPEG", comment=b"canary", icc_profile=b"canary profile")
    assert b"canary" in png
    assert b"canary" in jpeg
    assert b"canary" not in pictures.rewritten(png + b"<script>canary</script>").content
    assert b"canary" not in pictures.rewritten(jpeg + b"<script>canary</script>").content


def test_transparency_is_kept():
    picture = opened(pictures.rewritten(made("PNG", mode="RGBA", colour=(255, 0, 0, 0))))
    assert picture.convert("RGBA").getpixel((0, 0))[3] == 0


def test_an_animation_stays_at_its_first_frame():
    out = io.BytesIO()
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    picture = opened(pictures.rewritten(out.getvalue()))
    assert getattr(picture, "n_frames", 1) == 1
    assert picture.convert("RGB").getpixel((0, 0)) == (255, 0, 0)


def test_a_large_picture_becomes_one_that_fits_a_screen():
    picture = pictures.rewritten(made("JPEG", (3000, 1500)))
    assert opened(picture).size == (2400, 1200)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<!doctype html><script>alert(1)</script>",
        b"\x89PNG\r\n\x1a\n<html>",
        made("PNG")[:40],
        made("BMP"),
        made("TIFF"),
        made("ICO", (16, 16)),
        b"%PDF-1.7",
    ],
    ids=["empty", "svg", "html", "png that is html", "cut", "bmp", "tiff", "ico", "pdf"],
)
def test_anything_else_is_no_picture(data):
    with pytest.raises(pictures.NoPictureError):
        pictures.rewritten(data)


def test_a_bomb_is_refused_by_its_size_in_pixels():
    bomb = made("PNG", (20_000, 20_000), mode="1")
    assert len(bomb) < 100_000
    with pytest.raises(pictures.TooLargeError):
        pictures.rewritten(bomb)
    with pytest.raises(pictures.TooLargeError):
        pictures.rewritten(made("PNG") + bytes(pictures.LARGEST_BYTES))
