"""Pictures from the web in a mail: the reader's consent, and our door to them."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from common.policies import ContentPolicy, with_policy
from inbox.domain import pictures
from inbox.domain.queries.conversation import message
from inbox.views.threads import thread_url, visible_email
from mailsync.mime.pictures import Picture, PictureError, TooLargeError
from mailsync.models import Email


@require_POST
@login_required
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Pictures of this message, for as long as its page is open."""
    email = visible_email(request.user, pk)
    return _answer(request, email, consent=pictures.consent(email, by=request.user))


@require_POST
@login_required
def trust(request: HttpRequest, pk: int) -> HttpResponse:
    """Pictures of everything that this sender writes, from now on."""
    email = visible_email(request.user, pk)
    pictures.trust_sender(email, by=request.user)
    return _answer(request, email)


@require_POST
@login_required
def distrust(request: HttpRequest, pk: int) -> HttpResponse:
    """Pictures of this sender only when they are asked for."""
    email = visible_email(request.user, pk)
    pictures.distrust_sender(email, by=request.user)
    return _answer(request, email)


def _answer(request: HttpRequest, email: Email, *, consent: str = "") -> HttpResponse:
    if not request.htmx:
        query = f"?pictures={consent}" if consent else ""
        response = redirect(f"{thread_url(email)}{query}#message-{email.key}")
        response.status_code = 303
        return response
    context = {"message": message(email, user=request.user), "thread": email.thread}
    return render(request, "inbox/_message.html", {**context, "pictures_asked": consent})


@require_safe
@with_policy(ContentPolicy.FILE)
@login_required
def remote(request: HttpRequest, pk: int, token: str) -> HttpResponse:
    """One picture from the web. The token says which, for this reader and message alone."""
    address = pictures.unsealed(token, email_id=pk, by=request.user)
    if address is None:
        raise Http404
    visible_email(request.user, pk)
    try:
        return picture_response(pictures.fetch(address))
    except pictures.FetchError:
        return HttpResponse(status=502)
    except TooLargeError:
        return HttpResponse(status=413)
    except PictureError:
        return HttpResponse(status=415)


def picture_response(picture: Picture) -> HttpResponse:
    response = HttpResponse(picture.content, content_type=picture.content_type)
    response["Content-Disposition"] = "inline"
    return response
