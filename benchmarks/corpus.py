"""Scores of the mail parser on a corpus folder: `python -m benchmarks.corpus FOLDER [SET …]`.

The folder has one directory per set with the inputs and the outcome that their sources state.
"""

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import css_inline

from benchmarks import corpus_folding, corpus_parses
from benchmarks.cases import Case, load, squeeze, text_of
from mailsync.mime import bounces, charsets, forwards, html, parse, quotes, structure


def without_values(markup):
    """Tags as a parser sees them: what stands in quotes is no attribute."""
    return re.sub(r'"[^"<>]*&[^"<>]*"', '""', markup)


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


def bounces_sisimai(root: Path) -> Iterator[Case]:
    folder = root / "bounces-sisimai"
    for name, case in load(folder, "oracle.json").items():
        if case["class"] == "malformed":
            continue
        got = bounces.read_bounce((folder / (case.get("file") or case["files"][0])).read_bytes())
        yield name, (got is not None) == (case["class"] == "bounce"), case["class"]


def bounces_sisimai_hard(root: Path) -> Iterator[Case]:
    folder = root / "bounces-sisimai"
    for name, case in load(folder, "oracle.json").items():
        if case["class"] == "bounce" and case["expect"]:
            got = bounces.read_bounce(
                (folder / (case.get("file") or case["files"][0])).read_bytes()
            )
            hard = any(one["hard"] for one in case["expect"])
            is_hard = bool(got) and any(one.is_permanent for one in got.failures)
            yield name, hard == is_hard, f"{case['expect'][0]} {got}"


def bounces_bounceparser(root: Path) -> Iterator[Case]:
    folder = root / "bounces-bounceparser"
    for name, case in load(folder, "oracle.json").items():
        if "is_bounce" in case:
            got = bounces.read_bounce((folder / case["file"]).read_bytes())
            is_bounce = got is not None and not got.is_delay
            yield name, is_bounce == case["is_bounce"], str(case["is_bounce"])


def bounces_bounceparser_addresses(root: Path) -> Iterator[Case]:
    folder = root / "bounces-bounceparser"
    for name, case in load(folder, "oracle.json").items():
        if case.get("is_bounce") and case.get("addresses"):
            got = bounces.read_bounce((folder / case["file"]).read_bytes())
            found = {one.address for one in got.failures} if got else set()
            expected = {one.lower() for one in case["addresses"]}
            yield name, expected == found, f"{found} {expected}"


ACTIVE = re.compile(
    r"(?i)<(?:script|style|iframe|object|embed|svg|math|form|input|meta|link|base|video|audio|applet)"
    r"\b|<[^>]+\son\w+\s*=|<[^>]+=\s*[\"']?\s*(?:javascript|vbscript|data:text)"
)
REMOTE = re.compile(
    r"(?i)<[^>]+\s(?:src|background|poster|srcset|data|codebase|dynsrc|lowsrc|cite)=[\"']?(?!data:image)"
    r"(?:https?:|//)|url\(|@import|image-set|<link|<meta"
)


def sanitiser_dompurify(root: Path) -> Iterator[Case]:
    for name, case in load(root / "xss-dompurify", "cases.json").items():
        got = html.clean(case["payload"])
        yield name, not ACTIVE.search(without_values(got)) and not REMOTE.search(got), got[:300]


def sanitiser_bluemonday(root: Path) -> Iterator[Case]:
    for name, case in load(root / "xss-bluemonday", "cases.json").items():
        got = html.clean(case["input"])
        yield name, not ACTIVE.search(without_values(got)) and not REMOTE.search(got), got[:300]


def sanitiser_privacy(root: Path) -> Iterator[Case]:
    for name, case in load(root / "privacy-ept", "cases.json").items():
        got = html.clean(case["markup"])
        # A link is followed by a click only; an address kept in data-src is not loaded.
        loads = re.sub(r'(?:href|data-src)="[^"]*"', "", got)
        left = [tag for tag in re.findall(r"<[^>]*>", loads) if "TRACKING_URL" in tag]
        yield name, not left and not ACTIVE.search(without_values(got)), got[:300]


def sanitiser_roundcube(root: Path) -> Iterator[Case]:
    for name, case in load(root / "xss-roundcube", "cases.json").items():
        kind, value = case.get("kind"), case.get("value")
        if kind == "css":
            got = html.clean(f"<style>{case['input']}</style><p>x</p>")
        elif kind in ("wash-html", "extlinks") or kind is None:
            got = html.clean(str(case.get("input") or ""))
        else:
            continue
        good = not ACTIVE.search(without_values(got)) and not REMOTE.search(got)
        if case.get("assert") == "not_contains" and isinstance(value, str):
            good &= value not in got
        yield name, good, got[:300]


def fidelity(root: Path) -> Iterator[Case]:
    """Every visible word, and most of the style, is still there."""
    for folder in ("html-postmark", "html-foundation"):
        for path in sorted((root / folder).rglob("*.html")):
            source = text_of(path)
            got = html.clean(source)
            same = squeeze(html.html_to_text(got, links=False)) == squeeze(
                html.html_to_text(
                    css_inline.inline(source, load_remote_stylesheets=False), links=False
                )
            )
            yield str(path.relative_to(root)), same, html.html_to_text(got)[:100]


def attachments_chatmail(root: Path) -> Iterator[Case]:
    folder = root / "mail-chatmail"
    for name, case in load(folder, "oracle.json").items():
        if "filename" in case:
            got = parse.parse((folder / case["file"]).read_bytes()).attachments
            yield name, case["filename"] in [one.name for one in got], str(got)


def attachments_rubymail(root: Path) -> Iterator[Case]:
    folder = root / "mail-rubymail"
    for name, case in load(folder, "oracle.json").items():
        got = parse.parse((folder / case["file"]).read_bytes())
        good = True
        names = [one.name for one in got.attachments]
        for key, value in case.items():
            found = re.fullmatch(r"attachments(?:\[(\d+)\]|\.(first|last))\.filename", key)
            if found:
                index = int(found.group(1) or 0) if found.group(2) != "last" else -1
                good &= len(names) > index and names[index] == value
            elif key == "attachments.length":
                good &= len(names) == value
            elif key == "subject":
                good &= squeeze(got.subject) == squeeze(value)
            elif key == "message_id":
                good &= got.message_id == value.strip("<>")
        yield name, good, f"{names} {got.subject} {case}"


def summaries_mailcore2(root: Path) -> Iterator[Case]:
    folder = root / "mail-mailcore2" / "summary"
    for path in sorted(folder.glob("*.eml")):
        expected = path.with_suffix(".txt")
        if expected.exists():
            got = parse.parse(path.read_bytes()).text
            body = text_of(expected).partition("\n\n")[2].partition("\n\n- ")[0]
            words = set(re.findall(r"\w+", re.sub(r"\(https?:\S*\)", "", body)))
            mine = set(re.findall(r"\w+", got))
            yield path.name, len(words & mine) >= 0.8 * len(words), got[:200]


def charsets_gmime(root: Path) -> Iterator[Case]:
    for path in sorted((root / "charset-gmime").rglob("*.txt")):
        parts = path.name.split(".")
        original = path.with_name(f"{parts[0]}.utf-8.txt")
        if len(parts) == 3 and parts[1].lower() != "utf-8" and original.exists():
            for label in (parts[1], ""):
                got = charsets.decode(path.read_bytes(), label)
                yield (
                    f"{path.name} as {label!r}",
                    squeeze(got) == squeeze(text_of(original)),
                    got[:80],
                )


def charsets_mailcore2(root: Path) -> Iterator[Case]:
    for path in sorted((root / "mail-mailcore2" / "charset").glob("*.txt")):
        label = re.sub(r"[_-]?\d*$", "", path.stem)
        data = path.read_bytes()
        got = charsets.decode(data)
        yield path.name, got.count("\ufffd") == 0 and got == charsets.decode(data, label), got[:60]


def structure_imap(root: Path) -> Iterator[Case]:
    """The sections that a real server counts, where two servers agree."""
    for listing in sorted(root.glob("*/imap-structure.json")):
        for name, answers in json.loads(listing.read_text()).items():
            path = listing.parent / name
            shapes = {
                _shape(line[line.index("BODYSTRUCTURE ") :])
                for server, line in answers.items()
                if isinstance(line, str) and "BODYSTRUCTURE " in line
            }
            if len(shapes) == 1 and len(answers) > 1 and path.exists():
                raw = parse._with_line_feeds(path.read_bytes())  # noqa: SLF001
                mine = [(e.section, e.content_type) for e in structure.Tree(raw).leaves()]
                yield (
                    f"{listing.parent.name}/{name}",
                    tuple(mine) == next(iter(shapes)),
                    f"{mine} {shapes}",
                )


def _shape(line):
    """Sections and types of the leaves in a BODYSTRUCTURE answer (RFC 9051 7.5.2)."""
    tokens = re.findall(r'\(|\)|"(?:[^"\\]|\\.)*"|[^\s()]+', line.partition(" ")[2])
    position = 0

    def read():
        nonlocal position
        token = tokens[position]
        position += 1
        if token != "(":
            return token.strip('"')
        items = []
        while tokens[position] != ")":
            items.append(read())
        position += 1
        return items

    leaves = []

    def visit(node, section):
        if isinstance(node[0], list):
            for number, child in enumerate((one for one in node if isinstance(one, list)), 1):
                if not (isinstance(child[0], list) or len(child) > 6):
                    break
                visit(child, f"{section}.{number}" if section else str(number))
        else:
            leaves.append((section or "1", f"{node[0]}/{node[1]}".lower()))

    try:
        visit(read(), "")
    except (IndexError, TypeError):
        return ("unreadable",)
    return tuple(leaves)


PREFIXES = (
    "replies_", "forwards_", "bounces_", "sanitiser_", "fidelity", "attachments_",
    "summaries_", "charsets_", "structure_", "stalwart_", "jwz_", "kde_", "no_mail_",
)  # fmt: skip
SETS: dict[str, Callable[[Path], Iterator[Case]]] = {
    name.replace("_", "-"): function
    for module in (globals(), vars(corpus_folding), vars(corpus_parses))
    for name, function in list(module.items())
    if name.startswith(PREFIXES)
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
