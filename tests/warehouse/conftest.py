"""A warehouse of one's own for each test: in a folder, or in object storage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from laoke.warehouse.storage import Storage
from laoke.warehouse.store import Warehouse
from tests.warehouse.s3 import BUCKET, KEY, SECRET, client, s3_server


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "warehouse")


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    with s3_server() as address:
        client(address).create_bucket(Bucket=BUCKET)
        yield address


@pytest.fixture
def storage(endpoint: str, request: pytest.FixtureRequest) -> Storage:
    """A place of this test's own."""
    name = re.sub(r"\W+", "-", request.node.nodeid)
    return Storage(f"s3://{BUCKET}/{name}", endpoint, KEY, SECRET)


@pytest.fixture(params=["folder", "object storage"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    """The same test in a folder and in object storage."""
    if request.param == "folder":
        return Warehouse(tmp_path / "warehouse")
    storage: Storage = request.getfixturevalue("storage")
    return Warehouse(storage.root())
