"""Handing over: bytes, envelope, results for each recipient, and the moment of the dot."""

from collections.abc import Iterator

import pytest

from mailsync.enums import Security
from mailsync.providers.base import ProviderError, Reaction
from mailsync.providers.smtp import SMTPSubmitter
from tests.fakes.scripted import Script, ScriptedServer, Talk
from tests.servers.smtp import SmtpSink
from tests.servers.tls import Authority

RAW = b"From: grace@northwind.example\r\nSubject: Offer\r\n\r\nHello\r\n.dot\r\n..two\r\nend\r\n"
SENDER = "grace@northwind.example"


@pytest.fixture
def sink(
    tmp_path: object, loopback_allowed: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SmtpSink]:
    authority = Authority(tmp_path)  # type: ignore[arg-type]
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca))
    with SmtpSink(leaf=authority.leaf("smtp")) as server:
        yield server


def nothing() -> None:
    pass


class TestSink:
    def test_every_byte_arrives(self, sink: SmtpSink) -> None:
        submitter = SMTPSubmitter.connect(sink.address())
        for _ in range(2):
            result = submitter.submit(
                RAW, envelope_from=SENDER, envelope_to=["ada@c.example"], before_final_dot=nothing
            )
            assert result.accepted
        submitter.close()
        assert [taken.raw for taken in sink.sink.taken] == [RAW, RAW]
        assert sink.sink.taken[0].sender == SENDER
        assert sink.sink.taken[0].recipients == ["ada@c.example"]

    def test_each_recipient_has_a_result(self, sink: SmtpSink) -> None:
        sink.sink.refused = {
            "gone@c.example": "550 5.1.1 no such user",
            "full@c.example": "452 4.2.2 mailbox full",
        }
        submitter = SMTPSubmitter.connect(sink.address())
        result = submitter.submit(
            RAW,
            envelope_from=SENDER,
            envelope_to=["ada@c.example", "gone@c.example", "full@c.example", "ada@c.example"],
            before_final_dot=nothing,
        )
        submitter.close()
        table = {
            row.address: (row.accepted, row.code, row.enhanced, row.temporary)
            for row in result.recipients
        }
        assert table == {
            "ada@c.example": (True, 250, "2.1.5", False),
            "gone@c.example": (False, 550, "5.1.1", False),
            "full@c.example": (False, 452, "4.2.2", True),
        }
        assert result.accepted
        assert sink.sink.taken[0].recipients == ["ada@c.example"]

    def test_nobody_accepted_sends_nothing(self, sink: SmtpSink) -> None:
        sink.sink.refused = {"gone@c.example": "550 5.1.1 no such user"}
        called = []
        submitter = SMTPSubmitter.connect(sink.address())
        result = submitter.submit(
            RAW,
            envelope_from=SENDER,
            envelope_to=["gone@c.example"],
            before_final_dot=lambda: called.append(1),
        )
        submitter.close()
        assert not result.accepted
        assert called == []
        assert sink.sink.taken == []

    def test_eight_bit_and_foreign_addresses(self, sink: SmtpSink) -> None:
        submitter = SMTPSubmitter.connect(sink.address())
        raw = "Subject: Grüße\r\n\r\nGrüße\r\n".encode()
        submitter.submit(
            raw, envelope_from=SENDER, envelope_to=["grüße@c.example"], before_final_dot=nothing
        )
        submitter.close()
        taken = sink.sink.taken[0]
        assert taken.raw == raw
        assert taken.recipients == ["grüße@c.example"]
        assert {"BODY=8BITMIME", "SMTPUTF8"} <= set(taken.mail_options)

    def test_a_wrong_password_is_the_users_to_mend(self, sink: SmtpSink) -> None:
        with pytest.raises(ProviderError) as caught:
            SMTPSubmitter.connect(sink.address(secret="wrong"))
        assert (caught.value.code, caught.value.reaction) == ("sign_in_refused", Reaction.SIGN_IN)
        assert sink.sink.sign_ins == 1

    def test_too_big_is_said_before_sending(self, sink: SmtpSink) -> None:
        submitter = SMTPSubmitter.connect(sink.address())
        with pytest.raises(ProviderError) as caught:
            submitter.submit(
                b"Subject: x\r\n\r\n" + b"x" * 1_100_000 + b"\r\n",
                envelope_from=SENDER,
                envelope_to=["ada@c.example"],
                before_final_dot=nothing,
            )
        submitter.close()
        assert caught.value.code == "message_too_big"

    def test_an_error_before_the_dot_sends_nothing(self, sink: SmtpSink) -> None:
        def lost() -> None:
            raise RuntimeError("the row is somebody else's now")

        submitter = SMTPSubmitter.connect(sink.address())
        with pytest.raises(RuntimeError):
            submitter.submit(
                RAW, envelope_from=SENDER, envelope_to=["ada@c.example"], before_final_dot=lost
            )
        submitter.close()
        assert sink.sink.taken == []


@pytest.mark.parametrize(
    "address",
    [
        "a@b>\r\nRCPT TO:<v@x",
        '"a\r\n"@b.example',
        '"a b"@b.example',
        "a@b@c.example",
        "a b@c.example",
        "a@c.example\n",
        "",
        "nobody",
        "@c.example",
        "a@",
        "x" * 65 + "@c.example",
        "a@" + "x" * 260,
        "a\x00@c.example",
        "a\u2028@c.example",
        "<a@c.example>",
        "a@c.example, b@c.example",
    ],
)
def test_addresses_that_could_be_more_are_refused(sink: SmtpSink, address: str) -> None:
    submitter = SMTPSubmitter.connect(sink.address())
    for sender, to in ((SENDER, address), (address, "ada@c.example")):
        with pytest.raises(ProviderError) as caught:
            submitter.submit(RAW, envelope_from=sender, envelope_to=[to], before_final_dot=nothing)
        assert caught.value.code == "address_invalid"
    submitter.close()
    assert sink.sink.taken == []


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: x\n\nbare\n",
        b"Subject: x\r\n\r\na\r.\r\nMAIL FROM:<ceo@x>\r\n",
        b"Subject: x\r\n\r\na\n.\nMAIL FROM:<ceo@x>\r\n",
        b"Subject: x\r\n\r\na\r\n.\rb\r\n",
        b"Subject: x\r\n\r\nnul\x00\r\n",
    ],
)
def test_bare_line_ends_never_reach_the_socket(sink: SmtpSink, raw: bytes) -> None:
    submitter = SMTPSubmitter.connect(sink.address())
    with pytest.raises(ProviderError) as caught:
        submitter.submit(
            raw, envelope_from=SENDER, envelope_to=["ada@c.example"], before_final_dot=nothing
        )
    submitter.close()
    assert caught.value.code == "message_malformed"


def test_a_dot_in_the_text_does_not_end_it(sink: SmtpSink) -> None:
    raw = b".Subject: x\r\n\r\n.\r\nMAIL FROM:<ceo@northwind.example>\r\n.\r\nend"
    submitter = SMTPSubmitter.connect(sink.address())
    submitter.submit(
        raw, envelope_from=SENDER, envelope_to=["ada@c.example"], before_final_dot=nothing
    )
    submitter.close()
    assert [taken.raw for taken in sink.sink.taken] == [raw + b"\r\n"]


# --- Servers that say otherwise -----------------------------------------------------------------


def smtp_script(replies: dict[bytes, bytes], *, after_dot: bytes | None = b"250 ok") -> Script:
    """Replies by verb; after the dot says `after_dot`, or hangs up when it is None."""

    def script(talk: Talk) -> None:
        talk.say(replies.get(b"greeting", b"220 ready") + b"\r\n")
        while line := talk.hear():
            verb = line.split()[0].upper()
            if verb in replies:
                talk.say(replies[verb] + b"\r\n")
            elif verb == b"EHLO":
                talk.say(b"250-here\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n")
            elif verb == b"AUTH":
                talk.say(b"235 in\r\n")
            else:
                talk.say(b"354 go\r\n" if verb == b"DATA" else b"250 ok\r\n")
            if verb == b"DATA" and replies.get(b"DATA", b"354")[:3] == b"354":
                while talk.hear() not in (b".\r\n", b""):
                    pass
                if after_dot is None:
                    return
                talk.say(after_dot + b"\r\n")

    return script


@pytest.mark.parametrize(
    ("replies", "after_dot", "code", "reaction"),
    [
        ({b"MAIL": b"451 4.3.0 try later"}, b"", "server_unavailable", Reaction.LATER),
        ({b"MAIL": b"550 5.7.1 not you"}, b"", "message_refused", Reaction.REFUSED),
        ({b"RCPT": b"421 4.7.0 too many mails"}, b"", "throttled", Reaction.THROTTLED),
        ({b"DATA": b"451 4.7.1 rate limit"}, b"", "throttled", Reaction.THROTTLED),
        ({b"DATA": b"554 5.5.1 no"}, b"", "message_refused", Reaction.REFUSED),
        ({}, b"451 4.3.0 later", "server_unavailable", Reaction.LATER),
        ({}, b"552 5.3.4 too big", "message_too_big", Reaction.REFUSED),
        ({}, b"554 5.7.1 spam", "message_refused", Reaction.REFUSED),
        ({}, None, "outcome_unknown", Reaction.LATER),
        ({}, b"nonsense", "outcome_unknown", Reaction.LATER),
        ({}, b"354 what", "outcome_unknown", Reaction.PROTOCOL),
    ],
)
def test_replies_are_sorted_by_what_to_do(
    loopback_allowed: None,
    replies: dict[bytes, bytes],
    after_dot: bytes | None,
    code: str,
    reaction: Reaction,
) -> None:
    dots = []
    with ScriptedServer(smtp_script(replies, after_dot=after_dot)) as server:
        submitter = SMTPSubmitter.connect(server.address())
        with pytest.raises(ProviderError) as caught:
            submitter.submit(
                RAW,
                envelope_from=SENDER,
                envelope_to=["ada@c.example"],
                before_final_dot=lambda: dots.append(list(server.said)),
            )
        submitter.close()
    assert (caught.value.code, caught.value.reaction) == (code, reaction)
    # The caller hears of the dot exactly when it was sent, and before that.
    assert bool(dots) == (b".\r\n" in server.said)
    assert not dots or b".\r\n" not in dots[0]


@pytest.mark.parametrize(
    ("reply", "code", "reaction"),
    [
        (b"535 5.7.8 wrong", "sign_in_refused", Reaction.SIGN_IN),
        (b"534 5.7.9 application-specific password", "app_password_needed", Reaction.SIGN_IN),
        (b"454 4.7.0 temporary trouble", "server_unavailable", Reaction.LATER),
    ],
)
def test_sign_in_refusals(
    loopback_allowed: None, reply: bytes, code: str, reaction: Reaction
) -> None:
    script = smtp_script({b"AUTH": reply})
    with ScriptedServer(script) as server, pytest.raises(ProviderError) as caught:
        SMTPSubmitter.connect(server.address())
    assert (caught.value.code, caught.value.reaction) == (code, reaction)


def test_starttls_taken_away_gets_no_password(loopback_allowed: None) -> None:
    with ScriptedServer(smtp_script({})) as server, pytest.raises(ProviderError) as caught:
        SMTPSubmitter.connect(server.address(Security.STARTTLS))
    assert caught.value.code == "tls_required"
    assert not [line for line in server.said if line.upper().startswith(b"AUTH")]


def test_eight_bit_is_not_sent_where_it_is_not_taken(loopback_allowed: None) -> None:
    with ScriptedServer(smtp_script({b"EHLO": b"250 here"})) as server:
        submitter = SMTPSubmitter.connect(server.address())
        with pytest.raises(ProviderError) as caught:
            submitter.submit(
                "Subject: x\r\n\r\nGrüße\r\n".encode(),
                envelope_from=SENDER,
                envelope_to=["ada@c.example"],
                before_final_dot=nothing,
            )
        submitter.close()
    assert caught.value.code == "message_not_seven_bit"
