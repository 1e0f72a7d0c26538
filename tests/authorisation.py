"""Who gets what under each URL. The table behind tests/test_authorisation_matrix.py.

How to add a URL: write a line `"app:name": Row(…)` here, or for records, accounts and mail in the
file beside this one (authorisation_crm, authorisation_mail). Without a line the build fails, and
the failure prints the line to fill in. Where the answer depends on what the URL points at, the
line holds a dict of rows, one for each case: `{"private": Row(…), "shared": Row(…)}`; for URLs of
conversations `authorisation_mail.reading(…)` and `acting(…)` make that dict.

`rights` of a row says who gets through:

    EVERYBODY       also who is not signed in
    USERS           everybody who may sign in
    ADMINISTRATORS  administrators; other users get 403
    OPERATORS       users with the operator's flag; others get 404
    {"alice", …}    these of the cast; the others get 404, byte for byte the answer for an id
                    that does not exist

`get` and `post` are the statuses for those who get through, or several of which each will do;
None means that the method is refused with 405. `args` makes the URL's arguments from the scene,
`data` what a POST sends (nothing, if it is not given). What somebody who gets through changes is
taken back before the next one tries.
Who is not signed in is led to the sign-in page, and so is a deactivated user.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

EVERYBODY = "everybody"
USERS = "users"
ADMINISTRATORS = "administrators"
OPERATORS = "operators"


@dataclass(frozen=True)
class Row:
    rights: str | frozenset[str]
    get: int | tuple[int, ...] | None = 200
    post: int | tuple[int, ...] | None = None
    args: Callable[[Any], dict[str, Any]] = field(default=lambda scene: {})
    # What somebody who is not signed in gets, where it is not the way to the sign-in page.
    open_door: tuple[int, ...] = (302,)
    # What a POST sends so that it means something; a refused one must change nothing.
    data: Callable[[Any], dict[str, Any]] = field(default=lambda scene: {})


def of(name: str) -> Callable[[Any], dict[str, Any]]:
    """The row of this name in the scene is the URL's `pk`."""
    return lambda scene: {"pk": getattr(scene, name).pk}


ROWS: dict[str, Row | dict[str, Row]] = {
    # The door. `setup` exists until there is a company, and `events` is a stream for users:
    # both have tests of their own beside this table.
    "users:setup": Row(EVERYBODY, get=404, post=404),
    "users:login": Row(EVERYBODY, post=422),
    "users:logout": Row(EVERYBODY, get=405, post=303),
    "users:join": Row(EVERYBODY, get=410, post=410, args=lambda scene: {"token": "no-such-token"}),
    "users:password_reset": Row(EVERYBODY, post=422),
    "users:password_reset_sent": Row(EVERYBODY),
    "users:password_reset_confirm": Row(
        EVERYBODY, get=410, post=410, args=lambda scene: {"key": "A" * 22, "token": "x-y"}
    ),
    # One's own pages.
    "users:welcome": Row(USERS),
    "users:welcome_card": Row(USERS),
    "users:welcome_dismiss": Row(USERS, get=None, post=303),
    "users:welcome_keys": Row(USERS, post=303),
    "users:welcome_skip": Row(USERS, get=None, post=303, args=lambda scene: {"name": "keys"}),
    "mailsync:correspondents": Row(USERS, post=303),
    "users:settings": Row(USERS),
    "users:personal": Row(USERS, post=404),
    "users:security": Row(USERS, post=422),
    "users:session_end": Row(USERS, get=None, post=404),
    "users:sessions_end": Row(USERS, get=None, post=303),
    "notifications:events": Row(EVERYBODY, get=401, post=405),
    "notifications:list": Row(USERS),
    "notifications:popover": Row(USERS),
    "notifications:count": Row(USERS),
    "notifications:mark_read": Row(USERS, get=None, post=404),
    "notifications:open": Row(frozenset({"bob"}), get=None, post=303, args=of("notification")),
    # The company.
    "users:company": Row(ADMINISTRATORS, post=422),
    "users:user_list": Row(ADMINISTRATORS),
    "users:user_invite": Row(ADMINISTRATORS, post=422),
    "users:invitation_resend": Row(ADMINISTRATORS, get=None, post=303, args=of("invitation")),
    "users:invitation_withdraw": Row(ADMINISTRATORS, get=None, post=303, args=of("invitation")),
    "users:user_detail": Row(ADMINISTRATORS, args=of("member")),
    "users:user_role": Row(
        ADMINISTRATORS,
        get=None,
        post=303,
        args=of("member"),
        data=lambda s: {"role": "administrator"},
    ),
    "users:user_address": Row(
        ADMINISTRATORS,
        get=None,
        post=303,
        args=of("member"),
        data=lambda s: {"email": "moved@northwind.example"},
    ),
    "users:user_reset": Row(ADMINISTRATORS, get=None, post=303, args=of("member")),
    "users:user_deactivate": Row(ADMINISTRATORS, get=None, post=303, args=of("member")),
    "users:user_reactivate": Row(ADMINISTRATORS, get=None, post=303, args=of("member")),
    "users:team_list": Row(ADMINISTRATORS),
    "users:team_new": Row(ADMINISTRATORS, post=422),
    "users:team_edit": Row(ADMINISTRATORS, post=422, args=of("team")),
    "users:team_delete": Row(ADMINISTRATORS, get=None, post=303, args=of("team")),
    "sharing:group_list": Row(ADMINISTRATORS),
    "sharing:group_new": Row(ADMINISTRATORS, post=422),
    "sharing:group_edit": Row(ADMINISTRATORS, post=422, args=of("group")),
    "sharing:group_delete": Row(ADMINISTRATORS, get=None, post=303, args=of("group")),
    # For everybody, and for operators.
    "start": Row(USERS, get=302, post=302),
    "common:licences": Row(EVERYBODY),
    "common:styleguide": Row(OPERATORS, open_door=(404, 405)),
    "common:styleguide_dialog": Row(OPERATORS, open_door=(404, 405)),
    "common:styleguide_toast": Row(
        OPERATORS, get=None, post=303, open_door=(404, 405), args=lambda s: {"kind": "undo"}
    ),
    # The operators' pages: further ones are crawled by test_operators_crawl.
    "admin:index": Row(OPERATORS, post=200),
    "admin:users_user_changelist": Row(OPERATORS, post=200),
    "admin:users_user_change": Row(
        OPERATORS, post=302, args=lambda scene: {"object_id": str(scene.member.pk)}
    ),
}

# Rows that fill a file of their own; they need the names above.
from tests.authorisation_compose import COMPOSE_ROWS  # noqa: E402
from tests.authorisation_crm import CRM_ROWS  # noqa: E402
from tests.authorisation_lists import LIST_ROWS  # noqa: E402
from tests.authorisation_mail import MAIL_ROWS  # noqa: E402
from tests.authorisation_search import SEARCH_ROWS  # noqa: E402

ROWS |= COMPOSE_ROWS | CRM_ROWS | LIST_ROWS | MAIL_ROWS | SEARCH_ROWS
