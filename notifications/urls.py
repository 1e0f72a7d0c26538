from django.urls import path, register_converter

from common.opaque import opaque_converter
from notifications import views

register_converter(opaque_converter("notification"), "notification")

app_name = "notifications"

urlpatterns = [
    path("events/", views.events, name="events"),
    path("notifications/", views.notification_list, name="list"),
    path("notifications/popover/", views.bell_popover, name="popover"),
    path("notifications/count/", views.bell_count, name="count"),
    path("notifications/read/", views.mark_read, name="mark_read"),
    path("notifications/<notification:pk>/open/", views.open_notification, name="open"),
]
