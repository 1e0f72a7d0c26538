from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from common.addresses import MAX_LENGTH
from crm.enums import RecordKind
from crm.models.record import Record


class Person(Record):
    """Somebody the company deals with."""

    kind = RecordKind.PERSON
    title_field = "name"

    name = models.CharField(_("name"), max_length=200)
    job_title = models.CharField(_("job title"), max_length=150, blank=True)
    organization = models.ForeignKey(
        "crm.Organization",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="persons",
        verbose_name=_("organization"),
    )
    labels = models.ManyToManyField("crm.RecordLabel", blank=True, related_name="+")

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("persons")
        indexes = [
            models.Index(fields=["sort_key", "id"], name="person_by_name"),
            models.Index(fields=["owner", "sort_key"], name="person_by_owner"),
            models.Index(fields=["created_at", "id"], name="person_by_age"),
        ]

    def get_absolute_url(self) -> str:
        return reverse("crm:person", args=[self.pk])


class PersonEmail(models.Model):
    """An address of a person, in the spelling of `normalise_address`.

    Two persons may have the same address (a shared mailbox of a customer): mail with it
    belongs to both.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="emails")
    address = models.CharField(_("e-mail address"), max_length=MAX_LENGTH, db_index=True)
    is_primary = models.BooleanField(_("primary"), default=False)

    class Meta:
        verbose_name = _("address of a person")
        verbose_name_plural = _("addresses of persons")
        ordering = ("-is_primary", "id")
        constraints = [
            models.UniqueConstraint(fields=["person", "address"], name="address_once_per_person"),
            models.UniqueConstraint(
                fields=["person"],
                condition=models.Q(is_primary=True),
                name="one_primary_address_per_person",
            ),
        ]

    def __str__(self) -> str:
        return self.address


class PersonPhone(models.Model):
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="phones")
    number = models.CharField(_("phone"), max_length=50)
    is_primary = models.BooleanField(_("primary"), default=False)

    class Meta:
        verbose_name = _("phone of a person")
        verbose_name_plural = _("phones of persons")
        ordering = ("-is_primary", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["person"],
                condition=models.Q(is_primary=True),
                name="one_primary_phone_per_person",
            ),
        ]

    def __str__(self) -> str:
        return self.number
