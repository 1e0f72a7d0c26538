"""From a conversation to a record: made with what the conversation says, and linked to it."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from common.opaque import unseal
from common.partials import render_dialog
from common.toasts import add_toast, toast_answer
from crm.domain import activities
from crm.enums import RecordKind
from crm.forms.attached import ActivityForm
from crm.forms.links import suggestion
from crm.views.saving import FORMS, save_new
from inbox.domain.queries.conversation import kind_of, links_of
from inbox.domain.queries.parties import Party, parties
from inbox.views.records import visible_record
from inbox.views.threads import visible_thread
from mailsync.domain import link_items, links_by_hand
from mailsync.enums import LinkOrigin
from mailsync.mime.subjects import base_subject
from mailsync.models import Thread

# So many earlier conversations are offered at once; the rest is found by linking by hand.
OFFERED = 50


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def make_record(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """A person, organization, deal, lead or project from the conversation, linked back to it."""
    found = visible_thread(request.user, pk)
    is_post = request.method == "POST"
    form = FORMS[RecordKind(kind)](
        request.POST if is_post else None,
        user=request.user,
        initial=_initial(request, found, RecordKind(kind)),
    )
    if not is_post or not form.is_valid():
        context = {
            "form": form,
            "kind": kind,
            "action": request.get_full_path(),
            "cancel_url": _thread_url(found),
            "section": "mail",
        }
        status = 422 if is_post else 200
        return render_dialog(request, "crm/record_form.html", context, status=status)
    with transaction.atomic():
        record = save_new(RecordKind(kind), form, by=request.user)
        links_by_hand.link_by_hand(found, record=record, by=request.user, origin=LinkOrigin.CREATED)
    text = _("“%(name)s” was added and linked.") % {"name": record}
    if (
        kind in link_items.ITEM_FIELDS
        and links_by_hand.earlier_threads(record, user=request.user).exists()
    ):
        return _offer_at_once(request, record, kind=kind, found=found, text=text)
    return _made(request, found, text)


def _initial(request: HttpRequest, found: Thread, kind: RecordKind) -> dict[str, Any]:
    """What the conversation says: names and addresses, people who are contacts, its subject."""
    people = parties(found, user=request.user)
    known = next((person for party in people for person in party.persons), None)
    if kind in (RecordKind.PERSON, RecordKind.ORGANIZATION):
        party = _asked_for(request, people)
        if party is None:
            return {}
        if kind == RecordKind.PERSON:
            return {"name": party.name or party.address, "emails": party.address}
        return {"domains": party.address.rpartition("@")[2]}
    initial = {"title": base_subject(found.subject)}
    if known:
        initial["person"] = suggestion(known)
        if known.organization:
            initial["organization"] = suggestion(known.organization)
    return initial


def _asked_for(request: HttpRequest, people: list[Party]) -> Party | None:
    """The party named in the address of the form, else the first who is no contact yet."""
    asked = request.GET.get("address", "")
    by_address = {party.address: party for party in people}
    strangers = [party for party in people if not party.persons]
    return by_address.get(asked) or next(iter(strangers), None)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def make_activity(request: HttpRequest, pk: int) -> HttpResponse:
    """Something to do about the conversation, on the record that it is linked to."""
    found = visible_thread(request.user, pk)
    is_post = request.method == "POST"
    title = base_subject(found.subject)
    form = ActivityForm(
        request.POST if is_post else None, user=request.user, initial={"title": title[:200]}
    )
    link = next(iter(links_of(found, user=request.user)), None)
    if is_post and form.is_valid():
        about = {kind_of(link): links_by_hand.target(link)} if link else {}
        activities.add_activity(by=request.user, **form.cleaned_data, **about)
        return _made(request, found, _("Planned."))
    context = {
        "form": form,
        "thread": found,
        "about": links_by_hand.target(link) if link else None,
    }
    status = 422 if is_post else 200
    return render_dialog(request, "inbox/make_activity.html", context, status=status)


def _thread_url(found: Thread) -> str:
    return reverse("inbox:thread", args=[found.key])


def _made(request: HttpRequest, found: Thread, text: str) -> HttpResponse:
    """The dialog goes away by its answer being empty; the panel looks again."""
    events = ["thread-changed", "threads-changed"]
    return toast_answer(request, text, back_to=_thread_url(found), events=events)


# --- Earlier conversations -----------------------------------------------------------------------


def _offer_at_once(
    request: HttpRequest, record: Any, *, kind: str, found: Thread, text: str
) -> HttpResponse:
    if not request.htmx:
        return add_toast(request, redirect("inbox:earlier", kind=kind, pk=record.pk), text)
    response = _earlier_dialog(request, record, kind=kind)
    response["HX-Trigger"] = "thread-changed, threads-changed"
    return add_toast(request, response, text)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def earlier(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Earlier conversations with a deal's, lead's or project's people, to be ticked and linked."""
    record = visible_record(request, kind, pk)
    if request.method != "POST":
        return _earlier_dialog(request, record, kind=kind)
    keys = request.POST.getlist("thread")[:OFFERED]
    wanted = {number for key in keys if (number := unseal("thread", key)) is not None}
    offered = links_by_hand.earlier_threads(record, user=request.user).filter(pk__in=wanted)
    with transaction.atomic():
        for thread in offered:
            links_by_hand.link_by_hand(thread, record=record, by=request.user)
    number = len(offered)
    text = ngettext("%(n)s conversation linked.", "%(n)s conversations linked.", number)
    return toast_answer(
        request,
        text % {"n": number},
        back_to=f"{record.get_absolute_url()}?tab=email",
        events=["threads-changed", "mail-changed", "earlier-linked"],
    )


def _earlier_dialog(request: HttpRequest, record: Any, *, kind: str) -> HttpResponse:
    rows = links_by_hand.earlier_threads(record, user=request.user)[: OFFERED + 1]
    context = {
        "record": record,
        "kind": kind,
        "threads": rows[:OFFERED],
        "more": len(rows) > OFFERED,
    }
    return render_dialog(request, "inbox/earlier.html", context)


@require_safe
@login_required
def earlier_offer(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """One line for the record's page: how many earlier conversations could be linked."""
    record = visible_record(request, kind, pk)
    number = 0
    if type(record).objects.open().filter(pk=record.pk).exists():
        number = links_by_hand.earlier_threads(record, user=request.user)[: OFFERED + 1].count()
    context = {"record": record, "kind": kind, "number": number, "most": OFFERED}
    return render(request, "inbox/_earlier_offer.html", context)
