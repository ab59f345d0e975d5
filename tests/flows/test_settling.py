"""Orders of a group buy are settled by command: what is kept, what goes back, and why a file is refused."""

from __future__ import annotations

import json
from pathlib import Path

from tests.flows.commands import Laoke

OFFER = {
    "offer_id": "g",
    "layer": "item",
    "mechanic": "group_buy",
    "terms": {"price_cents": 5_900, "people": 2, "hours": 24},
}
ORDERS = [
    {"order_id": "1", "buyer": "a", "at": "2026-11-09T10:00:00", "paid_cents": 5_900},
    {"order_id": "2", "buyer": "b", "at": "2026-11-09T11:00:00", "paid_cents": 5_900, "joins": "1"},
    {"order_id": "3", "buyer": "c", "at": "2026-11-09T12:00:00", "paid_cents": 11_800},
]


def test_a_group_that_filled_is_kept_and_one_that_did_not_goes_back(tmp_path: Path) -> None:
    laoke, file = Laoke(tmp_path / "home"), tmp_path / "groups.json"
    laoke("init")
    file.write_text(json.dumps({"offer": OFFER, "orders": ORDERS}), encoding="utf-8")

    told = laoke("settle", str(file), now="2026-11-10 12:00")

    assert (told["paid_cents"], told["kept_cents"], told["back_cents"]) == (23_600, 11_800, 11_800)
    assert [one["state"] for one in told["orders"]] == ["formed", "formed", "failed"]
    assert laoke("settle", str(file), now="2026-11-10 11:00")["open_cents"] == 11_800

    file.write_text(json.dumps({"offer": OFFER, "orders": [ORDERS[0], ORDERS[0]]}), encoding="utf-8")
    assert "订单 1 出现了两次" in json.dumps(
        laoke("settle", str(file), now="2026-11-10 12:00", refused=True), ensure_ascii=False
    )


def test_the_file_of_the_page_is_settled_under_a_stored_offer(tmp_path: Path) -> None:
    laoke, file, offer = Laoke(tmp_path / "home"), tmp_path / "groups.csv", tmp_path / "offer.json"
    laoke("init")
    laoke("shop", "add", "圆家")
    laoke("plan", "double11", "--on", "2026-11-11", "--name", "双11", now="2026-10-20 10:00")
    terms = {
        **OFFER,
        "name": "两人团",
        "window": {"start": "2026-11-09T00:00:00", "end": "2026-11-12T00:00:00"},
    }
    offer.write_text(json.dumps(terms), encoding="utf-8")
    number = laoke("offer", "add", "双11", "--file", str(offer), now="2026-10-20 10:00")["offer"]
    rows = ["1,a,2026-11-09 10:00,59,", "2,b,2026-11-09 11:00,59,1", "3,c,2026-11-13 12:00,118,"]
    file.write_text("\n".join(["订单号,买家,付款时间,付款,跟团", *rows]), encoding="utf-8")

    told = laoke("settle", str(file), "--offer", str(number), now="2026-11-14 12:00")

    assert [(one["order_id"], one["state"]) for one in told["orders"]] == [("1", "formed"), ("2", "formed")]
    assert [(one["line"], one["found"]) for one in told["refused"]] == [(4, "2026-11-13 12:00")]
    file.write_text("订单号\n1\n", encoding="utf-8")
    refused = laoke("settle", str(file), "--offer", str(number), now="2026-11-14 12:00", refused=True)
    assert "文件缺这些列：买家、付款时间" in json.dumps(refused, ensure_ascii=False)
