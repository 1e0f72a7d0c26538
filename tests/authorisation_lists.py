"""The rows of the matrix for what hangs on lists and messages: pictures, attached mails, jobs."""

from typing import Any

from inbox.domain import pictures
from inbox.enums import Act
from inbox.models import BulkJob
from mailsync.models import Attachment
from tests.authorisation import USERS, Row
from tests.authorisation_mail import ALICE, CASES, Args, email_in, mail_of, reading


def a_picture(case: str) -> Args:
    """An address sealed for alice: for everybody else it is none, seen conversation or not."""

    def args(scene: Any) -> dict[str, Any]:
        email = mail_of(scene).threads[case].emails.get()
        return {
            "pk": email.pk,
            "token": pictures.sealed("http://127.0.0.1/a.png", email=email, by=scene.alice),
        }

    return args


def an_attached_mail(case: str) -> Args:
    def args(scene: Any) -> dict[str, Any]:
        email = mail_of(scene).threads[case].emails.get()
        file, _made = Attachment.objects.get_or_create(
            email=email, section="9", defaults={"content_type": "message/rfc822", "size": 1}
        )
        return {"pk": file.pk}

    return args


def an_invitation(case: str) -> Args:
    def args(scene: Any) -> dict[str, Any]:
        email = mail_of(scene).threads[case].emails.get()
        file, _made = Attachment.objects.get_or_create(
            email=email, section="8", defaults={"content_type": "text/calendar", "size": 1}
        )
        return {"pk": file.pk}

    return args


def a_job(scene: Any) -> dict[str, Any]:
    return {"pk": BulkJob.objects.get_or_create(user=scene.alice, act=Act.MUTE)[0].pk}


LIST_ROWS = {
    "inbox:pictures_show": reading(email_in, get=None, post=303),
    "inbox:pictures_trust": reading(email_in, get=None, post=303),
    "inbox:pictures_distrust": reading(email_in, get=None, post=303),
    # The picture is not there, which is told to nobody but alice.
    "inbox:remote_picture": {
        case: Row(readers & ALICE, get=502, args=a_picture(case))
        for case, (readers, _actors) in CASES.items()
        if readers & ALICE
    },
    "inbox:attached_mail": reading(an_attached_mail),
    "inbox:invitation": reading(an_invitation),
    "inbox:box_number": Row(USERS, args=lambda scene: {"box": "inbox"}),
    "inbox:box_new": Row(USERS, args=lambda scene: {"box": "inbox"}),
    "inbox:snooze_pick": Row(USERS),
    "inbox:folder_pick": Row(USERS),
    "inbox:job": Row(ALICE, args=a_job),
}
