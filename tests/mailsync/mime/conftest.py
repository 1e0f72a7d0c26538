from collections.abc import Iterator

import pytest

from mailsync.mime import sandbox


@pytest.fixture(autouse=True, scope="module")
def _no_child_left_waiting() -> Iterator[None]:
    yield
    sandbox.close_idle()
