"""The first steps: counted, skipped, done, put away."""

from typing import Any

from common.commands import COMMANDS
from inbox.models import Signature
from users.domain.first_steps import KEY_LESSONS
from users.domain.welcome import mark_step, steps_for
from users.enums import StepState
from users.models import Preferences, User


def states(user: User) -> dict[str, str]:
    fresh = User.objects.get(pk=user.pk)
    return {one.step.name: str(one.state) for one in steps_for(fresh)}


def test_steps_are_numbered_for_the_user(alice: User, dana: User) -> None:
    assert list(states(alice)) == ["connect", "sync", "people", "signature", "keys"]
    assert list(states(dana)) == ["connect", "sync", "people", "signature", "keys", "invite"]
    assert [one.number for one in steps_for(alice)] == [1, 2, 3, 4, 5]


def test_skipped_step_makes_way_and_can_still_be_done(alice: User, signed_in: Any) -> None:
    client = signed_in.as_(alice)
    assert b"Step 1 of 5" in client.get("/welcome/").content
    assert client.post("/welcome/skip/connect/").status_code == 303
    page = client.get("/welcome/").content.decode()
    assert "Step 2 of 5" in page
    assert "Skipped" in page
    client.post("/welcome/skip/keys/")
    assert states(alice)["keys"] == "skipped"
    assert client.post("/welcome/keys/")["Location"] == "/welcome/"
    assert states(alice)["keys"] == "done"
    client.post("/welcome/skip/keys/")
    assert states(alice)["keys"] == "done"


def test_unknown_step_is_none(alice: User, signed_in: Any) -> None:
    assert signed_in.as_(alice).post("/welcome/skip/everything/").status_code == 404
    assert not Preferences.objects.filter(user=alice).exists()


def test_row_speaks_louder_than_a_mark(alice: User, account: Any) -> None:
    mark_step(alice, name="connect", state=StepState.SKIPPED)
    assert states(alice)["connect"] == "done"


def test_signature_is_a_step_until_there_is_one(alice: User) -> None:
    assert states(alice)["signature"] == "open"
    Signature.objects.create(owner=alice, name="Mine", html="<p>Alice</p>")
    assert states(alice)["signature"] == "done"


def test_card_leaves_when_every_step_is_done_skipped_or_put_away(
    alice: User, bob: User, signed_in: Any
) -> None:
    client = signed_in.as_(alice)
    assert b"0 of 5" in client.get("/welcome/card/").content
    for name in ("connect", "sync", "people", "signature"):
        client.post(f"/welcome/skip/{name}/")
    assert b"Learn five keys" in client.get("/welcome/card/").content
    client.post("/welcome/keys/")
    assert client.get("/welcome/card/").content == b""
    other = signed_in.as_(bob)
    assert other.post("/welcome/dismiss/")["Location"] == "/"
    assert other.get("/welcome/card/").content == b""


def test_lesson_names_keys_of_the_table(alice: User, signed_in: Any) -> None:
    keys = {command.id: command.keys for command in COMMANDS}
    assert len(KEY_LESSONS) == 5
    for lesson in KEY_LESSONS:
        assert lesson.key in keys[lesson.command]
    page = signed_in.as_(alice).get("/welcome/keys/").content.decode()
    assert page.count("data-press=") == 5
