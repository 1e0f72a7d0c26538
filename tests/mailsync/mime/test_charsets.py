"""Labels that lie, letters that do not fit them, and bytes without a label."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.mime.charsets import codec_of, decode

RUSSIAN = "Добрый день, высылаю договор на подпись."
JAPANESE = "お世話になっております。見積書をお送りします。"


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("utf-8", "utf-8"),
        (" UTF-8 ", "utf-8"),
        ('"iso-8859-1"', "cp1252"),
        ("cp-1251", "cp1251"),
        ("ks_c_5601-1987", "cp949"),
        ("gb2312", "gb18030"),
        ("utf8mb4", "utf-8"),
        # Codecs of Python that are no character sets, or that keep a processor busy.
        ("punycode", ""),
        ("zlib", ""),
        ("idna", ""),
        ("unknown-8bit", ""),
        ("", ""),
    ],
)
def test_label_to_codec(label: str, codec: str) -> None:
    assert codec_of(label) == codec


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        ("Grüße – 5 €", "cp1252", "iso-8859-1"),
        ("Grüße – 5 €", "utf-8", "iso-8859-1"),
        ("Grüße – 5 €", "utf-8", "us-ascii"),
        ("Grüße – 5 €", "utf-8-sig", ""),
        ("Grüße – 5 €", "cp1252", ""),
        (RUSSIAN, "koi8-r", "koi8-r"),
        (RUSSIAN, "utf-8", "windows-1251"),
        (RUSSIAN, "cp1251", "windows-1251"),
        (JAPANESE, "iso2022_jp", "iso-2022-jp"),
        (JAPANESE, "iso2022_jp", "us-ascii"),
        (JAPANESE, "cp932", "shift_jis"),
        (JAPANESE, "euc_jp", "utf-8"),
    ],
)
def test_text_comes_back_whatever_its_label_says(text: str, codec: str, label: str) -> None:
    assert decode(text.encode(codec), label) == text


def test_lone_surrogates_do_not_get_through() -> None:
    text = decode(b"+2AA-", "utf-7")
    text.encode("utf-8")
    assert "\ufffd" in text


@given(data=st.binary(max_size=300), label=st.sampled_from(["", "utf-8", "gbk", "utf-7", "big5"]))
def test_any_bytes_give_a_text_that_a_database_takes(data: bytes, label: str) -> None:
    decode(data, label).encode("utf-8")
