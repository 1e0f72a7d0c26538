"""Who can see a conversation, by name: the rule of `visible_to` read from the other end."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.models.attached import RECORD_FIELDS
from mailsync.domain.links_by_hand import target
from mailsync.enums import AccountScope
from mailsync.models import MailAccount, Thread, ThreadLink
from mailsync.rules import links_into_view, links_seen_by, opened_when_shared
from sharing.enums import ItemVisibility, ThreadVisibility
from sharing.models import GroupMembership
from users.enums import Role
from users.models import TeamMembership, User

# More names than this are a number in a sentence.
NAMED = 3


@dataclass(frozen=True)
class Viewer:
    """Somebody who sees the conversation, and by which record."""

    user: User
    # Among the records that the one who asks sees himself; None when it is by another one.
    record: Any
    why: str

    @property
    def name(self) -> str:
        return str(self.user.name)


@dataclass(frozen=True)
class Audience:
    """The people who see a conversation: its own, and the others."""

    own: list[User]
    viewers: list[Viewer]
    is_shared: bool
    is_linked: bool

    @property
    def others(self) -> list[User]:
        return [viewer.user for viewer in self.viewers]


def audience(thread: Thread, *, asked_by: User | None = None) -> Audience:
    """Everybody who sees the thread now. Asked when somebody wants to know, never stored.

    Reasons name only records that `asked_by` sees: who else sees a thread is his to know, what
    else there is in the company is not.
    """
    own = list(_own_people(thread))
    is_shared = thread.visibility == ThreadVisibility.SHARED
    links = list(thread.links.standing().select_related(*RECORD_FIELDS)) if is_shared else []
    candidates = _candidates(thread, links) if links else []
    known = _seen_targets(links, asked_by)
    opening = _opening(thread, candidates)
    groups = _groups_of({record.owner_id for record in known.values()})
    viewers = [
        _viewer(user, opening[user.pk], known, groups) for user in candidates if opening[user.pk]
    ]
    return Audience(own=own, viewers=viewers, is_shared=is_shared, is_linked=bool(links))


def _candidates(thread: Thread, links: list[ThreadLink]) -> list[User]:
    """Who might see it by one of these links; the rule has the last word."""
    condition = Q(pk__in=[])
    for record in (target(link) for link in links):
        condition |= _viewers(record)
    ids = User.objects.active().filter(condition).values("pk")
    others = User.objects.filter(pk__in=ids).exclude(pk__in=_own_people(thread).values("pk"))
    return list(others.select_related("group_membership").order_by("name", "pk"))


def _opening(thread: Thread, users: list[User]) -> dict[int, set[int]]:
    """User id -> the links that open the thread to him: what his own list would show.

    The rule knows a user by his role, his group, what he and those whom he manages own, and which
    accounts are his. So it is asked once for all who own none of the records, manage none of
    their owners and have no part in the account.
    """
    owners = {target(link).owner_id for link in thread.links.standing()}
    special = owners | set(_managers_of(owners).values_list("pk", flat=True))
    special |= {thread.account.owner_id, *thread.account.members.values_list("pk", flat=True)}
    answers: dict[Any, set[int]] = {}
    found: dict[int, set[int]] = {}
    for user in users:
        group = getattr(user, "group_membership", None)
        alike: Any = (user.is_administrator, group and group.group_id)
        key = user.pk if user.pk in special else alike
        if key not in answers:
            answers[key] = _opened_by(thread, user)
        found[user.pk] = answers[key]
    return found


def _opened_by(thread: Thread, user: User) -> set[int]:
    if not Thread.objects.visible_to(user).filter(pk=thread.pk).exists():
        return set()
    return set(links_into_view(user).filter(thread=thread).values_list("pk", flat=True))


def _own_people(thread: Thread) -> QuerySet[User]:
    account = thread.account
    if account.scope == AccountScope.TEAM:
        return User.objects.active().filter(team_accounts=account).order_by("name").distinct()
    return User.objects.active().filter(pk=account.owner_id)


def _seen_targets(links: list[ThreadLink], user: User | None) -> dict[int, Any]:
    """Link id -> record, for the records that this user sees, items first."""
    if user is None:
        return {}
    found: dict[int, Any] = {}
    for name in ("deal", "lead", "project", "person", "organization"):
        some = [link for link in links if getattr(link, f"{name}_id")]
        if some:
            model = type(target(some[0]))
            ids = [getattr(link, f"{name}_id") for link in some]
            seen = set(
                model.objects.visible_to(user).filter(pk__in=ids).values_list("pk", flat=True)
            )
            found |= {link.pk: target(link) for link in some if getattr(link, f"{name}_id") in seen}
    return found


def _groups_of(people: set[int]) -> dict[int, int]:
    """User id -> his visibility group, for those who are in one."""
    rows = GroupMembership.objects.filter(user__in=people)
    return dict(rows.values_list("user", "group")) if people else {}


def _viewer(user: User, opening: set[int], known: dict[int, Any], groups: dict[int, int]) -> Viewer:
    record = next((record for pk, record in known.items() if pk in opening), None)
    return Viewer(user=user, record=record, why=_why(user, record, groups))


def _why(user: User, record: Any, groups: dict[int, int]) -> str:
    if record is None:
        return _("sees a record of theirs that it is linked to")
    if record.owner_id == user.pk:
        return _("owns")
    if record.visibility == ItemVisibility.COMPANY:
        return _("sees, as the entire company does,")
    if user.role == Role.ADMINISTRATOR:
        return _("sees, as administrators do,")
    group = getattr(user, "group_membership", None)
    is_together = group is not None and group.group_id == groups.get(record.owner_id)
    if record.visibility == ItemVisibility.GROUP and is_together:
        return _("sees, as the owner's visibility group does,")
    return _("sees, as a manager of the owner's team,")


def _managers_of(owners: Iterable[int]) -> QuerySet[User]:
    """Whoever manages a team that one of these people is in; see sharing.rules.managed_by."""
    teams = TeamMembership.objects.filter(user__in=list(owners)).values("team")
    rows = TeamMembership.objects.filter(team__in=teams, is_manager=True)
    return User.objects.filter(pk__in=rows.values("user"))


def _viewers(record: Any) -> Q:
    """Users who may see this record; see sharing.rules.visible_records."""
    if record.visibility == ItemVisibility.COMPANY:
        return Q(pk__isnull=False)
    seen = Q(pk=record.owner_id) | Q(role=Role.ADMINISTRATOR)
    seen |= Q(pk__in=_managers_of([record.owner_id]).values("pk"))
    if record.visibility == ItemVisibility.GROUP:
        seen |= Q(group_membership__group__memberships__user=record.owner_id)
    return seen


# --- In a sentence -----------------------------------------------------------------------------


def names_of(thread: Thread) -> str:
    """Who sees the thread beside its own people: "Bob, Carol and 3 more"; empty for nobody."""
    others = audience(thread).others
    names = ", ".join(user.name for user in others[:NAMED])
    more = len(others) - NAMED
    if more <= 0:
        return names
    return ngettext("%(names)s and %(n)s more", "%(names)s and %(n)s more", more) % {
        "names": names,
        "n": more,
    }


# --- Before a change of many -------------------------------------------------------------------


@dataclass
class Change:
    """What a change of visibility would do: how many conversations, who gains or loses sight."""

    number: int = 0
    people: list[tuple[User, int]] = field(default_factory=list)


def change_of(thread_ids: Iterable[int], *, to_shared: bool, by: User) -> Change:
    """What sharing these conversations, or no longer sharing them, means for each colleague."""
    own = Thread.objects.of_accounts_of(by).filter(pk__in=list(thread_ids))
    changing = (
        own.exclude(visibility=ThreadVisibility.SHARED)
        if to_shared
        else own.filter(visibility=ThreadVisibility.SHARED)
    ).distinct()
    change = Change(number=changing.count())
    for user in User.objects.active().exclude(pk=by.pk).order_by("name", "pk"):
        gained = changing.filter(opened_when_shared(user)).exclude(
            account__in=MailAccount.objects.usable_by(user)
        )
        if number := gained.count():
            change.people.append((user, number))
    return change


def sees_anything_of(thread: Thread, user: User) -> bool:
    return Thread.objects.visible_to(user).filter(pk=thread.pk).exists()


def links_both_see(thread: Thread, *, first: User, second: User) -> list[ThreadLink]:
    """The thread's links to records that both may see: what the one may be shown of the
    other's page."""
    of_second = links_seen_by(second).filter(thread=thread)
    rows = links_seen_by(first).filter(thread=thread, pk__in=of_second.values("pk"))
    return list(rows.select_related(*RECORD_FIELDS).order_by("-is_main", "pk"))
