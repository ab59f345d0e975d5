"""A warehouse of one's own for each test."""

from pathlib import Path

import pytest

from laoke.warehouse.store import Warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "warehouse")
