from django.contrib import admin

from sharing.models import VisibilityGroup
from users.operators import OperatorModelAdmin


@admin.register(VisibilityGroup)
class VisibilityGroupAdmin(OperatorModelAdmin):
    list_display = ("id", "name")
    fields = ("id", "name")
