"""What a browser may load and do with our answers. Every answer bears one of these policies."""

from collections.abc import Callable
from enum import Enum
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from django.http.response import HttpResponseBase

FRAME_SANDBOX = "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"


class ContentPolicy(Enum):
    """The values of the Content-Security-Policy header that this product sends."""

    # Our own pages and fragments: only our own files, nothing inline, in no one's frame.
    PAGE = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "font-src 'self'; connect-src 'self'; manifest-src 'self'; frame-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    # The body of a mail, shown in a frame of ours: styles of its own, our images, no script.
    MAIL_BODY = (
        "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
        f"{FRAME_SANDBOX}; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
    )
    # Files of other people, opened on their own: they may be looked at and nothing more.
    FILE = (
        "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; "
        "sandbox; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
    )

    @property
    def may_be_framed(self) -> bool:
        return self is not ContentPolicy.PAGE


def with_policy(policy: ContentPolicy) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Gives the answers of a view another policy than that of pages."""

    def mark(response: HttpResponseBase) -> HttpResponseBase:
        response.content_policy = policy  # type: ignore[attr-defined]
        return response

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        if iscoroutinefunction(view):

            @wraps(view)
            async def answer_async(*args: Any, **kwargs: Any) -> HttpResponseBase:
                return mark(await view(*args, **kwargs))

            return answer_async

        @wraps(view)
        def answer(*args: Any, **kwargs: Any) -> HttpResponseBase:
            return mark(view(*args, **kwargs))

        return answer

    return decorate
