"""What a file is, where its header stands, which layout fits, and what is refused as a whole."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import pytest

from laoke.intake.reading import (
    IntakeRefused,
    Limits,
    choose_layout,
    open_source,
    profiles,
    read_batches,
    recognise,
)
from laoke.intake.reading.reading import Engine, time_in_name
from tests.reading.exports import HEADER_46, csv_text, order, orders_of, read_all, table_text, write


def refusal_of(path: Path, limits: Limits | None = None) -> IntakeRefused:
    with pytest.raises(IntakeRefused) as caught:
        open_source(path, limits=limits or Limits()).close()
    return caught.value


@pytest.mark.parametrize(
    ("beginning", "found"),
    [
        (b"%PDF-1.7 ...", "pdf"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "image"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "image"),
        (b"Rar!\x1a\x07", "archive"),
        (b"<html><table><tr><td>1</td></tr></table>", "web_page"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", "web_page"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512) + "WordDocument".encode("utf-16-le"), "document"),
        (b"SQLite format 3\x00", "database"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_its_content(
    tmp_path: Path, beginning: bytes, found: str
) -> None:
    path = tmp_path / "ExportOrderList.csv"
    path.write_bytes(beginning)
    refused = refusal_of(path)
    assert (refused.code, refused.params) == ("wrong_file_type", {"found": found})


def test_a_zip_that_is_no_book_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "orders.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("orders.csv", "a,b")
    assert refusal_of(path).params == {"found": "archive"}
    for name, found in (
        ("word/document.xml", "document"),
        ("xl/workbook.bin", "xlsb"),
        ("Index/Document.iwa", "numbers"),
    ):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, "x")
        assert refusal_of(path).params == {"found": found}


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b" \r\n\r\n", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    assert refusal_of(path).code == "empty_file"


def test_binary_data_and_unknown_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(bytes(range(256)) * 20)
    assert refusal_of(path).code == "binary_file"
    path.write_bytes("Größe,Maß,Straße,Übung\nä,ö,ü,ß\n".encode("cp1252") * 20)
    assert refusal_of(path).code == "encoding_unknown"


def test_a_header_without_rows_is_refused(tmp_path: Path) -> None:
    refused = refusal_of(write(tmp_path, csv_text([])))
    assert (refused.code, refused.params) == ("no_data_rows", {"line": 1})


def test_numbers_alone_have_no_header(tmp_path: Path) -> None:
    assert refusal_of(write(tmp_path, "1,2,3\n4,5,6\n")).code == "header_not_found"


@pytest.mark.parametrize(
    "encoding", ["gb18030", "gbk", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_the_same_export_is_read_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    batches, reading = read_all(write(tmp_path, csv_text([order(1), order(2)]), encoding=encoding))
    assert [row["titles"] for row in orders_of(batches)] == ["保温杯", "保温杯"]
    assert reading.summary.read.cents == 19600


def test_text_that_is_ascii_for_a_long_time_is_judged_where_it_no_longer_is(tmp_path: Path) -> None:
    rows = [["id", "at", "money", "what"]] + [[str(n), "2018-10-01", "1.00", "cup"] for n in range(60_000)]
    rows += [[str(n), "2018-10-01", "1.00", "保温杯很好用"] for n in range(60_000, 60_200)]
    path = write(tmp_path, table_text(*rows))
    assert path.stat().st_size > 1024 * 1024
    with open_source(path) as source:
        assert source.encoding == "gb18030"


def test_a_packed_csv_is_read_and_a_cut_one_is_refused(tmp_path: Path) -> None:
    packed = gzip.compress(csv_text([order(n) for n in range(50)]).encode("gb18030"))
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(packed)
    _, reading = read_all(path)
    assert reading.summary.accepted.rows == 50
    path.write_bytes(packed[:-40])
    refused = refusal_of(path)
    assert (refused.code, refused.params) == ("file_truncated", {"kind": "gz"})


def test_a_packed_bomb_is_refused_before_it_fills_anything(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv.gz"
    line = csv_text([order(1)]).encode("gb18030").splitlines(keepends=True)
    with gzip.open(path, "wb", compresslevel=9) as file:
        file.write(line[0])
        for _ in range(80):
            file.write(b'"' + b"0" * (1024 * 1024) + b'"\n')
    with open_source(path, limits=Limits(gzip_ratio=50)) as source, pytest.raises(IntakeRefused) as caught:
        list(read_batches(source, engine="compiled"))
    assert caught.value.code == "gzip_too_large"


def test_a_packed_picture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(b"\x89PNG\r\n\x1a\n" + bytes(100)))
    assert refusal_of(path).params == {"found": "image"}


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030", "utf-8"])
@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_text_with_tabs_between_its_cells_is_read(tmp_path: Path, encoding: str, engine: Engine) -> None:
    header = "订单编号\t订单创建时间\t总金额\t宝贝标题\r\n"
    rows = '1\t2018-10-01\t"1,234.50"\t被子,枕头,"套"\r\n2\t2018-10-01\t5.00\t"两行\n和\t制表符"\r\n'
    text = f"十月\r\n{header}{rows}3\t昨天\t6.00\ta,b\r\n4\t2018-10-01\r\n"
    path = write(tmp_path, text, "orders.txt", encoding)
    batches, reading = read_all(path, engine=engine)
    assert [(row["order_id"], row["total_cents"], row["titles"]) for row in orders_of(batches)] == [
        ("1", 123450, '被子,枕头,"套"'),
        ("2", 500, "两行\n和\t制表符"),
    ]
    kept = [(row.line, row.reason_code, row.raw_text) for row in batches[0].quarantined]
    assert kept == [(6, "time_unreadable", '3,昨天,6.00,"a,b"'), (7, "too_few_cells", "4,2018-10-01")]
    assert reading.summary.accepted.rows == 2


def test_tabs_that_guard_numbers_are_no_delimiters(tmp_path: Path) -> None:
    rows = [order(n) for n in range(3)]
    guarded = [row | {"订单编号": "\t21000000000000", "联系手机": "\t10012345678\t"} for row in rows]
    path = write(tmp_path, "十月订单\t\t\r\n" + csv_text(guarded))
    with open_source(path) as source:
        assert (source.delimiter, source.header) == (",", HEADER_46)


def test_the_header_is_found_below_a_title_and_blank_lines(tmp_path: Path) -> None:
    text = "店铺订单报表\r\n\r\n导出时间,2018-12-31\r\n" + csv_text([order(1)])
    path = write(tmp_path, text)
    with open_source(path) as source:
        assert source.header_line == 4
        assert source.header == HEADER_46
        assert source.samples[0][0] == "2100000000000000001"
    batches, _ = read_all(path)
    assert len(orders_of(batches)) == 1


def test_header_names_may_hold_blanks_marks_and_full_width_brackets() -> None:
    found = recognise(
        [
            "\ufeff订单编号 ",
            "总金额",
            "买家实际支付金额",
            " 收货地址",
            "订单创建时间",
            "订单付款时间\t",
            "退款金额",
        ]
    )
    assert (found[0].profile.id, found[0].score, found[0].missing) == ("tm_feb2020_7", 1.0, ())
    assert found[0].mapping["order_id"] == "\ufeff订单编号 "
    names = [
        "总金额（旧版）" if n == "总金额(旧版)" else n for n in profiles()["qn_orderlist_19_2025"].header
    ]
    assert recognise(names)[0].score == 1.0


def test_columns_chosen_by_the_seller_in_any_order_are_mapped_by_name() -> None:
    found = recognise(["商家备注", "商品标题", "买家实付金额", "订单创建时间", "订单编号", "总金额"])[0]
    assert found.complete
    assert found.mapping["paid"] == "买家实付金额"
    assert found.mapping["titles"] == "商品标题"
    assert found.mapping["seller_memo"] == "商家备注"


def test_a_report_that_is_no_order_list_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    path = write(tmp_path, "商品ID,访客数,支付金额\n1,2,3\n")
    with open_source(path) as source, pytest.raises(IntakeRefused) as caught:
        choose_layout(source)
    assert caught.value.code == "header_not_recognised"
    assert caught.value.params["found"] == ["商品ID", "访客数", "支付金额"]


def test_a_column_that_stands_twice_is_refused_only_when_it_is_needed(tmp_path: Path) -> None:
    twice = ["订单编号", "订单创建时间", "总金额", "标签", "标签"]
    row = ["1", "2018-10-01", "5.00", "a", "b"]
    _, reading = read_all(write(tmp_path, table_text(twice, row)))
    assert reading.summary.accepted.rows == 1
    twice[4] = "总金额"
    with (
        open_source(write(tmp_path, table_text(twice, row))) as source,
        pytest.raises(IntakeRefused) as caught,
    ):
        choose_layout(source)
    assert caught.value.code == "duplicate_column"
    assert caught.value.params == {"column": "总金额", "first": 3, "second": 5}


def test_a_mapping_is_checked_against_the_header(tmp_path: Path) -> None:
    path = write(tmp_path, "单号,时间,钱\n1,2018-10-01,5\n")
    with open_source(path) as source:
        for mapping, code in (
            ({"order_id": "单号", "created_at": "时间"}, "roles_missing"),
            ({"order_id": "编号", "created_at": "时间", "total": "钱"}, "column_missing"),
            ({"order_id": "单号", "created_at": "时间", "cash": "钱"}, "unknown_role"),
        ):
            with pytest.raises(IntakeRefused) as caught:
                choose_layout(source, mapping)
            assert caught.value.code == code
    batches, _ = read_all(path, {"order_id": "单号", "created_at": "时间", "total": "钱"})
    assert orders_of(batches)[0]["total_cents"] == 500


def test_the_time_of_export_is_taken_from_the_name() -> None:
    assert str(time_in_name("ExportOrderList201905151650.csv")) == "2019-05-15 16:50:00"
    assert str(time_in_name("订单_20190515165030(1).xlsx")) == "2019-05-15 16:50:30"
    assert time_in_name("ExportOrderList_derived_2017_2018.csv") is None
    assert time_in_name("order201913451650.csv") is None


# Without a header of their own here: advertising; the re-saved Tmall report has no order number.
NO_LAYOUT = {"pdd_ads", "tb_orderlist_xls_54_sorted_2018"}


def test_every_header_with_a_layout_is_recognised_as_itself(shared: Path) -> None:
    known = json.loads((shared / "headers" / "headers.json").read_text(encoding="utf-8"))
    headers = {layout["id"]: layout["columns"] for layout in known}
    # the list of 1688 ends before the pieces
    cut = {"alibaba1688_order": (0.625, ("quantity",))}
    for name in profiles():
        if name in headers:
            best = recognise(headers[name])[0]
            assert (best.profile.id, (best.score, best.missing)) == (name, cut.get(name, (1.0, ())))
    assert set(headers) - set(profiles()) == NO_LAYOUT
