"""The panel beside a conversation: whom it is with, what it is linked to, who sees it."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from common.opaque import seal
from common.partials import render_dialog, wanted_partial
from common.toasts import add_toast, toast_answer
from crm.domain.queries.search import matching
from crm.models import Deal, Lead, Organization, Person, Project
from inbox.domain.queries.conversation import kind_of, links_of
from inbox.domain.queries.parties import parties
from inbox.forms.links import RecordForm, chosen_records
from inbox.views.acts import back_path
from inbox.views.joins import own_thread
from inbox.views.threads import visible_thread
from mailsync.domain import link_items, links_by_hand
from mailsync.models import MailAccount, Thread, ThreadLink

FOUND_PER_KIND = 6
# Where records of each kind are searched, in the order of the list.
SEARCHED: tuple[tuple[Any, Any], ...] = (
    (Deal, gettext_lazy("Deals")),
    (Lead, gettext_lazy("Leads")),
    (Project, gettext_lazy("Projects")),
    (Person, gettext_lazy("Persons")),
    (Organization, gettext_lazy("Organizations")),
)


@require_safe
@login_required
def side(request: HttpRequest, pk: int) -> HttpResponse:
    found = visible_thread(request.user, pk)
    return render(request, "inbox/_side.html", side_context(request, found))


def side_context(request: HttpRequest, found: Thread) -> dict[str, Any]:
    links = links_of(found, user=request.user)
    people = parties(found, user=request.user)
    may_act = MailAccount.objects.usable_by(request.user).filter(pk=found.account_id).exists()
    return {
        "thread": found,
        "account": found.account,
        "may_act": may_act,
        "items": [_entry(link) for link in links if kind_of(link) in link_items.ITEM_FIELDS],
        "known": [party for party in people if party.persons],
        "unknown": [party for party in people if not party.persons],
        "organizations": [link.organization for link in links if link.organization],
        "hand_persons": _persons_by_hand(links, people),
        "questions": links_by_hand.possible_items(found, user=request.user) if may_act else [],
    }


def _entry(link: ThreadLink) -> dict[str, Any]:
    return {"link": link, "kind": kind_of(link), "record": links_by_hand.target(link)}


def _persons_by_hand(links: list[ThreadLink], people: list[Any]) -> list[dict[str, Any]]:
    """Persons linked although no address of theirs takes part."""
    shown = {person.pk for party in people for person in party.persons}
    return [_entry(link) for link in links if link.person_id and link.person_id not in shown]


@require_safe
@login_required
def choose(request: HttpRequest, pk: int) -> HttpResponse:
    """The popover that finds records to link; a page of its own without script. What is ticked
    already (`to`) stays on top while one looks for more."""
    found = visible_thread(request.user, pk)
    query = request.GET.get("q", "").strip()[:100]
    chosen = chosen_records(request.GET.getlist("to"), user=request.user) or []
    taken = {
        (kind_of(link), getattr(link, f"{kind_of(link)}_id"))
        for link in links_of(found, user=request.user)
    }
    taken |= {(str(record.kind), record.pk) for record in chosen}
    context = {
        "thread": found,
        "query": query,
        "chosen": chosen,
        "groups": _found_by_kind(request.user, query, taken),
    }
    if wanted_partial(request, ["link-found"]):
        return render(request, "inbox/_link_found.html", context)
    return render_dialog(request, "inbox/link.html", context)


def _found_by_kind(user: Any, query: str, taken: set[tuple[str, int]]) -> list[dict[str, Any]]:
    """Records to link: those with the words, else the open deals, leads and projects."""
    groups = []
    for model, title in SEARCHED:
        records = model.objects.visible_to(user)
        if model in (Deal, Lead, Project):
            records = records.open()
        if query:
            records = matching(records, query)
        elif model in (Person, Organization):
            continue
        kind = str(model.kind)
        rows = records.distinct().order_by("-updated_at")[: FOUND_PER_KIND + len(taken)]
        rows = [row for row in rows if (kind, row.pk) not in taken][:FOUND_PER_KIND]
        if rows:
            groups.append({"title": title, "records": rows})
    return groups


@require_POST
@login_required
def link(request: HttpRequest, pk: int) -> HttpResponse:
    """Links the conversation to one record, or to those that are ticked (`to`). A colleague who
    sees it may link it to what he sees as well."""
    found = visible_thread(request.user, pk)
    if "to" in request.POST:
        return _link_chosen(request, found)
    form = RecordForm(request.POST, user=request.user)
    if not form.is_valid():
        raise Http404
    record = form.cleaned_data["found"]
    try:
        if form.cleaned_data["remember"] and form.cleaned_data["kind"] in link_items.ITEM_FIELDS:
            links_by_hand.answer_question(found, item=record, by=request.user, remember=True)
        else:
            links_by_hand.link_by_hand(found, record=record, by=request.user)
    except links_by_hand.LinkError as error:
        raise Http404 from error
    return _changed(request, found, _("Linked to %(record)s.") % {"record": record})


def _link_chosen(request: HttpRequest, found: Thread) -> HttpResponse:
    records = chosen_records(request.POST.getlist("to"), user=request.user)
    if not records:
        raise Http404
    try:
        with transaction.atomic():
            for record in records:
                links_by_hand.link_by_hand(found, record=record, by=request.user)
    except links_by_hand.LinkError as error:
        raise Http404 from error
    if len(records) == 1:
        return _changed(request, found, _("Linked to %(record)s.") % {"record": records[0]})
    text = ngettext("Linked to %(n)s record.", "Linked to %(n)s records.", len(records))
    return _changed(request, found, text % {"n": len(records)})


@require_POST
@login_required
def unlink(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a link away; no rule puts it back."""
    found = visible_thread(request.user, pk)
    form = RecordForm(request.POST, user=request.user)
    if not form.is_valid():
        raise Http404
    record = form.cleaned_data["found"]
    standing = get_object_or_404(found.links.standing(), **{form.cleaned_data["kind"]: record})
    try:
        links_by_hand.unlink(standing, by=request.user)
    except links_by_hand.LinkError as error:
        raise Http404 from error
    text = _("No longer linked to %(record)s.") % {"record": record}
    undo = reverse("inbox:thread_relink", args=[found.key, seal("link", standing.pk)])
    if not Thread.objects.visible_to(request.user).filter(pk=found.pk).exists():
        # It was the link by which he saw the conversation.
        return toast_answer(request, text, back_to=reverse("inbox:home"))
    return _changed(request, found, text, undo_url=undo)


@require_POST
@login_required
def unlink_undo(request: HttpRequest, pk: int, link_pk: int) -> HttpResponse:
    """The link stands again, for whoever took it away."""
    found = visible_thread(request.user, pk)
    removed = get_object_or_404(found.links.select_related("thread"), pk=link_pk)
    try:
        links_by_hand.relink(removed, by=request.user)
    except links_by_hand.LinkError as error:
        raise Http404 from error
    return toast_answer(
        request,
        _("Linked again."),
        back_to=back_path(request, fallback=found),
        events=["threads-changed", "thread-changed"],
    )


@require_safe
@login_required
def question(request: HttpRequest, pk: int) -> HttpResponse:
    """Which of several open items a conversation is about: asked from its row in the list."""
    found = own_thread(request, pk)
    items = links_by_hand.possible_items(found, user=request.user)
    return render_dialog(request, "inbox/question.html", {"thread": found, "questions": items})


@require_POST
@login_required
def make_main(request: HttpRequest, pk: int) -> HttpResponse:
    """This item is the one that lists show."""
    found = visible_thread(request.user, pk)
    form = RecordForm(request.POST, user=request.user)
    is_own = MailAccount.objects.usable_by(request.user).filter(pk=found.account_id).exists()
    if not is_own or not form.is_valid() or form.cleaned_data["kind"] not in link_items.ITEM_FIELDS:
        raise Http404
    record = form.cleaned_data["found"]
    links_by_hand.make_main(
        get_object_or_404(found.links.standing(), **{form.cleaned_data["kind"]: record})
    )
    return _changed(request, found, _("%(record)s is the main link.") % {"record": record})


def _changed(request: HttpRequest, found: Thread, text: str, *, undo_url: str = "") -> HttpResponse:
    """The panel anew where it asked; elsewhere the toast, and the panel looks for itself."""
    if not wanted_partial(request, ["thread-side"]):
        return toast_answer(
            request,
            text,
            back_to=back_path(request, fallback=found),
            undo_url=undo_url,
            events=["threads-changed", "thread-changed"],
        )
    found.refresh_from_db()
    response = render(request, "inbox/_side.html", side_context(request, found))
    response["HX-Trigger"] = "threads-changed"
    return add_toast(request, response, text, undo_url=undo_url)
