"""Who can see a conversation, by name: the rule of `visible_to` read from the other end."""

from dataclasses import dataclass

from django.db.models import Q

from mailsync.domain.linking import target
from mailsync.enums import AccountScope
from mailsync.models import Thread
from mailsync.models.link import RECORD_FIELDS
from sharing.enums import ItemVisibility, ThreadVisibility
from users.enums import Role
from users.models import User

# More names than this are a number on the page.
NAMED = 12


@dataclass(frozen=True)
class Audience:
    """The people who see a conversation, its own people first."""

    own: list[User]
    others: list[User]
    is_shared: bool
    is_linked: bool

    @property
    def named(self) -> list[User]:
        return self.others[:NAMED]

    @property
    def more(self) -> int:
        return max(0, len(self.others) - NAMED)


def audience(thread: Thread) -> Audience:
    """Everybody who sees the thread now. Asked when somebody wants to know, never stored."""
    account = thread.account
    mine = (
        Q(team_accounts=account) if account.scope == AccountScope.TEAM else Q(pk=account.owner_id)
    )
    own = list(User.objects.active().filter(mine).distinct())
    is_shared = thread.visibility == ThreadVisibility.SHARED
    links = list(thread.links.standing().select_related(*RECORD_FIELDS)) if is_shared else []
    condition = Q(pk__in=[])
    for record in (target(link) for link in links):
        condition |= _viewers(record)
    candidates = User.objects.active().filter(condition).exclude(pk__in=[u.pk for u in own])
    # The last word has the rule itself: a candidate counts only if his own list would show it.
    others = [
        user
        for user in candidates.distinct()
        if Thread.objects.visible_to(user).filter(pk=thread.pk).exists()
    ]
    return Audience(own=own, others=others, is_shared=is_shared, is_linked=bool(links))


def _viewers(record: object) -> Q:
    """Users who may see this record; see sharing.rules.visible_records."""
    visibility, owner_id = record.visibility, record.owner_id  # type: ignore[attr-defined]
    if visibility == ItemVisibility.COMPANY:
        return Q(pk__isnull=False)
    seen = Q(pk=owner_id) | Q(role=Role.ADMINISTRATOR)
    if visibility == ItemVisibility.GROUP:
        seen |= Q(group_membership__group__memberships__user=owner_id)
    return seen
