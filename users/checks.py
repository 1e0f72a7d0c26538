"""System checks: the operators' pages stay safe whoever registers a model."""

from typing import Any

from django.contrib import admin
from django.core.checks import Error, register

from users.operators import OperatorModelAdmin


@register
def operators_pages_are_safe(app_configs: Any, **kwargs: Any) -> list[Error]:
    return [
        Error(
            f"{model._meta.label} is on the operators' pages without OperatorModelAdmin.",
            hint="Register it with a subclass of users.operators.OperatorModelAdmin.",
            id="users.E001",
        )
        for model, model_admin in admin.site._registry.items()  # noqa: SLF001 -- the admin has no public list
        if not isinstance(model_admin, OperatorModelAdmin)
    ]
