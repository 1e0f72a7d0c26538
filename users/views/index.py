"""The pages of settings, in groups. Those of apps above are named by their path and shown once
they exist, since this app knows nothing of them."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common.navigation import is_page
from users.models import User


@dataclass(frozen=True)
class SettingsPage:
    title: str | Promise
    text: str | Promise
    url: str
    icon: str


GROUPS: tuple[tuple[str | Promise, bool, tuple[SettingsPage, ...]], ...] = (
    (
        _("For you"),
        False,
        (
            SettingsPage(
                _("Personal"), _("Name, language, time, look, keys."), "/settings/personal/", "user"
            ),
            SettingsPage(
                _("Password and sessions"),
                _("Change your password, see where you are signed in."),
                "/settings/security/",
                "lock",
            ),
            SettingsPage(
                _("Email sync"),
                _("Your mail accounts and how they sync."),
                "/settings/email/",
                "mail-cog",
            ),
            SettingsPage(
                _("Templates"),
                _("Mails you write again and again."),
                "/settings/email/templates/",
                "template",
            ),
            SettingsPage(
                _("Signatures"),
                _("What stands under your mails."),
                "/settings/email/signatures/",
                "signature",
            ),
            SettingsPage(
                _("Blocked addresses"),
                _("Whose mail is left out."),
                "/settings/email/blocked/",
                "ban",
            ),
            SettingsPage(
                _("Labels"), _("Names and colours for conversations."), "/settings/labels/", "tags"
            ),
        ),
    ),
    (
        _("For the company"),
        True,
        (
            SettingsPage(_("Users"), _("Invite, roles, deactivate."), "/settings/users/", "users"),
            SettingsPage(
                _("Teams"),
                _("Who works together, and who manages."),
                "/settings/teams/",
                "users-group",
            ),
            SettingsPage(
                _("Visibility groups"),
                _("Who sees each other's records."),
                "/settings/groups/",
                "eye",
            ),
            SettingsPage(
                _("Company"), _("Name, currency, limits."), "/settings/company/", "building"
            ),
            SettingsPage(
                _("Pipelines, boards and labels"),
                _("How deals and projects go, and how records are marked."),
                "/settings/pipelines/",
                "columns",
            ),
            SettingsPage(
                _("Usage"),
                _("Mail accounts of the company, in numbers."),
                "/settings/company/usage/",
                "chart-bar",
            ),
        ),
    ),
)


def settings_pages(user: User) -> list[tuple[str | Promise, list[SettingsPage]]]:
    return [
        (title, [page for page in pages if is_page(page.url)])
        for title, for_administrators, pages in GROUPS
        if user.is_administrator or not for_administrators
    ]
