"""What a superuser can open, run or guess: nothing of anybody's mail. alice's mail has canaries."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.management import call_command, get_commands
from django.test import Client
from django.urls import reverse

from inbox.models import Draft
from mailsync.domain import search_index
from mailsync.models import (
    Email,
    MailAccount,
    RemoteChange,
    Submission,
    Thread,
    ThreadLink,
)
from sharing.enums import ThreadVisibility
from tests.factories.crm import make_deal, make_person
from tests.factories.mail import give_bytes, link, make_account, make_thread

pytestmark = pytest.mark.django_db

CANARY = re.compile(rb"canary", re.IGNORECASE)
# Commands that run until they are stopped, make files of the source tree, or fill a demo.
NOT_RUN = frozenset({"web", "watch", "up", "demo_mail", "build_icons", "rotate_keys"})


@pytest.fixture
def mail(alice: Any, settings: Any, tmp_path: Path) -> Thread:
    """Private mail, a draft and a scheduled mail, each with canaries, linked to a record."""
    settings.BLOB_DIR = tmp_path / "blobs"
    account = make_account(alice, error_code="sign_in_refused")
    thread = make_thread(
        account,
        "Canary subject",
        text="canary text",
        sender=("Canary Name", "canary@customer.example"),
        visibility=ThreadVisibility.PRIVATE,
    )
    give_bytes(thread, file_name="canary.pdf")
    link(thread, deal=make_deal(alice), created_by=alice)
    link(thread, person=make_person(alice, "W. X.", address="w@x.example"))
    Draft.objects.create(
        author=alice, account=account, subject="Canary draft", html="canary", version=2
    )
    Submission.objects.create(
        account=account,
        created_by=alice,
        thread=thread,
        message_id="canary@x.example",
        subject="Canary scheduled",
        envelope_from=account.address,
        envelope_to=["canary@customer.example"],
        send_at=thread.created_at,
    )
    search_index.index_emails(Email.objects.values_list("pk", flat=True))
    return thread


@pytest.fixture
def account_of_mail(mail: Thread) -> MailAccount:
    return mail.account


@pytest.fixture
def root(dana: Any) -> Client:
    client = Client()
    client.force_login(dana)
    return client


def registered() -> Iterator[tuple[Any, Any]]:
    yield from admin.site._registry.items()


def get(root: Client, path: str) -> tuple[int, bytes]:
    response = root.get(path)
    return response.status_code, response.content


@pytest.mark.matrix
def test_crawl_of_all_operators_pages(root: Client, mail: Thread, alice: Any) -> None:
    """Lists, single rows, adding, deleting, history: of every registered model and every row."""
    opened = 0
    for model, _admin in registered():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        paths = [reverse(f"{name}_changelist"), reverse(f"{name}_add")]
        for pk in model._base_manager.values_list("pk", flat=True)[:20]:
            paths += [
                reverse(f"{name}_{page}", args=[pk]) for page in ("change", "delete", "history")
            ]
        for path in paths:
            status, content = get(root, path)
            assert status in {200, 302, 403, 404}, path
            assert not CANARY.search(content), path
            opened += status == 200
    status, content = get(root, reverse("admin:index"))
    assert status == 200
    assert not CANARY.search(content)
    assert opened > 10, "the crawl has to have seen pages"


def test_nothing_is_deleted_or_done_to_many(root: Client, mail: Thread) -> None:
    before = Thread.objects.count(), MailAccount.objects.count()
    for model, _admin in registered():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        pks = [str(pk) for pk in model._base_manager.values_list("pk", flat=True)[:5]]
        data = {"action": "delete_selected", "_selected_action": pks, "post": "yes"}
        response = root.post(reverse(f"{name}_changelist"), data, follow=True)
        assert not CANARY.search(response.content)
        for pk in pks:
            response = root.post(reverse(f"{name}_delete", args=[pk]), {"post": "yes"})
            assert response.status_code in {403, 404}, name
    assert (Thread.objects.count(), MailAccount.objects.count()) == before


PROBES = (
    "threads__subject__startswith=Canary",
    "account__threads__subject__contains=anary",
    "owner__email__startswith=alice",
    "mail_accounts__threads__preview__contains=canary",
    "thread__subject__startswith=C",
    "subject__startswith=Canary",
    "envelope_to__contains=canary",
    "message_id__startswith=canary",
    "thread_links__thread__subject__contains=anary",
    "q=canary",
)


@pytest.mark.parametrize("probe", PROBES)
def test_filters_answer_no_questions(root: Client, mail: Thread, probe: str) -> None:
    """A filter on a hidden column is refused whatever it asks: no answer tells yes from no."""
    wrong = probe.replace("anary", "zzzz").replace("=C", "=Z").replace("alice", "zzzz")
    for model, _admin in registered():
        path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        asked, nonsense = root.get(f"{path}?{probe}"), root.get(f"{path}?{wrong}")
        assert asked.status_code == nonsense.status_code, (path, probe)
        assert asked.headers.get("Location", "").replace(probe, "") == nonsense.headers.get(
            "Location", ""
        ).replace(wrong, "")
        if asked.status_code == 200:
            assert count_in(asked) == count_in(nonsense), (path, probe)


def count_in(response: Any) -> int:
    return int(response.context["cl"].result_count)


def test_no_model_of_mail_is_registered_with_content() -> None:
    """Of mail and links to it operators see accounts, and what waits. The rest is not there."""
    ours = {
        model._meta.label
        for model, _admin in registered()
        if model._meta.app_label in {"mailsync", "inbox"}
    }
    assert ours <= {"mailsync.MailAccount", "mailsync.RemoteChange", "mailsync.Submission"}


def test_no_row_says_more_than_its_number(mail: Thread) -> None:
    """What shows wherever Django prints a row: delete pages, messages, logs, errors."""
    for model in apps.get_app_config("mailsync").get_models():
        for row in model._base_manager.all()[:20]:
            assert "anary" not in f"{row} {row!r}", model
    for row in Draft.objects.all():
        assert "anary" not in f"{row} {row!r}"
    assert ThreadLink.objects.exists()


def test_addresses_for_guessing_lead_nowhere(root: Client, mail: Thread) -> None:
    for path in (
        "/operator/autocomplete/?term=canary&app_label=mailsync&model_name=threadlink&field_name=thread",
        "/operator/jsi18n/",
        "/operator/r/1/1/",
        "/operator/mailsync/thread/",
        "/operator/mailsync/email/",
        "/operator/inbox/draft/",
        "/operator/password_change/",
    ):
        assert not CANARY.search(root.get(path).content), path


def our_commands() -> list[str]:
    ours = {
        config.name for config in apps.get_app_configs() if not config.name.startswith("django")
    }
    return sorted(
        name for name, app in get_commands().items() if app in ours and name not in NOT_RUN
    )


@pytest.mark.parametrize("name", our_commands())
def test_commands_print_no_content(name: str, mail: Thread, capfd: Any) -> None:
    out = io.StringIO()
    account = str(mail.account_id)
    worked = 0
    for arguments in ((), (account,), (f"--account={account}",)):
        try:
            call_command(name, *arguments, stdout=out, stderr=out)
        except (Exception, SystemExit) as problem:  # noqa: BLE001 -- its words are what matters
            out.write(str(problem))
            worked += "arguments" not in str(problem)
        else:
            worked += 1
    assert worked, f"no form of it got past its own arguments: {out.getvalue()}"
    printed = capfd.readouterr()
    said = (out.getvalue() + printed.out + printed.err).replace("test-canary", "")
    assert "canary" not in said.casefold()


def test_queues_hold_what_waits_and_no_history(
    root: Client, mail: Thread, account_of_mail: MailAccount
) -> None:
    """A row for each mail that has left would count what somebody writes, and say when."""
    change = RemoteChange.objects.create(account=account_of_mail, operation="keywords")
    rows = {"submission": Submission.objects.get(), "remotechange": change}
    for name, row in rows.items():
        path = reverse(f"admin:mailsync_{name}_change", args=[row.pk])
        listed = reverse(f"admin:mailsync_{name}_changelist")
        assert root.get(path).status_code == 200
        assert count_in(root.get(listed)) == 1
        through = "sent" if name == "submission" else "done"
        type(row).objects.filter(pk=row.pk).update(state=through)
        assert count_in(root.get(listed)) == 0
        assert count_in(root.get(listed, {"state__exact": through})) == 0
        assert root.get(path).status_code == 302
        assert path not in root.get(path, follow=True).content.decode()


def test_take_over_of_the_login(root: Client, mail: Thread, alice: Any, dana: Any) -> None:
    """A new address for alice, a new password, and in as her: the mail area asks to reconnect."""
    address = reverse("users:user_address", args=[alice.pk])
    assert root.post(address, {"email": "dana.second@northwind.example"}).status_code == 303
    intruder = Client()
    alice.refresh_from_db()
    assert alice.email == "dana.second@northwind.example"
    intruder.force_login(alice)
    inbox = intruder.get("/mail/inbox/")
    assert b"Connect your account again" in inbox.content
    for path in ("/mail/inbox/", "/mail/all/", "/mail/counts/", "/mail/drafts/", "/mail/outbox/"):
        assert not CANARY.search(intruder.get(path).content), path
    assert intruder.get(reverse("inbox:thread", args=[mail.key])).status_code == 404


def test_positive_control_its_owner_meets_the_canaries(mail: Thread, alice: Any) -> None:
    owner = Client()
    owner.force_login(alice)
    for path in ("/mail/inbox/", "/mail/drafts/", "/mail/outbox/"):
        assert CANARY.search(owner.get(path).content), path
