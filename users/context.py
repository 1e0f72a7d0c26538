from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from users.models import Company


def company(request: HttpRequest) -> dict[str, Any]:
    """`company`: asked of the database only by a template that names it."""
    return {"company": SimpleLazyObject(Company.current)}
