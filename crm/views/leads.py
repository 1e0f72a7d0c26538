from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from common.toasts import add_toast
from crm.domain import leads
from crm.enums import RecordKind
from crm.errors import CRMError
from crm.forms.attached import ConvertForm
from crm.views.access import back_to, go_to, record_or_404, small_form


@login_required
@require_POST
def lead_archive(request: HttpRequest, pk: int) -> HttpResponse:
    lead = record_or_404(request, RecordKind.LEAD, pk)
    leads.archive_lead(lead)
    undo = reverse("crm:lead_unarchive", args=[lead.pk])
    text = _("“%(name)s” is archived.") % {"name": lead}
    return add_toast(request, back_to(request, lead), text, undo_url=undo)


@login_required
@require_POST
def lead_unarchive(request: HttpRequest, pk: int) -> HttpResponse:
    lead = record_or_404(request, RecordKind.LEAD, pk)
    leads.unarchive_lead(lead)
    return back_to(request, lead)


@login_required
@require_http_methods(["GET", "POST"])
def lead_convert(request: HttpRequest, pk: int) -> HttpResponse:
    lead = record_or_404(request, RecordKind.LEAD, pk)
    initial = {"value": lead.value, "currency": lead.currency}
    data = request.POST if request.method == "POST" else None
    form = ConvertForm(data, currency=lead.currency, initial=initial)
    if data is not None and form.is_valid():
        try:
            deal = leads.convert_lead(lead, by=request.user, **form.cleaned_data)
        except CRMError as error:
            messages.error(request, str(error))
            return back_to(request, lead)
        text = _("“%(name)s” is a deal now.") % {"name": deal}
        return add_toast(request, go_to(request, deal.get_absolute_url()), text)
    return small_form(request, lead, form, title=_("Convert to a deal"), submit=_("Convert"))
