"""Bytes to text when labels lie: the declared label, UTF-8, a look at the bytes, Windows-1252.

Only the encodings of the WHATWG Encoding Standard (the ones that browsers and so mail programs
write) and a few of the DOS age are accepted: Python knows codecs of which a short text keeps a
processor busy for minutes (`punycode`) or which are no character sets at all (`zlib`).
"""

import re
from functools import lru_cache

import webencodings

DETECTION_BYTES = 64_000

# Where Python's codec of that name is narrower than what the label means in mail.
WIDER = {
    "shift_jis": "cp932",
    "euc-kr": "cp949",
    "big5": "big5hkscs",
    "gbk": "gb18030",
    "iso-2022-jp": "iso2022_jp_ext",
    "x-user-defined": "latin-1",
    "replacement": "",
}

# Labels of mail that the web never had.
ONLY_IN_MAIL = {
    "utf-7": "utf-7",
    "unicode-1-1-utf-7": "utf-7",
    "utf-32": "utf-32",
    "cp437": "cp437",
    "ibm437": "cp437",
    "cp850": "cp850",
    "ibm850": "cp850",
    "cp852": "cp852",
    "cp858": "cp858",
    "iso-2022-kr": "iso2022_kr",
    "iso-2022-jp-2": "iso2022_jp_2",
    "iso-2022-jp-1": "iso2022_jp_1",
    "hz-gb-2312": "hz",
    "big5_tw": "big5",
    "johab": "johab",
    "viscii": "",
    "8bit": "",
    "ansi": "windows-1252",
    "utf8mb4": "utf-8",
    "cp936": "gb18030",
    "cp949": "cp949",
    "ks_c_5601": "cp949",
    "cp932": "cp932",
    "x-sjis-jp": "cp932",
    "latin-1": "windows-1252",
    "iso8859_15": "iso-8859-15",
}
# Python's windows-1252 has holes where the WHATWG table has controls; 8-bit text uses both.
_HOLES = {0x81, 0x8D, 0x8F, 0x90, 0x9D}
_CP1252 = "".join(
    chr(code) if code in _HOLES else bytes([code]).decode("cp1252") for code in range(256)
)
_LABEL = re.compile(r"[a-z0-9][a-z0-9_:.+-]{0,63}")


@lru_cache(maxsize=512)
def codec_of(label: str) -> str:
    """The Python codec for a label found in mail; empty when the label is of no use."""
    found = _LABEL.search(label.strip().lower())
    if not found:
        return ""
    name = found.group()
    if name in ONLY_IN_MAIL:
        return ONLY_IN_MAIL[name]
    encoding = webencodings.lookup(name)
    if encoding is None and re.fullmatch(r"(cp|win|windows)[-_]?125\d", name):
        encoding = webencodings.lookup("windows-" + name[-4:])
    if encoding is None:
        encoding = webencodings.lookup(name.replace("_", "-"))
    if encoding is None:
        return ""
    if encoding.name in WIDER:
        return WIDER[encoding.name]
    return str(encoding.codec_info.name)


def decode(data: bytes, label: str = "") -> str:  # noqa: PLR0911 - from the surest guess down
    """Text of the bytes. Never raises; what cannot be read becomes U+FFFD."""
    codec = codec_of(label) if label else ""
    if not codec or codec == "utf-8":
        return _decode_unlabelled(data, was_utf8=codec == "utf-8")
    if codec == "cp1252":
        if not data.isascii():
            return _decode_western(data)
        # Some programs call ASCII what switches to Japanese or Korean by escapes.
        return _decode_unlabelled(data, was_utf8=False) if b"\x1b" in data else data.decode()
    if codec.startswith("iso2022"):
        return data.decode(codec, "replace")
    if codec in _SINGLE_BYTE_CODECS and (text := _as_utf8(data)):
        return text
    try:
        return _well_formed(data.decode(codec))
    except (UnicodeError, ValueError):
        pass
    if text := _as_utf8(data):
        return text
    text = _well_formed(data.decode(codec, "replace"))
    if text.count("\ufffd") * 20 <= len(text):
        return text
    guess = detect(data)
    return data.decode(guess, "replace") if guess else data.decode("latin-1")


_SINGLE_BYTE_CODECS = ("cp1250", "cp1251", "cp1253", "cp1254", "koi8-r", "iso8859-2", "iso8859-5")


def _as_utf8(data: bytes) -> str:
    """The text if the bytes are UTF-8 beyond doubt: no other text is valid UTF-8 by chance."""
    if data.isascii():
        return ""
    try:
        return data.decode("utf-8")
    except UnicodeError:
        return ""


def _well_formed(text: str) -> str:
    """UTF-7 and UTF-16 can smuggle lone surrogates in, which no database takes."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _decode_western(data: bytes) -> str:
    """`iso-8859-1` and its kin are the labels that lie most: UTF-8 that reads as UTF-8 is it."""
    try:
        return data.decode("utf-8")
    except UnicodeError:
        return data.decode("latin-1").translate(_CP1252_MAP)


def _decode_unlabelled(data: bytes, *, was_utf8: bool) -> str:
    try:
        return (
            data.decode("utf-8-sig" if data[:3] == b"\xef\xbb\xbf" else "utf-8")
            if (b"\x1b" not in data)
            else _decode_escapes(data)
        )
    except UnicodeError:
        pass
    if was_utf8:
        text = data.decode("utf-8", "replace")
        if text.count("\ufffd") * 20 <= len(text):
            return text
    guess = detect(data)
    if guess:
        return data.decode(guess, "replace")
    return data.decode("latin-1").translate(_CP1252_MAP)


def _decode_escapes(data: bytes) -> str:
    if b"\x1b$)C" in data:
        return data.decode("iso2022_kr")
    if b"\x1b$" in data or b"\x1b(J" in data:
        return data.decode("iso2022_jp_ext")
    return data.decode("utf-8")


_CP1252_MAP = {code: _CP1252[code] for code in range(0x80, 0xA0)}

# The letters that running text of each script is mostly made of. A wrong decoding gives
# other letters: rare ideographs, capitals, line-drawing signs.
_COMMON = {
    "cyrillic": frozenset("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфіїє"),
    "greek": frozenset("αοιετσνηυρπκμλςωδγχθφβξζψάέίόύήώ"),
    "hebrew": frozenset("יוהלאמרתבשנדקעחפםסגצטכזןךףץ"),
    "arabic": frozenset("اليمنتورسبدعةفهكقحجشصطخذزضغثظءىأإ"),
    "chinese": frozenset(
        "的一是不了在人有我他这這个個们們中来來上大为為和国國地到以说說时時要就出会會可也你对對生能而子那得于於着著"
        "下自之年过過发發后後作里裡用道行所然家种種事成方多经經么麼去法学學如都同现現当當没沒动動面起看定天分还還进進好小部其些主样樣理心"
        "她本前开開但因只从從想实實日军軍者意无無力它与與长長把机機十民第公此已工使情明性知全三又关關点點正业業外将將两兩高间間由问問很最重并并物手应應"
        "请請谢謝您信件件回复發邮郵电電话話司品务務订訂单單价價"
    ),
}
_MULTIBYTE = ("cp932", "euc_jp", "gb18030", "big5hkscs", "cp949")
_SINGLE_BYTE = (
    ("cp1251", "cyrillic"),
    ("koi8-r", "cyrillic"),
    ("iso8859-5", "cyrillic"),
    ("cp1253", "greek"),
    ("cp1255", "hebrew"),
    ("cp1256", "arabic"),
)


def detect(data: bytes) -> str:
    """The codec that most likely wrote these 8-bit bytes; empty for Western European."""
    sample = data[:DETECTION_BYTES]
    if sample[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    high = sum(1 for byte in sample if byte >= 0x80)
    if high < 2:
        return ""
    best, best_score = "", 0.5
    for codec in _MULTIBYTE:
        score = _score_east_asian(sample, codec)
        if score > best_score:
            best, best_score = codec, score
    # Western text has few high bytes; text in another script has them in runs.
    if high * 3 < len(sample.translate(None, b' \t\r\n<>/="0123456789.,:;-')):
        return best
    for codec, script in _SINGLE_BYTE:
        text = sample.decode(codec, "replace")
        letters = [c for c in text if c > "\x7f"]
        score = sum(1 for c in letters if c in _COMMON[script]) / len(letters)
        if score > best_score:
            best, best_score = codec, score
    return best


def _score_east_asian(sample: bytes, codec: str) -> float:
    try:
        text = sample.decode(codec)
    except UnicodeDecodeError as error:
        if error.start < len(sample) - 4:
            return 0.0
        text = sample[: error.start].decode(codec, "replace")
    letters = [c for c in text if c > "\x7f"]
    if not letters:
        return 0.0
    return sum(_points(c, codec) for c in letters) / len(letters)


def _points(c: str, codec: str) -> float:
    """How likely the letter is in a text of the codec's language."""
    if codec in ("cp932", "euc_jp") and "\u3040" <= c <= "\u30ff":
        return 1.3
    if codec == "cp949" and "\uac00" <= c <= "\ud7a3":
        return 1.0
    if c in _COMMON["chinese"]:
        return 1.0 if codec in ("gb18030", "big5hkscs") else 0.6
    return next((points for low, high, points in _RANGES if low <= c <= high), 0.0)


_RANGES = (
    ("\u4e00", "\u9fff", 0.45),
    ("\u3000", "\u303f", 0.6),
    ("\uff01", "\uff5e", 0.6),
    ("\uff61", "\uff9f", -0.2),  # half-width kana: what wrong guesses are full of
)
