"""Rings the bell of open boards. The event is a name: a board asks for what it may see."""

from crm.models import Deal
from notifications.models import LiveEvent
from sharing.enums import ItemVisibility
from users.models import User

DEAL_MOVED = "deal-moved"


def tell_boards(deal_id: int) -> None:
    """Tells open boards that a deal has changed.

    A deal that not everybody sees rings only for those who do: even the moment of a change
    would be news about it.
    """
    deal = Deal.objects.filter(pk=deal_id).first()
    if deal is None:
        return
    readers = User.objects.active()
    if deal.visibility == ItemVisibility.COMPANY:
        ids = list(readers.values_list("pk", flat=True))
    else:
        seers = Deal.objects.kept().filter(pk=deal_id)
        ids = [user.pk for user in readers if seers.visible_to(user).exists()]
    LiveEvent.objects.bulk_create(LiveEvent(user_id=pk, name=DEAL_MOVED) for pk in ids)
