"""Administrators: users of the company, and the company itself."""

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from users.domain import invitations, passwords, people
from users.enums import Role
from users.errors import AddressTakenError, InvitationError, LastAdministratorError
from users.forms.people import AddressForm, CompanyForm, InvitationForm, RoleForm
from users.http import current_user, posted, see_other
from users.models import Company, Invitation, TeamMembership, User
from users.rules import administrators_only


@administrators_only
@require_GET
def user_list(request: HttpRequest) -> HttpResponse:
    places = TeamMembership.objects.select_related("team").order_by("team__name")
    users = User.objects.prefetch_related(Prefetch("memberships", places))
    users = users.order_by("-is_active", "name", "pk")
    context = {
        "users": users,
        "invitations": Invitation.objects.open().select_related("invited_by"),
        "active_count": sum(user.is_active for user in users),
    }
    return render(request, "users/user_list.html", context)


@administrators_only
@require_http_methods(["GET", "POST"])
def user_invite(request: HttpRequest) -> HttpResponse:
    form = InvitationForm(posted(request))
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        try:
            invitations.invite(
                email=email, role=Role(form.cleaned_data["role"]), by=current_user(request)
            )
        except AddressTakenError:
            form.add_error("email", _("This address is a user's or invited already."))
        else:
            messages.success(request, _("Invitation sent to %(email)s.") % {"email": email})
            return see_other(request, reverse("users:user_list"))
    status = 422 if form.errors else 200
    return render(request, "users/user_invite.html", {"form": form}, status=status)


@administrators_only
@require_POST
def invitation_resend(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(Invitation.objects.open(), pk=pk)
    try:
        invitations.invite_again(invitation)
    except InvitationError:
        messages.error(request, _("This invitation was accepted or withdrawn meanwhile."))
    else:
        messages.success(request, _("A new link is on its way. The old one no longer works."))
    return see_other(request, reverse("users:user_list"))


@administrators_only
@require_POST
def invitation_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    invitations.withdraw(get_object_or_404(Invitation.objects.open(), pk=pk))
    messages.success(request, _("Invitation withdrawn."))
    return see_other(request, reverse("users:user_list"))


@administrators_only
@require_GET
def user_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _user_page(request, get_object_or_404(User, pk=pk))


def _user_page(
    request: HttpRequest,
    user: User,
    *,
    role_form: RoleForm | None = None,
    address_form: AddressForm | None = None,
) -> HttpResponse:
    failed = role_form is not None or address_form is not None
    context = {
        "person": user,
        "role_form": role_form or RoleForm(initial={"role": user.role}),
        "address_form": address_form or AddressForm(),
        "places": user.memberships.select_related("team").order_by("team__name"),
        "changes": user.changes.select_related("by")[:50],
    }
    return render(request, "users/user_detail.html", context, status=422 if failed else 200)


@administrators_only
@require_POST
def user_role(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    form = RoleForm(request.POST)
    if form.is_valid():
        try:
            people.change_role(user, role=Role(form.cleaned_data["role"]), by=current_user(request))
        except LastAdministratorError:
            form.add_error("role", last_administrator_text())
        else:
            messages.success(request, _("Role changed."))
            # Who gave the role away can no longer open this page.
            still = user.pk != request.user.pk or user.is_administrator
            page = reverse("users:user_detail", args=[pk]) if still else reverse("users:settings")
            return see_other(request, page)
    return _user_page(request, user, role_form=form)


@administrators_only
@require_POST
def user_address(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    form = AddressForm(request.POST)
    if form.is_valid():
        try:
            people.change_login_address(
                user, email=form.cleaned_data["email"], by=current_user(request)
            )
        except AddressTakenError:
            form.add_error("email", _("Another user signs in with this address."))
        else:
            messages.success(request, _("Login address changed. Both addresses get a mail."))
            return see_other(request, reverse("users:user_detail", args=[pk]))
    return _user_page(request, user, address_form=form)


@administrators_only
@require_POST
def user_reset(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User.objects.active(), pk=pk)
    passwords.send_reset_for(user, by=current_user(request))
    messages.success(
        request, _("A link for a new password is on its way to %(name)s.") % {"name": user.name}
    )
    return see_other(request, reverse("users:user_detail", args=[pk]))


@administrators_only
@require_POST
def user_deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    try:
        people.deactivate(user, by=current_user(request))
    except LastAdministratorError:
        messages.error(request, last_administrator_text())
    else:
        messages.success(request, _("%(name)s is out, at once.") % {"name": user.name})
    return see_other(request, reverse("users:user_detail", args=[pk]))


@administrators_only
@require_POST
def user_reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    people.reactivate(user, by=current_user(request))
    messages.success(request, _("%(name)s may sign in again.") % {"name": user.name})
    return see_other(request, reverse("users:user_detail", args=[pk]))


@administrators_only
@require_http_methods(["GET", "POST"])
def company(request: HttpRequest) -> HttpResponse:
    form = CompanyForm(posted(request), instance=get_object_or_404(Company, pk=1))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return see_other(request, reverse("users:company"))
    status = 422 if form.errors else 200
    return render(request, "users/company.html", {"form": form}, status=status)


def last_administrator_text() -> str:
    return _("This is the last administrator. Make somebody else one first.")
