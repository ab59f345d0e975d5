"""A shop to import into."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from laoke.shops.models import Shop


@pytest.fixture
def shop(home: Path) -> Shop:
    from laoke.shops.setup import add_shop
    from tests.intake.facts import NOW

    return add_shop("书店", now=NOW)
