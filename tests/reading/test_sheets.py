"""Excel books: values of formulas, day numbers, damaged ids; bombs and broken books are refused."""

from __future__ import annotations

import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from laoke.intake.reading import IntakeRefused, Limits, open_source
from laoke.intake.reading.sheets import refuse_formulas_without_results
from tests.reading.exports import orders_of, read_all

HEADER = ["订单编号", "总金额", "买家实付金额", "订单创建时间", "订单付款时间", "商品标题"]


def book(folder: Path, *rows: list[object]) -> Path:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in rows:
        sheet.append(row)
    path = folder / "orders.csv"  # the name does not matter
    workbook.save(folder / "orders.xlsx")
    (folder / "orders.xlsx").rename(path)
    return path


def test_a_book_is_read_like_a_csv(tmp_path: Path) -> None:
    path = book(
        tmp_path,
        ["千牛订单报表"],
        [],
        HEADER,
        ["2100000000000000001", 98.1, 0.1 + 0.2, datetime(2025, 10, 1, 9, 30), 45931.4, "保温杯\n两件"],
        [351533000000001, "￥1,000.00", 1000, "2025/10/2 8:00", "", "+SUM(A1)"],
    )
    batches, reading = read_all(path)
    first, second = orders_of(batches)
    assert (first["order_id"], first["total_cents"], first["titles"]) == (
        "2100000000000000001",
        9810,
        "保温杯 两件",
    )
    assert (first["created_at"], first["paid_at"]) == (
        datetime(2025, 10, 1, 9, 30),
        datetime(2025, 10, 1, 9, 36),
    )
    assert (second["order_id"], second["total_cents"], second["paid_at"]) == ("351533000000001", 100000, None)
    assert reading.summary.accepted.rows == 2


def test_a_numeric_id_too_long_for_excel_refuses_the_book(tmp_path: Path) -> None:
    path = book(tmp_path, HEADER, [2100000000000000001, 1, 1, "2025-10-01", "", ""])
    with pytest.raises(IntakeRefused) as caught:
        read_all(path)
    assert (caught.value.code, caught.value.params["line"]) == ("ids_in_scientific_notation", 2)


def test_the_line_of_a_row_put_aside_is_its_row_in_the_book(tmp_path: Path) -> None:
    path = book(
        tmp_path, [], HEADER, ["1", 1, 1, "2025-10-01", "", "a\nb"], [], ["2", "x", 1, "2025-10-01", "", ""]
    )
    batches, _ = read_all(path)
    assert [(row.line, row.reason_code) for row in batches[0].quarantined] == [(5, "money_unreadable")]


def test_a_formula_counts_by_its_result_and_is_refused_without_one(tmp_path: Path) -> None:
    path = tmp_path / "orders.xlsx"
    workbook = xlsxwriter.Workbook(path)
    sheet = workbook.add_worksheet()
    sheet.write_row(0, 0, HEADER)
    sheet.write_row(1, 0, ["1", 0, 0, "2025-10-01", "2025-10-01", ""])
    sheet.write_formula("B2", "=60+1.5", None, 61.5)
    workbook.close()
    batches, _ = read_all(path)
    assert orders_of(batches)[0]["total_cents"] == 6150
    with pytest.raises(IntakeRefused) as caught:
        open_source(book(tmp_path, HEADER, ["1", "=60+1.5", 1, "2025-10-01", "", ""]))
    assert (caught.value.code, caught.value.params) == ("formula_without_result", {"cell": "B2"})
    # a result that is an empty text is one
    refuse_formulas_without_results(b'<c r="B2" t="str"><f>""</f><v></v></c>')


def test_a_bomb_is_weighed_before_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (64 * 1024 * 1024))
    with pytest.raises(IntakeRefused) as caught:
        open_source(path)
    assert caught.value.code == "xlsx_too_large"


def test_a_cut_or_empty_or_senseless_book_is_refused(tmp_path: Path) -> None:
    path = book(tmp_path, HEADER, ["1", 1, 1, "2025-10-01", "", ""])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    codes = []
    for _ in range(2):
        with pytest.raises(IntakeRefused) as caught:
            open_source(path)
        codes.append(caught.value.code)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("xl/workbook.xml", "<not a workbook")
    assert codes == ["file_truncated", "sheet_unreadable"]
    with pytest.raises(IntakeRefused) as caught:
        open_source(book(tmp_path))
    assert caught.value.code == "empty_file"


def test_a_book_that_takes_too_long_is_given_up_and_nothing_is_left_behind(
    tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    # The clock is looked at every 50 ms: a short book is read before that.
    path = book(tmp_path, HEADER, *(["1", 1, 1, "2025-10-01", "", ""] for _ in range(20_000)))
    with pytest.raises(IntakeRefused) as caught:
        open_source(path, limits=Limits(sheet_seconds=0.0))
    assert caught.value.code == "sheet_too_slow"
    with open_source(path) as source:
        assert source.spool is not None and source.spool.exists()
    assert [file.name for file in tmp_path.iterdir()] == ["orders.csv"]
