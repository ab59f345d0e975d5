"""What a trade and a refund mean: cents, moments, states, keys, and what cannot be read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from laoke.intake.top.trades import Refund, RowUnreadable, refund_of, trade_of

PAID: dict[str, Any] = {
    "tid": 9100000000000001000, "status": "WAIT_BUYER_CONFIRM_GOODS", "created": "2026-10-01 09:00:01",
    "pay_time": "2026-10-01 09:02:00", "consign_time": "2026-10-02 10:00:00", "modified": "2026-10-02 10:00:01",
    "payment": "456.00", "total_fee": "458.00", "post_fee": "8.00", "coupon_fee": 0, "buyer_nick": "买**3",
    "buyer_open_uid": "AAx1", "ouid": "OUx1", "receiver_state": "浙江省", "receiver_city": "杭州市",
    "receiver_district": "西湖区", "seller_flag": 2, "trade_from": "WAP,WAP", "seller_memo": "送礼袋",
    "promotion_details": {"promotion_detail": [{"promotion_name": "店铺优惠券", "promotion_id": "shopbonus-1"}]},
    "orders": {"order": [
        {"oid": 9100000000000001001, "num_iid": 620010000001, "title": "四件套", "num": 1, "price": "399.00",
         "payment": "399.00", "part_mjz_discount": "5.00", "divide_order_fee": "394.00", "outer_iid": "BM-1",
         "status": "WAIT_BUYER_CONFIRM_GOODS", "refund_status": "NO_REFUND", "sku_properties_name": "颜色:本白"},
        {"oid": 9100000000000001002, "num_iid": 620010000002, "title": "枕套", "num": 1, "price": "59.00",
         "payment": "59.00", "part_mjz_discount": "5.00", "status": "WAIT_BUYER_CONFIRM_GOODS",
         "refund_status": "SUCCESS", "refund_id": "910000000000000107"},
    ]},
}  # fmt: skip
REFUND: dict[str, Any] = {
    "refund_id": "910000000000000107", "tid": 9100000000000001000, "oid": 9100000000000001002, "status": "SUCCESS",
    "created": "2026-10-03 08:00:00", "modified": "2026-10-03 12:00:00", "refund_fee": "20.50",
    "has_good_return": False, "reason": "做工瑕疵", "refund_phase": "onsale",
}  # fmt: skip


def test_amounts_are_cents_and_add_up() -> None:
    trade = trade_of(PAID)
    assert (trade.due_cents, trade.paid_cents, trade.goods_cents, trade.postage_cents) == (
        45600,
        45600,
        45800,
        800,
    )
    assert trade.seller_discount_cents == 1000
    assert [line.paid_cents for line in trade.lines] == [39400, 5400]


def test_ids_of_nineteen_digits_stay_whole() -> None:
    trade = trade_of(PAID)
    assert trade.order_id == "9100000000000001000"
    assert trade.lines[1].line == "9100000000000001002"


def test_state_times_place_and_channel_are_those_of_the_facts() -> None:
    trade = trade_of(PAID)
    assert (trade.status, trade.created, trade.shipped, trade.finished) == (
        "shipped", datetime(2026, 10, 1, 9, 0, 1), datetime(2026, 10, 2, 10, 0), None,
    )  # fmt: skip
    assert (trade.province, trade.city, trade.district, trade.channel) == ("浙江", "杭州", "西湖区", "mobile")
    assert (trade.coupon_used, trade.memo_flag, trade.texts) == (True, 2, {"seller_memo": "送礼袋"})
    assert [line.state for line in trade.lines] == ["卖家已发货，等待买家确认", "退款成功"]


@pytest.mark.parametrize(
    ("word", "paid", "status"),
    [
        ("TRADE_NO_CREATE_PAY", False, "unpaid"), ("WAIT_BUYER_PAY", False, "unpaid"), ("PAY_PENDING", False, "unpaid"),
        ("WAIT_PRE_AUTH_CONFIRM", False, "unpaid"), ("PAID_FORBID_CONSIGN", True, "paid"),
        ("WAIT_SELLER_SEND_GOODS", True, "paid"), ("SELLER_CONSIGNED_PART", True, "partly_shipped"),
        ("WAIT_BUYER_CONFIRM_GOODS", True, "shipped"), ("TRADE_BUYER_SIGNED", True, "signed"),
        ("TRADE_FINISHED", True, "finished"), ("TRADE_CLOSED", True, "closed_refunded"),
        ("TRADE_CLOSED_BY_TAOBAO", False, "closed_unpaid"),
    ],
)  # fmt: skip
def test_every_word_of_the_platform_has_its_state(word: str, paid: bool, status: str) -> None:
    row = {**PAID, "status": word} | ({} if paid else {"pay_time": ""})
    trade = trade_of(row)
    assert (trade.status, trade.paid_cents) == (status, 45600 if paid else 0)
    assert [line.paid_cents for line in trade.lines] == ([39400, 5400] if paid else [0, 0])


def test_a_city_that_is_only_told_as_district_is_the_city() -> None:
    trade = trade_of({**PAID, "receiver_state": "湖北省", "receiver_city": "", "receiver_district": "仙桃市"})
    assert (trade.province, trade.city, trade.district) == ("湖北", "仙桃", "")


@pytest.mark.parametrize(
    ("nick", "keys"),
    [
        ("买**3", {"open_uid": "AAx1", "ouid": "OUx1", "nick": "买**3"}),
        ("~aMq3+x=~1~", {"open_uid": "AAx1", "ouid": "OUx1"}),
        ("小圆圆", {"open_uid": "AAx1", "ouid": "OUx1", "nick": "小圆圆"}),
    ],
)
def test_an_encrypted_nick_is_no_key(nick: str, keys: dict[str, str]) -> None:
    assert trade_of({**PAID, "buyer_nick": nick}).keys == keys


def test_deposit_and_balance_of_a_presale() -> None:
    front = {**PAID, "step_trade_status": "FRONT_PAID_FINAL_NOPAID", "step_paid_fee": "50.00", "pay_time": ""}
    trade = trade_of({**front, "status": "WAIT_BUYER_PAY"})
    assert (trade.status, trade.deposit_cents, trade.balance_cents, trade.paid_cents) == (
        "unpaid",
        5000,
        40600,
        0,
    )


def test_a_refund_counts_once_it_succeeded() -> None:
    trade, refund = trade_of(PAID), refund_of(REFUND)
    assert (refund.cents, refund.kind, refund.phase, refund.state) == (2050, "money", "during", "退款成功")
    assert refund.finished == datetime(2026, 10, 3, 12, 0)
    assert trade.refunded_cents([refund]) == 2050
    waiting = refund_of({**REFUND, "status": "WAIT_SELLER_AGREE"})
    assert (trade.refunded_cents([waiting]), waiting.finished) == (0, None)


def test_a_trade_closed_after_payment_went_back_whole_unless_a_refund_says_how_much() -> None:
    closed = trade_of({**PAID, "status": "TRADE_CLOSED"})
    told: list[Refund] = [refund_of({**REFUND, "refund_fee": "448.00"})]
    assert (closed.refunded_cents([]), closed.refunded_cents(told)) == (45600, 44800)


@pytest.mark.parametrize(
    ("changed", "code", "column"),
    [
        ({"tid": ""}, "id_missing", "tid"),
        ({"tid": "1; DROP"}, "id_unreadable", "tid"),
        ({"created": ""}, "time_missing", "created"),
        ({"pay_time": "昨天"}, "time_unreadable", "pay_time"),
        ({"pay_time": "2026-02-30 10:00:00"}, "time_impossible", "pay_time"),
        ({"payment": ""}, "money_missing", "payment"),
        ({"payment": "4.560"}, None, ""),
        ({"payment": "4.567"}, "money_unreadable", "payment"),
        ({"payment": "-1.00"}, "negative_amount", "payment"),
        ({"total_fee": "999999999999.00"}, "money_too_large", "total_fee"),
        ({"seller_flag": "red"}, "count_unreadable", "seller_flag"),
        ({"status": "TRADE_ON_THE_MOON"}, "status_unknown", "status"),
    ],
)
def test_what_cannot_be_read_is_named(changed: dict[str, str], code: str | None, column: str) -> None:
    if code is None:
        assert trade_of({**PAID, **changed}).due_cents == 456
        return
    with pytest.raises(RowUnreadable) as unreadable:
        trade_of({**PAID, **changed})
    assert (unreadable.value.code, unreadable.value.params["column"]) == (code, column)
