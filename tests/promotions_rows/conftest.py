"""The shop of the tests of stored offers. Imported late: models may not be loaded before Django."""

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
