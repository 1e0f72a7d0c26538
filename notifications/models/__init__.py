from notifications.models.event import LiveEvent
from notifications.models.notification import Notification

__all__ = ["LiveEvent", "Notification"]
