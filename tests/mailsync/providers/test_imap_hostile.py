"""IMAP servers that lie, drip, flood, hang up or answer what nobody asked."""

import re
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailsync.enums import Security
from mailsync.providers import stream
from mailsync.providers.base import Keyword, ProviderError, Reaction
from mailsync.providers.imap import IMAPStore
from tests.fakes.scripted import PASSWORD, ScriptedServer, Talk, imap_script
from tests.servers.tls import Authority

pytestmark = pytest.mark.usefixtures("loopback_allowed")

Answers = dict[str, bytes | Callable[[Talk, bytes], None]]
FULL = "IMAP4rev1 UIDPLUS MOVE ESEARCH ENABLE CONDSTORE QRESYNC AUTH=PLAIN SASL-IR"


@pytest.fixture
def connected() -> Iterator[Callable[..., IMAPStore]]:
    """Gives a store on a scripted server that has INBOX open."""
    opened: list[tuple[ScriptedServer, IMAPStore]] = []

    def connect(answers: Answers, **kwargs: object) -> IMAPStore:
        server = ScriptedServer(imap_script(answers, **kwargs)).__enter__()  # type: ignore[arg-type]
        store = IMAPStore.connect(server.address())
        opened.append((server, store))
        store.open("INBOX", writable=True)
        return store

    yield connect
    for server, store in opened:
        store.close()
        server.__exit__(None, None, None)


def said(server: ScriptedServer) -> bytes:
    return b"".join(server.said)


# --- Before the password ------------------------------------------------------------------------


def refused(script: Callable[[Talk], None], security: Security, code: str) -> None:
    with ScriptedServer(script) as server, pytest.raises(ProviderError) as caught:
        IMAPStore.connect(server.address(security))
    assert caught.value.code == code
    text = said(server).upper()
    assert b"LOGIN" not in text
    assert b"AUTHENTICATE" not in text
    assert PASSWORD.encode() not in said(server)


def test_starttls_taken_away() -> None:
    def script(talk: Talk) -> None:
        talk.say(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n")
        while line := talk.hear():
            talk.say(line.split()[0] + b" BAD unknown command\r\n")

    refused(script, Security.STARTTLS, "tls_required")


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.PLAIN])
def test_preauth(security: Security) -> None:
    refused(lambda talk: talk.say(b"* PREAUTH welcome back\r\n"), security, "tls_required")


def test_login_disabled() -> None:
    refused(imap_script({}, capabilities="IMAP4rev1 LOGINDISABLED"), Security.PLAIN, "tls_required")


def test_not_imap_at_all() -> None:
    refused(lambda talk: talk.say(b"220 smtp here\r\n"), Security.PLAIN, "not_a_mail_server")


def test_words_said_before_tls_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an attacker adds behind the answer to STARTTLS is not read as the server's word."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca))
    leaf = authority.leaf("server")
    inside = imap_script({})

    def script(talk: Talk) -> None:
        talk.say(b"* OK [CAPABILITY IMAP4rev1 STARTTLS X-INJECTED] ready\r\n")
        tag = talk.hear().split()[0]
        talk.say(tag + b" OK begin\r\n* CAPABILITY IMAP4rev1 X-INJECTED\r\n")
        talk.encrypt(leaf)
        silent = _WithoutGreeting(talk)
        inside(silent)

    with ScriptedServer(script) as server:
        store = IMAPStore.connect(server.address(Security.STARTTLS))
        assert "X-INJECTED" not in store.capabilities
        store.close()


class _WithoutGreeting(Talk):
    """After STARTTLS there is no second greeting (RFC 9051 6.2.1)."""

    def __init__(self, talk: Talk) -> None:
        self.__dict__.update(talk.__dict__)
        self._greeted = False

    def say(self, data: bytes) -> None:
        if self._greeted:
            super().say(data)
        self._greeted = True


# --- Refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "reaction"),
    [
        (b"[AUTHENTICATIONFAILED] Invalid credentials", "sign_in_refused", Reaction.SIGN_IN),
        (b"LOGIN failed.", "sign_in_refused", Reaction.SIGN_IN),
        (
            b"[ALERT] Application-specific password required",
            "app_password_needed",
            Reaction.SIGN_IN,
        ),
        (b"[CONTACTADMIN] blocked", "account_blocked", Reaction.SIGN_IN),
        (b"[UNAVAILABLE] temporarily", "server_unavailable", Reaction.LATER),
        (b"[THROTTLED] slower", "throttled", Reaction.THROTTLED),
        (b"[ALERT] Too many simultaneous connections.", "throttled", Reaction.THROTTLED),
        (b"User is authenticated but not connected.", "throttled", Reaction.THROTTLED),
        (b"Temporary authentication failure.", "server_unavailable", Reaction.LATER),
    ],
)
def test_refused_sign_ins_are_sorted(text: bytes, code: str, reaction: Reaction) -> None:
    answers: Answers = {"AUTHENTICATE": lambda talk, tag: talk.say(tag + b" NO " + text + b"\r\n")}
    with ScriptedServer(imap_script(answers)) as server, pytest.raises(ProviderError) as caught:
        IMAPStore.connect(server.address())
    assert (caught.value.code, caught.value.reaction) == (code, reaction)
    assert PASSWORD not in caught.value.server_text


def test_the_asked_pause_is_read(connected: Callable[..., IMAPStore]) -> None:
    text = b" NO Request is throttled. Suggested Backoff Time: 299961 milliseconds\r\n"
    store = connected({"UID SEARCH": lambda talk, tag: talk.say(tag + text)})
    with pytest.raises(ProviderError) as caught:
        store.uids()
    assert caught.value.reaction is Reaction.THROTTLED
    assert caught.value.retry_after == pytest.approx(299.961)


@pytest.mark.parametrize(
    ("text", "code", "reaction"),
    [
        (b" NO [OVERQUOTA] full\r\n", "over_quota", Reaction.REFUSED),
        (b" NO [TRYCREATE] no such mailbox\r\n", "mailbox_not_opened", Reaction.MAILBOX),
        (b" BAD what\r\n", "server_misbehaves", Reaction.PROTOCOL),
    ],
)
def test_refused_moves_are_sorted(
    connected: Callable[..., IMAPStore], text: bytes, code: str, reaction: Reaction
) -> None:
    store = connected({"UID MOVE": lambda talk, tag: talk.say(tag + text)})
    with pytest.raises(ProviderError) as caught:
        store.move([1], "Archive")
    assert (caught.value.code, caught.value.reaction) == (code, reaction)


# --- Cut, slow, too much ------------------------------------------------------------------------


MESSAGE = b"From: a@b.example\r\n\r\n" + b"x" * 900 + b"\r\n"
ROW = b"* 1 FETCH (UID 7 FLAGS () BODY[] {%d}\r\n%s)\r\n" % (len(MESSAGE), MESSAGE)
SIZES = b"* 1 FETCH (UID 7 RFC822.SIZE 923)\r\n"


@pytest.mark.parametrize("cut_at", range(0, len(ROW), 100))
def test_a_cut_message_is_no_message(connected: Callable[..., IMAPStore], cut_at: int) -> None:
    def cut(talk: Talk, _tag: bytes) -> None:
        talk.say(ROW[:cut_at])
        talk.connection.close()
        raise OSError

    store = connected({"UID FETCH 7 (UID RFC822.SIZE)": SIZES, "UID FETCH": cut})
    with pytest.raises(ProviderError) as caught:
        list(store.content([7]))
    assert (caught.value.code, caught.value.reaction) == ("connection_lost", Reaction.LATER)


def test_good_bye_is_no_misbehaviour(connected: Callable[..., IMAPStore]) -> None:
    store = connected({"UID SEARCH": lambda talk, _tag: talk.say(b"* BYE see you\r\n")})
    with pytest.raises(ProviderError) as caught:
        store.uids()
    assert (caught.value.code, caught.value.reaction) == ("connection_lost", Reaction.LATER)
    store.close()


@pytest.mark.parametrize("size", [99_999_999_999, 400_000_000])
def test_a_huge_literal_is_not_even_begun(connected: Callable[..., IMAPStore], size: int) -> None:
    row = b"* 1 FETCH (UID 7 BODY[] {%d}\r\n" % size
    store = connected({"UID FETCH 7 (UID RFC822.SIZE)": SIZES, "UID FETCH": row})
    tracemalloc.start()
    with pytest.raises(ProviderError) as caught:
        list(store.content([7]))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.code == "server_misbehaves"
    assert peak < 20_000_000


def test_a_flood_of_answers_ends_soon(connected: Callable[..., IMAPStore]) -> None:
    def flood(talk: Talk, _tag: bytes) -> None:
        for _ in range(2000):
            talk.say(b"* 1 EXISTS\r\n" * 1000)

    store = connected({"UID SEARCH": flood})
    began = time.monotonic()
    with pytest.raises(ProviderError) as caught:
        store.uids()
    assert caught.value.code == "server_misbehaves"
    assert time.monotonic() - began < 5


def test_a_line_without_end(
    connected: Callable[..., IMAPStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream.Stream.line, "__defaults__", (100_000,))
    store = connected({"UID SEARCH": lambda talk, _tag: talk.say(b"* SEARCH" + b" 1" * 200_000)})
    with pytest.raises(ProviderError) as caught:
        store.uids()
    assert caught.value.code == "server_misbehaves"


def test_a_dripping_server_meets_the_deadline(
    connected: Callable[..., IMAPStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    def drip(talk: Talk, _tag: bytes) -> None:
        for _ in range(100):
            talk.say(b"x")
            time.sleep(0.1)

    store = connected({"UID SEARCH": drip})
    begin = stream.Stream.begin
    monkeypatch.setattr(stream.Stream, "begin", lambda self, _seconds=0.0: begin(self, 0.5))
    began = time.monotonic()
    with pytest.raises(ProviderError) as caught:
        store.uids()
    assert 0.4 < time.monotonic() - began < 2
    assert (caught.value.code, caught.value.reaction) == ("server_misbehaves", Reaction.PROTOCOL)


def test_a_silent_server_is_a_lost_connection(
    connected: Callable[..., IMAPStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = connected({"UID SEARCH": lambda talk, _tag: talk.hear()})
    begin = stream.Stream.begin
    monkeypatch.setattr(stream.Stream, "begin", lambda self, _seconds=0.0: begin(self, 0.3))
    with pytest.raises(ProviderError) as caught:
        store.uids()
    assert caught.value.code == "connection_lost"


# --- Lies ---------------------------------------------------------------------------------------


def body(uid: int, text: bytes, *, flags: bytes = b"") -> bytes:
    return b"* 1 FETCH (UID %d FLAGS (%s) BODY[] {%d}\r\n%s)\r\n" % (uid, flags, len(text), text)


def test_only_asked_messages_are_taken_each_once(connected: Callable[..., IMAPStore]) -> None:
    sizes = b"".join(b"* %d FETCH (UID %d RFC822.SIZE 9)\r\n" % (n, n) for n in (7, 8, 9))
    lies = (
        body(9999, b"unasked")
        + b"* 2 FETCH (FLAGS (\\Seen))\r\n"
        + b"* 2 FETCH (UID 8 FLAGS (\\Deleted))\r\n"
        + b"* 2 FETCH (BODY[] {7}\r\nno uid!)\r\n"
        + b"* 3 FETCH (UID 9 FLAGS () BODY[] NIL)\r\n"
        + b"* 4 EXPUNGE\r\n* 12 EXISTS\r\n* garbage (((\r\n* 5 FETCH ((((\r\n"
        + body(7, b"first", flags=b"\\Seen")
        + body(7, b"second")
        + b'* 2 FETCH (BODY[] "quoted \\"8\\"" UID 8 FLAGS ($Forwarded))\r\n'
    )
    store = connected({"UID FETCH 7:9 (UID RFC822.SIZE)": sizes, "UID FETCH": lies})
    rows = {row.uid: (row.raw, row.keywords) for row in store.content([7, 8, 9])}
    assert rows == {7: (b"first", Keyword.SEEN), 8: (b'quoted "8"', Keyword.FORWARDED)}


def test_a_label_that_looks_like_an_answer(connected: Callable[..., IMAPStore]) -> None:
    header = b"Subject: a\r\n\r\n"
    row = (
        b'* 1 FETCH (X-GM-LABELS ("UID 9 FLAGS (\\\\Seen)" \\Inbox {5}\r\n)(") '
        b"X-GM-MSGID 1278455344230334865 X-GM-THRID 12 UID 7 FLAGS () RFC822.SIZE 14 "
        b"BODY[HEADER.FIELDS (FROM TO)] {%d}\r\n%s)\r\n" % (len(header), header)
    ).replace(b'{5}\r\n)(") ', b'{3}\r\n)(") ')
    store = connected({"UID FETCH": row}, capabilities="IMAP4rev1 X-GM-EXT-1 AUTH=PLAIN SASL-IR")
    (found,) = store.index([7])
    assert (found.uid, found.keywords, found.header) == (7, Keyword.NONE, header)
    assert found.labels == ("UID 9 FLAGS (\\Seen)", "\\Inbox", ')("')
    assert (found.provider_id, found.provider_thread_id) == ("1278455344230334865", "12")


GMAIL_CAN = "IMAP4rev1 X-GM-EXT-1 CONDSTORE ENABLE UIDPLUS MOVE AUTH=PLAIN SASL-IR"


def test_changed_labels_come_with_the_marks(connected: Callable[..., IMAPStore]) -> None:
    rows = (
        b'* 1 FETCH (X-GM-LABELS (\\Inbox "Gr&APYA3w-e") UID 7 FLAGS (\\Seen) MODSEQ (9))\r\n'
        b"* 2 FETCH (UID 8 FLAGS () X-GM-LABELS () MODSEQ (9))\r\n"
        b"* 3 FETCH (UID 9 FLAGS () MODSEQ (9))\r\n"
    )
    store = connected({"UID FETCH": rows}, capabilities=GMAIL_CAN)
    changes, vanished = store.changed_since(5, 7)
    assert [(row.uid, row.keywords, row.labels) for row in changes] == [
        (7, Keyword.SEEN, ("\\Inbox", "Größe")),
        (8, Keyword.NONE, ()),
        (9, Keyword.NONE, None),
    ]
    assert vanished is None
    assert list(store.keywords(7)) == changes


def test_labels_are_asked_for_and_changed_by_their_names() -> None:
    with ScriptedServer(imap_script({}, capabilities=GMAIL_CAN)) as server:
        store = IMAPStore.connect(server.address())
        store.open("INBOX", writable=True)
        store.changed_since(5, 7)
        store.set_labels([9, 7, 8], add=['Größe "A"'], remove=["\\Inbox", "\\Strange"])
        store.close()
    lines = said(server)
    assert b"(UID FLAGS MODSEQ X-GM-LABELS) (CHANGEDSINCE 5)" in lines
    assert b'UID STORE 7:9 +X-GM-LABELS ("Gr&APYA3w-e \\"A\\"")\r\n' in lines
    assert b"UID STORE 7:9 -X-GM-LABELS (\\Inbox)\r\n" in lines
    assert b'UID STORE 7:9 -X-GM-LABELS ("\\\\Strange")\r\n' in lines


def test_without_labels_none_are_changed(connected: Callable[..., IMAPStore]) -> None:
    with pytest.raises(ProviderError):
        connected({}, capabilities=FULL).set_labels([7], add=["Customers"])


def test_vanished_lies_do_not_fill_memory(connected: Callable[..., IMAPStore]) -> None:
    enabled = b"* ENABLED QRESYNC\r\n"
    lie = b"* VANISHED (EARLIER) 1:4294967295\r\n* 1 FETCH (UID 7 FLAGS () MODSEQ (9))\r\n"
    store = connected({"ENABLE": enabled, "UID FETCH": lie}, capabilities=FULL)
    changes, vanished = store.changed_since(5, 7)
    assert [row.uid for row in changes] == [7]
    # UIDNEXT was 10: what is above cannot have vanished. The caller checks such a mass.
    assert vanished == list(range(1, 10))


@pytest.mark.parametrize("text", [b"1:99999999999,x", b"1,,2", b"*", b"-1"])
def test_a_broken_vanished_says_that_it_cannot_tell(
    connected: Callable[..., IMAPStore], text: bytes
) -> None:
    answers: Answers = {
        "ENABLE": b"* ENABLED QRESYNC\r\n",
        "UID FETCH": b"* VANISHED (EARLIER) " + text + b"\r\n",
    }
    _changes, vanished = connected(answers, capabilities=FULL).changed_since(5, 7)
    assert vanished is None


def test_a_search_of_a_billion(connected: Callable[..., IMAPStore]) -> None:
    store = connected(
        {"UID SEARCH": b'* ESEARCH (TAG "x") UID ALL 1:4000000000\r\n'}, capabilities=FULL
    )
    with pytest.raises(ProviderError) as caught:
        store.uids()
    assert caught.value.code == "server_misbehaves"


@pytest.mark.parametrize(
    ("answer", "uidvalidity", "uidnext"),
    [
        (b"* 3 EXISTS\r\n* OK [UIDVALIDITY 0] x\r\n* OK [UIDNEXT 5] x\r\n", 0, 5),
        (b"* 3 EXISTS\r\n", None, None),
        (b"* 3 EXISTS\r\n* OK [uidvalidity 4] x\r\n", 4, None),
    ],
)
def test_odd_figures_are_reported_as_they_are(
    connected: Callable[..., IMAPStore],
    answer: bytes,
    uidvalidity: int | None,
    uidnext: int | None,
) -> None:
    store = connected({"EXAMINE": answer})
    status = store.open("INBOX")
    assert (status.uidvalidity, status.uidnext, status.exists) == (uidvalidity, uidnext, 3)


def test_a_limited_server_is_asked_again(connected: Callable[..., IMAPStore]) -> None:
    """RFC 9738: the first answer covers 8 and up, the second the rest."""
    asked = []

    def rows(talk: Talk, tag: bytes) -> None:
        asked.append(tag)
        if len(asked) == 1:
            talk.say(b"* 9 FETCH (UID 9 FLAGS ())\r\n* 8 FETCH (UID 8 FLAGS ())\r\n")
            talk.say(tag + b" OK [MESSAGELIMIT 2 8] limited\r\n")
        else:
            talk.say(b"* 1 FETCH (UID 3 FLAGS (\\Seen))\r\n" + tag + b" OK done\r\n")

    store = connected({"UID FETCH": rows})
    assert [row.uid for row in store.keywords(1)] == [9, 8, 3]


# --- What we say --------------------------------------------------------------------------------

TEXT = rb'(?:"(?:[^"\\\r\n]|\\["\\])*"|LITERAL|[A-Za-z0-9.]+)'
ALLOWED = [
    rb"d\d+ CAPABILITY",
    rb"d\d+ AUTHENTICATE PLAIN \S+",
    rb"d\d+ ID \(.*\)",
    rb"d\d+ ENABLE QRESYNC",
    rb"d\d+ LIST \"\" \"\*\".*",
    rb"d\d+ NAMESPACE",
    rb"d\d+ STATUS " + TEXT + rb" \([A-Z ]+\)",
    rb"d\d+ (SELECT|EXAMINE) " + TEXT + rb"( \(CONDSTORE\))?",
    rb"d\d+ UID SEARCH (RETURN \(ALL\) )?(ALL|SINCE \S+|HEADER Message-ID " + TEXT + rb")",
    rb"d\d+ UID FETCH [\d:,*]+ \([A-Za-z0-9 .\[\]()<>-]*\)",
    rb"d\d+ UID STORE [\d:,]+ [+-]FLAGS\.SILENT \(.*\)",
    rb"d\d+ UID (MOVE|COPY) [\d:,]+ " + TEXT,
    rb"d\d+ UID EXPUNGE [\d:,]+",
    rb"d\d+ APPEND " + TEXT + rb" \([\\$A-Za-z ]*\)( " + TEXT + rb")? LITERAL",
    rb"d\d+ LOGOUT",
]
NASTY = [
    'x"\r\nd9 DELETE INBOX', 'x"\rd9 DELETE INBOX', 'x"\nd9 DELETE INBOX', "*", "{3}", "{3+}\r\nd9",
    "a\x00b", 'q"uote', "back\\slash", "back\\", "Grüße", "\u2028", "=?utf-8?q?a=0d=0ad9_DELETE_INBOX?=",
    "x" * 1000, "%", "&-", "(", "NIL",
]  # fmt: skip


def listening(commands: list[bytes]) -> Callable[[Talk], None]:
    """A server that says yes to everything and notes each command whole, literals as `LITERAL`."""

    def script(talk: Talk) -> None:
        talk.say(f"* OK [CAPABILITY {FULL}] ready\r\n".encode())
        while line := talk.hear():
            while announced := re.search(rb"\{(\d+)(\+?)\}\r\n$", line):
                if not announced[2]:
                    talk.say(b"+ go on\r\n")
                talk._file.read(int(announced[1]))
                line = line[: announced.start()] + b"LITERAL" + talk.hear()
            commands.append(line)
            tag, _, rest = line.partition(b" ")
            if rest.startswith((b"SELECT", b"EXAMINE")):
                talk.say(b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 10] x\r\n")
            talk.say(tag + b" OK done\r\n")

    return script


@pytest.mark.parametrize("text", NASTY)
def test_user_text_never_becomes_a_command(text: str) -> None:
    commands: list[bytes] = []
    with ScriptedServer(listening(commands)) as server:
        store = IMAPStore.connect(server.address())
        store.open("INBOX", writable=True)
        acts: list[Callable[[], object]] = [
            lambda: store.open(text, writable=True),
            lambda: store.open("INBOX", writable=True),
            lambda: store.status([text]),
            lambda: store.move([1], text),
            lambda: store.find(text),
            lambda: store.part(1, text),
            lambda: list(store.index([1])),
            lambda: store.set_keywords([1], add=Keyword.SEEN),
            lambda: store.append(text, f"Subject: {text}\r\n\r\n.".encode(), keywords=Keyword.SEEN),
        ]
        reactions = [_reaction(act) for act in acts]
        store.close()
    for command in commands:
        assert command.endswith(b"\r\n")
        assert any(re.fullmatch(rule, command[:-2]) for rule in ALLOWED), command
    assert sum(b"APPEND" in command for command in commands) <= 1
    assert Reaction.PROTOCOL not in reactions


def _reaction(act: Callable[[], object]) -> Reaction | None:
    try:
        act()
    except ProviderError as error:
        return error.reaction
    return None


def test_passwords_with_control_characters_go_nowhere() -> None:
    with ScriptedServer(imap_script({}, capabilities="IMAP4rev1")) as server:
        address = server.address()
        nasty = type(address)(
            address.host, address.port, address.security, "grace", "x\r\nd9 DELETE INBOX"
        )
        with pytest.raises(ProviderError) as caught:
            IMAPStore.connect(nasty)
    assert caught.value.code == "sign_in_refused"
    assert b"DELETE" not in said(server)


def test_text_only_leaves_the_attachments_there(connected: Callable[..., IMAPStore]) -> None:
    structure = (
        b'(("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "7BIT" 6 1 NIL NIL NIL NIL)'
        b'("APPLICATION" "PDF" ("NAME" "a.pdf") NIL NIL "BASE64" 40000000 NIL '
        b'("ATTACHMENT" ("FILENAME" "a.pdf")) NIL NIL) "MIXED" ("BOUNDARY" "b=1") NIL NIL NIL)'
    )
    header = b'Subject: big\r\nContent-Type: multipart/mixed; boundary="b=1"\r\n\r\n'
    first = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
    second = b'Content-Type: application/pdf; name="a.pdf"\r\n\r\n'

    def literal(section: bytes, data: bytes) -> bytes:
        return b"* 1 FETCH (UID 7 BODY[%s] {%d}\r\n%s)\r\n" % (section, len(data), data)

    store = connected(
        {
            "UID FETCH 7 (UID FLAGS INTERNALDATE BODYSTRUCTURE": (
                b"* 1 FETCH (UID 7 FLAGS (\\Seen) BODYSTRUCTURE %s BODY[HEADER] {%d}\r\n%s)\r\n"
                % (structure, len(header), header)
            ),
            "UID FETCH 7 (UID BODY.PEEK[1.MIME])": literal(b"1.MIME", first),
            "UID FETCH 7 (UID BODY.PEEK[2.MIME])": literal(b"2.MIME", second),
            "UID FETCH 7 (UID BODY.PEEK[1])": literal(b"1", b"Hello\n"),
        }
    )
    found = store.text_only(7)
    assert found.keywords is Keyword.SEEN
    assert found.raw == (
        header
        + b"--b=1\r\n"
        + first
        + b"Hello\n\r\n"
        + b"--b=1\r\nX-Dealpost-Omitted: section=2; size=40000000\r\n"
        + second
        + b"\r\n"
        + b"--b=1--\r\n"
    )
