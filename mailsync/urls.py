from django.urls import path

import mailsync.converters  # noqa: F401 -- registers <account:…> and its like
from mailsync.views import accounts, blocked, correspondents, diagnostics, setup, usage

app_name = "mailsync"

urlpatterns = [
    path("welcome/people/", correspondents.people, name="correspondents"),
    path("settings/email/", accounts.account_list, name="accounts"),
    path("settings/email/add/", setup.add, name="account_add"),
    path("settings/email/add/<setup:pk>/", setup.servers, name="setup_servers"),
    path("settings/email/add/<setup:pk>/trial/", setup.trial, name="setup_trial"),
    path("settings/email/add/<setup:pk>/choices/", setup.choices, name="setup_choices"),
    path("settings/email/blocked/", blocked.blocked, name="blocked"),
    path("settings/email/blocked/<int:pk>/remove/", blocked.unblock, name="unblock"),
    path("settings/email/where/", diagnostics.where, name="where"),
    path("settings/email/unreadable/", diagnostics.unread, name="unreadable"),
    path("settings/email/unreadable/<entry:pk>/again/", diagnostics.try_again, name="try_again"),
    path("settings/email/changes/<change:pk>/undo/", diagnostics.undo_change, name="undo_change"),
    path("settings/email/<account:pk>/", accounts.account, name="account"),
    path("settings/email/<account:pk>/card/", accounts.account_card, name="account_card"),
    path("settings/email/<account:pk>/folders/", accounts.account_folders, name="account_folders"),
    path("settings/email/<account:pk>/roles/", accounts.account_roles, name="account_roles"),
    path("settings/email/<account:pk>/members/", accounts.account_members, name="account_members"),
    path("settings/email/<account:pk>/pause/", accounts.account_pause, name="account_pause"),
    path("settings/email/<account:pk>/resume/", accounts.account_resume, name="account_resume"),
    path(
        "settings/email/<account:pk>/reconnect/",
        accounts.account_reconnect,
        name="account_reconnect",
    ),
    path("settings/email/<account:pk>/remove/", accounts.account_remove, name="account_remove"),
    path("settings/email/<account:pk>/diagnostics/", diagnostics.diagnostics, name="diagnostics"),
    path("settings/email/<account:pk>/changes/", diagnostics.changes, name="changes"),
    path("settings/company/usage/", usage.usage, name="usage"),
]
