from django.conf import settings
from django.db import models


class LiveEvent(models.Model):
    """A bell for one user's open pages: something changed, look again.

    Holds a name and never content: the page asks for what it may see by its usual URL.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=40)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = "live event"
        verbose_name_plural = "live events"

    def __str__(self) -> str:
        return f"LiveEvent {self.pk}"
