from typing import Any

import pytest

from crm.domain import projects
from crm.enums import ProjectStatus, RecordKind
from crm.errors import ConflictError, NotPossibleError
from crm.models import Board, Phase, Project
from crm.signals import record_closed, record_opened
from tests.crm.domain.test_deals import Heard
from tests.factories.crm import make_deal
from users.models import User


@pytest.fixture
def phases(db: None) -> list[Phase]:
    board = Board.objects.create(name="Delivery")
    return [
        Phase.objects.create(board=board, name=name, position=place)
        for place, name in enumerate(("Plan", "Build"))
    ]


@pytest.fixture
def project(alice: User, phases: list[Phase]) -> Project:
    return projects.add_project(by=alice, title=" Roll-out ", phase=phases[0])


def in_column(phase: Phase) -> list[str]:
    return [row.title for row in projects.open_column(phase).order_by("position", "pk")]


def news_of(project: Project) -> dict[str, Any]:
    return {"kind": RecordKind.PROJECT, "record_id": project.pk}


def test_a_new_project_stands_at_the_end_of_its_column_and_is_told_of(
    alice: User,
    bob: User,
    phases: list[Phase],
    project: Project,
    django_capture_on_commit_callbacks: Any,
) -> None:
    deal = make_deal(alice)
    with Heard(record_opened) as opened, django_capture_on_commit_callbacks(execute=True):
        other = projects.add_project(
            by=alice, title="Training", phase=phases[0], owner=bob, deals=[deal]
        )
    assert opened.news == [news_of(other)]
    assert in_column(phases[0]) == ["Roll-out", "Training"]
    assert (project.owner, other.owner) == (alice, bob)
    assert list(other.deals.all()) == [deal]


def test_a_card_goes_into_another_phase_before_another_card(
    alice: User, phases: list[Phase], project: Project
) -> None:
    plan, build = phases
    second = projects.add_project(by=alice, title="Training", phase=plan)
    projects.move_project(project, phase=build)
    projects.move_project(second, phase=build, before=project.pk)
    assert (in_column(plan), in_column(build)) == ([], ["Training", "Roll-out"])


def test_a_stale_move_and_a_move_of_a_closed_project_are_refused(
    phases: list[Phase], project: Project
) -> None:
    with pytest.raises(ConflictError):
        projects.move_project(project, phase=phases[1], version=project.version + 1)
    projects.complete_project(project)
    with pytest.raises(ConflictError):
        projects.move_project(project, phase=phases[1])
    project.refresh_from_db()
    assert project.phase == phases[0]


@pytest.mark.parametrize(
    ("close", "status"),
    [
        (projects.complete_project, ProjectStatus.COMPLETED),
        (projects.cancel_project, ProjectStatus.CANCELED),
    ],
)
def test_closed_once_opened_again_and_told_of_each_time(
    close: Any, status: ProjectStatus, project: Project, django_capture_on_commit_callbacks: Any
) -> None:
    committed = django_capture_on_commit_callbacks(execute=True)
    with Heard(record_closed) as closed, Heard(record_opened) as opened, committed:
        close(project)
        close(project)
        assert project.status == status
        projects.reopen_project(project)
        projects.reopen_project(project)
    assert project.status == ProjectStatus.OPEN
    assert (closed.news, opened.news) == ([news_of(project)], [news_of(project)])


def test_what_is_completed_cannot_be_cancelled(project: Project) -> None:
    projects.complete_project(project)
    with pytest.raises(NotPossibleError):
        projects.cancel_project(project)
    assert project.status == ProjectStatus.COMPLETED


def test_archiving_takes_out_of_sight_and_leaves_the_state(
    phases: list[Phase], project: Project, django_capture_on_commit_callbacks: Any
) -> None:
    committed = django_capture_on_commit_callbacks(execute=True)
    with Heard(record_closed) as closed, Heard(record_opened) as opened, committed:
        projects.archive_project(project)
        projects.archive_project(project)
        assert (project.status, in_column(phases[0])) == (ProjectStatus.OPEN, [])
        projects.unarchive_project(project)
        projects.unarchive_project(project)
    assert in_column(phases[0]) == ["Roll-out"]
    assert (closed.news, opened.news) == ([news_of(project)], [news_of(project)])


def test_tasks_keep_their_order_and_are_done_undone_and_removed(project: Project) -> None:
    first, second = (projects.add_task(project, title=title) for title in (" Order ", "Install"))
    assert [task.title for task in project.tasks.all()] == ["Order", "Install"]
    projects.finish_task(first)
    first.refresh_from_db()
    done_at = first.done_at
    assert done_at is not None
    projects.finish_task(first)
    first.refresh_from_db()
    assert first.done_at == done_at
    projects.reopen_task(first)
    first.refresh_from_db()
    assert first.done_at is None
    projects.remove_task(first)
    assert list(project.tasks.all()) == [second]


def test_deals_are_linked_and_unlinked(alice: User, project: Project) -> None:
    deal = make_deal(alice)
    projects.link_deal(project, deal=deal)
    projects.link_deal(project, deal=deal)
    assert list(project.deals.all()) == [deal]
    projects.unlink_deal(project, deal_id=deal.pk)
    assert list(project.deals.all()) == []
