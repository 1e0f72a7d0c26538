import threading

import pytest

from ops.broker.store import Store


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    store = Store(tmp_path / "broker.sqlite3", lease=30, most_tries=3, clock=clock)
    yield store
    store.close()


def bodies(store, *queues):
    taken = []
    while lease := store.take(queues):
        taken.append(lease.body)
    return taken


def test_a_message_is_given_to_one_taker_only(store):
    store.put("poll", "a")
    assert store.take(["poll"]).body == "a"
    assert store.take(["poll"]) is None
    assert store.size("poll") == 1


def test_messages_come_in_the_order_of_the_queues_and_then_of_arrival(store):
    for queue, body in [("poll", "p1"), ("send", "s1"), ("poll", "p2"), ("send", "s2")]:
        store.put(queue, body)
    assert bodies(store, "send", "poll") == ["s1", "s2", "p1", "p2"]


def test_an_unasked_queue_is_left_alone(store):
    store.put("poll", "a")
    assert store.take(["send"]) is None


def test_an_acknowledged_message_is_gone(store, clock):
    store.put("poll", "a")
    store.acknowledge(store.take(["poll"]).tag)
    clock.now += 1000
    assert store.take(["poll"]) is None
    assert store.size("poll") == 0


def test_a_dead_workers_message_comes_back_after_its_lease(store, clock):
    store.put("poll", "a")
    store.take(["poll"])
    clock.now += 29
    assert store.take(["poll"]) is None
    clock.now += 2
    assert store.take(["poll"]).body == "a"


def test_a_renewed_lease_keeps_its_message(store, clock):
    store.put("poll", "a")
    lease = store.take(["poll"])
    clock.now += 20
    store.renew([lease.tag])
    clock.now += 20
    assert store.take(["poll"]) is None


def test_who_lost_the_lease_cannot_acknowledge_for_who_has_it(store, clock):
    store.put("poll", "a")
    late = store.take(["poll"])
    clock.now += 31
    store.take(["poll"])
    store.acknowledge(late.tag)
    assert store.size("poll") == 1


def test_a_released_message_is_due_at_once_and_the_try_does_not_count(store):
    store.put("poll", "a")
    for _ in range(10):
        store.release(store.take(["poll"]).tag)
    assert store.take(["poll"]).body == "a"
    assert store.dead_letters() == 0


def test_a_message_that_kills_its_workers_is_set_aside(store, clock):
    store.put("poll", "deadly")
    store.put("poll", "harmless")
    store.acknowledge(harmless(store).tag)
    for _ in range(2):
        clock.now += 31
        assert store.take(["poll"]).body == "deadly"
    clock.now += 31
    assert store.take(["poll"]) is None
    assert (store.size("poll"), store.dead_letters()) == (0, 1)


def harmless(store):
    assert store.take(["poll"]).body == "deadly"
    return store.take(["poll"])


def test_a_message_for_later_waits(store, clock):
    store.put("send", "a", due=clock.now + 10)
    assert store.take(["send"]) is None
    clock.now += 11
    assert store.take(["send"]).body == "a"


def test_purge_and_sizes_count(store):
    store.put("poll", "a")
    store.put("poll", "b")
    store.put("send", "c")
    assert store.sizes() == {"poll": 2, "send": 1}
    assert store.purge("poll") == 2
    assert store.sizes() == {"send": 1}


def test_two_takers_at_once_share_without_doubles(tmp_path):
    path = tmp_path / "broker.sqlite3"
    stores = [Store(path), Store(path)]
    wanted = [str(number) for number in range(100)]
    for body in wanted:
        stores[0].put("poll", body)
    taken = []

    def take_all(store):
        while lease := store.take(["poll"]):
            taken.append(lease.body)
            store.acknowledge(lease.tag)

    threads = [threading.Thread(target=take_all, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken, key=int) == wanted
    for store in stores:
        store.close()
