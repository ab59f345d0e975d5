"""The shop that every test of segments stands in. Imported late: models may not be loaded before Django."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.audiences.world import World


@pytest.fixture
def world(db: None, home: Path) -> World:
    from laoke.audiences import mirroring
    from tests.audiences.world import World

    mirroring._aged.clear()
    return World()
