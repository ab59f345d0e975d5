"""Files that somebody holds open, as Windows would refuse them: the refusal passes, or the last good state stays."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from laoke.config.commands.keys import keys_rotate
from laoke.intake.reading import open_source
from laoke.shops import open_files
from laoke.shops.clock import clear_demo_clock, clock_from_env, set_demo_clock
from laoke.shops.key_rotation import add_vault_key
from laoke.shops.keys import KeyFileError, load_keys, make_key_file
from laoke.shops.sheets import write_csv

BEGIN = datetime(2026, 10, 31, 10)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_files, "PAUSE_SECONDS", 0.0)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], list[str]]:
    """`held("replace", 3)`: the system refuses that act three times; the list names the files it refused."""

    def hold(act: str, times: int) -> list[str]:
        refused: list[str] = []
        real = getattr(os, act)

        def acting(path: Any, *rest: Any, **named: Any) -> Any:
            if len(refused) < times:
                refused.append(Path(path).name)
                raise PermissionError(13, "另一个程序正在使用此文件", str(path))
            return real(path, *rest, **named)

        monkeypatch.setattr(os, act, acting)
        return refused

    return hold


FOR_A_MOMENT, FOR_GOOD = 5, 10_000


def test_a_file_held_for_a_moment_is_replaced_all_the_same(tmp_path: Path, held: Any) -> None:
    fresh, path = tmp_path / "fresh", tmp_path / "path"
    fresh.write_bytes(b"new")
    path.write_bytes(b"old")
    refused = held("replace", FOR_A_MOMENT)
    open_files.swap(fresh, path)
    assert refused == ["fresh"] * FOR_A_MOMENT
    assert path.read_bytes() == b"new"
    assert not fresh.exists()


def test_a_file_held_for_good_stays_as_it_was_and_nothing_lies_beside(tmp_path: Path, held: Any) -> None:
    fresh, path = tmp_path / "fresh", tmp_path / "path"
    fresh.write_bytes(b"new")
    path.write_bytes(b"old")
    refused = held("replace", FOR_GOOD)
    with pytest.raises(PermissionError):
        open_files.swap(fresh, path)
    assert len(refused) == open_files.TRIES
    assert path.read_bytes() == b"old"
    assert not fresh.exists()


def test_a_file_is_deleted_once_it_is_let_go(tmp_path: Path, held: Any) -> None:
    path = tmp_path / "path"
    path.write_bytes(b"")
    assert held("unlink", FOR_A_MOMENT) == []
    open_files.remove(path)
    assert not path.exists()


def test_a_passing_file_that_is_held_stays_without_a_fuss(tmp_path: Path, held: Any) -> None:
    path = tmp_path / "path"
    path.write_bytes(b"")
    held("unlink", 1)
    assert open_files.let_go(path) is False
    assert open_files.let_go(path) is True


def test_the_demo_clock_is_turned_and_read_while_others_read_it(
    home: Path, held: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LAOKE_NOW", raising=False)
    held("replace", FOR_A_MOMENT)
    set_demo_clock(home, BEGIN, 1.0)
    left = [PermissionError(13, "busy")] * FOR_A_MOMENT
    real = Path.read_text

    def reading(path: Path, *rest: Any, **named: Any) -> str:
        if left:
            raise left.pop()
        return real(path, *rest, **named)

    monkeypatch.setattr(Path, "read_text", reading)
    # Never the real time for an instant only because the file was busy.
    assert clock_from_env().start == BEGIN
    assert left == []
    held("unlink", FOR_A_MOMENT)
    clear_demo_clock(home)
    assert clock_from_env().start is None


def test_a_key_file_that_is_held_keeps_its_keys_and_says_so(tmp_path: Path, held: Any) -> None:
    path = tmp_path / "laoke-keys.json"
    make_key_file(path)
    before = path.read_bytes()
    held("replace", FOR_GOOD)
    with pytest.raises(KeyFileError, match="正被别的程序打开，钥匙没有动"):
        add_vault_key(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["laoke-keys.json"]


def test_a_key_file_that_cannot_be_read_is_no_missing_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "laoke-keys.json"
    make_key_file(path)

    def refused(_path: Path) -> str:
        raise PermissionError(13, "拒绝访问")

    monkeypatch.setattr("laoke.shops.keys.read_text", refused)
    with pytest.raises(KeyFileError, match=r"打不开.*拒绝访问"):
        load_keys(path)


def test_the_command_that_changes_the_key_ends_with_the_reason(
    home: Path, db: None, held: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    import typer

    held("replace", FOR_GOOD)
    with pytest.raises(typer.Exit) as ended:
        keys_rotate()
    assert ended.value.exit_code == 1
    assert "钥匙没有动" in capsys.readouterr().err
    assert load_keys(home / "keys" / "laoke-keys.json").vault.current.key_id == "vault-1"


def test_a_list_appears_whole_once_the_old_one_is_closed(tmp_path: Path, held: Any) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(b"old")
    held("replace", FOR_A_MOMENT)
    assert write_csv(path, ["昵称"], [["小猫"]]).rows == 1
    assert path.read_text(encoding="utf-8-sig") == "昵称\n小猫\n"
    assert [file.name for file in tmp_path.iterdir()] == ["list.csv"]


def test_an_import_does_not_fail_over_its_unpacked_sheet(tmp_path: Path, held: Any) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["订单编号", "总金额", "订单创建时间"])
    book.active.append(["1", 1, "2025-10-01"])
    book.save(tmp_path / "orders.xlsx")
    with open_source(tmp_path / "orders.xlsx") as source:
        spool = source.spool
        assert spool is not None
        refused = held("unlink", 1)
    assert refused == [spool.name]
    spool.unlink()
