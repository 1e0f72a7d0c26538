from django.contrib import admin
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from users.models import Company, Team, User
from users.operators import Figure, OperatorModelAdmin, register_figure

# Django's own groups of permissions are not used: roles and visibility groups are ours.
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(OperatorModelAdmin):
    """Coming, going and addresses are changed on /settings/users/, where the rules are."""

    list_display = ("id", "email", "role", "is_active", "is_staff")
    list_filter = ("role", "is_active", "is_staff")
    fields = ("id", "email", "name", "role", "is_active", "is_staff", "joined_at", "deactivated_at")
    editable = ("is_staff",)
    ordering = ("id",)


@admin.register(Company)
class CompanyAdmin(OperatorModelAdmin):
    list_display = ("id", "name", "created_at")
    fields = ("id", "name", "currency", "accounts_per_user", "team_accounts", "created_at")
    editable = ("accounts_per_user", "team_accounts")


@admin.register(Team)
class TeamAdmin(OperatorModelAdmin):
    list_display = ("id", "name")
    fields = ("id", "name")


register_figure(
    Figure(
        _("Active users"), "/operator/users/user/?is_active__exact=1", User.objects.active().count
    )
)
