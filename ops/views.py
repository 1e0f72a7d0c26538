"""The door of the demo. It exists only where settings.DEMO is on."""

import hmac

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from ops.demo import world
from ops.demo.place import read_place
from users.models import User


@login_not_required
@require_GET
def enter_demo(request: HttpRequest, entry: str) -> HttpResponse:
    """Signs in the demo's user by the link that `bin/up --demo` prints."""
    if not settings.DEMO or not hmac.compare_digest(entry, read_place(settings.DATA_DIR).entry):
        raise Http404
    user = User.objects.get(email=world.owner().address)
    login(request, user, backend="users.backends.AddressBackend")
    return redirect(settings.LOGIN_REDIRECT_URL)
