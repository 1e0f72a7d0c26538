"""Personal preferences > Email sync: the connected accounts and what is set for each."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.toasts import Kind, toast_answer
from mailsync.domain import accounts as domain
from mailsync.domain import folder_roles
from mailsync.domain import setup as connecting
from mailsync.domain.mailboxes import is_gmail
from mailsync.domain.queries.progress import progress_of
from mailsync.enums import AccountScope, AccountState
from mailsync.errors import sentence
from mailsync.forms.accounts import AccountForm, FoldersForm, MembersForm, RolesForm
from mailsync.models import MailAccount


def managed_account(user: Any, pk: int) -> MailAccount:
    """An account that this user may change: his own, or as an administrator a team's where he
    is a member. 404 for everybody else, administrators included."""
    return _managed(MailAccount.objects.usable_by(user), user, pk)


def managed_or_locked_account(user: Any, pk: int) -> MailAccount:
    """As `managed_account`, and locked ones: to be connected again or removed, no more."""
    return _managed(MailAccount.objects.belonging_to(user), user, pk)


def _managed(accounts: Any, user: Any, pk: int) -> MailAccount:
    account: MailAccount = get_object_or_404(accounts.distinct(), pk=pk)
    if account.scope == AccountScope.TEAM and not user.is_administrator:
        raise Http404
    return account


@require_safe
@login_required
def account_list(request: HttpRequest) -> HttpResponse:
    found = (
        MailAccount.objects.belonging_to(request.user)
        .distinct()
        .order_by("scope", "-is_default", "address")
    )
    context = {"cards": _cards(request, found), "tab": "accounts"}
    return render(request, "mailsync/accounts.html", context)


def _cards(request: HttpRequest, accounts: Any) -> list[dict[str, Any]]:
    rows = list(accounts)
    progress = {one.account.pk: one for one in progress_of(rows)}
    questions = folder_roles.open_questions(rows)
    return [
        {
            "account": account,
            "progress": progress.get(account.pk),
            "questions": [role.label for role in questions.get(account.pk, ())],
            "problem": sentence(account.error_code) if account.error_code else "",
            "may_manage": account.scope == AccountScope.PERSONAL or request.user.is_administrator,
            "needs_user": account.state == AccountState.AUTH_FAILED,
        }
        for account in rows
    ]


@require_safe
@login_required
def account_card(request: HttpRequest, pk: int) -> HttpResponse:
    """One card anew, while the first sync is going on."""
    found = MailAccount.objects.belonging_to(request.user).filter(pk=pk).distinct()
    cards = _cards(request, found)
    if not cards:
        raise Http404
    return render(request, "mailsync/_card.html", {"card": cards[0]})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def account(request: HttpRequest, pk: int) -> HttpResponse:
    """The settings of one account."""
    found = managed_account(request.user, pk)
    form = AccountForm(request.POST if request.method == "POST" else None, instance=found)
    if request.method == "POST" and form.is_valid():
        changed = form.changed_settings()
        if changed:
            domain.change_settings(MailAccount.objects.get(pk=found.pk), **changed)
        return _said(request, found, _("Saved."))
    return _settings_page(request, found, form=form)


def _settings_page(
    request: HttpRequest,
    found: MailAccount,
    *,
    form: AccountForm | None = None,
    roles: RolesForm | None = None,
    members: MembersForm | None = None,
) -> HttpResponse:
    form = form or AccountForm(instance=found)
    roles = roles or RolesForm(account=found)
    if found.scope == AccountScope.TEAM:
        members = members or MembersForm(account=found)
    context = {
        "members": members,
        "account": found,
        "form": form,
        "folders": FoldersForm(account=found),
        # Gmail says itself what its few folders are for; its other folders are labels.
        "roles": None if is_gmail(found) else roles,
        "servers": found.servers.order_by("direction"),
        "card": _cards(request, [found])[0],
    }
    has_errors = form.errors or roles.errors or (members is not None and members.errors)
    status = 422 if has_errors else 200
    return render(request, "mailsync/account.html", context, status=status)


@require_POST
@login_required
def account_folders(request: HttpRequest, pk: int) -> HttpResponse:
    found = managed_account(request.user, pk)
    form = FoldersForm(request.POST, account=found)
    if not form.is_valid() or not form.cleaned_data["folders"]:
        return _said(request, found, _("Choose at least one folder."), kind=Kind.ERROR)
    domain.choose_mailboxes(found, [int(number) for number in form.cleaned_data["folders"]])
    return _said(request, found, _("Folders saved. Mail that is here stays."))


@require_POST
@login_required
def account_roles(request: HttpRequest, pk: int) -> HttpResponse:
    """What folders are for, where neither the server nor their names say it, or say it wrong."""
    found = managed_account(request.user, pk)
    form = RolesForm(request.POST, account=found)
    if not form.is_valid():
        return _settings_page(request, found, roles=form)
    if choice := form.choice():
        folder_roles.choose_roles(found, choice)
    return _said(request, found, _("Saved. Mail moves to its new place in a moment."))


@require_POST
@login_required
def account_members(request: HttpRequest, pk: int) -> HttpResponse:
    """Who works in a team account: for administrators who work there themselves."""
    found = managed_account(request.user, pk)
    if found.scope != AccountScope.TEAM:
        raise Http404
    form = MembersForm(request.POST, account=found)
    if not form.is_valid():
        return _settings_page(request, found, members=form)
    domain.set_members(found, form.cleaned_data["members"], by=request.user)
    if request.user not in form.cleaned_data["members"]:
        # Who takes himself out no longer opens this page.
        return toast_answer(request, _("Members saved."), back_to=reverse("mailsync:accounts"))
    return _said(request, found, _("Members saved."))


@require_POST
@login_required
def account_pause(request: HttpRequest, pk: int) -> HttpResponse:
    found = managed_account(request.user, pk)
    domain.pause(found)
    return _said(request, found, _("Paused. What is here stays."))


@require_POST
@login_required
def account_resume(request: HttpRequest, pk: int) -> HttpResponse:
    found = managed_account(request.user, pk)
    domain.resume(found)
    return _said(request, found, _("Syncing again."))


@require_POST
@login_required
def account_reconnect(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks for the credentials anew; everything else about the account stays."""
    found = managed_or_locked_account(request.user, pk)
    setup = connecting.begin_again(found, by=request.user)
    return _see_other(reverse("mailsync:setup_servers", args=[setup.key]))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def account_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes the account away, with its mail or without: after its address was typed."""
    found = managed_or_locked_account(request.user, pk)
    error = ""
    if request.method == "POST":
        typed = request.POST.get("address", "").strip().casefold()
        if typed == found.address.casefold():
            domain.remove_account(found, keep_mail=request.POST.get("mail") == "keep")
            return toast_answer(
                request, _("The account is removed."), back_to=reverse("mailsync:accounts")
            )
        error = _("This is not the address of the account. Nothing was removed.")
    context = {"account": found, "error": error, "typed": request.POST.get("address", "")}
    return render(request, "mailsync/account_remove.html", context, status=422 if error else 200)


def _said(
    request: HttpRequest, found: MailAccount, text: str, *, kind: Kind = Kind.SUCCESS
) -> HttpResponse:
    back_to = reverse("mailsync:account", args=[found.key])
    return toast_answer(request, text, back_to=back_to, kind=kind, events=["account-changed"])


def _see_other(path: str) -> HttpResponse:
    response = redirect(path)
    response.status_code = 303
    return response
