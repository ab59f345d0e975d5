"""Books of Excel 97–2003, and the files that only bear such a name: what counts is the content."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from laoke.intake.reading import IntakeRefused, open_source
from tests.reading.exports import csv_text, order, orders_of, read_all
from tests.reading.old_books import Error, Formula, container, old_book

HEADER = ["订单编号", "总金额", "买家实付金额", "订单创建时间", "订单付款时间", "商品标题"]


def written(folder: Path, content: bytes, name: str = "orders.xls") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def refused(path: Path) -> IntakeRefused:
    with pytest.raises(IntakeRefused) as caught:
        read_all(path)
    return caught.value


def test_values_dates_formulas_and_number_ids_are_read(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["千牛订单报表"],
        [],
        HEADER,
        ["2100000000000000001", 98.1, 0.1 + 0.2, datetime(2025, 10, 1, 9, 30), 45931.4, "保温杯\n两件"],
        [351533000000001, "￥1,000.00", Formula(1000.0), "2025/10/2 8:00", Error(), "=SUM(A1)"],
    ]
    batches, reading = read_all(written(tmp_path, old_book(rows)))
    first, second = orders_of(batches)
    assert (first["order_id"], first["total_cents"], first["titles"]) == (
        "2100000000000000001", 9810, "保温杯 两件",
    )  # fmt: skip
    assert (first["created_at"], first["paid_at"]) == (
        datetime(2025, 10, 1, 9, 30), datetime(2025, 10, 1, 9, 36),
    )  # fmt: skip
    assert (second["order_id"], second["total_cents"], second["paid_at"]) == ("351533000000001", 100000, None)
    assert second["titles"] == "=SUM(A1)"
    assert reading.summary.read.rows == reading.summary.accepted.rows == 2


def test_a_number_id_too_long_for_excel_refuses_the_book(tmp_path: Path) -> None:
    found = refused(written(tmp_path, old_book([HEADER, [2100000000000000001, 1, 1, "2025-10-01", "", ""]])))
    assert (found.code, found.params["line"]) == ("ids_in_scientific_notation", 2)


def test_a_book_with_a_password_says_so(tmp_path: Path) -> None:
    assert refused(written(tmp_path, old_book([HEADER, ["1"]], locked=True))).code == "file_encrypted"
    assert refused(written(tmp_path, old_book([HEADER], locked=True), "orders.xlsx")).code == "file_encrypted"
    sealed = container({"EncryptedPackage": b"\x00" * 5000, "EncryptionInfo": b"\x00" * 5000})
    assert refused(written(tmp_path, sealed)).code == "file_encrypted"


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.6, 0.95])
def test_half_a_book_is_refused_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: float
) -> None:
    spools = tmp_path / "spools"
    spools.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spools))
    rows = [HEADER, *([f"{n}", 1.0, 1.0, "2025-10-01", "", "杯"] for n in range(400))]
    whole = old_book(rows)
    found = refused(written(tmp_path, whole[: int(len(whole) * kept)]))
    assert found.code in ("sheet_unreadable", "wrong_file_type")
    assert list(spools.iterdir()) == []


def test_another_document_of_the_same_container_is_no_book(tmp_path: Path) -> None:
    found = refused(written(tmp_path, container({"WordDocument": b"letter"})))
    assert (found.code, found.params) == ("wrong_file_type", {"found": "document"})


def test_an_empty_book_is_refused(tmp_path: Path) -> None:
    assert refused(written(tmp_path, old_book([]))).code == "empty_file"


def test_text_named_xls_is_read_as_the_text_it_is(tmp_path: Path) -> None:
    _, reading = read_all(written(tmp_path, csv_text([order(1), order(2)]).encode("gb18030")))
    assert reading.summary.accepted.rows == 2


def test_a_web_page_named_xls_says_what_it_is(tmp_path: Path) -> None:
    page = "<html><table><tr><td>订单编号</td></tr></table></html>".encode()
    found = refused(written(tmp_path, page))
    assert (found.code, found.params) == ("wrong_file_type", {"found": "web_page"})


@pytest.mark.parametrize(("kind", "name"), [("old", "orders.xlsx"), ("new", "orders.xls")])
def test_a_book_under_the_other_name_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, name: str
) -> None:
    spools = tmp_path / "spools"
    spools.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spools))
    row = ["2100000000000000001", 98.1, 98.1, "2025-10-01 09:30:00", "", "杯"]
    if kind == "old":
        path = written(tmp_path, old_book([HEADER, row]), name)
    else:
        book = openpyxl.Workbook()
        for cells in (HEADER, row):
            book.active.append(cells)
        book.save(tmp_path / "made.xlsx")
        path = (tmp_path / "made.xlsx").rename(tmp_path / name)
    with open_source(path) as source:
        assert source.kind == ("xls" if kind == "old" else "xlsx")
    _, reading = read_all(path)
    assert reading.summary.accepted.cents == 9810
    assert list(spools.iterdir()) == []
