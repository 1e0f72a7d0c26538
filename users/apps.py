from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.utils.translation import gettext_lazy as _


class UsersConfig(AppConfig):
    default = True
    name = "users"
    verbose_name = _("People")

    def ready(self) -> None:
        from users import checks  # noqa: F401 -- app ready
        from users.domain import first_steps

        first_steps.register()


class OperatorsConfig(admin_apps.AdminConfig):
    """Django's admin as the operators' pages: see users.operators."""

    default = False
    default_site = "users.operators.OperatorSite"
