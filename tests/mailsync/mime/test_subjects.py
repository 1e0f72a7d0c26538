import pytest

from mailsync.mime.subjects import base_subject, is_forward, is_reply, without_mark


@pytest.mark.parametrize(
    ("subject", "base"),
    [
        ("Re: Offer", "Offer"),
        ("AW: Re[2]: SV: Offer", "Offer"),
        ("Fwd: RE^3: Offer", "Offer"),
        ("回复：报价", "报价"),
        ("Re: " * 40 + "Offer", "Offer"),
        ("Offer", "Offer"),
        ("Reminder: pay", "Reminder: pay"),
        ("Re:", ""),
    ],
)
def test_base_of_a_subject(subject: str, base: str) -> None:
    assert base_subject(subject) == base


def test_one_prefix_at_a_time() -> None:
    assert without_mark("Re: Fwd: Offer") == "Fwd: Offer"


@pytest.mark.parametrize(
    ("subject", "reply", "forward"),
    [
        ("Re: Offer", True, False),
        ("WG: Offer", False, True),
        ("[Fwd: Offer]", False, True),
        # Answers in Finnish, forwards in Danish.
        ("VS: Offer", True, True),
        ("Offer re: yours", False, False),
    ],
)
def test_answers_and_forwards(subject: str, reply: bool, forward: bool) -> None:
    assert (is_reply(subject), is_forward(subject)) == (reply, forward)
