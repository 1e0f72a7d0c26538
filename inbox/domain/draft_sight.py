"""A draft as one of its writers may see it.

What a draft answers and what it is linked to belonged to its author's sight when he began. He
may have lost it since, and a colleague of his team account may never have had it.
"""

from collections.abc import Iterable
from typing import Any

from inbox.models import Draft
from mailsync.models import Email
from users.models import User

RECORDS = ("person", "deal", "lead", "project")


def as_seen_by(draft: Draft, user: Any) -> Draft:
    """The same object without the mail and the records that this user may not see. Nothing is
    stored: who may see them finds them again."""
    if draft.parent_id and not Email.objects.visible_to(user).filter(pk=draft.parent_id).exists():
        draft.parent = None
    for kind in RECORDS:
        pk = getattr(draft, f"{kind}_id")
        model: Any = Draft._meta.get_field(kind).related_model
        if pk and not model.objects.visible_to(user).filter(pk=pk).exists():
            setattr(draft, kind, None)
    return draft


def without_what_is_hidden_from_any(draft: Draft, user_ids: Iterable[int]) -> Draft:
    """The same object without the mail that it answers, if one of these users may not see it.
    Nothing is stored."""
    parent = draft.parent
    for user in User.objects.filter(pk__in=list(user_ids)) if parent else ():
        if parent and not Email.objects.visible_to(user).filter(pk=parent.pk).exists():
            draft.parent = None
            break
    return draft
