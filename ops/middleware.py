"""An address for load balancers and for `up`: is this process alive, does its database answer?"""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

PATH = "/healthz/"


class HealthMiddleware(MiddlewareMixin):
    """First in line: a load balancer has no session and asks by an address instead of a host name."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        if request.path != PATH:
            return None
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError:
            return _plain("database does not answer", status=503)
        return _plain("ok", status=200)


def _plain(text: str, *, status: int) -> HttpResponse:
    return HttpResponse(
        text, status=status, content_type="text/plain", headers={"Cache-Control": "no-store"}
    )
