from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class VisibilityGroup(models.Model):
    """Colleagues who see each other's records of the kind "owner's visibility group"."""

    name = models.CharField(_("name"), max_length=150, unique=True)

    class Meta:
        verbose_name = _("visibility group")
        verbose_name_plural = _("visibility groups")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class GroupMembership(models.Model):
    """A user is in one visibility group at most."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="group_membership"
    )
    group = models.ForeignKey(VisibilityGroup, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        verbose_name = _("group membership")
        verbose_name_plural = _("group memberships")

    def __str__(self) -> str:
        return f"Membership {self.pk}"
