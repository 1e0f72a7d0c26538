"""Who sees a conversation: named, tried as one of them, and weighed before many change."""

from dataclasses import replace

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from common.numbers import number_in
from common.partials import render_dialog
from inbox.domain.audience import audience, change_of, links_both_see, sees_anything_of
from inbox.domain.queries.conversation import conversation, kind_of
from inbox.enums import Act
from inbox.views.acts import choice_of, chosen_threads
from inbox.views.joins import own_thread
from mailsync.domain.links_by_hand import target
from users.models import User


@require_safe
@login_required
def who(request: HttpRequest, pk: int) -> HttpResponse:
    """Who can see this conversation, by name and reason. Only its own people may ask."""
    found = own_thread(request, pk)
    context = {
        "thread": found,
        "audience": audience(found, asked_by=request.user),
        "account": found.account,
        "colleagues": User.objects.active().exclude(pk=request.user.pk).order_by("name", "pk"),
    }
    return render_dialog(request, "inbox/who.html", context)


@require_safe
@login_required
def seen_as(request: HttpRequest, pk: int) -> HttpResponse:
    """What one colleague sees of a conversation. Only for its own people: of the colleague's
    records it shows those that both see."""
    found = own_thread(request, pk)
    viewer = get_object_or_404(User.objects.active(), pk=number_in(request.GET.get("user", "")))
    context = {"thread": found, "viewer": viewer, "sees": sees_anything_of(found, viewer)}
    if context["sees"]:
        # The reader's own, but for the acts: whose pictures the colleague lets in is his business.
        shown = replace(conversation(found, user=request.user, show_all=True), may_act=False)
        links = links_both_see(found, first=viewer, second=request.user)
        context |= {
            "conversation": shown,
            "links": [(kind_of(link), target(link)) for link in links],
        }
    return render(request, "inbox/seen_as.html", context)


@require_POST
@login_required
def preview(request: HttpRequest, act: Act) -> HttpResponse:
    """Before many conversations are shared or made private: who gains, who loses sight."""
    if act not in (Act.SHARE, Act.HIDE):
        raise Http404
    change = change_of(chosen_threads(request), to_shared=act == Act.SHARE, by=request.user)
    context = {
        "act": act,
        "change": change,
        "keys": request.POST.getlist("thread")[:1000],
        "kept": choice_of(request.POST),
        "next": request.POST.get("next", ""),
    }
    return render_dialog(request, "inbox/visibility_preview.html", context)
