"""The wizard that connects an account: address, servers, what and for whom."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from common.toasts import toast_answer
from mailsync.domain import setup as connecting
from mailsync.domain.accounts import AccountError
from mailsync.enums import AccountScope, AccountState, Direction, Security, SetupState
from mailsync.errors import advice, sentence
from mailsync.forms.setup import AddressForm, ChoicesForm, ServersForm
from mailsync.models import AccountSetup, MailAccount

STEPS = (
    ("address", gettext_lazy("Address")),
    ("servers", gettext_lazy("Sign in")),
    ("choices", gettext_lazy("What and for whom")),
)


FOUND_BY = {
    "domain": gettext_lazy("by the address"),
    "exchanger": gettext_lazy("by where the domain's mail goes"),
    "autoconfig": gettext_lazy("in the file that the domain publishes for mail programs"),
    "service_records": gettext_lazy("in the domain's name records"),
}
# What each step of a trial is called once it is done.
STEP_NAMES = {
    "name": gettext_lazy("Server found"),
    "connection": gettext_lazy("Connected"),
    "encryption": gettext_lazy("Encrypted, certificate checked"),
    "sign_in": gettext_lazy("Signed in"),
    "mailboxes": gettext_lazy("Folders read"),
}


def own_setup(request: HttpRequest, pk: int) -> AccountSetup:
    return get_object_or_404(
        AccountSetup.objects.select_related("account"), pk=pk, user=request.user
    )


def _steps(current: str) -> list[dict[str, Any]]:
    names = [name for name, _label in STEPS]
    return [
        {
            "label": label,
            "is_current": name == current,
            "is_done": names.index(name) < names.index(current),
        }
        for name, label in STEPS
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def add(request: HttpRequest) -> HttpResponse:
    """Step 1: the address."""
    initial = {"address": request.user.email} if not request.user.mail_accounts.exists() else {}
    form = AddressForm(
        request.POST if request.method == "POST" else None, user=request.user, initial=initial
    )
    if request.method == "POST" and form.is_valid():
        address = form.cleaned_data["address"]
        taken = MailAccount.objects.exclude(state=AccountState.REMOVING).filter(
            address__iexact=address
        )
        # His own removed account comes back with the mail that stayed.
        if taken.exclude(state=AccountState.DISABLED, owner=request.user).exists():
            form.add_error("address", _("This address is connected already."))
        else:
            setup = connecting.begin(
                request.user,
                address=address,
                scope=form.cleaned_data["scope"],
                provider=form.cleaned_data["provider"],
            )
            return _to("setup_servers", setup)
    tiles = list(form["provider"])
    popular = len(connecting.POPULAR)
    context = {
        "form": form,
        "steps": _steps("address"),
        "by_address": tiles[0],
        "popular": tiles[1 : popular + 1],
        "others": tiles[popular + 1 :],
    }
    return render(
        request, "mailsync/setup_address.html", context, status=422 if form.errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def servers(request: HttpRequest, pk: int) -> HttpResponse:
    """Step 2: the servers, and the trial."""
    setup = own_setup(request, pk)
    if request.method != "POST" and connecting.is_looking(setup):
        if request.htmx:
            return HttpResponse(status=204)
        context = {"setup": setup, "steps": _steps("servers")}
        return render(request, "mailsync/setup_looking.html", context)
    if request.htmx and request.method == "GET":  # the page that waited may go on
        return HttpResponse(headers={"HX-Redirect": request.path})
    form = ServersForm(request.POST if request.method == "POST" else None, setup=setup)
    if request.method == "POST" and form.is_valid():
        try:
            connecting.start_trial(
                setup,
                servers=form.servers(),
                secret=form.cleaned_data["password"],
                outgoing_secret=form.cleaned_data["outgoing_password"],
            )
        except AccountError as error:
            form.add_error(None, str(error))
        except connecting.TooManyTrialsError:
            form.add_error(None, _("That was tried very often within the hour. Wait a while."))
        else:
            response = _to("setup_servers", setup)
            # The form is long: what is tried stands below it.
            response["Location"] += "#trial"
            return response
    provider = connecting.provider_of(setup)
    context = {
        "form": form,
        "setup": setup,
        "provider": provider,
        "advice_kind": "warning" if provider and provider.takes_no_password else "info",
        "found_by": FOUND_BY.get(setup.found.get("source", "")),
        "is_guess": not setup.found and setup.account is None,
        "show_servers": provider is None or form.errors or any(setup.results.values()),
        "incoming": [form[f"incoming_{n}"] for n in ("host", "port", "security", "user_name")],
        "outgoing": [form[f"outgoing_{n}"] for n in ("host", "port", "security", "user_name")],
        "steps": _steps("servers"),
        **_trial(setup),
    }
    return render(
        request, "mailsync/setup_servers.html", context, status=422 if form.errors else 200
    )


@require_safe
@login_required
def trial(request: HttpRequest, pk: int) -> HttpResponse:
    """How the trial went, asked again until it is over."""
    setup = own_setup(request, pk)
    return render(request, "mailsync/_trial.html", {"setup": setup, **_trial(setup)})


def _trial(setup: AccountSetup) -> dict[str, Any]:
    said = connecting.take_server_texts(setup)
    return {
        "is_testing": setup.state == SetupState.TESTING,
        "results": [
            {
                "title": direction.label,
                "host": setup.server(direction)["host"],
                "lines": _lines(setup, direction),
                "server_text": said.get(direction, ""),
            }
            for direction in Direction
            if direction in setup.results or setup.state == SetupState.TESTING
        ],
    }


def _lines(setup: AccountSetup, direction: Direction) -> list[dict[str, Any]]:
    """The steps to one server: done, failed with the reason, or not come to."""
    codes = dict(setup.steps.get(direction, []))
    names = [name for name in STEP_NAMES if name != "mailboxes" or direction == Direction.INCOMING]
    if setup.server(direction)["security"] == Security.PLAIN:
        names.remove("encryption")
    reached = max((names.index(name) for name in codes if name in names), default=-1)
    lines = []
    for at, name in enumerate(names):
        # With STARTTLS encryption is a part of the sign-in and has no result of its own.
        code = codes.get(name, "" if at < reached else None)
        is_current = code is None and direction not in setup.results
        lines.append(
            {
                "name": STEP_NAMES[name],
                "state": "failed" if code else "waiting" if code is None else "done",
                "is_current": is_current and at == reached + 1,
                "text": sentence(code) if code else "",
                "advice": _advice(setup, code) if code else "",
                "number": len(setup.folders) if name == "mailboxes" and code == "" else 0,
            }
        )
    return lines


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def choices(request: HttpRequest, pk: int) -> HttpResponse:
    """Step 3: which mail, and who sees it. Then the account is connected."""
    setup = own_setup(request, pk)
    if not setup.is_good:
        return redirect("mailsync:setup_servers", pk=setup.key)
    if setup.account and request.method == "POST":
        found = connecting.finish_again(setup)
        back_to = reverse("mailsync:account", args=[found.key])
        return toast_answer(
            request, _("Connected again. Missed mail is being fetched."), back_to=back_to
        )
    if setup.account:
        return redirect("mailsync:setup_servers", pk=setup.key)
    form = ChoicesForm(request.POST if request.method == "POST" else None, setup=setup)
    if request.method == "POST" and form.is_valid():
        try:
            connecting.finish(setup, folders=form.folder_paths(), **form.settings())
        except AccountError as error:
            form.add_error(None, str(error))
        else:
            text = _("Connected. Your newest mail shows in a moment.")
            return toast_answer(request, text, back_to=reverse("inbox:box", args=["inbox"]))
    counts = {one["path"]: one for one in setup.folders}
    context = {
        "form": form,
        "setup": setup,
        "folders": [(box, counts[box.data["value"]]) for box in form["chosen"].subwidgets],
        "is_team": setup.scope == AccountScope.TEAM,
        "steps": _steps("choices"),
    }
    return render(
        request, "mailsync/setup_choices.html", context, status=422 if form.errors else 200
    )


def _advice(setup: AccountSetup, code: str) -> str:
    """What to do; at a refused sign-in what this provider wants, where it is known."""
    provider = connecting.provider_of(setup)
    if code in ("sign_in_refused", "app_password_needed") and provider and provider.advice:
        return str(provider.advice)
    return advice(code)


def _to(name: str, setup: AccountSetup) -> HttpResponse:
    response = redirect(f"mailsync:{name}", pk=setup.key)
    response.status_code = 303
    return response
