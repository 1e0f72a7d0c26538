"""Templates and signatures: starters, copies, one default each."""

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from inbox.domain import text_files
from inbox.models import MailTemplate, Signature, TemplateUse


def starters() -> list[dict[str, str]]:
    """What an empty list offers to begin with."""
    return [
        {
            "name": _("First contact"),
            "subject": _("{{organization.name|Your team}} and us"),
            "html": "<div>"
            + _("Hello {{person.first_name|there}},")
            + "</div><div><br></div><div>"
            + _("thank you for your interest. When would a short call suit you this week?")
            + "</div><div><br></div><div>"
            + _("Best regards")
            + "<br>{{sender.first_name}}</div>",
        },
        {
            "name": _("After the offer"),
            "subject": _("Your offer: {{deal.title|our proposal}}"),
            "html": "<div>"
            + _("Hello {{person.first_name|there}},")
            + "</div><div><br></div><div>"
            + _("have you had time to look at our offer? I am glad to answer any question.")
            + "</div><div><br></div><div>"
            + _("Best regards")
            + "<br>{{sender.first_name}}</div>",
        },
        {
            "name": _("Meeting follow-up"),
            "subject": _("Thank you for your time"),
            "html": "<div>"
            + _("Hello {{person.first_name|there}},")
            + "</div><div><br></div><div>"
            + _("thank you for the talk today, {{date.today}}. The next steps we agreed on:")
            + "</div><ul><li><br></li></ul><div>"
            + _("Best regards")
            + "<br>{{sender.first_name}}</div>",
        },
    ]


def add_starters(*, by: Any) -> int:
    """Puts the starters into the user's own templates; those of that name stay as they are."""
    taken = set(MailTemplate.objects.filter(author=by).values_list("name", flat=True))
    new = [MailTemplate(author=by, **one) for one in starters() if one["name"] not in taken]
    MailTemplate.objects.bulk_create(new)
    return len(new)


@transaction.atomic
def note_use(template: MailTemplate, *, by: Any) -> None:
    now = timezone.now()
    TemplateUse.objects.get_or_create(template=template, user=by, defaults={"last_at": now})
    TemplateUse.objects.filter(template=template, user=by).update(count=F("count") + 1, last_at=now)


@transaction.atomic
def copy(template: MailTemplate, *, by: Any) -> MailTemplate:
    """A template of one's own that begins as another."""
    made = MailTemplate.objects.create(
        author=by,
        name=(_("%(name)s (copy)") % {"name": template.name})[:120],
        folder=template.folder,
        subject=template.subject,
        html=template.html,
    )
    text_files.copy_files(template, made)
    return made


def keep_one_default(signature: Signature) -> None:
    """Of the signatures of one owner and account, one stands under new mail and one under
    answers: the newest choice."""
    others = Signature.objects.filter(owner=signature.owner, account=signature.account).exclude(
        pk=signature.pk
    )
    if signature.is_for_new:
        others.update(is_for_new=False)
    if signature.is_for_replies:
        others.update(is_for_replies=False)
