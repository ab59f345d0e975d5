"""The shop of the campaign tests. Imported late: models may not be loaded before Django."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.campaigns.stores import Store


@pytest.fixture
def store(home: Path, db: None) -> Store:
    """A shop without facts, in a home of its own."""
    from tests.campaigns.stores import make_store

    return make_store()


@pytest.fixture
def demo_store(home: Path, db: None) -> Store:
    """A demo shop without facts: it may use loopback gateways only."""
    from tests.campaigns.stores import make_store

    return make_store("示例店", is_demo=True)
