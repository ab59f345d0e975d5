"""Files of other facts: goods, days of traffic, advertising, refunds, money movements, parcels; exact rows and sums."""

from __future__ import annotations

import itertools
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from laoke.intake.reading.refusals import IntakeRefused
from laoke.shops import catalog
from laoke.shops.models import Shop
from laoke.shops.setup import add_shop
from laoke.warehouse.store import Warehouse
from tests.intake.facts import NOW, counts, stored, table, take
from tests.intake.seller_files import SHIPPED, Row, write

DAY_2018_10_01 = 17_805

pytestmark = pytest.mark.django_db(transaction=True)

ITEM_DAY = {
    "统计日期": "2018-10-01", "商品ID": "600000000001", "商品名称": "四件套", "商品访客数": "1,000",
    "商品浏览量": "2500", "平均停留时长": "12.50", "商品详情页跳出率": "45.12%", "商品收藏人数": "30",
    "商品加购人数": "41", "支付买家数": "25", "支付件数": "27", "支付金额": "2,430.00",
}  # fmt: skip


def test_an_item_report_fills_days_of_products(shop: Shop, tmp_path: Path) -> None:
    above = [
        "【生意参谋平台】商品",
        "",
        "统计时间 2018-10-01",
        "",
    ]
    result = take(shop, table(tmp_path / "a.csv", "sycm_item_all", [ITEM_DAY], above=above))

    assert result["profile"] == "sycm_item_all"
    assert counts(result) == (1, 1, 0, 0, 0)
    assert result["total_cents"]["read"] == result["total_cents"]["new"] == 243_000
    assert stored("product_days") == [
        {
            "product_id": "600000000001", "date_day": DAY_2018_10_01, "impressions": 2500, "clicks": 0,
            "visitors": 1000, "dwell_seconds": 12_500, "bounces": 451, "inquiries": 0, "favourites": 30,
            "cart_adds": 41, "buyers": 25, "units": 27, "sales_cents": 243_000,
        }
    ]  # fmt: skip


def test_the_same_report_again_changes_nothing_and_a_later_one_replaces_the_day(
    shop: Shop, tmp_path: Path
) -> None:
    path = table(tmp_path / "a.csv", "sycm_item_all", [ITEM_DAY])
    take(shop, path)

    assert counts(take(shop, path)) == (1, 0, 0, 1, 0)
    later = table(tmp_path / "b.csv", "sycm_item_all", [{**ITEM_DAY, "支付金额": "2500.00"}])
    assert counts(take(shop, later)) == (1, 0, 1, 0, 0)
    assert [row["sales_cents"] for row in stored("product_days")] == [250_000]


def test_of_two_rows_for_one_day_the_last_of_the_file_counts(shop: Shop, tmp_path: Path) -> None:
    rows = [ITEM_DAY, {**ITEM_DAY, "支付金额": "2500.00"}]
    result = take(shop, table(tmp_path / "a.csv", "sycm_item_all", rows))

    assert counts(result) == (2, 1, 0, 1, 0)
    assert result["total_cents"] == {
        "read": 493_000, "accepted": 250_000, "new": 250_000, "changed": 0, "unchanged": 243_000, "quarantined": 0,
        "held_back": 0,
    }  # fmt: skip


def test_rows_that_cannot_be_read_are_put_aside_with_their_reason(shop: Shop, tmp_path: Path) -> None:
    rows = [
        ITEM_DAY,
        {**ITEM_DAY, "商品ID": ""},
        {**ITEM_DAY, "统计日期": "2018-10-01 ~ 2018-10-31"},
        {**ITEM_DAY, "商品访客数": "许多"},
        {**ITEM_DAY, "商品详情页跳出率": "高"},
        {**ITEM_DAY, "支付金额": "-1.00"},
        {"统计日期": "合计", "支付金额": "9999.00"},
    ]
    result = take(shop, table(tmp_path / "a.csv", "sycm_item_all", rows))

    assert counts(result) == (6, 1, 0, 0, 5)
    assert result["reasons"] == {
        "id_missing": 1, "time_unreadable": 1, "count_unreadable": 1, "rate_unreadable": 1, "negative_amount": 1,
    }  # fmt: skip
    money = result["total_cents"]
    assert money["read"] == money["accepted"] + money["quarantined"] == 5 * 243_000 - 100


def test_damaged_product_numbers_refuse_the_file(shop: Shop, tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", "sycm_item_all", [{**ITEM_DAY, "商品ID": "6.00E+11"}])
    with pytest.raises(IntakeRefused) as refused:
        take(shop, path)
    assert refused.value.params == {"line": 2, "found": "6.00E+11", "column": "商品ID"}


def test_a_shop_day_sums_what_was_spent_and_stands_for_the_whole_shop(shop: Shop, tmp_path: Path) -> None:
    rows = [
        {
            "统计日期": "2018/10/1", "访客数": "500", "支付金额": "1000.00", "支付子订单数": "12",
            "全站推广花费": "10.50", "关键词推广花费": "20.25", "智能场景花费": "-",
        }
    ]  # fmt: skip
    take(shop, table(tmp_path / "a.csv", "sycm_shop_daily", rows))

    assert stored("traffic_days") == [
        {
            "date_day": DAY_2018_10_01, "source": "all", "visitors": 500, "cost_cents": 3075, "orders": 12,
            "sales_cents": 100_000,
        }
    ]  # fmt: skip


def test_visitors_of_the_whole_shop_are_not_added_to_those_of_its_sources(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "日期,流量来源,访客数\n2018-10-01,搜索,300\n2018-10-01,直播,250\n2018-10-02,搜索,90\n", "utf-8"
    )
    take(shop, path)
    take(shop, table(tmp_path / "b.csv", "sycm_shop_daily", [{"统计日期": "2018-10-01", "访客数": "500"}]))

    entry = catalog.current()
    assert entry is not None
    reader = Warehouse(settings.PLACE.warehouse).reader(entry.versions)
    days = reader.query(
        "sales_and_visitors", shop_id=shop.pk, from_day=DAY_2018_10_01, to_day=DAY_2018_10_01 + 1
    )
    assert [row["visitors"] for row in days.to_pylist()] == [500, 90]


def test_an_advertising_report_keeps_its_subjects_apart_and_leaves_out_its_total(
    shop: Shop, tmp_path: Path
) -> None:
    row = {"日期": "2018-10-01", "主体ID": "600000000001", "主体类型": "商品", "展现量": "900", "点击量": "30",
           "花费": "12.34", "总成交金额": "88.00", "总成交笔数": "2", "总购物车数": "5", "收藏宝贝数": "3"}  # fmt: skip
    total = {"时间周期": "总计", "日期": "-", "花费": "24.68"}
    rows = [row, {**row, "主体ID": "600000000002"}, total]
    result = take(shop, table(tmp_path / "a.csv", "alimama_item_report", rows))

    assert counts(result) == (2, 2, 0, 0, 0)
    assert result["total_cents"]["read"] == 2468
    assert stored("ad_days")[0] == {
        "date_day": DAY_2018_10_01, "plan": "商品", "product_id": "600000000001", "impressions": 900, "clicks": 30,
        "cost_cents": 1234, "orders": 2, "sales_cents": 8800, "cart_adds": 5, "favourites": 3,
    }  # fmt: skip


def test_a_list_of_costs_leaves_what_is_known_of_the_goods(shop: Shop, tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text(
        "商品ID,商品名称,类目,标价,库存\n601,四件套,家纺,199.00,80\n602,毛巾,家纺,19.90,\n", "utf-8"
    )
    second.write_text("商品ID,成本价\n601,95.5\n", "utf-8")
    take(shop, first)
    result = take(shop, second)

    assert counts(result) == (1, 0, 1, 0, 0)
    known = {
        "product_id": "601", "title": "四件套", "category": "家纺", "list_price_cents": 19_900, "cost_cents": 9550,
        "season": "", "listed_at": None, "stock": 80,
    }  # fmt: skip
    assert stored("products")[0] == known
    assert stored("products")[1]["cost_cents"] is None
    assert stored("products")[1]["stock"] is None


def test_an_order_file_that_nobody_knows_does_not_pass_for_a_list_of_goods(
    shop: Shop, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("单据号,客户,商品ID,商品名称,件数,金额,经手人\n1,甲,601,四件套,1,99.00,乙\n", "utf-8")
    with pytest.raises(IntakeRefused) as refused:
        take(shop, path)
    assert refused.value.code == "header_not_recognised"


REFUND = {
    "订单编号": "1001", "退款编号": "9001", "买家退款金额": "30.00", "是否需要退货": "是",
    "退款的申请时间": "2018-10-05 08:00:00", "退款完结时间": "2018-10-07 09:00:00", "退款状态": "退款成功",
}  # fmt: skip


def orders_now() -> list[tuple[Any, ...]]:
    names = ("order_id", "status", "paid_cents", "refunded_cents")
    return sorted(tuple(row[name] for name in names) for row in stored("orders"))


def test_orders_and_refunds_tell_one_truth_whichever_comes_first(shop: Shop, tmp_path: Path) -> None:
    orders = write(
        tmp_path / "o.csv", [Row("1001"), Row("1002", status=SHIPPED), Row("1003", refunded="5.00")]
    )
    refunds = table(
        tmp_path / "r.csv",
        "tm_refund_15_2017",
        [
            REFUND,
            {**REFUND, "退款编号": "9002", "订单编号": "1002", "买家退款金额": "100.00"},
            {**REFUND, "退款编号": "9003", "订单编号": "1003", "买家退款金额": "5.00"},
            {
                **REFUND,
                "退款编号": "9004",
                "订单编号": "1001",
                "买家退款金额": "70.00",
                "退款状态": "退款关闭",
            },
            {**REFUND, "退款编号": "9005", "订单编号": "7777"},
        ],
    )
    for number, files in enumerate(itertools.permutations([orders, refunds])):
        own = add_shop(f"店{number}", now=NOW)
        for path in files:
            take(own, path)

    # each shop: 30 of 100 back, all of 100 back, 5 told by both files and counted once
    expected = [
        ("1001", "finished", 10_000, 3_000),
        ("1002", "closed_refunded", 10_000, 10_000),
        ("1003", "finished", 10_000, 500),
    ]
    assert orders_now() == sorted(expected * 2)


def test_a_refund_knows_the_buyer_of_its_order_whichever_comes_first(shop: Shop, tmp_path: Path) -> None:
    orders = write(tmp_path / "o.csv", [Row("1001")])
    refunds = table(tmp_path / "r.csv", "tm_refund_15_2017", [REFUND])
    assert take(shop, refunds)["waiting"] == 1
    assert [row["customer_id"] for row in stored("refunds")] == [None]

    take(shop, orders)

    assert [row["customer_id"] for row in stored("refunds")] == [stored("orders")[0]["customer_id"]]
    assert stored("refunds")[0]["customer_id"] is not None


def test_both_files_again_change_nothing(shop: Shop, tmp_path: Path) -> None:
    orders = write(tmp_path / "o.csv", [Row("1001"), Row("1002")])
    refunds = table(tmp_path / "r.csv", "tm_refund_15_2017", [REFUND])
    for path in (orders, refunds):
        take(shop, path)
    before = stored("orders"), stored("order_states"), stored("refunds")

    assert counts(take(shop, orders)) == (2, 0, 0, 2, 0)
    assert counts(take(shop, refunds)) == (1, 0, 0, 1, 0)
    assert (stored("orders"), stored("order_states"), stored("refunds")) == before


def test_the_history_of_an_order_tells_of_its_refund(shop: Shop, tmp_path: Path) -> None:
    take(shop, write(tmp_path / "o.csv", [Row("1001")]))
    result = take(shop, table(tmp_path / "r.csv", "tm_refund_15_2017", [REFUND]))

    assert result["orders"]["changed"] == 1
    history = [(str(row["seen_at"]), row["refunded_cents"]) for row in stored("order_states")]
    assert history == [("2018-10-01 10:05:00", 0), ("2018-10-07 09:00:00", 3_000)]


def test_douyin_after_sale_cases_are_refunds_in_its_own_words(shop: Shop, tmp_path: Path) -> None:
    case = {
        "售后单号": "71001", "订单号": "5001", "商品单号": "5001-1", "退商品金额(元)": "￥1,000.50",
        "售后类型": "退货退款", "售后状态": "同意退款，退款成功", "售后申请时间": "2018/10/05 08:00:00",
        "售后完结时间": "2018/10/06 08:00:00",
    }  # fmt: skip
    rows = [case, {**case, "售后单号": "71002", "售后类型": "仅退款", "售后状态": "售后关闭"}]
    take(shop, table(tmp_path / "a.csv", "douyin_aftersale_50", rows))

    told = [
        tuple(row[n] for n in ("refund_id", "line", "amount_cents", "kind", "state"))
        for row in stored("refunds")
    ]
    assert told == [
        ("71001", "5001-1", 100_050, "goods", "退款成功"),
        ("71002", "5001-1", 100_050, "money", "退款关闭"),
    ]


MOVE = {
    "入帐日期": "2018-10-01", "入帐时间": "12:30:11", "支付流水号": "2018100122001", "主订单id": "1001",
    "子订单id": "10011", "入帐类型": "交易收款", "收入金额(元)": "100.00", "支出金额(元)": "",
}  # fmt: skip


def test_money_movements_are_kept_with_fees_and_equal_ones_are_two(shop: Shop, tmp_path: Path) -> None:
    fee = {**MOVE, "入帐类型": "服务费", "收入金额(元)": "", "支出金额(元)": "0.60"}
    path = table(tmp_path / "a.csv", "qn_dongzhang_14", [MOVE, fee, fee])
    result = take(shop, path)

    assert counts(result) == (3, 3, 0, 0, 0)
    assert result["total_cents"]["read"] == 10_000 - 120
    told = [
        (str(row["at"]), row["kind"], row["n"], row["income_cents"], row["expense_cents"])
        for row in stored("money_moves")
    ]
    assert told == [
        ("2018-10-01 12:30:11", "交易收款", 1, 10_000, 0),
        ("2018-10-01 12:30:11", "服务费", 1, 0, 60),
        ("2018-10-01 12:30:11", "服务费", 2, 0, 60),
    ]
    assert counts(take(shop, path)) == (3, 0, 0, 3, 0)


def test_an_amount_with_its_sign_goes_out_or_comes_in(shop: Shop, tmp_path: Path) -> None:
    row = {
        "订单编号": "301",
        "商品编号": "88",
        "结算时间": "2018-10-01 00:00:00",
        "结算单号": "J1",
        "费用名称": "货款",
        "应结金额": "50.00",
    }
    rows = [row, {**row, "费用名称": "佣金", "应结金额": "-4.00"}]
    result = take(shop, table(tmp_path / "a.csv", "jd_settle_18_2026", rows))

    assert result["total_cents"]["read"] == 4_600
    assert [(r["kind"], r["income_cents"], r["expense_cents"]) for r in stored("money_moves")] == [
        ("佣金", 0, 400),
        ("货款", 5_000, 0),
    ]


def test_parcels_are_told_without_their_number(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "订单编号,时间,物流状态,快递公司,运单号\n"
        "1001,2018-10-02 10:00:00,已揽收,中通,7300000000001\n"
        "1001,2018-10-03 18:00:00,快件已签收,中通,7300000000001\n"
        "1002,2018-10-03 19:00:00,天晓得,中通,7300000000002\n",
        "utf-8",
    )
    result = take(shop, path)

    assert counts(result) == (3, 2, 0, 0, 1)
    assert result["reasons"] == {"word_unknown": 1}
    events = stored("shipment_events")
    assert [(row["order_id"], row["kind"], row["carrier"]) for row in events] == [
        ("1001", "shipped", "中通"),
        ("1001", "signed", "中通"),
    ]
    assert events[0]["waybill_digest"] == events[1]["waybill_digest"] != ""
    assert "7300000000001" not in str(events)


def test_days_after_the_cut_are_left_for_later(shop: Shop, tmp_path: Path) -> None:
    rows = [ITEM_DAY, {**ITEM_DAY, "统计日期": "2018-10-02"}]
    result = take(shop, table(tmp_path / "a.csv", "sycm_item_all", rows), until=datetime(2018, 10, 1, 23, 59))

    assert (result["new"], result["held_back"]) == (1, 1)


def test_facts_do_not_move_the_day_until_which_orders_are_known(shop: Shop, tmp_path: Path) -> None:
    take(shop, write(tmp_path / "o.csv", [Row("1001")]))
    take(shop, table(tmp_path / "a.csv", "sycm_item_all", [{**ITEM_DAY, "统计日期": "2018-10-31"}]))

    told = list(shop.imports.order_by("pk").values_list("grain", "seen_at"))
    assert told == [("order", datetime(2018, 10, 1, 10, 5)), ("product_day", datetime(2018, 10, 31))]


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_both_engines_read_the_same(tmp_path: Path, engine: str) -> None:
    from laoke.intake.reading import choose_layout, open_source, read_batches

    rows = [{**ITEM_DAY, "商品ID": f"60000000{n:04d}", "平均停留时长": f"{n}.5"} for n in range(50)]
    rows.append({**ITEM_DAY, "支付件数": "1.5"})
    with open_source(table(tmp_path / "a.csv", "sycm_item_all", rows)) as source:
        reading = read_batches(source, choose_layout(source), engine=engine)  # type: ignore[arg-type]
        batches = list(reading)
    days = [row for batch in batches for row in batch.facts["product_days"].to_pylist()]
    assert len(days) == 50
    assert days[3]["dwell_seconds"] == 3_500
    assert [row.reason_code for batch in batches for row in batch.quarantined] == ["count_unreadable"]
    assert reading.summary.adds_up


@pytest.mark.parametrize(
    ("text", "bounces"), [("45.12%", 451), ("0.4512", 451), ("45.12", 451), ("-", 0), ("100%", 1000)]
)
def test_a_share_is_read_in_each_way_it_is_written(
    shop: Shop, tmp_path: Path, text: str, bounces: int
) -> None:
    take(shop, table(tmp_path / "a.csv", "sycm_item_all", [{**ITEM_DAY, "商品详情页跳出率": text}]))
    assert [row["bounces"] for row in stored("product_days")] == [bounces]


@pytest.mark.parametrize(
    ("column", "text"),
    [("商品详情页跳出率", "145.12%"), ("平均停留时长", "9999999999"), ("商品详情页跳出率", "-5%")],
)
def test_a_share_or_a_time_that_cannot_be_is_put_aside(
    shop: Shop, tmp_path: Path, column: str, text: str
) -> None:
    path = table(
        tmp_path / "a.csv", "sycm_item_all", [{**ITEM_DAY, "商品访客数": "2147483647", column: text}]
    )
    assert take(shop, path)["reasons"] == {"rate_unreadable": 1}


def test_a_refund_told_again_after_its_order_knows_the_buyer(shop: Shop, tmp_path: Path) -> None:
    take(shop, write(tmp_path / "o.csv", [Row("1001")]))
    refunds = table(tmp_path / "r.csv", "tm_refund_15_2017", [REFUND])
    take(shop, refunds)

    assert counts(take(shop, refunds)) == (1, 0, 0, 1, 0)
    assert stored("refunds")[0]["customer_id"] == stored("orders")[0]["customer_id"]
