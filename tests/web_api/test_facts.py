"""Facts of every kind, sent as batches: the same rows, sums and people as from a file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from laoke.config.importing import import_file
from laoke.customers.models import Identity, OrderText, VaultRecord
from laoke.customers.vault import open_contact, open_order_text
from laoke.intake.loading.quarantine import raw_rows
from laoke.intake.loading.run import Options
from laoke.intake.models import ImportRun, ImportState
from laoke.intake.sent.fields import (
    CHANNEL_WORDS,
    EVENT_WORDS,
    FLAG_WORDS,
    REFUND_KINDS,
    REFUND_PHASES,
    REFUND_STATES,
    SENT_KINDS,
    STATUS_WORDS,
)
from laoke.shops.models import AuditEvent, Upload
from tests.people import NOW, Demo
from tests.web_api.system import ORDER, System, stored

pytestmark = pytest.mark.django_db

DAY = 20_765  # 2026-11-08
PLAIN = {name: value for name, value in ORDER.items() if name not in ("lines", "buyer")}


def test_an_order_comes_with_its_lines_and_its_buyer(system: System) -> None:
    told = system.taken("orders", {**ORDER, "buyer_message": "尽快发，谢谢"})

    assert told["state"] == "done"
    assert told["counts"] == {
        "read": 2, "new": 2, "changed": 0, "unchanged": 0, "quarantined": 0, "waiting": 0,
    }  # fmt: skip
    [order] = stored(system.shop, "orders", "order_id = 'ERP-1'")
    assert (order["status"], order["total_cents"], order["paid_cents"]) == ("paid", 12_800, 12_800)
    assert (order["postage_cents"], order["province"], order["city"]) == (800, "浙江", "杭州")
    assert (order["item_count"], str(order["paid_at"])) == (3, "2026-11-08 10:01:00")
    lines = stored(system.shop, "order_lines", "order_id = 'ERP-1'")
    assert [(line["line"], line["quantity"], line["paid_cents"]) for line in lines] == [
        ("1", 1, 9_000), ("2", 2, 3_000),
    ]  # fmt: skip
    contact = open_contact(VaultRecord.objects.get(customer_id=order["customer_id"]))
    assert (contact.nick, contact.phone, contact.name) == ("系统来客", "13912345678", "王小花")
    text = open_order_text(OrderText.objects.get(order_id="ERP-1"))
    assert text == {"buyer_message": "尽快发，谢谢"}


def test_no_word_about_a_person_is_kept_outside_the_vault(system: System, tmp_path: Path) -> None:
    system.taken("orders", {**ORDER, "buyer_message": "尽快发，谢谢"})

    [order] = stored(system.shop, "orders", "order_id = 'ERP-1'")
    words = ("系统来客", "13912345678", "王小花", "某路", "尽快发")
    assert [word for word in words if word in repr(order)] == []
    run = ImportRun.objects.latest("pk")
    assert [word for word in words if word in repr(vars(run)) or word in repr(vars(run.job))] == []
    assert not Upload.objects.exists()


def test_a_batch_and_a_file_of_the_same_rows_give_the_same_facts(system: System, tmp_path: Path) -> None:
    """The file came first; the batch then changes nothing."""
    path = tmp_path / "orders.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([
            ["order_id", "created_at", "paid_at", "status", "total", "paid", "postage"],
            ["ERP-1", "2026-11-08 10:00:00", "2026-11-08 10:01:00", "买家已付款", "128.00", "128.00", "8.00"],
        ])  # fmt: skip
    names = ("order_id", "created_at", "paid_at", "status", "total", "paid", "postage")
    options = Options("orders.csv", mapping=dict(zip(names, names, strict=True)), seen_at=NOW)
    import_file(system.shop, path, options, now=lambda: NOW)
    before = stored(system.shop, "orders", "order_id = 'ERP-1'")

    told = system.taken("orders", PLAIN)

    assert (told["counts"]["new"], told["counts"]["unchanged"]) == (0, 1)
    assert stored(system.shop, "orders", "order_id = 'ERP-1'") == before


def test_a_newer_batch_of_an_order_replaces_its_state_and_an_older_one_does_not(system: System) -> None:
    system.taken("orders", PLAIN, as_of="2026-11-08 12:00:00")
    shipped = {**PLAIN, "status": "shipped"}
    assert system.taken("orders", shipped, as_of="2026-11-08 18:00:00")["counts"]["changed"] == 1
    assert system.taken("orders", PLAIN, as_of="2026-11-08 12:30:00")["counts"]["unchanged"] == 1

    [order] = stored(system.shop, "orders", "order_id = 'ERP-1'")
    assert order["status"] == "shipped"


@pytest.mark.parametrize("status", STATUS_WORDS)
def test_every_status_is_stored_as_it_was_sent(system: System, status: str) -> None:
    system.taken("orders", {**PLAIN, "status": status})
    [order] = stored(system.shop, "orders", "order_id = 'ERP-1'")
    assert order["status"] == status


def test_an_order_that_its_status_calls_paid_is_paid_without_a_time(system: System) -> None:
    system.taken("orders", {**PLAIN, "paid_at": None}, {**PLAIN, "order_id": "ERP-2", "status": "unpaid"})
    paid = {
        row["order_id"]: row["paid_cents"] for row in stored(system.shop, "orders", "order_id LIKE 'ERP-%'")
    }
    assert paid["ERP-1"] == 12_800
    [order] = stored(system.shop, "orders", "order_id = 'ERP-1'")
    assert str(order["paid_at"]) == "2026-11-08 10:00:00"


def test_words_of_an_order_are_the_words_of_its_table(system: System) -> None:
    rows = [
        {
            **PLAIN,
            "order_id": f"W-{flag}",
            "memo_flag": flag,
            "channel": channel,
            "coupon_used": channel == "pc",
        }
        for flag, channel in zip(FLAG_WORDS, [*CHANNEL_WORDS] * 3, strict=True)
    ]
    system.taken("orders", *rows)

    found = stored(system.shop, "orders", "order_id LIKE 'W-%'")
    assert {row["order_id"][2:]: (row["memo_flag"], row["channel"], row["coupon_used"]) for row in found} == {
        "none": (0, "mobile", False), "red": (1, "pc", True), "yellow": (2, "mobile", False),
        "green": (3, "pc", True), "blue": (4, "mobile", False), "purple": (5, "pc", True),
    }  # fmt: skip


def test_a_time_with_an_offset_is_carried_over_to_the_shops_clock(system: System) -> None:
    system.taken(
        "orders", {**PLAIN, "created_at": "2026-11-07T18:00:00Z", "paid_at": "2026-11-08T11:01:00+09:00"}
    )
    [order] = stored(system.shop, "orders", "order_id = 'ERP-1'")
    assert (str(order["created_at"]), str(order["paid_at"])) == ("2026-11-08 02:00:00", "2026-11-08 10:01:00")


REFUND = {
    "refund_id": "R-1", "order_id": "ERP-1", "amount_cents": 3_000, "kind": "goods", "phase": "after",
    "state": "refunded", "asked_at": "2026-11-08 12:00:00",
}  # fmt: skip


def test_a_refund_moves_the_money_of_its_order(system: System) -> None:
    system.taken("orders", ORDER)
    system.taken("refunds", REFUND)

    [refund] = stored(system.shop, "refunds", "refund_id = 'R-1'")
    assert (refund["amount_cents"], refund["kind"], refund["phase"], refund["state"]) == (
        3_000, "goods", "after", "退款成功",
    )  # fmt: skip
    [order] = stored(system.shop, "orders", "order_id = 'ERP-1'")
    assert order["refunded_cents"] == 3_000


@pytest.mark.parametrize(
    ("field", "values"), [("kind", REFUND_KINDS), ("phase", REFUND_PHASES)], ids=["kind", "phase"]
)
def test_words_of_a_refund_are_the_words_of_its_table(
    system: System, field: str, values: dict[str, str]
) -> None:
    system.taken("refunds", *({**REFUND, "refund_id": f"R-{word}", field: word} for word in values))
    found = stored(system.shop, "refunds", "refund_id LIKE 'R-%'")
    assert {row["refund_id"][2:]: row[field] for row in found} == {word: word for word in values}


def test_states_of_refunds_are_those_that_files_tell(system: System) -> None:
    system.taken(
        "refunds", *({**REFUND, "refund_id": f"S-{state}", "state": state} for state in REFUND_STATES)
    )
    found = stored(system.shop, "refunds", "refund_id LIKE 'S-%'")
    assert {row["refund_id"][2:]: row["state"] for row in found} == REFUND_STATES


def test_every_event_of_a_parcel_is_stored_as_it_was_sent_and_its_waybill_is_not(system: System) -> None:
    rows = [
        {"order_id": "ERP-1", "at": f"2026-11-08 1{n}:00:00", "event": event, "waybill": "SF1234567890"}
        for n, event in enumerate(EVENT_WORDS)
    ]
    system.taken("shipments", *rows)

    found = stored(system.shop, "shipment_events", "order_id = 'ERP-1'")
    assert [row["kind"] for row in found] == list(EVENT_WORDS)
    assert "SF1234567890" not in repr(found)
    assert len({row["waybill_digest"] for row in found}) == 1


def test_items_that_come_before_their_order_wait_for_it(system: System) -> None:
    item = {
        "order_id": "ERP-1", "line_id": "1", "title": "四件套", "quantity": 1, "unit_price_cents": 12_000,
    }  # fmt: skip
    assert system.taken("order-items", item)["counts"]["waiting"] == 1
    system.taken("orders", PLAIN)

    [line] = stored(system.shop, "order_lines", "order_id = 'ERP-1'")
    assert (line["title"], line["quantity"], line["unit_price_cents"]) == ("四件套", 1, 12_000)


OTHERS: dict[str, tuple[dict[str, Any], str, str, dict[str, Any]]] = {
    "products": (
        {"product_id": "P1", "title": "四件套", "cost_cents": 4_100, "stock": 7}, "products", "product_id = 'P1'",
        {"product_id": "P1", "title": "四件套", "cost_cents": 4_100, "stock": 7, "list_price_cents": 0},
    ),
    "product-days": (
        {
            "product_id": "P1", "date": "2026-11-08", "visitors": 1_000, "dwell_average_seconds": 12.5,
            "bounce_rate_percent": 45.12, "sales_cents": 243_000,
        },
        "product_days", f"product_id = 'P1' AND date_day = {DAY}",
        {"visitors": 1_000, "dwell_seconds": 12_500, "bounces": 451, "sales_cents": 243_000},
    ),
    "traffic-days": (
        {"date": "2026-11-08", "source": "接口来的", "visitors": 500, "cost_cents": 3_075, "sales_cents": 100_000},
        "traffic_days", "source = '接口来的'",
        {"date_day": DAY, "visitors": 500, "cost_cents": 3_075, "sales_cents": 100_000, "orders": 0},
    ),
    "ad-days": (
        {"date": "2026-11-08", "plan": "接口计划", "cost_cents": 1_234, "clicks": 56}, "ad_days", "plan = '接口计划'",
        {"date_day": DAY, "product_id": "all", "cost_cents": 1_234, "clicks": 56},
    ),
    "money-moves": (
        {"flow_id": "F-1", "booked_at": "2026-11-08 23:00:00", "amount_cents": -560, "kind": "技术服务费"},
        "money_moves", "flow_id = 'F-1'",
        {"income_cents": 0, "expense_cents": 560, "kind": "技术服务费", "order_id": "all"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", OTHERS)
def test_other_facts_are_stored_as_they_were_sent(system: System, kind: str) -> None:
    row, table, where, wanted = OTHERS[kind]
    told = system.taken(kind, row)

    assert (told["state"], told["counts"]["new"]) == ("done", 1)
    [found] = stored(system.shop, table, where)
    assert {name: found[name] for name in wanted} == wanted
    assert system.taken(kind, row)["counts"]["unchanged"] == 1


def test_every_kind_has_its_test() -> None:
    assert {*OTHERS, "orders", "order-items", "refunds", "shipments"} == set(SENT_KINDS)


def test_what_a_batch_does_not_tell_keeps_what_is_stored(system: System) -> None:
    system.taken("products", {"product_id": "P1", "cost_cents": 4_100, "stock": 7})
    system.taken("products", {"product_id": "P1", "stock": 5})

    [product] = stored(system.shop, "products", "product_id = 'P1'")
    assert (product["cost_cents"], product["stock"]) == (4_100, 5)


def test_rows_of_one_batch_name_the_same_fields_so_that_none_erases_by_silence(system: System) -> None:
    system.taken("products", {"product_id": "P2", "cost_cents": 4_100, "stock": 7})
    told = system.taken("products", {"product_id": "P1", "cost_cents": 1}, {"product_id": "P2", "stock": 5})

    assert [(error["index"], error["field"], error["code"]) for error in told["errors"]] == [
        (1, "cost_cents", "field_left_out"), (1, "stock", "field_added"),
    ]  # fmt: skip
    [product] = stored(system.shop, "products", "product_id = 'P2'")
    assert (product["cost_cents"], product["stock"]) == (4_100, 7)


def test_good_rows_are_taken_and_bad_ones_put_aside_with_all_they_said(demo: Demo, system: System) -> None:
    bad = {**ORDER, "order_id": "ERP-2", "paid_cents": "128.00", "buyer": {"phone": 13912345679}}
    told = system.taken("orders", ORDER, bad, "ERP-3")

    assert (told["rows"], told["rows_taken"], told["rows_refused"]) == (3, 1, 2)
    assert [(error["index"], error["field"], error["code"], error["found"]) for error in told["errors"]] == [
        (1, "paid_cents", "cents_wanted", "128.00"),
        (1, "buyer.phone", "text_wanted", "…"),
        (2, "", "row_not_object", "…"),
    ]  # fmt: skip
    assert told["errors"][0]["expected"] == "整数分，不为负"
    assert "19.99 元写成 1999" in told["errors"][0]["message"]
    run = ImportRun.objects.get(pk=told["import"])
    assert (run.counts["read"], run.counts["accepted"], run.counts["quarantined"]) == (4, 2, 2)
    kept = [raw for _, raw in raw_rows(run)]
    assert '""phone"": 13912345679' in kept[0]
    page = demo.client().get(reverse("import_result", args=[run.pk])).content.decode()
    assert "导入完成，全部对得上" in page
    assert "“paid_cents”是 128.00，应是整数分" in page
    csv_text = demo.client().post(reverse("import_quarantine", args=[run.pk])).content.decode("utf-8-sig")
    assert "ERP-2" in csv_text


def test_rows_that_only_the_reader_of_files_refuses_are_told_at_once(system: System) -> None:
    answer = system.send(
        "products",
        {"product_id": "P1", "listed_at": "2026-11-08T10:00:00+08:00", "stock": 1},
        {"product_id": "P2", "listed_at": "2026-11-08T10:00:00+19:00", "stock": 1},
    )  # fmt: skip
    assert answer.status_code == 202
    [error] = answer.json()["errors"]
    assert (error["index"], error["field"], error["code"]) == (1, "listed_at", "time_impossible")
    assert error["found"] == "2026-11-08T10:00:00+19:00"


def test_what_has_not_happened_yet_is_refused_but_goods_may_be_listed_for_a_day_to_come(
    system: System,
) -> None:
    ahead = {"order_id": "ERP-9", "created_at": "2099-01-01T10:00:00"}
    answer = system.send("orders", ORDER, ORDER | ahead)
    assert answer.status_code == 202
    [error] = answer.json()["errors"]
    assert (error["index"], error["field"], error["code"]) == (1, "created_at", "time_ahead")
    answer = system.send("products", {"product_id": "P1", "listed_at": "2099-01-01T10:00:00", "stock": 1})
    assert (answer.status_code, answer.json()["errors"]) == (202, [])


def test_an_order_told_twice_in_a_batch_is_taken_once(system: System) -> None:
    told = system.taken("orders", ORDER, ORDER)
    assert [(error["index"], error["code"]) for error in told["errors"]] == [(1, "order_twice")]
    assert len(stored(system.shop, "order_lines", "order_id = 'ERP-1'")) == 2


def test_all_or_nothing_takes_nothing_when_one_row_is_bad(system: System) -> None:
    answer = system.send("orders", ORDER, {**ORDER, "order_id": "ERP-2", "status": "?"}, all_or_nothing=True)
    assert answer.status_code == 422
    assert (answer.json()["code"], [one["index"] for one in answer.json()["errors"]]) == ("rows_refused", [1])
    assert not Upload.objects.exists()
    assert not ImportRun.objects.filter(token=system.token).exists()


def test_a_batch_without_a_good_row_is_refused_and_leaves_nothing(system: System) -> None:
    people = Identity.objects.count()
    answer = system.send("orders", {**ORDER, "status": "?"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["expected"].startswith("其中一个：unpaid, paid")
    assert (Upload.objects.count(), Identity.objects.count()) == (0, people)


def test_the_import_stands_in_the_list_with_the_token_that_sent_it(demo: Demo, system: System) -> None:
    told = system.taken("orders", ORDER)

    run = ImportRun.objects.get(pk=told["import"])
    assert (run.state, run.token, run.grain) == (ImportState.DONE, system.token, "line")
    by = f"接口发来，令牌“仓库 ERP”（lk_{system.token.prefix}…）"
    assert by in demo.client().get(reverse("imports")).content.decode()
    assert by in demo.client().get(reverse("import_result", args=[run.pk])).content.decode()
    assert AuditEvent.objects.get(act="import", subject=run.file_name).detail["token"] == system.token.prefix


def test_an_import_that_is_taken_back_says_so(system: System) -> None:
    told = system.taken("orders", ORDER)
    ImportRun.objects.filter(pk=told["import"]).update(state=ImportState.UNDONE)
    assert system.ask(told["batch"])["state"] == "undone"
