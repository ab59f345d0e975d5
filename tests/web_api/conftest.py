"""A shop with a system of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.people import Demo
    from tests.web_api.system import System


@pytest.fixture
def system(demo: Demo) -> System:
    from tests.web_api.system import System

    return System.of(demo)
