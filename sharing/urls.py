from django.urls import path

from sharing import views

app_name = "sharing"

urlpatterns = [
    path("settings/groups/", views.group_list, name="group_list"),
    path("settings/groups/new/", views.group_new, name="group_new"),
    path("settings/groups/<int:pk>/", views.group_edit, name="group_edit"),
    path("settings/groups/<int:pk>/delete/", views.group_delete, name="group_delete"),
]
