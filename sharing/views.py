"""Administrators: visibility groups."""

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sharing.domain.groups import save_group
from sharing.forms import GroupForm
from sharing.models import VisibilityGroup
from users.http import posted, see_other
from users.rules import administrators_only


@administrators_only
@require_GET
def group_list(request: HttpRequest) -> HttpResponse:
    groups = VisibilityGroup.objects.annotate(
        member_count=Count("memberships", filter=Q(memberships__user__is_active=True))
    )
    return render(request, "sharing/group_list.html", {"groups": groups})


@administrators_only
@require_http_methods(["GET", "POST"])
def group_new(request: HttpRequest) -> HttpResponse:
    return _group_form(request, VisibilityGroup())


@administrators_only
@require_http_methods(["GET", "POST"])
def group_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _group_form(request, get_object_or_404(VisibilityGroup, pk=pk))


def _group_form(request: HttpRequest, group: VisibilityGroup) -> HttpResponse:
    members = list(group.memberships.values_list("user_id", flat=True)) if group.pk else []
    form = GroupForm(posted(request), instance=group, initial={"members": members})
    if request.method == "POST" and form.is_valid():
        save_group(form.save(commit=False), members=form.cleaned_data["members"])
        messages.success(request, _("Visibility group saved."))
        return see_other(request, reverse("sharing:group_list"))
    context = {"form": form, "title": group.name if group.pk else _("New group")}
    return render(request, "sharing/group_form.html", context, status=422 if form.errors else 200)


@administrators_only
@require_POST
def group_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Records that were visible to the group are then visible to their owners alone."""
    get_object_or_404(VisibilityGroup, pk=pk).delete()
    messages.success(request, _("Visibility group removed."))
    return see_other(request, reverse("sharing:group_list"))
