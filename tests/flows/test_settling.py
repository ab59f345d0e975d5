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
