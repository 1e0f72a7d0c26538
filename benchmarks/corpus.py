"""Scores of the mail parser on a corpus folder: `python -m benchmarks.corpus FOLDER [SET …]`.

The folder has one directory per set with the inputs and the outcome that their sources state.
"""

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from mailsync.mime import forwards, quotes

Case = tuple[str, bool, str]


def squeeze(text):
    return re.sub(r"\s+", "", text or "")


def load(folder, name):
    path = folder / name
    return json.loads(path.read_text()) if path.exists() else {}


def text_of(path):
    return path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")


def replies_trimmer(root: Path) -> Iterator[Case]:
    folder = root / "replies-trimmer"
    for path in sorted((folder / "emails").glob("*.txt")):
        expected = folder / "trimmed" / path.name
        if expected.exists():
            new = quotes.split(text_of(path)).new
            yield path.name, squeeze(new) == squeeze(text_of(expected)), new


def replies_talon(root: Path) -> Iterator[Case]:
    for name, case in load(root / "replies-talon", "cases.json").items():
        if case["kind"] == "plain":
            new = quotes.split(case["input"]).new
            yield name, squeeze(new) == squeeze(case["expect"]), new


def replies_talon_signatures(root: Path) -> Iterator[Case]:
    for name, case in load(root / "replies-talon", "cases.json").items():
        if case["kind"] == "signature":
            got = quotes.split(case["input"])
            expected = case["expect"]
            same = squeeze(got.signature) == squeeze(expected["signature"] or "")
            yield name, same and squeeze(got.new) == squeeze(expected["text"]), got.signature


def replies_talon_mails(root: Path) -> Iterator[Case]:
    from mailsync.mime import parse

    folder = root / "replies-talon"
    for name, case in load(folder, "oracle.json").items():
        path = folder / case["file"]
        if path.suffix == ".eml" and "reply" in case:
            new = quotes.split(parse.parse(path.read_bytes()).text).new
            yield name, squeeze(new) == squeeze(case["reply"]), new


def replies_unquotemail(root: Path) -> Iterator[Case]:
    folder = root / "replies-unquotemail"
    for path in sorted((*(folder / "samples").glob("*.txt"), *(folder / "failing").glob("*.txt"))):
        expected = folder / "expected" / path.name
        if expected.exists():
            new = quotes.split(text_of(path)).new
            yield path.name, squeeze(new) == squeeze(text_of(expected)), new


def replies_erp(root: Path) -> Iterator[Case]:
    folder = root / "replies-erp"
    for name, case in load(folder, "oracle.json").items():
        new = quotes.split(text_of(folder / case["file"])).new
        good = True
        if "reply" in case:
            good &= squeeze(new) == squeeze(case["reply"])
        good &= all(squeeze(one) in squeeze(new) for one in case.get("reply_contains", ()))
        good &= not any(squeeze(one) in squeeze(new) for one in case.get("reply_not_contains", ()))
        if {"reply", "reply_contains", "reply_not_contains"} & case.keys():
            yield name, good, new


def forwards_efp(root: Path) -> Iterator[Case]:
    for name, case in load(root / "forwards-efp", "cases.json").items():
        got = forwards.unwrap_text(case["body"], subject=case.get("subject") or "")
        yield f"{name} detected", bool(got) == case["expect"]["forwarded"], str(got)[:200]
        email = case["expect"].get("email", {})
        if not case["expect"]["forwarded"] or got is None:
            continue
        if "from" in email:
            sender = email["from"]
            same = got.sender.address == (sender.get("address") or "") and squeeze(
                got.sender.name
            ) in (squeeze(sender.get("name")), "")
            yield f"{name} from", same, f"{got.sender} {sender}"
        for field in ("to", "cc"):
            if field in email:
                listed = email[field] if isinstance(email[field], list) else [email[field]]
                expected = {one.get("address") for one in listed} - {None}
                addresses = {one.address for one in getattr(got, field)}
                yield f"{name} {field}", expected == addresses, f"{addresses} {expected}"
        if email.get("subject") and got.subject:
            yield f"{name} subject", squeeze(got.subject) == squeeze(email["subject"]), got.subject
        if "body" in email:
            yield f"{name} body", squeeze(got.body) == squeeze(email["body"]), got.body[:200]
        if "message" in case["expect"]:
            expected = squeeze(case["expect"]["message"])
            yield f"{name} message", squeeze(got.comment) == expected, got.comment[:200]


def forwards_quotequail(root: Path) -> Iterator[Case]:
    for name, case in load(root / "forwards-quotequail", "cases.json").items():
        if case["kind"] not in ("unwrap-text", "unwrap-html"):
            continue
        expected = case["expect"]
        unwrap = forwards.unwrap_text if case["kind"] == "unwrap-text" else forwards.unwrap_html
        got = unwrap(case["input"])
        is_forward = bool(expected) and expected["type"] == "forward"
        good = bool(got) == is_forward
        if good and got and expected:
            expected_from = re.findall(r"[^\s<>]+@[^\s<>]+", expected.get("from", "")) or [""]
            good = got.sender.address == expected_from[0]
            good &= squeeze(got.subject) == squeeze(expected.get("subject"))
            good &= squeeze(got.date) == squeeze(expected.get("date"))
            good &= "text" not in expected or squeeze(got.body) == squeeze(expected["text"])
        yield name, good, str(got)


def forwards_trimmer(root: Path) -> Iterator[Case]:
    folder = root / "replies-trimmer"
    for path in sorted((folder / "embedded").glob("*.txt")):
        got = forwards.unwrap_text(text_of(folder / "emails" / path.name))
        expected = squeeze(text_of(path))
        good = got is not None and expected.endswith(squeeze(got.body))
        good = good and squeeze(got.comment) == squeeze(text_of(folder / "before" / path.name))
        yield path.name, good, str(got)


SETS: dict[str, Callable[[Path], Iterator[Case]]] = {
    name.replace("_", "-"): function
    for name, function in list(globals().items())
    if name.startswith(("replies_", "forwards_"))
}


def main():
    root = Path(sys.argv[1])
    wanted = [one for one in sys.argv[2:] if not one.startswith("-")]
    for name, scorer in SETS.items():
        if wanted and name not in wanted:
            continue
        begin = time.perf_counter()
        cases = list(scorer(root))
        passed = sum(good for _, good, _ in cases)
        seconds = time.perf_counter() - begin
        print(f"{name:28} {passed:4} of {len(cases):4}   {seconds:6.2f} s")
        if "-v" in sys.argv:
            for case, good, got in cases:
                if not good:
                    print(f"    {case}: {got[:300]!r}")


if __name__ == "__main__":
    main()
