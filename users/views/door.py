"""Coming in and going out: first run, sign-in, sign-out, join."""

from typing import cast

from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from users.domain import invitations, limits
from users.domain.people import keep_first_zone
from users.domain.setup import is_set_up, is_setup_code, set_up
from users.errors import AlreadySetUpError, InvitationError, TooManyAttemptsError
from users.forms.door import JoinForm, SetupForm, SignInForm
from users.http import browser_name, client_ip, is_at_the_machine, posted, safe_next, see_other
from users.middleware import works_before_setup
from users.models import User
from users.sessions import ADDRESS_KEY, BROWSER_KEY


@works_before_setup
@login_not_required
@never_cache
@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "POST"])
def setup(request: HttpRequest) -> HttpResponse:
    if is_set_up():
        raise Http404
    needs_code = not is_at_the_machine(request)
    form = SetupForm(posted(request), needs_code=needs_code)
    if request.method == "POST" and form.is_valid() and _code_fits(request, form):
        values = {key: value for key, value in form.cleaned_data.items() if key != "code"}
        try:
            user = set_up(**values)
        except AlreadySetUpError:
            return see_other(request, reverse("users:login"))
        sign_in(request, user)
        return see_other(request, reverse("users:welcome"))
    return render(request, "users/setup.html", {"form": form}, status=422 if form.errors else 200)


def _code_fits(request: HttpRequest, form: SetupForm) -> bool:
    if "code" not in form.fields:
        return True
    try:
        limits.admit_code(ip=client_ip(request))
    except TooManyAttemptsError as error:
        form.add_error("code", wait_text(error.seconds))
        return False
    if is_setup_code(form.cleaned_data["code"]):
        return True
    form.add_error("code", _("This is not the set-up code."))
    return False


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in_page(request: HttpRequest) -> HttpResponse:
    target = safe_next(request)
    if request.user.is_authenticated:
        return redirect(target)
    form = SignInForm(posted(request))
    if request.method == "POST" and form.is_valid():
        user = _user_of(request, form)
        if user:
            sign_in(request, user)
            keep_first_zone(user, time_zone=form.cleaned_data["time_zone"])
            return see_other(request, target)
    context = {"form": form, "next": target, "came_from_page": target != "/"}
    return render(request, "users/login.html", context, status=422 if form.errors else 200)


def _user_of(request: HttpRequest, form: SignInForm) -> User | None:
    """The user whose password this is; otherwise the form says one thing for all reasons."""
    email, ip = form.cleaned_data["email"], client_ip(request)
    try:
        limits.admit_sign_in(email=email, ip=ip)
    except TooManyAttemptsError as error:
        form.add_error(None, wait_text(error.seconds))
        return None
    user = authenticate(request, email=email, password=form.cleaned_data["password"])
    if user is None:
        form.add_error(None, _("This address and password do not belong together."))
        return None
    limits.sign_in_succeeded(email=email, ip=ip)
    return cast("User", user)


def sign_in(request: HttpRequest, user: User) -> None:
    """Starts the session, under a new key, and notes which browser it is."""
    login(request, user, backend="users.backends.AddressBackend")
    request.session[BROWSER_KEY] = browser_name(request.headers.get("User-Agent", ""))[:80]
    request.session[ADDRESS_KEY] = client_ip(request)


@login_not_required
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    response = see_other(request, reverse("users:login"))
    # A shared computer keeps nothing of what was read (W3C Clear Site Data 3.1).
    response["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    return response


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Opening the link changes nothing: mail scanners open links. Only the form uses it up."""
    invitation = invitations.find(token)
    if invitation is None:
        return render(request, "users/link_dead.html", {"kind": "invitation"}, status=410)
    user = User(email=invitation.email)
    form = JoinForm(posted(request), user=user)
    if request.method == "POST" and form.is_valid():
        try:
            user = invitations.accept(invitation, **form.cleaned_data)
        except InvitationError:
            return render(request, "users/link_dead.html", {"kind": "invitation"}, status=410)
        sign_in(request, user)
        return see_other(request, reverse("users:welcome"))
    context = {"form": form, "invitation": invitation}
    return render(request, "users/join.html", context, status=422 if form.errors else 200)


def wait_text(seconds: int) -> str:
    if seconds < 60:
        return ngettext(
            "Too many attempts. Try again in %(count)s second.",
            "Too many attempts. Try again in %(count)s seconds.",
            seconds,
        ) % {"count": seconds}
    minutes = -(-seconds // 60)
    return ngettext(
        "Too many attempts. Try again in %(count)s minute, or ask for a new password by mail.",
        "Too many attempts. Try again in %(count)s minutes, or ask for a new password by mail.",
        minutes,
    ) % {"count": minutes}
