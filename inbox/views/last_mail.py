"""The last mail of the records in a list: what lists and boards of the CRM ask for beside them."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from common.numbers import number_in
from crm.enums import RecordKind
from inbox.domain.queries.last_mail import last_mail as last_mail_of

# The cards of a board with many columns; a page of a list is fifty.
MOST = 500


@require_safe
@login_required
def last_mail(request: HttpRequest, kind: str) -> HttpResponse:
    """A piece for each of the records named by `id` of which the user sees mail."""
    numbers = map(number_in, request.GET.getlist("id")[:MOST])
    found = last_mail_of(request.user, RecordKind(kind), [pk for pk in numbers if pk is not None])
    return render(request, "inbox/_last_mail.html", {"kind": kind, "found": found})
