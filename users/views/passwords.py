"""A new password by mail, and changing one's own."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from users.domain import limits
from users.domain.passwords import ask_for_reset, find_by_reset, set_password
from users.domain.sessions import end_session, end_sessions, handle_of, sessions_of
from users.errors import TooManyAttemptsError
from users.forms.door import ChangePasswordForm, NewPasswordForm, ResetForm
from users.http import client_ip, current_user, posted, see_other
from users.views.door import wait_text


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def password_reset(request: HttpRequest) -> HttpResponse:
    form = ResetForm(posted(request))
    if request.method == "POST" and form.is_valid():
        ask_for_reset(email=form.cleaned_data["email"], ip=client_ip(request))
        return see_other(request, reverse("users:password_reset_sent"))
    status = 422 if form.errors else 200
    return render(request, "users/password_reset.html", {"form": form}, status=status)


@login_not_required
@require_GET
def password_reset_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "users/password_reset_sent.html")


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def password_reset_confirm(request: HttpRequest, key: str, token: str) -> HttpResponse:
    user = find_by_reset(key=key, token=token)
    if user is None:
        return render(request, "users/link_dead.html", {"kind": "password"}, status=410)
    form = NewPasswordForm(posted(request), user=user)
    if request.method == "POST" and form.is_valid():
        set_password(user, password=form.cleaned_data["password"])
        messages.success(request, _("Your password is changed. Sign in with it."))
        return see_other(request, reverse("users:login"))
    status = 422 if form.errors else 200
    return render(request, "users/password_reset_confirm.html", {"form": form}, status=status)


@never_cache
@sensitive_post_parameters("current", "password")
@require_http_methods(["GET", "POST"])
def security(request: HttpRequest) -> HttpResponse:
    """One's own password and signed-in browsers."""
    user = current_user(request)
    form = ChangePasswordForm(posted(request), user=user)
    if request.method == "POST" and form.is_valid() and _current_fits(request, form):
        set_password(
            user,
            password=form.cleaned_data["password"],
            keep_session=request.session.session_key,
        )
        update_session_auth_hash(request, user)
        messages.success(request, _("Password changed. You are signed out everywhere else."))
        return see_other(request, reverse("users:security"))
    context = {
        "form": form,
        "sessions": [
            {"row": row, "handle": handle_of(row), "current": row.pk == request.session.session_key}
            for row in sessions_of(user)
        ],
        "changes": user.changes.select_related("by")[:20],
    }
    return render(request, "users/security.html", context, status=422 if form.errors else 200)


def _current_fits(request: HttpRequest, form: ChangePasswordForm) -> bool:
    """Guessing here is limited as at the door: a borrowed browser must not find it out."""
    user, ip = current_user(request), client_ip(request)
    try:
        limits.admit_sign_in(email=user.email, ip=ip)
    except TooManyAttemptsError as error:
        form.add_error("current", wait_text(error.seconds))
        return False
    if user.check_password(form.cleaned_data["current"]):
        limits.sign_in_succeeded(email=user.email, ip=ip)
        return True
    form.add_error("current", _("This is not your current password."))
    return False


@require_POST
def session_end(request: HttpRequest) -> HttpResponse:
    user = current_user(request)
    if not end_session(user, handle=request.POST.get("session", "")):
        raise Http404
    messages.success(request, _("Signed out there."))
    return see_other(request, reverse("users:security"))


@require_POST
def sessions_end(request: HttpRequest) -> HttpResponse:
    user = current_user(request)
    end_sessions(user, keep=request.session.session_key)
    messages.success(request, _("You are signed out everywhere else."))
    return see_other(request, reverse("users:security"))
