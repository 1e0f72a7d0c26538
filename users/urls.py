from django.urls import path

from users.views import door, passwords, people, settings, teams, welcome

app_name = "users"

urlpatterns = [
    path("setup/", door.setup, name="setup"),
    path("login/", door.sign_in_page, name="login"),
    path("logout/", door.sign_out, name="logout"),
    path("join/<str:token>/", door.join, name="join"),
    path("password/reset/", passwords.password_reset, name="password_reset"),
    path("password/reset/sent/", passwords.password_reset_sent, name="password_reset_sent"),
    path(
        "password/reset/<str:key>/<str:token>/",
        passwords.password_reset_confirm,
        name="password_reset_confirm",
    ),
    path("welcome/", welcome.overview, name="welcome"),
    path("welcome/card/", welcome.card, name="welcome_card"),
    path("welcome/dismiss/", welcome.dismiss, name="welcome_dismiss"),
    path("welcome/keys/", welcome.keys, name="welcome_keys"),
    path("welcome/skip/<slug:name>/", welcome.skip, name="welcome_skip"),
    path("settings/", settings.settings_index, name="settings"),
    path("settings/personal/", settings.personal, name="personal"),
    path("settings/security/", passwords.security, name="security"),
    path("settings/security/end/", passwords.session_end, name="session_end"),
    path("settings/security/end-others/", passwords.sessions_end, name="sessions_end"),
    path("settings/company/", people.company, name="company"),
    path("settings/users/", people.user_list, name="user_list"),
    path("settings/users/invite/", people.user_invite, name="user_invite"),
    path(
        "settings/users/invitations/<int:pk>/resend/",
        people.invitation_resend,
        name="invitation_resend",
    ),
    path(
        "settings/users/invitations/<int:pk>/withdraw/",
        people.invitation_withdraw,
        name="invitation_withdraw",
    ),
    path("settings/users/<int:pk>/", people.user_detail, name="user_detail"),
    path("settings/users/<int:pk>/role/", people.user_role, name="user_role"),
    path("settings/users/<int:pk>/address/", people.user_address, name="user_address"),
    path("settings/users/<int:pk>/reset/", people.user_reset, name="user_reset"),
    path("settings/users/<int:pk>/deactivate/", people.user_deactivate, name="user_deactivate"),
    path("settings/users/<int:pk>/reactivate/", people.user_reactivate, name="user_reactivate"),
    path("settings/teams/", teams.team_list, name="team_list"),
    path("settings/teams/new/", teams.team_new, name="team_new"),
    path("settings/teams/<int:pk>/", teams.team_edit, name="team_edit"),
    path("settings/teams/<int:pk>/delete/", teams.team_delete, name="team_delete"),
]
