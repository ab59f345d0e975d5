"""Rows that cannot be read are put aside with line, reason and money; everything else is read."""

from __future__ import annotations

import csv
import gzip
import io
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from laoke.intake.reading import IntakeRefused, Limits, choose_layout, open_source, read_batches
from laoke.intake.reading.reading import Engine
from tests.reading.exports import HEADER_46, csv_text, order, orders_of, read_all, reasons_of, write

BOTH: tuple[Engine, ...] = ("plain", "compiled")


@pytest.fixture(params=BOTH)
def engine(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.mark.parametrize(
    ("changes", "reason", "cents"),
    [
        ({"订单编号": '=""'}, "order_id_missing", 9800),
        ({"订单编号": "没有编号"}, "id_unreadable", 9800),
        ({"订单编号": "9" * 65}, "id_unreadable", 9800),
        ({"订单创建时间": ""}, "time_missing", 9800),
        ({"订单创建时间": "去年"}, "time_unreadable", 9800),
        ({"订单付款时间": "2018-02-30 10:00:00"}, "time_impossible", 9800),
        ({"总金额": "-98.00"}, "negative_amount", -9800),
        ({"退款金额": "-1.00"}, "negative_amount", 9800),
        ({"买家应付邮费": "包邮"}, "money_unreadable", 9800),
        ({"总金额": "98.005"}, "money_unreadable", 0),
        ({"总金额": "1000000000.01"}, "money_too_large", 0),
        ({"总金额": "", "买家实际支付金额": ""}, "money_missing", 0),
        ({"宝贝总数量": "两件"}, "count_unreadable", 9800),
        ({"宝贝总数量": "-2"}, "negative_count", 9800),
        ({"订单状态": "飞走了"}, "status_unknown", 9800),
    ],
)
def test_a_row_that_cannot_be_read_is_put_aside(
    tmp_path: Path, engine: Engine, changes: dict[str, str], reason: str, cents: int
) -> None:
    path = write(tmp_path, csv_text([order(1), order(2) | changes, order(3)]))
    batches, reading = read_all(path, engine=engine)
    assert reasons_of(batches) == [(3, reason)]
    assert batches[0].quarantined[0].cents == cents
    assert reading.summary.money_unreadable == (0 if cents else 1)
    assert reading.summary.accepted.rows == 2
    assert reading.summary.read.cents == 2 * 9800 + cents


def test_a_row_put_aside_can_be_mended_and_read_again(tmp_path: Path, engine: Engine) -> None:
    path = write(tmp_path, csv_text([order(1), order(2, 订单创建时间="去年", 买家留言='他说"好"\n谢谢')]))
    batches, _ = read_all(path, engine=engine)
    raw = batches[0].quarantined[0].raw_text
    mended = ",".join(HEADER_46) + "\r\n" + raw.replace("去年", "2018-10-02 08:00:00") + "\r\n"
    again, reading = read_all(write(tmp_path, mended, "mended.csv", "utf-8-sig"), engine=engine)
    assert reading.summary.accepted.rows == 1
    assert again[0].identities.column("buyer_message").to_pylist() == ['他说"好"\n谢谢']


def test_half_a_file_loads_its_whole_rows_and_puts_the_cut_one_aside(tmp_path: Path, engine: Engine) -> None:
    data = csv_text([order(n) for n in range(5)]).encode("gb18030")
    last = data.rindex(b'="21')
    path = tmp_path / "orders.csv"
    for cut in (last + 9, last + 24, last + 60, len(data) - 30):
        path.write_bytes(data[:cut])
        batches, reading = read_all(path, engine=engine)
        assert reasons_of(batches) == [(6, "row_cut_off")]
        assert reading.summary.accepted.rows == 4
        assert reading.summary.money_unreadable == 1


def test_half_a_character_at_the_end_is_a_row_cut_off(tmp_path: Path, engine: Engine) -> None:
    text = "订单编号,订单创建时间,总金额,宝贝标题\n1,2018-10-01,5.00,杯\n2,2018-10-01,5.00,保温杯"
    path = tmp_path / "orders.csv"
    for encoding in ("gb18030", "utf-8"):
        path.write_bytes(text.encode(encoding)[:-1])
        batches, _ = read_all(path, engine=engine)
        assert reasons_of(batches) == [(3, "row_cut_off")]


def test_a_last_row_without_line_end_is_whole_when_all_its_cells_are_there(
    tmp_path: Path, engine: Engine
) -> None:
    _, reading = read_all(write(tmp_path, csv_text([order(1), order(2)]).rstrip()), engine=engine)
    assert reading.summary.accepted.rows == 2


def test_a_quote_left_open_costs_its_own_line_only(tmp_path: Path, engine: Engine) -> None:
    text = csv_text([order(1), order(2, 宝贝标题="BAD"), order(3)]).replace('"BAD"', '"BAD')
    batches, reading = read_all(write(tmp_path, text), engine=engine)
    # the open quote closes at the next quote: shifted cells, found by their number
    assert reading.summary.accepted.rows == 2
    assert len(reasons_of(batches)) == 1
    text = '订单编号,订单创建时间,总金额,宝贝标题\n1,2018-10-01,5,"杯\n2,2018-10-01,5,碗\n3,2018-10-01,5,碟\n'
    batches, reading = read_all(write(tmp_path, text), engine=engine)
    assert reasons_of(batches) == [(2, "quote_not_closed")]
    assert reading.summary.accepted.rows == 2


def test_too_few_and_too_many_cells(tmp_path: Path, engine: Engine) -> None:
    text = (
        "订单编号,订单创建时间,总金额,宝贝标题\n"
        "1,2018-10-01,5.00,杯,\n"  # one comma more than the header, as old exports have it
        "2,2018-10-01\n"
        "3,2018-10-01,5.00,杯,碗\n"
        "4,2018-10-01,5.00,\n"
    )
    batches, reading = read_all(write(tmp_path, text), engine=engine)
    assert reasons_of(batches) == [(3, "too_few_cells"), (4, "too_many_cells")]
    assert batches[0].quarantined[1].params == {"found": 5, "expected": 4}
    assert reading.summary.accepted.cents == 1000


def test_ten_megabytes_in_one_cell_cost_one_row_and_a_short_message(tmp_path: Path, engine: Engine) -> None:
    long = "长" * 5_000_000
    path = write(tmp_path, csv_text([order(1), order(2, 买家留言=long), order(3)]))
    batches, reading = read_all(path, engine=engine)
    assert reasons_of(batches) == [(3, "cell_too_long")]
    kept = [row for batch in batches for row in batch.quarantined]
    assert [(row.params, len(row.raw_text) < 3000) for row in kept] == [({"column": "买家留言"}, True)]
    assert reading.summary.accepted.rows == 2


def test_a_line_longer_than_the_buffer_is_never_held(tmp_path: Path) -> None:
    rows = [order(1), order(2, 买家留言="x" * 3_000_000), order(3), order(4, 宝贝标题="两行\n标题")]
    limits = Limits(buffer_bytes=256 * 1024, batch_rows=100)
    batches, _ = read_all(write(tmp_path, csv_text(rows)), limits=limits, engine="compiled")
    assert reasons_of(batches) == [(3, "cell_too_long")]
    assert [row["order_id"][-1] for row in orders_of(batches)] == ["1", "3", "4"]
    assert [row["row_no"] for row in orders_of(batches)] == [1, 3, 4]


def test_totals_remarks_and_blank_rows_are_no_rows(tmp_path: Path, engine: Engine) -> None:
    text = csv_text([order(1), order(2)])
    blank = "," * 45
    text += f'{blank}\r\n"合计","","","196.00"{"," * 42}\r\n总计,,196.00\r\n备注：数据截至昨日\r\n'
    batches, reading = read_all(write(tmp_path, text), engine=engine)
    assert reasons_of(batches) == []
    assert (reading.summary.read.rows, reading.summary.ignored) == (2, 4)


@pytest.mark.parametrize("damaged", ["1.23E+18", "2.1e+18", "1E+17"])
def test_ids_rounded_by_excel_refuse_the_whole_file(tmp_path: Path, engine: Engine, damaged: str) -> None:
    path = write(tmp_path, csv_text([order(1), order(2, 订单编号=damaged)]))
    for options in ({}, {"file_name": "ExportOrderList201905151650.csv"}):
        with pytest.raises(IntakeRefused) as caught:
            read_all(path, engine=engine, **options)
        assert caught.value.code == "ids_in_scientific_notation"
        assert (caught.value.params["line"], caught.value.params["found"]) == (3, damaged)


@pytest.mark.parametrize("packed", [False, True])
def test_a_large_file_is_refused_before_its_first_batch_is_given(tmp_path: Path, packed: bool) -> None:
    rows = [order(n, 宝贝标题="被子+枕头") for n in range(900)]
    data = csv_text([*rows, order(1, 订单编号="2.1E+18")]).encode("gb18030")
    path = tmp_path / "orders.csv"
    path.write_bytes(gzip.compress(data) if packed else data)
    limits = Limits(buffer_bytes=64 * 1024, batch_rows=100)
    with open_source(path, limits=limits) as source:
        reading = iter(read_batches(source, choose_layout(source), engine="compiled", stamp_later=True))
        with pytest.raises(IntakeRefused) as caught:
            next(reading)
    assert (caught.value.code, caught.value.params["line"]) == ("ids_in_scientific_notation", 902)


def test_a_large_packed_file_that_is_cut_off_is_refused_before_its_first_batch(tmp_path: Path) -> None:
    random = Random(1)
    rows = [order(n, 宝贝标题=random.randbytes(2000).hex()) for n in range(900)]
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(csv_text(rows).encode("gb18030"))[:-40])
    limits = Limits(buffer_bytes=64 * 1024, batch_rows=100)
    with open_source(path, limits=limits) as source:
        reading = iter(read_batches(source, choose_layout(source), engine="compiled", stamp_later=True))
        with pytest.raises(IntakeRefused) as caught:
            next(reading)
    assert caught.value.code == "file_truncated"


def test_ids_whose_last_digits_excel_made_zeros_refuse_the_whole_file(tmp_path: Path, engine: Engine) -> None:
    rounded = [order(n, 订单编号=f"21000000{n:07d}0000") for n in range(1, 30)]
    with pytest.raises(IntakeRefused) as caught:
        read_all(write(tmp_path, csv_text(rounded)), engine=engine)
    assert caught.value.code == "ids_in_scientific_notation"
    _, reading = read_all(write(tmp_path, csv_text([*rounded, order(31)])), engine=engine)
    assert reading.summary.accepted.rows == 30


def test_hostile_and_odd_text_is_kept_as_it_is(tmp_path: Path, engine: Engine) -> None:
    nicks = [
        '=HYPERLINK("http://x","y")',
        "<b>店</b>",
        "旺旺😀小二",
        "@SUM(1)",
        "买家'; drop--",
        "+1",
        "\u202e反",
    ]
    path = write(tmp_path, csv_text([order(n, 买家会员名=nick) for n, nick in enumerate(nicks)]))
    batches, _ = read_all(path, engine=engine)
    assert batches[0].identities.column("nick").to_pylist() == nicks


def test_a_cell_that_excel_quoted_twice_is_read(tmp_path: Path, engine: Engine) -> None:
    text = '订单编号,订单创建时间,总金额\r\n"=""2100000000000000001""",2018/10/1 9:05,"1,234.50"\r\n'
    batches, _ = read_all(write(tmp_path, text), engine=engine)
    found = orders_of(batches)[0]
    assert (found["order_id"], found["total_cents"]) == ("2100000000000000001", 123450)
    assert str(found["created_at"]) == "2018-10-01 09:05:00"


def test_old_line_ends_and_multi_line_cells_are_counted_as_lines(tmp_path: Path, engine: Engine) -> None:
    rows = [order(1, 买家留言="一\n二\r\n三"), order(2, 总金额="x")]
    for end in ("\r\n", "\n", "\r"):
        text = csv_text(rows).replace("\r\n", "\n").replace("\n", end)
        batches, _ = read_all(write(tmp_path, text), engine=engine)
        assert reasons_of(batches) == [(5, "money_unreadable")]


def test_the_plain_dialect_is_that_of_the_csv_module(tmp_path: Path) -> None:
    from laoke.intake.reading.records import split_records

    text = 'a,"b ""c"" d","e\nf",="g,h"\r\n"x"y,"",\r\n\r\nlast,"q"'
    wanted = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    found = [[cell.decode() for cell in r.cells] for r in split_records(text.encode(), 1, 1, 65536)]
    assert found == wanted


@pytest.mark.parametrize("role", ["订单创建时间", "订单付款时间"])
def test_what_has_not_happened_yet_is_put_aside_and_does_not_date_the_file(
    tmp_path: Path, engine: Engine, role: str
) -> None:
    noon = datetime(2018, 10, 2, 12)
    rows = [order(1), order(2) | {role: "2018-10-02 12:00:00"}, order(3) | {role: "2018-10-02 12:00:01"}]
    batches, reading = read_all(write(tmp_path, csv_text(rows)), engine=engine, latest=noon)
    assert reasons_of(batches) == [(4, "time_ahead")]
    assert batches[0].quarantined[0].params == {"column": role, "found": "2018-10-02 12:00:01"}
    assert (reading.summary.accepted.cents, reading.summary.quarantined.cents) == (2 * 9800, 9800)
    assert reading.summary.seen_at == noon


def test_a_file_is_never_of_a_later_time_than_now_whatever_its_name_says(tmp_path: Path) -> None:
    path = write(tmp_path, csv_text([order(1)]), "ExportOrderList209901011200.csv")
    _, reading = read_all(path, latest=datetime(2018, 10, 2, 12))
    assert reading.summary.seen_at == datetime(2018, 10, 2, 12)
