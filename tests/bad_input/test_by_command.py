"""Bad files by `laoke import`: each gets its message, nothing is half imported, no traceback reaches a user."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from laoke.config.cli import app
from laoke.intake.models import ImportRun, ImportState
from tests.bad_input.files import REFUSED, TAKEN, BadFile, csv_file, good, stores_of
from tests.people import Demo

pytestmark = pytest.mark.django_db


def laoke(*words: str, as_json: bool = False) -> Result:
    done = CliRunner().invoke(app, [*(["--json"] if as_json else []), "import", *words])
    assert isinstance(done.exception, SystemExit | None), done.exception
    assert "Traceback" not in done.output
    return done


def written(folder: Path, file: BadFile) -> Path:
    path = folder / file.name
    path.write_bytes(file.make())
    return path


@pytest.mark.parametrize("file", REFUSED, ids=str)
def test_a_file_is_refused_with_its_sentence_and_changes_nothing(
    demo: Demo, tmp_path: Path, file: BadFile
) -> None:
    before = stores_of(demo.shop)
    done = laoke(str(written(tmp_path, file)))
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"{file.name}：{file.refused}{file.hint}\n"
    assert stores_of(demo.shop) == before
    assert ImportRun.objects.get(file_name=file.name).state == ImportState.REFUSED


@pytest.mark.parametrize("file", TAKEN, ids=str)
def test_the_rest_of_a_file_is_taken_and_a_bad_row_is_named(
    demo: Demo, no_features: None, tmp_path: Path, file: BadFile
) -> None:
    before = stores_of(demo.shop)
    done = laoke(str(written(tmp_path, file)))
    assert (done.exit_code, done.stderr) == (0, "")
    for line, sentence in file.put_aside:
        assert f"    第 {line} 行：{sentence}\n" in done.stdout
    assert done.stdout.startswith(f"{file.name}：5 行，")
    run = ImportRun.objects.get(file_name=file.name)
    assert [run.counts[n] for n in ("read", "accepted", "quarantined", "unchanged", "ignored")] == [
        5, file.accepted, len(file.put_aside), 0, file.ignored,
    ]  # fmt: skip
    after = stores_of(demo.shop)
    assert (after.orders - before.orders, after.put_aside) == (file.accepted, len(file.put_aside))
    assert after.staged == 0


def test_a_file_that_cannot_be_opened_does_not_keep_the_others_from_being_taken(
    demo: Demo, no_features: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked, whole = tmp_path / "开着.xlsx", tmp_path / "订单.csv"
    locked.write_bytes(b"PK")
    whole.write_bytes(csv_file(good()))
    plain = Path.open

    def held_by_excel(path: Path, *args: object, **options: object) -> object:
        if path == locked:
            raise PermissionError(13, "Permission denied")
        return plain(path, *args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", held_by_excel)
    done = laoke(str(locked), str(tmp_path / "没有.csv"), str(tmp_path), str(whole), as_json=True)
    assert done.exit_code == 1
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one.get("error", one.get("accepted")) for one in told] == ["file_locked", "no_file", "no_file", 5]
    assert told[0]["message"] == (
        "打不开。在别的程序（如 Excel）里关掉它，或看看有没有读它的权限，再导一次。"
    )
    assert told[1]["message"] == f"没有这个文件：{tmp_path / '没有.csv'}"


def test_rows_put_aside_are_told_once_for_each_reason(demo: Demo, no_features: None, tmp_path: Path) -> None:
    table = good()
    table[2][0] = table[3][0] = ""
    table[4][2] = "一百"
    (tmp_path / "订单.csv").write_bytes(csv_file(table))
    told = json.loads(laoke(str(tmp_path / "订单.csv"), as_json=True).stdout)
    assert told["put_aside"] == [
        {"reason": "order_id_missing", "rows": 2, "line": 3, "message": "没有订单编号。补上后再导入。"},
        {
            "reason": "money_unreadable",
            "rows": 1,
            "line": 5,
            "message": "“总金额”是“一百”，不是金额。写成 268.00 这样，最多两位小数。",
        },
    ]
    shown = laoke(str(tmp_path / "订单.csv")).stdout
    assert "    第 3 行：没有订单编号。补上后再导入。（这样的共 2 行）\n" in shown
    assert "    第 5 行：“总金额”是“一百”，不是金额。" in shown
