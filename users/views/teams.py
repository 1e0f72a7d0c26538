"""Administrators: teams and who manages them."""

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from users.domain.teams import save_team
from users.forms.people import TeamForm
from users.http import posted, see_other
from users.models import Team
from users.rules import administrators_only


@administrators_only
@require_GET
def team_list(request: HttpRequest) -> HttpResponse:
    teams = Team.objects.annotate(
        member_count=Count("memberships", filter=Q(memberships__user__is_active=True)),
        manager_count=Count(
            "memberships",
            filter=Q(memberships__user__is_active=True, memberships__is_manager=True),
        ),
    )
    return render(request, "users/team_list.html", {"teams": teams})


@administrators_only
@require_http_methods(["GET", "POST"])
def team_new(request: HttpRequest) -> HttpResponse:
    return _team_form(request, Team())


@administrators_only
@require_http_methods(["GET", "POST"])
def team_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _team_form(request, get_object_or_404(Team, pk=pk))


def _team_form(request: HttpRequest, team: Team) -> HttpResponse:
    initial = {}
    if team.pk:
        rows = list(team.memberships.values_list("user_id", "is_manager"))
        initial = {
            "members": [user for user, manages in rows if not manages],
            "managers": [user for user, manages in rows if manages],
        }
    form = TeamForm(posted(request), instance=team, initial=initial)
    if request.method == "POST" and form.is_valid():
        save_team(
            form.save(commit=False),
            members=form.cleaned_data["members"],
            managers=form.cleaned_data["managers"],
        )
        messages.success(request, _("Team saved."))
        return see_other(request, reverse("users:team_list"))
    context = {"form": form, "title": team.name if team.pk else _("New team")}
    return render(request, "users/team_form.html", context, status=422 if form.errors else 200)


@administrators_only
@require_POST
def team_delete(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(Team, pk=pk).delete()
    messages.success(request, _("Team removed. Its people stay."))
    return see_other(request, reverse("users:team_list"))
