"""Pictures and files of templates and signatures, from the editor to the mail that is sent."""

import base64
import email as stdlib_email
from email import policy
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from inbox.domain import compose, draft_files, drafts, text_files
from inbox.errors import ComposeError
from inbox.models import Draft, MailTemplate, Signature
from inbox.views.window import shown_html
from mailsync.domain import blobs
from mailsync.models import MailAccount
from users.models import User

PNG = b"\x89PNG\r\n\x1a\n" + b"picture"
AS_DATA = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.BLOB_DIR = tmp_path / "blobs"


@pytest.fixture
def template(alice: User) -> MailTemplate:
    """With a picture and a file."""
    made = MailTemplate.objects.create(
        author=alice, name="Offer", subject="Our offer", html=f'<p>Hi</p><img src="{AS_DATA}">'
    )
    text_files.keep_pictures(made)
    text_files.add(made, name="terms.pdf", content_type="application/pdf", content=b"%PDF")
    return made


def new_draft(user: User, **changes: Any) -> Draft:
    draft = drafts.start_new(by=user, start=drafts.Start(to=(("Ada", "ada@acme.example"),)))
    return drafts.save(draft, version=1, subject="Offer", **changes)


def sent(draft: Draft, user: User) -> Any:
    submission = compose.send(draft, by=user, version=draft.version)
    return stdlib_email.message_from_bytes(blobs.read(submission.blob), policy=policy.default)


def test_a_picture_becomes_a_file_and_goes_with_the_text(template):
    (picture,) = template.files.exclude(content_id="")
    assert template.html == f'<p>Hi</p><img src="cid:{picture.content_id}">'
    assert text_files.bytes_of(picture) == PNG
    text_files.keep_pictures(template)
    assert template.files.count() == 2
    template.html = "<p>Hi</p>"
    text_files.keep_pictures(template)
    assert [file.name for file in template.files.all()] == ["terms.pdf"]


def test_the_page_keeps_pictures_and_files(signed_in, alice, template):
    client = signed_in.as_(alice)
    path = reverse("inbox:template", args=[template.pk])
    picture = template.files.exclude(content_id="").get()
    file = template.files.get(content_id="")
    address = reverse("inbox:template_file", args=[template.pk, picture.key])
    assert address in client.get(path).content.decode()
    answer = client.post(
        path,
        {
            "name": "Offer",
            "format": "html",
            "html": f'<p>New</p><img src="{address}"><img src="{AS_DATA}">',
            "drop": str(file.pk),
            "files": [SimpleUploadedFile("plan.txt", b"plan", content_type="text/plain")],
        },
    )
    assert answer.status_code == 303
    template.refresh_from_db()
    assert "data:" not in template.html
    assert f"cid:{picture.content_id}" in template.html
    assert sorted(file.name for file in template.files.filter(content_id="")) == ["plan.txt"]
    assert template.files.exclude(content_id="").count() == 2


def test_an_error_of_the_form_loses_no_picture(signed_in, alice):
    answer = signed_in.as_(alice).post(
        reverse("inbox:template_new"),
        {"name": "", "format": "html", "html": f'<img src="{AS_DATA}">'},
    )
    assert answer.status_code == 422
    assert AS_DATA in answer.context["given"]
    assert not MailTemplate.objects.exists()


def test_a_picture_has_a_limit(signed_in, alice):
    large = base64.b64encode(b"x" * (text_files.PICTURE_BYTES + 3)).decode()
    answer = signed_in.as_(alice).post(
        reverse("inbox:signature_new"),
        {"name": "S", "format": "html", "html": f'<img src="data:image/png;base64,{large}">'},
    )
    assert answer.status_code == 422
    assert "1 MB" in answer.content.decode()


def test_files_together_have_a_limit(template, monkeypatch):
    monkeypatch.setattr(draft_files, "MAX_FILES_BYTES", 20)
    with pytest.raises(ComposeError, match="files_too_big"):
        text_files.add(template, name="b", content_type="", content=b"x" * 20)


def test_a_template_brings_its_files_into_the_mail(signed_in, alice, account, template):
    draft = new_draft(alice)
    answer = signed_in.as_(alice).post(
        reverse("inbox:template_use", args=[template.pk]), {"mail": draft.key}
    )
    given = answer.json()
    picture = draft.files.exclude(content_id="").get()
    assert reverse("inbox:draft_file", args=[draft.key, picture.key]) in given["html"]
    assert "terms.pdf" in given["files"][0]
    draft = drafts.save(draft, version=draft.version, html=f'<img src="cid:{picture.content_id}">')
    message = sent(draft, alice)
    assert [part.get_filename() for part in message.iter_attachments()] == ["terms.pdf"]
    images = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert [(one["Content-ID"], one.get_content()) for one in images] == [
        (f"<{picture.content_id}>", PNG)
    ]
    assert (template.uses.get().count, template.files.count()) == (1, 2)


def test_too_large_files_of_a_template_change_nothing(
    signed_in, alice, account, template, monkeypatch
):
    draft = new_draft(alice)
    monkeypatch.setattr(draft_files, "limit_of", lambda _draft: 5)
    answer = signed_in.as_(alice).post(
        reverse("inbox:template_use", args=[template.pk]), {"mail": draft.key}
    )
    assert answer.status_code == 413
    assert "MB" in answer.json()["text"]
    assert not draft.files.exists()
    assert not template.uses.exists()


def test_a_mail_of_somebody_else_takes_nothing(signed_in, alice, bob, template):
    draft = new_draft(bob)
    answer = signed_in.as_(alice).post(
        reverse("inbox:template_use", args=[template.pk]), {"mail": draft.key}
    )
    assert answer.status_code == 404
    assert not draft.files.exists()


def test_a_template_made_of_a_mail_takes_pictures_and_files(signed_in, alice, account):
    draft = new_draft(alice)
    picture = draft_files.add_file(
        draft, name="p.png", content_type="image/png", content=PNG, is_inline=True
    )
    draft_files.add_file(draft, name="a.pdf", content_type="application/pdf", content=b"%PDF")
    shown = shown_html(f'<p>Hi</p><img src="cid:{picture.content_id}">', draft)
    client = signed_in.as_(alice)
    page = client.post(
        reverse("inbox:template_new") + "?from=mail",
        {"subject": "Offer", "html": shown, "format": "html", "mail": draft.key},
    )
    assert "a.pdf" in page.content.decode()
    assert AS_DATA in page.context["given"]
    client.post(
        reverse("inbox:template_new"),
        {
            "name": "Mine",
            "format": "html",
            "html": f'<p>Hi</p><img src="{AS_DATA}">',
            "mail": draft.key,
        },
    )
    made = MailTemplate.objects.get()
    assert {(file.name, bool(file.content_id)) for file in made.files.all()} == {
        ("picture.png", True),
        ("a.pdf", False),
    }


def test_a_copy_has_files_of_its_own(signed_in, alice, bob, template):
    template.is_shared = True
    template.save()
    signed_in.as_(bob).post(reverse("inbox:template_copy", args=[template.pk]))
    made = MailTemplate.objects.get(author=bob)
    picture = made.files.exclude(content_id="").get()
    assert f"cid:{picture.content_id}" in made.html
    text_files.delete(template)
    assert text_files.bytes_of(picture) == PNG


def test_a_signatures_picture_is_a_part_of_every_mail(signed_in, alice, account: MailAccount):
    signed_in.as_(alice).post(
        reverse("inbox:signature_new"),
        {"name": "Logo", "format": "html", "html": f'<p>Alice</p><img src="{AS_DATA}">'},
    )
    signature = Signature.objects.get()
    picture = signature.files.get()
    message = sent(new_draft(alice, html="<p>Hi</p>", signature=signature), alice)
    assert f"cid:{picture.content_id}" in message.get_body(("html",)).get_content()
    images = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert [one["Content-ID"] for one in images] == [f"<{picture.content_id}>"]


def test_files_of_a_text_are_never_shown_as_a_page(signed_in, alice, template):
    file = template.files.get(content_id="")
    answer = signed_in.as_(alice).get(reverse("inbox:template_file", args=[template.pk, file.key]))
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer["Content-Security-Policy"]
