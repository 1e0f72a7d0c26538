"""The rows of the matrix for writing and sending. Two of each: alice's own, and her team's with
bob; templates and signatures likewise."""

from collections.abc import Callable
from typing import Any

from django.core.files.base import ContentFile

from inbox.domain import compose, draft_files, drafts, text_files
from inbox.models import Draft, MailTemplate, Signature
from mailsync.models import Submission
from tests.authorisation import USERS, Row
from tests.authorisation_mail import ALICE, BOB, acting, email_in, mail_of, reading

Args = Callable[[Any], dict[str, Any]]
WHOSE = {"personal": ALICE, "team": BOB}


def _draft(scene: Any, whose: str) -> Draft:
    author = scene.alice if whose == "personal" else scene.bob
    account = getattr(mail_of(scene), whose)
    start = drafts.Start(to=(("Ada", "ada@acme.example"),), subject="Offer")
    draft = drafts.start_new(by=author, start=start, account=account)
    return drafts.save(draft, version=1, html="<p>Hello</p>")


def a_draft(whose: str) -> Args:
    return lambda scene: {"pk": _draft(scene, whose).pk}


def a_discarded_draft(whose: str) -> Args:
    def args(scene: Any) -> dict[str, Any]:
        draft = _draft(scene, whose)
        drafts.discard(draft)
        return {"pk": draft.pk}

    return args


def a_file(whose: str) -> Args:
    def args(scene: Any) -> dict[str, Any]:
        draft = _draft(scene, whose)
        file = draft_files.add_file(
            draft, name="a.txt", content_type="text/plain", content=ContentFile(b"a").read()
        )
        return {"pk": draft.pk, "file_pk": file.pk}

    return args


def _submission(scene: Any, whose: str) -> Submission:
    draft = _draft(scene, whose)
    return compose.send(draft, by=draft.author, version=draft.version)


def a_submission(whose: str) -> Args:
    return lambda scene: {"pk": _submission(scene, whose).pk}


def writing(args: Callable[[str], Args], **more: Any) -> dict[str, Row]:
    return {whose: Row(people, args=args(whose), **more) for whose, people in WHOSE.items()}


def a_template(*, shared: bool) -> Args:
    def args(scene: Any) -> dict[str, Any]:
        template = MailTemplate.objects.create(
            author=scene.alice, name="Hello", html="<p>x</p>", is_shared=shared
        )
        return {"pk": template.pk}

    return args


def reading_template(**more: Any) -> dict[str, Row]:
    return {
        "private": Row(ALICE, args=a_template(shared=False), **more),
        "shared": Row(USERS, args=a_template(shared=True), **more),
    }


def a_signature(whose: str) -> Args:
    def args(scene: Any) -> dict[str, Any]:
        if whose == "personal":
            row = Signature.objects.create(owner=scene.alice, name="Alice", html="<p>x</p>")
        else:
            row = Signature.objects.create(
                account=mail_of(scene).team, name="Sales", html="<p>x</p>"
            )
        return {"pk": row.pk}

    return args


def a_file_of(text: Args, model: Any) -> Args:
    """A file of the template or signature that `text` makes."""

    def args(scene: Any) -> dict[str, Any]:
        pk = text(scene)["pk"]
        file = text_files.add(
            model.objects.get(pk=pk), name="a.txt", content_type="text/plain", content=b"a"
        )
        return {"pk": pk, "file_pk": file.pk}

    return args


COMPOSE_ROWS: dict[str, Any] = {
    "inbox:compose": Row(USERS, post=303),
    "inbox:answer": reading(lambda case: email_in(case, kind="reply")),
    "inbox:thread_news": reading(),
    "inbox:field_values": Row(USERS, get=None, post=200),
    "inbox:recipients": Row(USERS),
    "inbox:drafts": Row(USERS),
    "inbox:draft": writing(a_draft),
    "inbox:draft_restore": writing(a_discarded_draft, get=None, post=303),
    "inbox:draft_quote": writing(a_draft, get=None, post=200),
    # Sent without a file there is nothing to take.
    "inbox:draft_files": writing(a_draft, get=None, post=404),
    "inbox:draft_file": writing(a_file),
    "inbox:draft_file_remove": writing(a_file, get=None, post=200),
    "inbox:outbox": Row(USERS),
    "inbox:submission_undo": writing(a_submission, get=None, post=303),
    "inbox:submission_cancel": writing(a_submission, get=None, post=303),
    "inbox:submission_now": writing(a_submission, get=None, post=303),
    "inbox:submission_again": writing(a_submission, get=None, post=303),
    "inbox:submission_sent": writing(a_submission, get=None, post=303),
    "inbox:submission_time": writing(a_submission, get=None, post=303),
    "inbox:template_picker": Row(USERS),
    "inbox:template_use": reading_template(get=None, post=200),
    "inbox:templates": Row(USERS),
    "inbox:template_new": Row(USERS, post=422),
    "inbox:template_starters": Row(USERS, get=None, post=303),
    "inbox:template_copy": reading_template(get=None, post=303),
    "inbox:template": {"private": Row(ALICE, args=a_template(shared=False), post=422)},
    "inbox:template_remove": {
        "private": Row(ALICE, args=a_template(shared=False), get=None, post=303),
        "shared": Row(
            frozenset({"alice", "dana"}), args=a_template(shared=True), get=None, post=303
        ),
    },
    "inbox:template_file": {
        "private": Row(ALICE, args=a_file_of(a_template(shared=False), MailTemplate)),
        "shared": Row(USERS, args=a_file_of(a_template(shared=True), MailTemplate)),
    },
    "inbox:signature_file": {
        whose: Row(people, args=a_file_of(a_signature(whose), Signature))
        for whose, people in WHOSE.items()
    },
    "inbox:compose_records": Row(USERS),
    "inbox:thread_writers": acting(get=200, post=200),
    "inbox:signatures": Row(USERS),
    "inbox:signature_new": Row(USERS, post=422),
    "inbox:signature": writing(a_signature, post=422),
    "inbox:signature_remove": writing(a_signature, get=None, post=303),
}
