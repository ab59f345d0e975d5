"""Tables in object storage are not in a backup: refused, with the way to keep them, before anything is written."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from django.utils import translation

from laoke.config.backups.restoring import RestoreRefused, restore
from laoke.config.backups.taking import BackupRefused, take
from laoke.shops.place import Place

NOW = datetime(2026, 11, 1, 3)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("LAOKE_TABLES", "s3://shop/tables")
    here = Place(tmp_path / "home")
    here.make()
    return here


def below(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def test_a_backup_says_how_such_tables_are_kept(place: Place, tmp_path: Path) -> None:
    before = below(tmp_path)
    with pytest.raises(BackupRefused) as refused:
        take(place, tmp_path / "shop.backup", "a long passphrase", now=NOW)

    assert refused.value.code == "remote"
    assert refused.value.text == (
        f"事实表在 s3://shop/tables，laoke backup 只装得下数据文件夹里的。先复制数据库和 {place.home}，"
        "再用存储自己的工具复制那个桶，两天之内都对得上；见 docs/how-to/grow.md"
    )
    with translation.override("en"):
        assert refused.value.text.startswith(
            "The tables are in s3://shop/tables, and laoke backup only holds"
        )
    assert below(tmp_path) == before


def test_a_restore_says_to_unset_the_place(place: Place, tmp_path: Path) -> None:
    backup = tmp_path / "shop.backup"
    backup.write_bytes(b"sealed")
    before = below(tmp_path)
    with pytest.raises(RestoreRefused) as refused:
        restore(place, backup, "a long passphrase", replace=True)

    assert refused.value.code == "remote"
    assert "去掉 LAOKE_TABLES 再恢复" in refused.value.text
    with translation.override("en"):
        assert refused.value.text.startswith("LAOKE_TABLES points to s3://shop/tables")
    assert below(tmp_path) == before
