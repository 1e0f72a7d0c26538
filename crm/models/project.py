from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.enums import ProjectStatus, RecordKind
from crm.models.record import Record
from sharing.models import OwnedQuerySet


class Board(models.Model):
    """An ordered set of phases that projects go through."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True)

    class Meta:
        verbose_name = _("board")
        verbose_name_plural = _("boards")
        ordering = ("position", "id")

    def __str__(self) -> str:
        return self.name


class Phase(models.Model):
    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="phases")
    name = models.CharField(_("name"), max_length=100)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("phase")
        verbose_name_plural = _("phases")
        ordering = ("position", "id")

    def __str__(self) -> str:
        return self.name


class ProjectQuerySet(OwnedQuerySet):
    def open(self) -> "ProjectQuerySet":
        return self.filter(status=ProjectStatus.OPEN, archived_at__isnull=True)


class Project(Record):
    """Work that follows a sale."""

    kind = RecordKind.PROJECT

    title = models.CharField(_("title"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    board = models.ForeignKey(
        Board,
        on_delete=models.PROTECT,
        related_name="projects",
        verbose_name=_("board"),
    )
    phase = models.ForeignKey(
        Phase,
        on_delete=models.PROTECT,
        related_name="projects",
        verbose_name=_("phase"),
    )
    position = models.FloatField(default=0)
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=ProjectStatus.choices,
        default=ProjectStatus.OPEN,
    )
    person = models.ForeignKey(
        "crm.Person",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="projects",
        verbose_name=_("person"),
    )
    organization = models.ForeignKey(
        "crm.Organization",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="projects",
        verbose_name=_("organization"),
    )
    deals = models.ManyToManyField("crm.Deal", blank=True, related_name="projects")
    labels = models.ManyToManyField("crm.RecordLabel", blank=True, related_name="+")
    start_date = models.DateField(_("start"), null=True, blank=True)
    end_date = models.DateField(_("end"), null=True, blank=True)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        indexes = [
            models.Index(fields=["board", "status", "phase", "position"], name="project_board"),
            models.Index(fields=["sort_key", "id"], name="project_by_title"),
            models.Index(fields=["created_at", "id"], name="project_by_age"),
        ]

    def get_absolute_url(self) -> str:
        return reverse("crm:project", args=[self.pk])


class ProjectTask(models.Model):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="tasks")
    title = models.CharField(_("title"), max_length=200)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("assigned to"),
    )
    due_date = models.DateField(_("due"), null=True, blank=True)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("project task")
        verbose_name_plural = _("project tasks")
        ordering = ("position", "id")

    def __str__(self) -> str:
        return self.title
