"""One demo shop at ten o'clock on the day before the first round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.dispatch.rounds import Clock, FakeChannel, Reach


# This file is read before Django is set up: models are imported where they are used.
@pytest.fixture
def turning() -> Clock:
    from tests.dispatch.rounds import Clock

    return Clock()


@pytest.fixture
def reach(db: None, turning: Clock) -> Reach:
    from tests.dispatch.rounds import reach_shop

    return reach_shop(turning)


@pytest.fixture
def channel() -> FakeChannel:
    from tests.dispatch.rounds import FakeChannel

    return FakeChannel()
