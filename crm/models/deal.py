from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.enums import DealStatus, RecordKind
from crm.models.record import Record
from sharing.models import OwnedQuerySet


class DealQuerySet(OwnedQuerySet):
    def open(self) -> "DealQuerySet":
        return self.filter(status=DealStatus.OPEN)


class Deal(Record):
    """A possible sale on its way through a pipeline."""

    kind = RecordKind.DEAL

    title = models.CharField(_("title"), max_length=200)
    value = models.DecimalField(_("value"), max_digits=15, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    pipeline = models.ForeignKey(
        "crm.Pipeline",
        on_delete=models.PROTECT,
        related_name="deals",
        verbose_name=_("pipeline"),
    )
    stage = models.ForeignKey(
        "crm.Stage",
        on_delete=models.PROTECT,
        related_name="deals",
        verbose_name=_("stage"),
    )
    position = models.FloatField(default=0, help_text=_("Place in its column of the board."))
    status = models.CharField(
        _("status"), max_length=5, choices=DealStatus.choices, default=DealStatus.OPEN
    )
    person = models.ForeignKey(
        "crm.Person",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="deals",
        verbose_name=_("person"),
    )
    organization = models.ForeignKey(
        "crm.Organization",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="deals",
        verbose_name=_("organization"),
    )
    participants = models.ManyToManyField(
        "crm.Person", through="DealParticipant", related_name="participations"
    )
    labels = models.ManyToManyField("crm.RecordLabel", blank=True, related_name="+")
    expected_close_date = models.DateField(_("expected close"), null=True, blank=True)
    stage_changed_at = models.DateTimeField(default=timezone.now, editable=False)
    # Counts towards rotting. Mail is left out on purpose: a stored moment would tell
    # colleagues of private mail.
    touched_at = models.DateTimeField(default=timezone.now, editable=False)
    won_at = models.DateTimeField(_("won"), null=True, blank=True)
    lost_at = models.DateTimeField(_("lost"), null=True, blank=True)
    lost_reason = models.CharField(_("reason"), max_length=200, blank=True)

    objects = DealQuerySet.as_manager()

    class Meta:
        verbose_name = _("deal")
        verbose_name_plural = _("deals")
        indexes = [
            models.Index(fields=["pipeline", "status", "stage", "position"], name="deal_board"),
            # All that the sums over a board ask for, so that no row has to be fetched.
            models.Index(
                fields=[
                    "pipeline",
                    "status",
                    "deleted_at",
                    "stage",
                    "currency",
                    "value",
                    "visibility",
                    "owner",
                ],
                name="deal_sums",
            ),
            models.Index(fields=["sort_key", "id"], name="deal_by_title"),
            models.Index(fields=["created_at", "id"], name="deal_by_age"),
            models.Index(fields=["value", "id"], name="deal_by_value"),
            models.Index(fields=["expected_close_date", "id"], name="deal_by_close"),
            models.Index(fields=["owner", "status"], name="deal_by_owner"),
        ]

    def get_absolute_url(self) -> str:
        return reverse("crm:deal", args=[self.pk])


class DealParticipant(models.Model):
    """A further person of a deal, beside its main one."""

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="participant_rows")
    person = models.ForeignKey(
        "crm.Person", on_delete=models.CASCADE, related_name="participant_rows"
    )

    class Meta:
        verbose_name = _("deal participant")
        verbose_name_plural = _("deal participants")
        constraints = [
            models.UniqueConstraint(fields=["deal", "person"], name="participant_once_per_deal"),
        ]

    def __str__(self) -> str:
        return f"Participant {self.pk}"
