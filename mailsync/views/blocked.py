"""Blocked addresses: whose mail is left out."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from common.toasts import toast_answer
from mailsync.domain import blocking
from mailsync.forms.accounts import BlockForm
from mailsync.models import BlockedAddress

PROBLEMS = {
    "own": gettext_lazy("is an address of your own company"),
    "not_an_address": gettext_lazy("is neither an address nor a domain"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def blocked(request: HttpRequest) -> HttpResponse:
    """The list, and the field that takes one address or a pasted list."""
    form = BlockForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        added, problems = _block_all(request, form.cleaned_data["patterns"])
        if not problems:
            text = ngettext("%(n)s entry blocked.", "%(n)s entries blocked.", added) % {"n": added}
            return toast_answer(request, text, back_to=reverse("mailsync:blocked"))
        for problem in problems:
            form.add_error("patterns", problem)
    rows = BlockedAddress.objects.open_to(request.user).order_by("pattern")
    company = BlockedAddress.objects.filter(user=None).order_by("pattern")
    context = {"form": form, "rows": rows, "company_rows": company, "tab": "blocked"}
    return render(request, "mailsync/blocked.html", context, status=422 if form.errors else 200)


def _block_all(request: HttpRequest, text: str) -> tuple[int, list[str]]:
    """How many were blocked, and a sentence with its line number for each that was not."""
    added, problems = 0, []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            blocking.block(line, by=request.user)
            added += 1
        except blocking.BlockError as error:
            problems.append(
                _("Line %(number)s: “%(text)s” %(problem)s.")
                % {"number": number, "text": line.strip()[:80], "problem": PROBLEMS[error.code]}
            )
    return added, problems


@require_POST
@login_required
def unblock(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(BlockedAddress.objects.open_to(request.user), pk=pk)
    pattern = row.pattern
    blocking.unblock(row)
    text = _("%(pattern)s is no longer blocked.") % {"pattern": pattern}
    return toast_answer(request, text, back_to=reverse("mailsync:blocked"))
