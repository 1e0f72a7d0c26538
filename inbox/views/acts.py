"""Acts on conversations: one or many, each a POST on its own address, each with undo."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, ngettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from common.numbers import number_in
from common.opaque import unseal
from common.partials import render_dialog
from common.toasts import Kind, add_toast, toast_answer
from inbox.domain import jobs, search, triage
from inbox.domain.audience import names_of
from inbox.domain.labels import label_named
from inbox.domain.queries.lists import accounts_of, box_threads, members_of, rows_of
from inbox.enums import Act, Box
from inbox.forms.acts import (
    AssigneeForm,
    FolderChoiceForm,
    LabelChoiceForm,
    NewLabelForm,
    SnoozeForm,
)
from inbox.forms.filters import FilterForm
from inbox.models import BulkJob, Label
from mailsync.domain import blocking
from mailsync.enums import AccountScope
from mailsync.models import Thread
from sharing.enums import ThreadVisibility
from users.models import User

# Acts after which a row no longer belongs in the list that it was in.
LEAVING = {
    Act.ARCHIVE: {Box.INBOX},
    Act.UNARCHIVE: {Box.ARCHIVE, Box.JUNK},
    Act.TRASH: {Box.INBOX, Box.SENT, Box.ARCHIVE, Box.ALL, Box.JUNK, Box.SNOOZED},
    Act.RESTORE: {Box.TRASH},
    Act.SNOOZE: {Box.INBOX},
    Act.UNSNOOZE: {Box.SNOOZED},
}


@require_POST
@login_required
def act_on_thread(request: HttpRequest, pk: int, act: Act) -> HttpResponse:
    """One conversation. 404 when it is not this user's to act on, seen or not."""
    if not Thread.objects.of_accounts_of(request.user).filter(pk=pk).exists():
        raise Http404
    return _act(request, act, [pk])


@require_POST
@login_required
def act_on_threads(request: HttpRequest, act: Act) -> HttpResponse:
    """The ticked conversations, or with `scope=all` every one that the list's filter matches."""
    return _act(request, act, chosen_threads(request))


# What the form of a list says beside the ticks. A search is told from a box by its `q`.
CHOICE = ("scope", "box", "filter", "q", "next")


def choice_of(data: QueryDict) -> list[tuple[str, str]]:
    """What a dialog passes on of the list over which it was opened, so that its act means the
    same conversations: just what was there, empty or not."""
    return [(name, data[name]) for name in CHOICE if name in data]


def chosen_threads(request: HttpRequest) -> Iterable[int]:
    """What the form of a list names. Whose they are is asked by whoever acts on them."""
    if request.POST.get("scope") == "all":
        return _all_that_match(request)
    keys = request.POST.getlist("thread")[:1000]
    return [pk for key in keys if (pk := unseal("thread", key)) is not None]


def _all_that_match(request: HttpRequest) -> Iterable[int]:
    if "q" in request.POST:
        return search.own_that_match(request.user, request.POST["q"])
    accounts = accounts_of(request.user)
    box = request.POST.get("box", "")
    if box not in Box.values or "filter" not in request.POST:
        # No form of ours: what it lost on its way would be "all mail there is".
        raise Http404
    form = FilterForm(
        QueryDict(request.POST["filter"]),
        accounts=accounts,
        labels=list(Label.objects.all()),
        members=members_of(accounts),
    )
    if form.is_wider:
        # Nothing bears a label that is gone. The list without this filter is not what was meant.
        return []
    threads = box_threads(request.user, box=box, wanted=form.wanted, accounts=accounts)
    return list(threads.values_list("pk", flat=True))


def _act(request: HttpRequest, act: Act, thread_ids: Iterable[int]) -> HttpResponse:
    detail, problem = _detail(request, act)
    if problem:
        return _refused(request, problem)
    ids = list(dict.fromkeys(thread_ids))
    if act == Act.SHARE and _more_than_looked_at(request, ids):
        return _refused(request, _("More conversations match now than you were shown. Look again."))
    if len(ids) > jobs.AT_ONCE:
        return _begun(request, jobs.begin(act, ids, by=request.user, **detail))
    return _answer(request, triage.perform(act, ids, by=request.user, **detail))


def _more_than_looked_at(request: HttpRequest, ids: list[int]) -> bool:
    """Whether sharing would publish more than the preview has said: mail comes in meanwhile."""
    if "looked" not in request.POST:
        return False
    looked = number_in(request.POST["looked"]) or 0
    own = Thread.objects.of_accounts_of(request.user)
    closed = own.exclude(visibility=ThreadVisibility.SHARED)
    parts = (ids[start : start + triage.CHUNK] for start in range(0, len(ids), triage.CHUNK))
    return sum(closed.filter(pk__in=part).count() for part in parts) > looked


def _begun(request: HttpRequest, job: BulkJob) -> HttpResponse:
    """So many that they take a while: a toast tells how far it is."""
    if request.htmx:
        return render(request, "inbox/_job_begun.html", {"job": job, "act": Act(job.act)})
    text = ngettext(
        "%(act)s: %(n)s conversation. This goes on by itself.",
        "%(act)s: %(n)s conversations. This goes on by itself.",
        job.number,
    )
    words = {"act": Act(job.act).label, "n": number_format(job.number, force_grouping=True)}
    return toast_answer(request, text % words, back_to=back_path(request))


def answer_of_job(request: HttpRequest, job: BulkJob) -> HttpResponse:
    """Its toast: how far it is, or in the end what became of it."""
    if not job.finished_at:
        return render(request, "inbox/_job_toast.html", {"job": job, "act": Act(job.act)})
    folder = job.mailbox.full_name if job.mailbox else ""
    done = triage.Done(act=Act(job.act), thread_ids=job.changed_ids, undo=job.undo, folder=folder)
    undo_url = reverse("inbox:undo", args=[job.undo.token]) if job.undo else ""
    context = {"text": sentence(done, by=request.user), "kind": Kind.PLAIN, "undo_url": undo_url}
    response = render(request, "ui/_toast.html", context)
    response["HX-Trigger"] = "threads-changed,counts-changed"
    return response


def _detail(request: HttpRequest, act: Act) -> tuple[dict[str, Any], str]:
    """What the act needs beside the conversations, or the sentence why it cannot be done."""
    if act == Act.SNOOZE:
        form: Any = SnoozeForm(request.POST)
        if not form.is_valid():
            return {}, " ".join(form.non_field_errors()) or _("Choose when it comes back.")
        return {"until": form.cleaned_data["until"]}, ""
    if act == Act.LABEL and "new_label" in request.POST:
        return _made_label(request)
    if act in (Act.LABEL, Act.UNLABEL):
        return _chosen(LabelChoiceForm(request.POST), _("This label is gone. Choose another one."))
    if act == Act.ASSIGN:
        return _chosen(AssigneeForm(request.POST), _("Choose somebody of the team."))
    return _folder(request, act)


def _folder(request: HttpRequest, act: Act) -> tuple[dict[str, Any], str]:
    if act == Act.FOLDER:
        form = FolderChoiceForm(request.POST, accounts=accounts_of(request.user))
        return _chosen(form, _("Choose a folder."))
    # Back is the undo's way alone: it knows where from.
    return {}, _("There is nothing to undo any more.") if act == Act.UNFOLDER else ""


def _made_label(request: HttpRequest) -> tuple[dict[str, Any], str]:
    form = NewLabelForm(request.POST)
    if not form.is_valid():
        return {}, _("A label has a name of at most 60 characters.")
    return {"label": label_named(form.cleaned_data["new_label"])}, ""


def _chosen(form: Any, problem: str) -> tuple[dict[str, Any], str]:
    return (form.cleaned_data, "") if form.is_valid() else ({}, problem)


@require_POST
@login_required
def undo(request: HttpRequest, token: str) -> HttpResponse:
    """Takes back the act of this token."""
    return _undone(request, triage.undo(token, by=request.user))


@require_POST
@login_required
def undo_newest(request: HttpRequest) -> HttpResponse:
    """Takes back the user's last act: the undo key, on the page after the one of the act too."""
    newest = triage.newest_undo(request.user)
    if newest is None:
        return toast_answer(request, _("There is nothing to undo."), back_to=back_path(request))
    return _undone(request, triage.undo(newest.token, by=request.user))


def _undone(request: HttpRequest, done: triage.Done | None) -> HttpResponse:
    if done is None:
        return _refused(request, _("There is nothing to undo any more."))
    text = _("Undone.") if done.number or done.blocked else _("Nothing was left to undo.")
    return toast_answer(
        request,
        text,
        back_to=back_path(request),
        events=["threads-changed", "thread-changed", "counts-changed"],
    )


def _answer(request: HttpRequest, done: triage.Done) -> HttpResponse:
    """Rows that stay are drawn anew, rows that leave are taken away; a toast offers undo."""
    undo_url = reverse("inbox:undo", args=[done.undo.token]) if done.undo else ""
    if not request.htmx or done.number != 1 or done.act == Act.FOLDER:
        return toast_answer(
            request,
            sentence(done, by=request.user),
            back_to=back_path(request),
            undo_url=undo_url,
            events=["threads-changed", "thread-changed", "counts-changed"],
        )
    box = request.POST.get("box", "")
    leaves = box in LEAVING.get(done.act, set())
    accounts = accounts_of(request.user)
    rows = rows_of(request.user, done.thread_ids, accounts=accounts)
    context = {"rows": rows, "leaves": leaves, "box": box, "accounts": accounts}
    response = render(request, "inbox/_acted.html", context)
    # A row that leaves makes room for one from the next page; the list fetches it by itself.
    response["HX-Trigger"] = (
        "counts-changed, thread-left" if leaves else "counts-changed, thread-changed"
    )
    return add_toast(request, response, sentence(done, by=request.user), undo_url=undo_url)


def _refused(request: HttpRequest, problem: str) -> HttpResponse:
    return toast_answer(
        request,
        problem,
        back_to=back_path(request),
        kind=Kind.ERROR,
        events=["threads-changed"],
    )


def back_path(request: HttpRequest, *, fallback: Thread | None = None) -> str:
    """The page that the form stood on, when it is one of ours."""
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        return target
    return reverse("inbox:thread", args=[fallback.key]) if fallback else reverse("inbox:home")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def block_sender(request: HttpRequest, pk: int) -> HttpResponse:
    """Leaves out mail from the sender, or from his whole domain, from now on, and puts the
    conversation into Trash. A GET asks which of the two."""
    threads = Thread.objects.of_accounts_of(request.user).distinct()
    found = get_object_or_404(threads, pk=pk)
    newest = found.emails.filter(is_outgoing=False).order_by("-received_at").first()
    address = newest.from_address if newest else ""
    if request.method != "POST":
        context = {
            "thread": found,
            "address": address,
            "domain": blocking.domain_of(address) if address else "",
            "box": request.GET.get("box", ""),
        }
        return render_dialog(request, "inbox/block.html", context)
    if not address:
        return _refused(request, _("There is no sender to block."))
    if request.POST.get("whom") == "domain":
        address = "@" + address.rpartition("@")[2]
    try:
        done = triage.block_sender(found, address, by=request.user)
    except blocking.BlockError:
        return _refused(request, _("This is an address of your own company, so it is not blocked."))
    return _answer(request, done)


def sentence(done: triage.Done, *, by: User) -> str:
    """What was done, in words; of one conversation also who sees it now."""
    if done.blocked:
        return _("%(address)s is blocked: no more mail from there.") % {"address": done.blocked}
    if not done.number:
        return _("Nothing to change: it was so already.")
    if done.number == 1 and done.act in (Act.SHARE, Act.HIDE):
        # Of a job that ended a while ago it may be gone by now, or no longer be his.
        found = Thread.objects.of_accounts_of(by).filter(pk=done.thread_ids[0])
        if thread := found.select_related("account").first():
            return _who_sees_it_now(thread, done.act)
    return str(SENTENCES[done.act] % {"n": done.number, "folder": done.folder})


def _who_sees_it_now(found: Thread, act: Act) -> str:
    if act == Act.HIDE and found.account.scope == AccountScope.TEAM:
        return _("Team only: the members of this account see it now, nobody else.")
    if act == Act.HIDE:
        return _("Private: you alone see it now.")
    names = names_of(found)
    if not names:
        return _("Shared. Nobody else sees it yet: no record that it is linked to shows it.")
    return _("Shared. %(names)s can see it now.") % {"names": names}


SENTENCES = {
    Act.FOLDER: ngettext_lazy(
        "Conversation moved to %(folder)s.", "%(n)s conversations moved to %(folder)s.", "n"
    ),
    Act.ARCHIVE: ngettext_lazy("Conversation archived.", "%(n)s conversations archived.", "n"),
    Act.UNARCHIVE: ngettext_lazy(
        "Conversation moved to the inbox.", "%(n)s conversations moved to the inbox.", "n"
    ),
    Act.TRASH: ngettext_lazy(
        "Conversation moved to Trash.", "%(n)s conversations moved to Trash.", "n"
    ),
    Act.RESTORE: ngettext_lazy("Conversation restored.", "%(n)s conversations restored.", "n"),
    Act.READ: ngettext_lazy("Marked as read.", "%(n)s conversations marked as read.", "n"),
    Act.UNREAD: ngettext_lazy("Marked as unread.", "%(n)s conversations marked as unread.", "n"),
    Act.STAR: ngettext_lazy("Conversation starred.", "%(n)s conversations starred.", "n"),
    Act.UNSTAR: ngettext_lazy("Star removed.", "Star removed from %(n)s conversations.", "n"),
    Act.MUTE: ngettext_lazy("Conversation muted.", "%(n)s conversations muted.", "n"),
    Act.UNMUTE: ngettext_lazy(
        "Conversation no longer muted.", "%(n)s conversations no longer muted.", "n"
    ),
    Act.SNOOZE: ngettext_lazy("Conversation snoozed.", "%(n)s conversations snoozed.", "n"),
    Act.UNSNOOZE: ngettext_lazy(
        "Conversation back in the inbox.", "%(n)s conversations back in the inbox.", "n"
    ),
    Act.LABEL: ngettext_lazy("Label added.", "Label added to %(n)s conversations.", "n"),
    Act.UNLABEL: ngettext_lazy("Label removed.", "Label removed from %(n)s conversations.", "n"),
    Act.SHARE: ngettext_lazy("Conversation shared.", "%(n)s conversations shared.", "n"),
    Act.HIDE: ngettext_lazy(
        "Conversation no longer shared.", "%(n)s conversations no longer shared.", "n"
    ),
    Act.ASSIGN: ngettext_lazy("Conversation assigned.", "%(n)s conversations assigned.", "n"),
    Act.UNASSIGN: ngettext_lazy(
        "Conversation assigned to nobody.", "%(n)s conversations assigned to nobody.", "n"
    ),
}
