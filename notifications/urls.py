from django.urls import path

from notifications import views

app_name = "notifications"

urlpatterns = [
    path("events/", views.events, name="events"),
    path("notifications/", views.notification_list, name="list"),
    path("notifications/popover/", views.bell_popover, name="popover"),
    path("notifications/count/", views.bell_count, name="count"),
    path("notifications/read/", views.mark_read, name="mark_read"),
    path("notifications/<int:pk>/open/", views.open_notification, name="open"),
]
