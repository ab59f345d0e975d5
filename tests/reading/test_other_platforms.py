"""Exports of JD, Pinduoduo, Douyin, Xiaohongshu, 1688, Shopify, WeChat, Youzan and WooCommerce, to the cent."""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from laoke.intake.reading import IntakeRefused, Limits, choose_layout, open_source, profiles, recognise
from laoke.intake.reading.profiles import normal_name
from laoke.warehouse.contracts import CONTRACTS
from tests.reading.exports import orders_of, read_all, reasons_of, write
from tests.reading.rows_of_orders import BEHIND, EXPORTS, export_text, header_of

# status, total, paid, refunded, postage, pieces, province
ORDERS = {
    "jd_order_30_2016": [
        ("11729384072", "finished", 30001, 30001, 0, 1000, 3, "江西"),
        ("11729384073", "closed_refunded", 9900, 9900, 9900, 0, 1, ""),
        ("11729384074", "closed_unpaid", 5000, 0, 0, 0, 1, ""),
        ("11729384075", "finished", 2000, 2000, 0, 0, 3, ""),
    ],
    "pdd_order_23": [
        ("260517-607198974342268", "finished", 2600, 2600, 0, 200, 3, ""),
        ("260516-107198974342269", "closed_unpaid", 1000, 0, 0, 0, 1, ""),
        ("260518-207198974342270", "closed_refunded", 880, 880, 880, 0, 2, ""),
    ],
    "douyin_order_75": [
        ("6920000000000000001", "finished", 17500, 17500, 8000, 500, 3, "浙江"),
        ("6920000000000000009", "unpaid", 5000, 0, 0, 0, 1, "浙江"),
    ],
    "xhs_order": [("P800000000000000001", "finished", 7550, 7550, 0, 0, 3, "")],
    "alibaba1688_order": [
        ("1234567890123456789", "shipped", 31000, 31000, 0, 1200, 200, "浙江"),
        ("1234567890123456790", "closed_unpaid", 500, 0, 0, 0, 1, ""),
    ],
    "shopify_order_79": [
        ("#1001", "shipped", 3498, 3498, 1000, 500, 3, "JP"),
        ("#1002", "paid", 5000, 3000, 0, 0, 1, ""),
    ],
    "wechat_shop_57": [("3720000000000000001", "finished", 10500, 10500, 3500, 500, 3, "广东")],
    "youzan_order_60": [
        ("E20240101000000000000001", "finished", 10800, 10800, 850, 800, 0, "江苏"),
        ("E20240101000000000000002", "closed_unpaid", 2000, 0, 0, 0, 0, ""),
    ],
    "woocommerce_order_55": [
        ("501", "paid", 3300, 3300, 0, 400, 0, "IT"),
        ("502", "closed_unpaid", 1250, 0, 0, 0, 0, ""),
    ],
}
ORDERS["jd_order_38_2018"] = ORDERS["jd_order_30_2016"]

# product, pieces, price of one, paid, refunded, status
LINES = {
    "jd_order_30_2016": [
        ("101#1", "101", 2, 10000, 16572, 0, "finished"),
        ("102#1", "102", 1, 15000, 12429, 0, "finished"),
        ("103#1", "103", 1, 9900, 9900, 9900, "closed_refunded"),
        ("103#1", "103", 1, 5000, 0, 0, "closed_unpaid"),
        ("104#1", "104", 3, 667, 2000, 0, "finished"),
    ],
    "pdd_order_23": [
        ("900#1", "900", 3, 800, 2400, 0, "finished"),
        ("900#1", "900", 1, 0, 0, 0, "closed_unpaid"),
        ("901#1", "901", 2, 440, 880, 880, "closed_refunded"),
    ],
    "douyin_order_75": [
        ("6920000000000000002", "31", 2, 5000, 9000, 0, "finished"),
        ("6920000000000000003", "32", 1, 8000, 8000, 8000, "closed_refunded"),
        ("6920000000000000009", "31", 1, 5000, 0, 0, "unpaid"),
    ],
    "xhs_order": [
        ("K1#1", "K1", 1, 5550, 5550, 0, "finished"),
        ("K2#1", "K2", 2, 1000, 2000, 0, "finished"),
    ],
    "alibaba1688_order": [
        ("H1#1", "H1", 100, 100, 9933, 0, "shipped"),
        ("H2#1", "H2", 100, 200, 19867, 0, "shipped"),
        ("H2#1", "H2", 1, 500, 0, 0, "closed_unpaid"),
    ],
    "shopify_order_79": [
        ("TEE#1", "TEE", 2, 999, 1998, 667, "shipped"),
        ("Mug#1", "Mug", 1, 1000, 1000, 333, "shipped"),
        ("TEE#1", "TEE", 1, 5000, 3000, 0, "paid"),
    ],
    "wechat_shop_57": [
        ("1000000000001#1", "1000000000001", 2, 4000, 7000, 3500, "finished"),
        ("1000000000002#1", "1000000000002", 1, 3000, 3000, 0, "finished"),
    ],
}
LINES["jd_order_38_2018"] = LINES["jd_order_30_2016"]

# Who bought, by the key that Laoke takes a customer by; None where the export names nobody.
BUYERS = {
    "jd_order_30_2016": ("nick", ["jd_one", "jd_one", "jd_two", "jd_two"]),
    "pdd_order_23": ("nick", [None, None, None]),
    "douyin_order_75": ("nick", [None, None]),
    "xhs_order": ("member_id", [None]),
    "alibaba1688_order": ("nick", ["factory_a", "factory_b"]),
    "shopify_order_79": ("member_id", ["ann@example.com", "bob@example.com"]),
    "wechat_shop_57": ("nick", [None]),
    "youzan_order_60": ("member_id", ["10012345678", "186******05"]),
    "woocommerce_order_55": ("member_id", ["anna@example.com", "ugo@example.com"]),
}


def read(folder: Path, layout: str, rows: Any = None, **options: Any) -> tuple[list[Any], Any]:
    text = export_text(layout, rows or EXPORTS[layout], more=BEHIND.get(layout, ""))
    return read_all(write(folder, text, encoding="utf-8"), **options)


def told_of(orders: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    names = ("total_cents", "paid_cents", "refunded_cents", "postage_cents", "item_count", "province")
    return [(order["order_id"], order["status"], *(order[name] for name in names)) for order in orders]


def lines_of(batches: list[Any]) -> list[tuple[Any, ...]]:
    names = (
        "line",
        "product_id",
        "quantity",
        "unit_price_cents",
        "paid_cents",
        "refunded_cents",
        "line_status",
    )
    return [tuple(line[name] for name in names) for batch in batches for line in batch.lines.to_pylist()]


@pytest.mark.parametrize("layout", EXPORTS)
@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_an_export_becomes_orders_lines_and_buyers_to_the_cent(
    tmp_path: Path, layout: str, engine: Any
) -> None:
    batches, reading = read(tmp_path, layout, engine=engine)
    assert (reading.layout.id, reasons_of(batches)) == (layout, [])
    assert told_of(orders_of(batches)) == ORDERS[layout]
    if layout in LINES:
        assert lines_of(batches) == LINES[layout]
        assert reading.summary.read.cents == sum(line[4] for line in LINES[layout])
        assert reading.summary.read.rows == reading.summary.lines == len(LINES[layout])
    if layout in BUYERS:
        role, buyers = BUYERS[layout]
        assert [row[role] for batch in batches for row in batch.identities.to_pylist()] == buyers
    assert reading.summary.paid_cents == sum(order[3] for order in ORDERS[layout])


@pytest.mark.parametrize("layout", EXPORTS)
def test_the_tables_keep_the_contracts_of_the_warehouse(tmp_path: Path, layout: str) -> None:
    import pyarrow as pa

    batches, _ = read(tmp_path, layout)
    for name, table in (("orders", batches[0].orders), ("order_lines", batches[0].lines)):
        if table is not None:
            told = table.drop_columns(["row_no"]).append_column(
                "shop_id", pa.array([1] * len(table), pa.int64())
            )
            kept = CONTRACTS[name].conform(told)
            CONTRACTS[name].check(kept)
            assert (kept.column_names, kept.num_rows) == (list(CONTRACTS[name].names), len(table))


@pytest.mark.parametrize("layout", EXPORTS)
def test_shuffled_added_and_left_out_columns_still_load(tmp_path: Path, layout: str) -> None:
    needed = {names[0] for names in profiles()[layout].names.values()} | {
        normal_name(name) for row in EXPORTS[layout] for name in row
    }
    header = [name for name in header_of(layout) if normal_name(name) in needed]
    header = [*dict.fromkeys(header), "新的一列", "另一列"]
    random.Random(7).shuffle(header)
    text = export_text(layout, EXPORTS[layout], header=header)
    batches, reading = read_all(write(tmp_path, text, encoding="utf-8"))
    # of the two columns of JD's years only the newer ones tell them apart
    assert reading.layout.id == layout.replace("38_2018", "30_2016")
    assert told_of(orders_of(batches)) == ORDERS[layout]


RENAMED = {
    "pdd_order_23": {"用户实付金额(元)": "顾客实付金额(元)"},
    "alibaba1688_order": {"实付款": "实付款(元)", "运费": "运费（元）"},
    "wechat_shop_57": {"订单下单时间": "下单时间", "商品价格(单件)": "商品价格"},
    "jd_order_30_2016": {"下单帐号": "下单账号"},
    "xhs_order": {"商家应收金额(元)（支付金额）": "用户应付金额(元)"},
}


@pytest.mark.parametrize("layout", RENAMED)
def test_a_column_under_its_other_name_means_the_same(tmp_path: Path, layout: str) -> None:
    text = export_text(layout, EXPORTS[layout])
    for old, new in RENAMED[layout].items():
        text = text.replace(old, new, 1)
    batches, reading = read_all(write(tmp_path, text, encoding="utf-8"))
    assert reading.layout.id == layout
    assert told_of(orders_of(batches)) == ORDERS[layout]


@pytest.mark.parametrize(
    "layout", ["douyin_order_75", "alibaba1688_order", "pdd_order_23", "shopify_order_79"]
)
def test_columns_explained_anew_leave_how_an_order_stands_in_its_rows(tmp_path: Path, layout: str) -> None:
    mapping = dict(recognise(header_of(layout))[0].mapping)
    mapping.pop("nick", None)
    batches, reading = read(tmp_path, layout, mapping=mapping, grain="line")
    assert (reading.layout.id, told_of(orders_of(batches))) == ("mapping", ORDERS[layout])


def test_every_known_header_of_another_platform_is_recognised_as_itself() -> None:
    for layout in EXPORTS:
        best = recognise(header_of(layout))[0]
        assert (best.profile.id, best.complete, best.score) == (layout, True, 1.0)


def test_pinduoduo_dates_an_order_by_its_number_where_the_time_is_blank(tmp_path: Path) -> None:
    batches, _ = read(tmp_path, "pdd_order_23")
    assert [order["created_at"] for order in orders_of(batches)] == [
        datetime(2026, 5, 17, 10),
        datetime(2026, 5, 16),
        datetime(2026, 5, 18, 9),
    ]
    nameless = [
        {**EXPORTS["pdd_order_23"][1], "订单号": number} for number in ("107198974342269", "261399-1")
    ]
    batches, _ = read(tmp_path, "pdd_order_23", nameless)
    assert reasons_of(batches) == [(2, "time_missing"), (3, "time_impossible")]


def test_an_order_of_several_rows_or_dated_by_its_number_that_lies_ahead_is_put_aside_whole(
    tmp_path: Path,
) -> None:
    dated = [{**EXPORTS["pdd_order_23"][1], "订单号": number} for number in ("260516-1", "260518-2")]
    batches, _ = read(tmp_path, "pdd_order_23", dated, latest=datetime(2026, 5, 17))
    assert [order["order_id"] for order in orders_of(batches)] == ["260516-1"]
    assert reasons_of(batches) == [(3, "time_ahead")]


def test_shopify_times_are_those_of_the_shop_s_clock(tmp_path: Path) -> None:
    path = write(tmp_path, export_text("shopify_order_79", EXPORTS["shopify_order_79"]), encoding="utf-8")
    placed = []
    for zone in ("Asia/Shanghai", "Asia/Tokyo"):
        with open_source(path) as source:
            from laoke.intake.reading import read_batches

            placed.append(
                [
                    o["created_at"]
                    for o in orders_of(list(read_batches(source, choose_layout(source, zone=zone))))
                ]
            )
    assert placed == [
        [datetime(2024, 1, 1, 23, 30), datetime(2024, 1, 4, 9)],
        [datetime(2024, 1, 2, 0, 30), datetime(2024, 1, 4, 10)],
    ]


def test_rows_of_one_order_that_contradict_each_other_are_put_aside_whole(tmp_path: Path) -> None:
    rows = [dict(row) for row in EXPORTS["jd_order_30_2016"]]
    rows[1]["应付金额"] = "300.02"
    batches, reading = read(tmp_path, "jd_order_30_2016", rows)
    aside = [row for batch in batches for row in batch.quarantined]
    assert [(row.line, row.reason_code, row.params) for row in aside] == [
        (line, "order_contradicts", {"column": "应付金额", "first": "300.01", "second": "300.02"})
        for line in (2, 3)
    ]
    assert "11729384072" in aside[0].raw_text
    assert [order[0] for order in told_of(orders_of(batches))] == [
        "11729384073",
        "11729384074",
        "11729384075",
    ]
    summary = reading.summary
    assert (summary.read.rows, summary.quarantined.rows, summary.money_unreadable) == (5, 2, 2)
    assert (summary.read.cents, summary.accepted.cents) == (11900, 11900)


def test_accounts_that_differ_within_an_order_are_told_masked_and_their_money_counts(tmp_path: Path) -> None:
    rows = [dict(row) for row in EXPORTS["jd_order_30_2016"]]
    rows[1]["下单帐号"] = "somebody"
    batches, reading = read(tmp_path, "jd_order_30_2016", rows)
    params = next(row.params for batch in batches for row in batch.quarantined)
    assert params == {"column": "下单帐号", "first": "j**e", "second": "s**y"}
    assert (reading.summary.quarantined.cents, reading.summary.money_unreadable) == (29001, 0)


@pytest.mark.parametrize("pieces", ["many", "2147483648", "-13800002810"])
def test_a_row_that_cannot_be_used_takes_its_order_with_it_and_is_named_by_the_others(
    tmp_path: Path, pieces: str
) -> None:
    rows = [dict(row) for row in EXPORTS["shopify_order_79"]]
    rows[1]["Lineitem quantity"] = pieces
    batches, reading = read(tmp_path, "shopify_order_79", rows)
    aside = {row.line: row for batch in batches for row in batch.quarantined}
    assert (aside[3].reason_code, aside[3].params) == (
        "count_unreadable", {"column": "Lineitem quantity", "found": pieces},
    )  # fmt: skip
    assert (aside[2].reason_code, aside[2].params) == ("order_row_bad", {"line": 3})
    assert [order[0] for order in told_of(orders_of(batches))] == ["#1002"]
    assert (reading.summary.quarantined.rows, reading.summary.quarantined.cents) == (2, 0)


def test_an_order_whose_status_is_not_known_says_so_on_the_row_that_tells_it(tmp_path: Path) -> None:
    rows = [dict(row) for row in EXPORTS["shopify_order_79"]]
    rows[0]["Financial Status"] = "flown away"
    batches, reading = read(tmp_path, "shopify_order_79", rows)
    aside = [(row.line, row.reason_code, row.cents) for batch in batches for row in batch.quarantined]
    assert aside == [(2, "status_unknown", 2998), (3, "order_row_bad", 0)]
    assert reading.summary.quarantined.cents == 2998


def test_rows_without_the_first_row_of_their_order_are_put_aside(tmp_path: Path) -> None:
    batches, _ = read(tmp_path, "shopify_order_79", EXPORTS["shopify_order_79"][1:])
    assert reasons_of(batches) == [(2, "time_missing")]
    batches, _ = read(tmp_path, "alibaba1688_order", EXPORTS["alibaba1688_order"][1:])
    assert reasons_of(batches) == [(2, "order_id_missing")]


def test_a_sub_order_that_is_put_aside_takes_the_others_with_it(tmp_path: Path) -> None:
    rows = [dict(row) for row in EXPORTS["douyin_order_75"]]
    rows[1]["订单状态"] = "飞走了"
    batches, reading = read(tmp_path, "douyin_order_75", rows)
    assert reasons_of(batches) == [(2, "order_row_bad"), (3, "status_unknown")]
    assert [order[0] for order in told_of(orders_of(batches))] == ["6920000000000000009"]
    assert reading.summary.quarantined.cents == 17000


def test_an_order_is_partly_shipped_when_one_of_its_sub_orders_is(tmp_path: Path) -> None:
    rows = [dict(row) for row in EXPORTS["douyin_order_75"][:2]]
    rows[0]["订单状态"], rows[1]["订单状态"] = "已发货", "备货中"
    batches, _ = read(tmp_path, "douyin_order_75", rows)
    assert [(o["status"], o["state_rank"], o["refunded_cents"]) for o in orders_of(batches)] == [
        ("partly_shipped", 2, 0)
    ]


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_orders_after_the_cut_are_held_back_as_a_whole(tmp_path: Path, engine: Any) -> None:
    batches, reading = read(tmp_path, "shopify_order_79", until=datetime(2024, 1, 3), engine=engine)
    assert [order[0] for order in told_of(orders_of(batches))] == ["#1001"]
    assert (reading.summary.held_back.rows, reading.summary.held_back.cents) == (1, 3000)
    assert (reading.summary.read.rows, reading.summary.read.cents) == (3, 5998)


@pytest.mark.parametrize("engine", ["plain", "compiled"])
@pytest.mark.parametrize("damaged", ["1.1729384072E+18", "1.17E18"])
def test_order_numbers_that_excel_damaged_refuse_the_file(tmp_path: Path, engine: Any, damaged: str) -> None:
    rows = [*EXPORTS["jd_order_30_2016"], {**EXPORTS["jd_order_30_2016"][0], "订单号": damaged}]
    with pytest.raises(IntakeRefused, match="ids_in_scientific_notation") as refused:
        read(tmp_path, "jd_order_30_2016", rows, engine=engine)
    assert refused.value.params["found"] == damaged


@pytest.mark.parametrize("layout", ["jd_order_30_2016", "alibaba1688_order", "douyin_order_75"])
def test_an_order_is_whole_however_its_rows_lie_in_parts_and_batches(tmp_path: Path, layout: str) -> None:
    key = profiles()[layout].names["order_id"][0]
    rows = [
        {**row, **({key: row[key].strip()[:-3] + f"{n:03d}"} if row.get(key) else {})}
        for n in range(200)
        for row in EXPORTS[layout][:2]
    ]
    quantity = profiles()[layout].names["quantity"][0]
    rows[1][quantity] = ""  # one order goes aside, in whichever part it lies
    whole, one = read(tmp_path, layout, rows)
    dealt, many = read(
        tmp_path, layout, rows, limits=Limits(part_bytes=9000, batch_rows=7), engine="compiled"
    )
    assert one.summary == many.summary
    assert len(dealt) > 5
    assert {o["order_id"]: o for o in orders_of(whole)} == {o["order_id"]: o for o in orders_of(dealt)}
    assert sorted(lines_of(whole)) == sorted(lines_of(dealt))
    assert sorted(reasons_of(whole)) == sorted(reasons_of(dealt)) != []


def test_a_report_without_order_numbers_is_refused_and_its_damaged_payment_numbers_too(
    tmp_path: Path,
) -> None:
    header = [
        "买家会员名",
        "买家实际支付金额",
        "总金额",
        "支付单号",
        "订单付款时间",
        "订单创建时间",
        "订单状态",
        "数据采集时间",
    ]
    row = [
        "某人",
        "98.00",
        "98.00",
        "2.018120122001E+27",
        "2018-12-01 10:01:00",
        "2018-12-01 10:00:00",
        "交易成功",
        "",
    ]
    path = write(tmp_path, ",".join(header) + "\n" + ",".join(row) + "\n", encoding="utf-8")
    with open_source(path) as source, pytest.raises(IntakeRefused) as refused:
        choose_layout(source)
    assert (refused.value.code, refused.value.params["missing"]) == ("header_not_recognised", ["order_id"])
    mapping = {"order_id": "支付单号", "created_at": "订单创建时间", "total": "总金额"}
    with pytest.raises(IntakeRefused) as refused:
        read_all(path, mapping)
    assert refused.value.code == "ids_in_scientific_notation"
