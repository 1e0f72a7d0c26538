"""Our own mails about users: invitation, new password, changed address.

Links are made from the address the operator set (DEALPOST_URL), never from a request's Host.
"""

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from common.opaque import seal
from users.domain.invitations import new_token
from users.models import AddressNotice, Company, Invitation, Preferences, ResetRequest, User


def send_letter(name: str, *, to: str, language: str, context: dict[str, object]) -> None:
    """Sends templates/emails/<name>/{subject.txt,body.txt,body.html}."""
    company = Company.current()
    values = {"company": company.name if company else "Dealpost", **context}
    with translation.override(language):
        subject = render_to_string(f"emails/{name}/subject.txt", values)
        text = render_to_string(f"emails/{name}/body.txt", values)
        html = render_to_string(f"emails/{name}/body.html", values)
    mail = EmailMultiAlternatives(subject=" ".join(subject.split()), body=text.strip(), to=[to])
    mail.attach_alternative(html, "text/html")
    mail.send()


def absolute(path: str) -> str:
    return f"{settings.SITE_URL.rstrip('/')}{path}"


def send_invitation_letter(invitation_id: int) -> None:
    invitation = Invitation.objects.select_related("invited_by").filter(pk=invitation_id).first()
    token = new_token(invitation) if invitation else None
    if invitation is None or token is None:
        return
    inviter = invitation.invited_by
    send_letter(
        "invitation",
        to=invitation.email,
        language=Preferences.of(inviter).language,
        context={"inviter": inviter.name, "link": absolute(reverse("users:join", args=[token]))},
    )


def send_reset_letter(request_id: int) -> None:
    """Sends the link if the address is a user's. The request is gone afterwards in any case."""
    request = ResetRequest.objects.filter(pk=request_id).first()
    if request is None:
        return
    user = User.objects.active().filter(email=request.email).first()
    if user:
        key, token = seal("user", user.pk), default_token_generator.make_token(user)
        send_letter(
            "password_reset",
            to=user.email,
            language=Preferences.of(user).language,
            context={
                "name": user.get_short_name(),
                "link": absolute(reverse("users:password_reset_confirm", args=[key, token])),
            },
        )
    request.delete()


def send_address_letters(notice_id: int) -> None:
    """Tells both addresses, so that nobody's login moves without being noticed."""
    notice = AddressNotice.objects.select_related("user").filter(pk=notice_id).first()
    if notice is None:
        return
    user = notice.user
    for address in (notice.old_email, user.email):
        send_letter(
            "address_changed",
            to=address,
            language=Preferences.of(user).language,
            context={"name": user.get_short_name(), "address": user.email},
        )
    notice.delete()
