"""Every app's pages under their prefixes."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    # The first screen is the sales inbox.
    path("", RedirectView.as_view(pattern_name="inbox:home"), name="start"),
    path("operator/", admin.site.urls),
    path("", include("common.urls")),
    path("", include("users.urls")),
    path("", include("sharing.urls")),
    path("", include("notifications.urls")),
    path("", include("crm.urls")),
    path("", include("mailsync.urls")),
    path("", include("inbox.urls")),
    path("", include("ops.urls")),
]

handler400 = "common.views.errors.bad_request"
handler403 = "common.views.errors.permission_denied"
handler404 = "common.views.errors.not_found"
handler500 = "common.views.errors.server_error"
