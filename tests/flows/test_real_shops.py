"""The main job on real data, by commands alone: known up to a cut, planned, priced, reached by list, reviewed."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from tests.flows.commands import Laoke
from tests.flows.documented import coupon, ladder, missing_from_pages, replayed

pytestmark = pytest.mark.timeout(600)


def shop_of(home: Path, name: str, *options: str) -> Laoke:
    laoke = Laoke(home)
    laoke("init")
    laoke("shop", "add", name, *options)
    laoke("user", "add", "boss", "--role", "owner")
    return laoke


def declare_lists(laoke: Laoke, now: str, since: str, until: str) -> dict[str, Any]:
    return laoke(
        "consent", "declare", "--channel", "handover", "--wording", "会员协议：同意店铺通过平台工具发送活动信息",
        "--proof", "会员协议截图 3 号", "--from", since, "--to", until, now=now,
    )  # fmt: skip


def sign_for_a_third_offer(laoke: Laoke, name: str, now: str) -> None:
    """Three offers at once are one too many: no round goes out before the owner has signed for it."""
    refused = laoke("launch", name, "--round", "2", now=now, refused=True)
    assert refused["params"]["codes"] == ["launch"]
    findings = laoke("check", name, "--round", "2", now=now)["launch"]["findings"]
    [block] = [one for one in findings if one["severity"] == "block" and not one["signed"]]
    assert "3 样优惠" in block["text"]
    laoke("sign-check", name, block["state"], "--reason", "老客券只有老客有，写在页面上", now=now)


def test_a_bookshop_plans_its_double_11_of_2018_and_reviews_it(shared: Path, tmp_path: Path) -> None:
    orders, cut = str(shared / "ExportOrderList_derived_2017_2018.csv"), "2018-10-31 20:00"
    laoke = shop_of(tmp_path / "home", "书店")

    known = laoke("import", orders, "--until", "2018-10-31", now=cut)
    assert (known["rows_read"], known["new"], known["held_back"], known["quarantined"]) == (
        2660,
        2352,
        308,
        0,
    )
    assert known["total_cents"]["read"] == 48531902
    assert known["total_cents"]["new"] + known["total_cents"]["held_back"] == 48531902
    assert known["people"]["new"] == 1597

    assert laoke("doctor", now=cut)["ok"] is True
    # Few came back: two models run to the border of what they can say and one is uncertain, so rates are used.
    worth = laoke("value", now=cut)
    assert (worth["model"], worth["refused"]) == ("rates", ["border", "border", "uncertain"])
    assert (worth["customers"], worth["orders_365"], worth["cents_365"]) == (1456, 87, 1146786)
    everyone = laoke("segment", "count", "spent(>= 0)", now=cut)["count"]
    loyal = laoke("segment", "count", 'group in ("loyal")', now=cut)["count"]
    assert everyone == 1597
    assert 0 < loyal < everyone
    assert laoke("segment", "count", "reachable(sms)", now=cut)["count"] == 0

    planned = laoke("plan", "double11", "--on", "2018-11-11", now=cut)
    assert [phase["key"] for phase in planned["phases"]] == ["warm_up", "day", "thanks"]
    assert [r["key"] for r in planned["rounds"]] == ["1a", "1b", "1c", "2", "3"]
    assert len(planned["tasks"]) == 14
    name = planned["campaign"]["name"]
    last = planned["rounds"][-1]
    assert (last["opens_at"], last["closes_at"]) == ("2018-11-10 18:00", "2018-11-10 20:00")

    laoke("offer", "add", name, "--name", "满100减10", "--spend", "100", "--off", "10", now=cut)
    priced = laoke("backtest", name, "--from", "2018-01-01", "--to", "2018-10-31", now=cut)
    assert (priced["refused"], priced["orders"]) == (None, 1061)
    assert priced["revenue_before_cents"] - priced["revenue_after_cents"] == priced["discount_cents"]
    # Orders without costs: who gains is told, what pays for it is refused.
    assert priced["break_even"]["listed"] == {"code": "cost_unknown"}
    assert sum(group["orders"] for group in priced["history"]) == 1061
    few = laoke("backtest", name, "--from", "2018-10-25", "--to", "2018-10-31", now=cut)
    assert (few["refused"], few["orders"], few["needed_orders"]) == ("too_few_orders", 25, 100)

    # Their numbers are no valid ones, and that is said for every one of them.
    blocked = laoke("check", name, "--round", "1a", now=cut)["rounds"][0]
    assert blocked["ready"] is False
    left_out = [(loss["reason"], loss["count"]) for loss in blocked["funnel"]["left_out"]]
    assert (blocked["people"], left_out) == (133, [("invalid_contact", 133)])

    assert declare_lists(laoke, cut, "2017-01-01", "2018-10-30")["people"] == 1597
    sign_for_a_third_offer(laoke, name, "2018-11-06 09:00")
    sent = laoke("launch", name, "--round", "2", now="2018-11-06 09:00")["rounds"][0]["funnel"]
    assert sent["segment"] == sent["treated"] + sent["held_out"] + sum(
        loss["count"] for loss in sent["left_out"]
    )
    lists = laoke(
        "handover", "export", name, "--round", "2", "--out", str(tmp_path / "lists"), now="2018-11-06 09:10"
    )["lists"]
    assert sum(part["people"] for part in lists) == sent["treated"]
    with Path(lists[0]["files"][1]).open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.reader(file))) == sent["treated"] + 1

    rest = laoke("import", orders, now="2019-01-05 10:00")
    assert (rest["new"], rest["unchanged"], rest["people"]["new"]) == (308, 2352, 220)

    found = laoke("review", name, now="2019-01-05 11:00")["result"]["campaign"]
    assert (found["treated"], found["held_out"]) == (sent["treated"], sent["held_out"])
    assert found["srm"]["even"] is True
    assert found["metrics"]["orders"]["verdict"] == "not_enough"
    assert found["metrics"]["orders"]["missing"]["need"] > found["held_out"]
    assert found["metrics"]["profit"]["verdict"] == "withheld"


def test_the_table_of_the_bookshop_is_what_the_product_gives(shared: Path, tmp_path: Path) -> None:
    laoke, now = shop_of(tmp_path / "home", "书店"), "2026-11-30 10:00"
    laoke("import", str(shared / "ExportOrderList_derived_2017_2018.csv"), now=now)

    year = replayed(laoke, [ladder(200, 20), coupon(100, 5)], "2018-01-01", "2018-12-31", now)
    assert missing_from_pages(year, 1) == []


def test_a_wholesaler_proves_november_2011(shared: Path, tmp_path: Path) -> None:
    orders, cut = str(shared / "online_retail.csv.gz"), "2011-10-31 20:00"
    laoke = shop_of(tmp_path / "home", "UCI", "--currency", "GBP", "--platform", "other")

    known = laoke("import", orders, "--until", "2011-10-31", now=cut)
    assert (known["rows_read"], known["quarantined"], known["held_back"]) == (541909, 1339, 110069)
    assert known["total_cents"]["read"] == 974774793
    assert sum(known["total_cents"][part] for part in ("new", "quarantined", "held_back")) == 974774793
    assert known["orders_without_customer"] == {"missing": 1902, "masked": 0}
    assert laoke("segment", "count", 'group in ("loyal")', now=cut)["count"] == 2380
    # Wholesale customers hardly ever leave: every model's share of leavers runs to its border.
    worth = laoke("value", now=cut)
    assert (worth["model"], worth["refused"]) == ("rates", ["border", "border", "border"])
    assert (worth["customers"], worth["orders_365"]) == (3974, 18931)

    name = laoke("plan", "double11", "--on", "2011-11-11", now=cut)["campaign"]["name"]
    laoke("offer", "add", name, "--name", "满300减30", "--spend", "300", "--off", "30", now=cut)
    priced = laoke("backtest", name, "--from", "2011-09-01", "--to", "2011-10-31", now=cut)
    assert (priced["orders"], priced["list_cents"], priced["refused"]) == (4025, 221356947, None)
    assert priced["basis"] == {"orders_with_lines": 4025, "orders_with_totals": 0}

    people = declare_lists(laoke, cut, "2010-12-01", "2011-10-30")["people"]
    sign_for_a_third_offer(laoke, name, "2011-11-06 09:00")
    sent = laoke("launch", name, "--round", "2", now="2011-11-06 09:00")["rounds"][0]["funnel"]
    assert (people, sent["segment"]) == (3974, 3974)
    laoke(
        "handover", "export", name, "--round", "2", "--out", str(tmp_path / "lists"), now="2011-11-06 09:10"
    )

    rest = laoke("import", orders, now="2011-12-10 10:00")
    assert (rest["new"], rest["unchanged"], rest["quarantined"]) == (110069, 430501, 1339)

    # Goods sent back name no order; they come off their 1,556 buyers, by the features and by the facts alike.
    back = laoke("segment", "count", "refunded", "--breakdown", now="2011-12-10 11:00")
    assert back["count"] == 1556
    money = back["breakdown"]
    assert (money["paid_cents"], money["paid_cents"] - money["net_cents"]) == (661568132, 60093085)
    by_day = "refunded(in 2010-12-01..2011-12-10)"
    assert laoke("segment", "count", by_day, now="2011-12-10 11:00")["count"] == 1556
    everyone = laoke("segment", "count", "everyone", "--breakdown", now="2011-12-10 11:00")["breakdown"]
    assert (everyone["paid_cents"], everyone["net_cents"]) == (891140790, 891140790 - 60093085)

    found = laoke("review", name, now="2011-12-10 11:00")["result"]["campaign"]
    # Who bought within 15 days is told of no price cut; the review is by those who were drawn.
    reasons = {loss["reason"]: loss["count"] for loss in sent["left_out"]}
    assert list(reasons) == ["bought_recently"]
    assert found["treated"] + found["held_out"] == 3974 - reasons["bought_recently"] == 3147
    difference = found["metrics"]["orders"]["difference"]
    assert difference["low"] < difference["estimate"] < difference["high"]
    assert found["metrics"]["orders"]["verdict"] in ("not_enough", "unclear", "helps", "hurts")

    plan = [ladder(300, 20), coupon(150, 8)]
    year = replayed(laoke, plan, "2011-01-01", "2011-12-31", "2011-12-10 11:00")
    assert missing_from_pages(year, 2) == []
