"""Files that users give: sealed, opened only while used, refused when empty or too large."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from laoke.shops import uploads
from laoke.shops.models import Owner, Shop, Upload
from tests.people import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    return Shop.objects.create(owner=Owner.objects.create(name="店主"), name="小店", created_at=NOW)


def _store(shop: Shop, content: bytes, name: str = "订单.csv") -> Upload:
    return uploads.store_upload(shop, SimpleUploadedFile(name, content), by=None, now=NOW)


@pytest.mark.parametrize("size", [1, 1024, uploads.PIECE, uploads.PIECE + 1, 2 * uploads.PIECE + 7])
def test_a_file_comes_back_byte_for_byte_and_is_gone_afterwards(home: Path, shop: Shop, size: int) -> None:
    content = os.urandom(size)
    upload = _store(shop, content)
    with uploads.opened(upload) as path:
        assert path.read_bytes() == content
        assert path.suffix == ".csv"
        held = path
    assert not held.exists()
    assert list((home / "staging").iterdir()) == []


def test_nothing_of_it_is_readable_where_it_lies(home: Path, shop: Shop) -> None:
    upload = _store(shop, b"13800138000 " * 1000)
    stored = home / "uploads" / upload.path
    assert b"13800138000" not in stored.read_bytes()
    assert "订单" not in stored.name
    assert stored.stat().st_mode & 0o077 == 0


def test_only_the_beginning_is_opened_when_that_is_enough(home: Path, shop: Shop) -> None:
    upload = _store(shop, b"x" * (3 * uploads.PIECE))
    with uploads.opened(upload, at_most=100) as path:
        assert path.stat().st_size == uploads.PIECE


@pytest.mark.parametrize("harm", ["cut", "changed", "swapped", "renamed", "gone", "grown"])
def test_a_damaged_file_does_not_open(home: Path, shop: Shop, harm: str) -> None:
    upload = _store(shop, os.urandom(2 * uploads.PIECE))
    stored = home / "uploads" / upload.path
    data = stored.read_bytes()
    head = len(uploads.MAGIC) + 1 + len("vault-1")
    piece = 4 + uploads.NONCE + uploads.PIECE + uploads.TAG
    if harm == "cut":
        stored.write_bytes(data[: head + piece])
    elif harm == "changed":
        stored.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    elif harm == "swapped":
        stored.write_bytes(data[:head] + data[head + piece :] + data[head : head + piece])
    elif harm == "renamed":
        other = _store(shop, b"y")
        (home / "uploads" / other.path).write_bytes(data)
        upload = other
    elif harm == "gone":
        stored.unlink()
    else:
        stored.write_bytes(data + b"\x00")
    with pytest.raises(uploads.UploadDamaged), uploads.opened(upload):
        pass
    assert list((home / "staging").iterdir()) == []


def test_an_empty_file_is_refused_and_leaves_nothing(home: Path, shop: Shop) -> None:
    with pytest.raises(uploads.UploadRefused) as refused:
        _store(shop, b"")
    assert refused.value.code == "empty"
    assert list((home / "uploads").iterdir()) == []
    assert Upload.objects.count() == 0


def test_a_file_beyond_the_limit_is_refused(home: Path, shop: Shop, settings) -> None:  # type: ignore[no-untyped-def]
    settings.UPLOAD_LIMIT_BYTES = 10
    with pytest.raises(uploads.UploadRefused) as refused:
        _store(shop, b"x" * 11)
    assert refused.value.code == "too_large"
    assert list((home / "uploads").iterdir()) == []


def test_a_path_in_a_name_stays_a_name(home: Path, shop: Shop) -> None:
    upload = _store(shop, b"x", name="..\\..\\boot.csv")
    assert upload.name == "boot.csv"
    assert upload.path.endswith(".sealed")


def test_files_nobody_came_back_for_are_forgotten(home: Path, shop: Shop) -> None:
    _store(shop, b"x")
    assert uploads.forget_old(NOW + uploads.KEPT) == 0
    assert uploads.forget_old(NOW + uploads.KEPT * 2) == 1
    assert list((home / "uploads").iterdir()) == []
