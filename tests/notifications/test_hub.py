"""Live events: one reader for all pages of a process, and nothing for others' pages."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, connections
from django.test import AsyncClient, Client
from django.utils import timezone

from common.opaque import seal, unseal
from notifications.domain import hub as hub_module
from notifications.domain.hub import CLIENTS_PER_USER, Hub
from notifications.domain.live import prune_events, ring
from notifications.models import LiveEvent
from users.domain.people import deactivate
from users.models import User, UserSession

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def threads_ended(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A hub lives as long as its event loop; here its thread gives its connection back."""
    hubs: list[Hub] = []
    begin = Hub.__init__

    def noted(hub: Hub) -> None:
        begin(hub)
        hubs.append(hub)

    monkeypatch.setattr(Hub, "__init__", noted)
    yield
    for hub in hubs:
        hub.thread.submit(connections.close_all).result(5)
        hub.thread.shutdown()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "POLL_EVERY", 0.02)
    monkeypatch.setattr(hub_module, "CHECK_SESSIONS_EVERY", 0.05)
    monkeypatch.setattr(hub_module, "BEAT_EVERY", 0.1)
    # The signal that stops pytest stays pytest's.
    monkeypatch.setattr(hub_module, "_close_on_shutdown", lambda loop, hub: None)


def key_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return str(client.session.session_key)


async def heard(stream: AsyncIterator[str], seconds: float = 2.0) -> str:
    """The next message that is no sign of life."""
    async with asyncio.timeout(seconds):
        async for message in stream:
            if not message.startswith((":", "retry")):
                return message
    return "closed"


def run(coroutine: Any) -> None:
    asyncio.run(coroutine)


def test_bell_reaches_its_user_only_and_in_one_query_for_all(alice: User, bob: User) -> None:
    keys = {user.pk: key_of(user) for user in (alice, bob)}
    asked = []

    async def scene() -> None:
        hub = Hub()
        hers = [await hub.join(user_id=alice.pk, session_key=keys[alice.pk]) for _ in range(5)]
        his = await hub.join(user_id=bob.pk, session_key=keys[bob.pk])
        streams = [client.messages() for client in hers]
        await sync_to_async(ring)([alice.pk], "mail-changed")
        for stream in streams:
            message = await heard(stream)
            assert "event: mail-changed\ndata: mail-changed\n\n" in message
            assert message.startswith("id: ")
        with pytest.raises(TimeoutError):
            await heard(his.messages(), 0.2)
        assert not his.waiting
        asked.append(len(hub.clients))
        for client in [*hers, his]:
            hub.leave(client)
        assert not hub.clients
        await asyncio.wait_for(hub.reader, 2)  # type: ignore[arg-type]

    run(scene())
    assert asked == [2]


def test_what_was_missed_comes_after_a_cut(alice: User) -> None:
    key = key_of(alice)
    ring([alice.pk], "mail-changed")
    last = LiveEvent.objects.get().pk
    ring([alice.pk], "deal-moved")
    ring([alice.pk], "deal-moved")

    async def scene() -> None:
        hub = Hub()
        client = await hub.join(user_id=alice.pk, session_key=key, heard=last)
        assert await heard(client.messages()) == (
            f"id: {seal('event', last + 2)}\nevent: deal-moved\ndata: deal-moved\n\n"
        )
        hub.leave(client)

    run(scene())


def test_what_rang_while_a_page_was_on_its_way_is_heard(alice: User, bob: User) -> None:
    """Its content was read before the bell, its connection came after: nobody would tell it."""
    key = key_of(alice)
    ring([alice.pk], "deal-moved")
    LiveEvent.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    written_at = int(timezone.now().timestamp())
    ring([alice.pk], "mail-changed")
    ring([bob.pk], "bell-changed")

    async def scene() -> None:
        client = AsyncClient()
        client.cookies["sessionid"] = key
        response = await client.get("/events/", {"since": str(written_at)})
        mine = hub_module.hub_of_this_loop().clients[alice.pk][0]
        assert set(mine.waiting) == {"mail-changed"}
        response.close()
        for nonsense in ("", "soon", "9" * 12, "-1", "\u0663"):
            await client.get("/events/", {"since": nonsense})
            mine = hub_module.hub_of_this_loop().clients[alice.pk][-1]
            assert not mine.waiting
        hub_module.hub_of_this_loop().close()
        for one in list(hub_module.hub_of_this_loop().clients[alice.pk]):
            hub_module.hub_of_this_loop().leave(one)

    run(scene())


def test_bell_that_rings_as_the_reader_begins_is_heard(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_of(alice)
    ask_newest = hub_module.newest

    def rung_meanwhile() -> int:
        ring([alice.pk], "mail-changed")
        return ask_newest()

    monkeypatch.setattr(hub_module, "newest", rung_meanwhile)

    async def scene() -> None:
        hub = Hub()
        client = await hub.join(user_id=alice.pk, session_key=key, heard=0)
        assert "mail-changed" in await heard(client.messages())
        hub.leave(client)

    run(scene())


def test_bells_do_not_tell_how_many_others_hear(alice: User, bob: User) -> None:
    """The steps between two numbers would say how much mail a colleague has got meanwhile."""
    key = key_of(alice)

    async def scene() -> None:
        hub = Hub()
        client = await hub.join(user_id=alice.pk, session_key=key)
        messages = []
        for _ in range(2):
            await sync_to_async(ring)([bob.pk], "mail-changed")
            await sync_to_async(ring)([alice.pk], "mail-changed")
            messages.append(await heard(client.messages()))
        numbers = [message.partition("\n")[0].removeprefix("id: ") for message in messages]
        assert [len(number) for number in numbers] == [22, 22]
        mine = [
            n
            async for n in LiveEvent.objects.filter(user=alice)
            .order_by("pk")
            .values_list("pk", flat=True)
        ]
        assert [unseal("event", number) for number in numbers] == mine
        hub.leave(client)

    run(scene())


def test_number_that_commits_late_is_heard(alice: User) -> None:
    """On PostgreSQL a transaction may commit a smaller number after a larger one."""

    async def scene() -> None:
        hub = Hub()
        hub.last = 10
        client = hub_module.Client(user_id=alice.pk, session_key="")
        hub.clients[alice.pk].append(client)
        hub.hand_out([(13, alice.pk, "mail-changed")])
        assert set(hub.gaps) == {11, 12}
        client.waiting.clear()
        hub.hand_out([(12, alice.pk, "deal-moved")])
        assert client.waiting == {"deal-moved": 12}
        assert set(hub.gaps) == {11}
        assert hub.last == 13

    run(scene())


def test_page_is_closed_when_the_user_goes(alice: User, dana: User) -> None:
    key = key_of(alice)

    async def scene() -> None:
        hub = Hub()
        client = await hub.join(user_id=alice.pk, session_key=key)
        await sync_to_async(deactivate)(alice, by=dana)
        assert await heard(client.messages()) == "closed"
        hub.leave(client)

    run(scene())


def test_page_is_closed_when_its_session_ends_and_others_stay(alice: User) -> None:
    first, second = key_of(alice), key_of(alice)

    async def scene() -> None:
        hub = Hub()
        ended = await hub.join(user_id=alice.pk, session_key=first)
        kept = await hub.join(user_id=alice.pk, session_key=second)
        await UserSession.objects.filter(pk=first).adelete()
        assert await heard(ended.messages()) == "closed"
        assert not kept.closed
        hub.leave(ended)
        hub.leave(kept)

    run(scene())


def test_pages_per_user_are_bounded(alice: User) -> None:
    key = key_of(alice)

    async def scene() -> None:
        hub = Hub()
        clients = [
            await hub.join(user_id=alice.pk, session_key=key) for _ in range(CLIENTS_PER_USER + 1)
        ]
        assert [client.closed for client in clients] == [True] + [False] * CLIENTS_PER_USER
        hub.close()
        assert all(client.closed for client in clients)
        for client in clients:
            hub.leave(client)

    run(scene())


def test_slow_page_keeps_one_bell_of_a_kind(alice: User) -> None:
    async def scene() -> None:
        client = hub_module.Client(user_id=alice.pk, session_key="")
        for number in range(1000):
            client.put("mail-changed", number)
        assert client.waiting == {"mail-changed": 999}

    run(scene())


def test_stream_has_the_headers_and_anonymous_visitors_get_none(alice: User) -> None:
    key = key_of(alice)

    async def scene() -> None:
        client = AsyncClient()
        assert (await client.get("/events/")).status_code == 401
        client.cookies["sessionid"] = key
        response = await client.get("/events/")
        assert response.status_code == 200
        assert response["Content-Type"] == "text/event-stream"
        assert response["X-Accel-Buffering"] == "no"
        assert response["Cache-Control"] == "private, no-store"
        seen: list[bytes] = []

        async def read() -> None:
            async for message in response:
                seen.append(message)  # noqa: PERF401

        reading = asyncio.create_task(read())
        await asyncio.sleep(0.05)
        await sync_to_async(ring)([alice.pk], "counts-changed")
        async with asyncio.timeout(2):
            while not any(b"counts-changed" in message for message in seen):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert seen[0] == b"retry: 3000\n\n"
        # As a server does when the page is left.
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        assert not hub_module.hub_of_this_loop().clients

    run(scene())


def test_rolled_back_change_rings_no_bell(alice: User) -> None:
    from django.db import transaction

    with pytest.raises(RuntimeError), transaction.atomic():  # noqa: PT012
        ring([alice.pk], "mail-changed")
        raise RuntimeError
    assert not LiveEvent.objects.exists()


def test_unknown_name_is_a_mistake(alice: User) -> None:
    with pytest.raises(ValueError, match="subject of a mail"):
        ring([alice.pk], "subject of a mail")


def test_old_bells_are_removed(alice: User) -> None:
    ring([alice.pk], "mail-changed")
    ring([alice.pk], "deal-moved")
    LiveEvent.objects.filter(name="mail-changed").update(
        created_at=timezone.now() - timedelta(minutes=16)
    )
    assert prune_events() == 1
    assert LiveEvent.objects.get().name == "deal-moved"


def test_question_is_asked_again_when_its_connection_broke() -> None:
    asked = []

    def question(answer: str) -> str:
        asked.append(answer)
        if len(asked) == 1:
            raise OperationalError
        return answer

    async def scene() -> None:
        assert await Hub().ask(question, "here") == "here"

    run(scene())
    assert asked == ["here", "here"]
