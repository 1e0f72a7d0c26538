"""Text as words to be found by: one way of cutting for both databases.

SQLite's and PostgreSQL's own tokenisers disagree about accents, ß, addresses and languages
without spaces. So text is cut here, before indexing and before asking alike, and the databases
get nothing but plain words with spaces between.
"""

import re
import unicodedata

# Indic vowel signs are marks and not letters for Unicode, but parts of words all the same. The
# underscore divides words: it is made a space first, since one class of letters is matched
# several times faster than two.
WORD = re.compile(r"[\w\u0900-\u0dff]+")
MAX_WORD = 64
# What divides words in ASCII. Most mail is that, and cut by this in a tenth of the time.
ASCII = "".join(chr(code).lower() if chr(code).isalnum() else " " for code in range(128))
# Accents and points: of Latin, Greek and Cyrillic, Hebrew, Arabic, and the general ones.
MARKS = re.compile(
    r"[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    r"\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
# Letters that NFKD leaves whole although people leave their stroke or joint out when typing.
PLAIN = {
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "æ": "ae",
    "œ": "oe",
    "ı": "i",
    "ħ": "h",
}
STROKED = re.compile(f"[{''.join(PLAIN)}]")
# Scripts that are written without spaces: found by pairs of neighbouring characters.
UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
    r"\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+"
)


def fold(text: str) -> str:
    """Text without case and accents, so that *Příloha*, *priloha* and *PRILOHA* are one."""
    # Taken apart before the case is folded: № gives No.
    bare = MARKS.sub("", unicodedata.normalize("NFKD", text).casefold())
    plain = STROKED.sub(lambda letter: PLAIN[letter[0]], bare)
    # Together again: a Hangul syllable must not stay taken apart.
    return unicodedata.normalize("NFC", plain)


def words(text: str) -> list[str]:
    """The words of a text in order, each at most 64 letters long."""
    if text.isascii():
        return _bounded(text.translate(ASCII).split())
    folded = fold(text).replace("_", " ")
    if not UNSPACED.search(folded):
        return _bounded(WORD.findall(folded))
    found: list[str] = []
    for word in WORD.findall(folded):
        found += _pairs(word)
    return found


def _bounded(found: list[str]) -> list[str]:
    if len(max(found, key=len, default="")) <= MAX_WORD:
        return found
    return [word[:MAX_WORD] for word in found]


def _pairs(word: str) -> list[str]:
    """契約書 → 契約 約書; what stands between in other scripts stays whole."""
    pieces: list[str] = []
    end = 0
    for run in UNSPACED.finditer(word):
        if run.start() > end:
            pieces.append(word[end : run.start()][:MAX_WORD])
        text = run[0]
        pieces += [text[at : at + 2] for at in range(max(len(text) - 1, 1))]
        end = run.end()
    if end < len(word):
        pieces.append(word[end:][:MAX_WORD])
    return pieces


def searchable(text: str) -> str:
    """The words with single spaces between: what an index is given."""
    return " ".join(words(text))
