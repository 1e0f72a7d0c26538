"""Projects: moved through phases, completed or cancelled, archived; with tasks and deals.

    open --complete--> completed      open --cancel--> canceled      both --reopen--> open

Archiving is apart from the state: it only takes a project out of sight.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.domain.positions import GAP, last_position, position_before
from crm.domain.records import announce_closed, announce_opened, is_open, save_change
from crm.enums import ProjectStatus
from crm.errors import ConflictError, NotPossibleError
from crm.models import Deal, Phase, Project, ProjectTask
from users.models import User


def add_project(*, by: User, title: str, phase: Phase, **fields: Any) -> Project:
    owner = fields.pop("owner", None) or by
    deals = fields.pop("deals", ())
    with transaction.atomic():
        project = Project.objects.create(
            title=title.strip(),
            owner=owner,
            phase=phase,
            board_id=phase.board_id,
            position=last_position(open_column(phase)) + GAP,
            **fields,
        )
        project.deals.set(deals)
        announce_opened(project)
    return project


def change_project(project: Project, *, version: int | None = None, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(project, name, value)
    save_change(project, fields=fields, version=version)


def open_column(phase: Phase) -> Any:
    return Project.objects.kept().filter(
        board=phase.board_id, status=ProjectStatus.OPEN, archived_at__isnull=True, phase=phase
    )


def move_project(
    project: Project, *, phase: Phase, before: int | None = None, version: int | None = None
) -> None:
    """Puts an open project into a phase, before another card or at the end of the column."""
    with transaction.atomic():
        rows = Project.objects.kept().filter(pk=project.pk, status=ProjectStatus.OPEN)
        if version is not None:
            rows = rows.filter(version=version)
        changed = rows.update(
            phase=phase,
            board=phase.board_id,
            position=position_before(open_column(phase).exclude(pk=project.pk), before=before),
            updated_at=timezone.now(),
            version=F("version") + 1,
        )
        if not changed:
            raise ConflictError(_("This project was changed meanwhile."))
    project.refresh_from_db()


def complete_project(project: Project) -> None:
    _change_status(project, came_from=[ProjectStatus.OPEN], status=ProjectStatus.COMPLETED)


def cancel_project(project: Project) -> None:
    _change_status(project, came_from=[ProjectStatus.OPEN], status=ProjectStatus.CANCELED)


def reopen_project(project: Project) -> None:
    closed = [ProjectStatus.COMPLETED, ProjectStatus.CANCELED]
    _change_status(project, came_from=closed, status=ProjectStatus.OPEN)


def archive_project(project: Project) -> None:
    was_open = is_open(project)
    with transaction.atomic():
        rows = Project.objects.kept().filter(pk=project.pk, archived_at__isnull=True)
        if rows.update(archived_at=timezone.now(), version=F("version") + 1) and was_open:
            announce_closed(project)
    project.refresh_from_db()


def unarchive_project(project: Project) -> None:
    with transaction.atomic():
        rows = Project.objects.kept().filter(pk=project.pk, archived_at__isnull=False)
        changed = rows.update(archived_at=None, version=F("version") + 1)
        project.refresh_from_db()
        if changed and is_open(project):
            announce_opened(project)


def _change_status(
    project: Project, *, came_from: Iterable[ProjectStatus], status: ProjectStatus
) -> None:
    was_open = is_open(project)
    with transaction.atomic():
        changed = (
            Project.objects.kept()
            .filter(pk=project.pk, status__in=came_from)
            .update(status=status, updated_at=timezone.now(), version=F("version") + 1)
        )
        project.refresh_from_db()
        if not changed:
            if project.status == status:
                return  # said twice, done once
            raise NotPossibleError(_("This project is not in a state for that any more."))
        if was_open:
            announce_closed(project)
        elif is_open(project):
            announce_opened(project)


# --- Tasks and deals --------------------------------------------------------------------------


def add_task(
    project: Project,
    *,
    title: str,
    assigned_to: User | None = None,
    due_date: date | None = None,
) -> ProjectTask:
    last = project.tasks.aggregate(last=Max("position"))["last"]
    return ProjectTask.objects.create(
        project=project,
        title=title.strip(),
        assigned_to=assigned_to,
        due_date=due_date,
        position=0 if last is None else last + 1,
    )


def finish_task(task: ProjectTask) -> None:
    ProjectTask.objects.filter(pk=task.pk, done_at__isnull=True).update(done_at=timezone.now())


def reopen_task(task: ProjectTask) -> None:
    ProjectTask.objects.filter(pk=task.pk).update(done_at=None)


def remove_task(task: ProjectTask) -> None:
    task.delete()


def link_deal(project: Project, *, deal: Deal) -> None:
    project.deals.add(deal)


def unlink_deal(project: Project, *, deal_id: int) -> None:
    project.deals.remove(deal_id)
