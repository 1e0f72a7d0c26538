"""The company's mail accounts in numbers. Administrators see that an account exists, whose it
is and whether it syncs: never how much mail it has, with whom, or when the last one came."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mailsync.enums import AccountScope, AccountState
from mailsync.models import MailAccount
from users.models import Company, User

WELL = (AccountState.OK, AccountState.THROTTLED)


@require_safe
@login_required
def usage(request: HttpRequest) -> HttpResponse:
    if not request.user.is_administrator:
        raise PermissionDenied
    live = Q(mail_accounts__scope=AccountScope.PERSONAL) & ~Q(
        mail_accounts__state=AccountState.REMOVING
    )
    people = (
        User.objects.active()
        .annotate(
            accounts=Count("mail_accounts", filter=live),
            in_trouble=Count("mail_accounts", filter=live & ~Q(mail_accounts__state__in=WELL)),
        )
        .order_by("name", "pk")
    )
    accounts = MailAccount.objects.exclude(state=AccountState.REMOVING)
    company = Company.current()
    context = {
        "people": people,
        "company_row": company,
        "personal": accounts.filter(scope=AccountScope.PERSONAL).count(),
        "team": accounts.filter(scope=AccountScope.TEAM).count(),
        "in_trouble": accounts.exclude(state__in=WELL).count(),
    }
    return render(request, "mailsync/usage.html", context)
