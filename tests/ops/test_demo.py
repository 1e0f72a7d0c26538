import random
from collections import Counter
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.test import override_settings

from crm.models import Deal, Lead, Organization, Person, Project
from mailsync.enums import Security
from mailsync.models import MailAccount
from ops.demo import robot, world
from ops.demo.company import prepare_demo
from ops.demo.letters import all_letters, new_message
from ops.demo.place import marker
from ops.errors import StartError
from users.models import User

NOW = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def letters():
    return all_letters(now=NOW)


def mail(text, *, subject="Offer"):
    message = new_message(author="a@b.example", to=["c@d.example"], subject=subject, moment=NOW)
    message.set_content(text)
    return message


def test_the_mailbox_is_as_large_as_promised(letters):
    roots = {
        str(letter.content["References"] or letter.content["Message-ID"]).split()[0]
        for letter in letters
    }
    assert 190 <= len(letters) <= 220
    assert 55 <= len(roots) <= 65
    assert len(world.customers()) >= 38
    assert set(Counter(letter.folder for letter in letters)) == {"INBOX", "Sent", "Archive"}


def test_no_mail_comes_from_the_future_or_before_what_it_answers(letters):
    moments = {str(letter.content["Message-ID"]): letter.moment for letter in letters}
    assert max(moments.values()) < NOW
    for letter in letters:
        if parent := letter.content["In-Reply-To"]:
            assert moments[str(parent)] < letter.moment


def test_every_address_is_one_that_cannot_exist(letters):
    """RFC 2606: nothing can reach a real person, even if it left this machine."""
    for letter in letters:
        for header in ("From", "To", "Cc"):
            for address in letter.content[header].addresses if letter.content[header] else ():
                assert address.domain.endswith(".example")


def test_there_is_something_of_everything(letters):
    kinds = Counter(part.get_content_type() for letter in letters for part in letter.content.walk())
    assert {"application/pdf", "text/csv", "image/png", "text/calendar"} <= set(kinds)
    assert kinds["message/delivery-status"] == 1


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Shall we meet on Tuesday?", "meeting"),
        ("Here is our offer.", "price"),
        ("Thank you!", "thanks"),
        ("Does it fit?", "question"),
        ("It is on its way.", "other"),
        ("It is on its way.\n\nOn 3 May, Lea wrote:\n> what is the price?", "other"),
        ("Vielen Dank!", "thanks"),
    ],
)
def test_the_robot_sees_what_a_mail_is_about(text, intent):
    assert robot.intent_of(text) == intent


def test_the_robot_answers_in_the_thread_and_in_the_language_of_the_person():
    sent = mail("Passt der Anhänger durch das Tor?")
    person = world.customers()["lea"]
    reply = robot.answer(sent, person=person, chance=random.Random(1))
    assert reply["In-Reply-To"] == sent["Message-ID"]
    assert reply["Subject"] == "Re: Offer"
    assert reply["From"].addresses[0].addr_spec == person.address
    text = robot.text_of(reply)
    assert text.startswith("Hallo Mira,")
    assert "> Passt der Anhänger durch das Tor?" in text


@pytest.mark.parametrize("language", sorted({p.language for p in world.everybody().values()}))
def test_every_language_has_an_answer_to_everything(language):
    answers = robot.phrases()[language]
    assert set(answers) == {*robot.INTENTS, "question", "other"}
    assert all(answers.values())


@pytest.mark.django_db
def test_the_company_is_made_once(tmp_path, monkeypatch):
    said = []
    with override_settings(DATA_DIR=tmp_path, DEMO=True):
        monkeypatch.setattr("mailsync.domain.schedule.wake", lambda account_id: None)
        prepare_demo(say=said.append)
        prepare_demo(say=said.append)
    assert len(said) == 1
    assert Organization.objects.count() == 15
    assert Person.objects.count() == len(world.customers())
    assert Counter(Deal.objects.values_list("status", flat=True)) == {
        "open": 15, "won": 3, "lost": 2,
    }  # fmt: skip
    assert Lead.objects.count() == 5
    assert Project.objects.count() == 1
    assert (
        not User.objects.exclude(email=world.owner().address)
        .filter(password__startswith="argon2")
        .exists()
    )
    account = MailAccount.objects.get()
    assert account.owner.email == world.owner().address
    assert {server.security for server in account.servers.all()} == {Security.PLAIN}


@pytest.mark.django_db
def test_a_real_company_is_never_made_a_demo(tmp_path, company):
    with override_settings(DATA_DIR=tmp_path, DEMO=True), pytest.raises(StartError):
        prepare_demo(say=print)
    assert not marker(tmp_path).exists()
    assert not Deal.objects.exists()


def test_the_demo_is_not_started_without_its_flag(capsys):
    with override_settings(DEMO=False), pytest.raises(SystemExit) as stopped:
        call_command("up", demo=True)
    assert stopped.value.code == 1
    assert "bin/up --demo" in capsys.readouterr().err


@pytest.mark.django_db
def test_the_door_of_the_demo_is_not_there_elsewhere(client):
    assert client.get("/demo/anything/").status_code != 200
