"""What stands in the ledger about fake orders: scores, decisions that outlive them, the threshold, the mirror."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.people import Demo

pytestmark = pytest.mark.django_db


def flagged(demo: Demo) -> int:
    """Score all orders of the demo shop and write the mirror; how many rows changed."""
    from laoke.config.refreshing import flag_orders

    return flag_orders(demo.shop, demo.place, now=demo.now, everything=True).changed


def planted(demo: Demo) -> list[str]:
    from laoke.intake.demo import generate

    return sorted(generate(11, 600, 1_800, demo.now).planted_fakes["order_id"].to_pylist())


def in_mirror(demo: Demo) -> dict[str, str]:
    """Order → flag, as the newest catalog entry has it."""
    from laoke.shops import catalog
    from laoke.warehouse.store import Warehouse

    reader = Warehouse(demo.place.warehouse).reader(catalog.current().versions)
    rows = reader.rows("SELECT order_id, flag FROM order_flags ORDER BY order_id")
    return {row["order_id"]: row["flag"] for row in rows}


def counted(demo: Demo, *, with_fakes: bool = False) -> tuple[int, int]:
    """Paid orders and money of all time, as a page reads them."""
    from laoke.audiences.readings import reading_of

    reading = reading_of(demo.shop, demo.now.date())
    reader = (reading.with_fakes() if with_fakes else reading).reader
    row = reader.query("refund_rate", shop_id=demo.shop.pk, from_day=0, to_day=30_000).to_pylist()[0]
    return row["paid_orders"], row["paid_cents"]


def test_the_planted_orders_are_flagged_and_no_other(demo: Demo) -> None:
    from laoke.insights.fake_orders.proving import held_against
    from laoke.insights.models import OrderFlag

    assert flagged(demo) == 27
    assert len(planted(demo)) == 27
    assert in_mirror(demo) == dict.fromkeys(planted(demo), "suspect")
    found = held_against(demo.shop, planted(demo), 50)
    assert (found["precision"], found["recall"], found["flagged"]) == (1.0, 1.0, 27)
    assert (found["orders_only"]["precision"], found["orders_only"]["recall"]) == (1.0, 1.0)
    assert {rate["recall"] for rate in found["without"].values()} == {1.0}, "no signal alone carries them"
    row = OrderFlag.objects.get(shop=demo.shop, order_id=planted(demo)[0])
    assert row.reasons[0]["signal"] == "burst" and row.signals.startswith(",burst,")


def test_precision_and_recall_say_what_was_missed_and_who_was_wronged() -> None:
    from laoke.insights.fake_orders.proving import rates

    scores = [("A", 80), ("B", 50), ("C", 49), ("D", 100)]
    assert rates(scores, frozenset({"A", "B", "C", "E"}), 50) == {
        "flagged": 3, "right": 2, "wrong": 1, "missed": 2, "precision": 0.6667, "recall": 0.5,
    }  # fmt: skip
    assert rates([], frozenset(), 50)["precision"] == rates([], frozenset(), 50)["recall"] == 1.0


def test_flagged_orders_leave_figures_and_features_and_can_be_looked_at_with_them(demo: Demo) -> None:
    from laoke.config.refreshing import refresh_shop
    from laoke.insights.models import OrderFlag

    before = counted(demo)
    refresh_shop(demo.shop, demo.place, now=demo.now)
    fakes = list(OrderFlag.objects.filter(shop=demo.shop).values_list("paid_cents", flat=True))
    assert counted(demo) == (before[0] - 27, before[1] - sum(fakes))
    assert counted(demo, with_fakes=True) == before
    from laoke.audiences.readings import reading_of

    reader = reading_of(demo.shop, demo.now.date()).reader
    sums = reader.rows(
        "SELECT CAST(sum(paid_cents) AS BIGINT) AS paid FROM customer_features WHERE as_of_day = $day",
        {"day": reading_of(demo.shop, demo.now.date()).as_of_day},
    )
    assert sums[0]["paid"] == before[1] - sum(fakes)


def test_a_decision_counts_at_once_and_the_mirror_follows(demo: Demo) -> None:
    from laoke.config.mirroring import write_all_mirrors
    from laoke.insights.fake_orders import flags
    from laoke.shops.models import AuditEvent

    flagged(demo)
    without = counted(demo)
    first, second, third = planted(demo)[:3]
    assert flags.decide(demo.shop, [first, "no such order"], "cleared", by=demo.operator, now=demo.now) == 1
    assert flags.decide(demo.shop, [second, third], "confirmed", by=demo.operator, now=demo.now) == 2
    assert counted(demo)[0] == without[0] + 1, "laid over before the mirror is written"
    assert write_all_mirrors(demo.place, demo.now)
    mirror = in_mirror(demo)
    assert (mirror[first], mirror[second], mirror[third]) == ("cleared", "confirmed", "confirmed")
    assert counted(demo)[0] == without[0] + 1
    assert not write_all_mirrors(demo.place, demo.now), "nothing waits any more"
    acts = AuditEvent.objects.filter(act__startswith="fake_orders.").order_by("pk")
    assert [(one.act, one.count, one.subject, one.actor_name) for one in acts] == [
        ("fake_orders.cleared", 1, first, "yunying"),
        ("fake_orders.confirmed", 2, "", "yunying"),
    ]


def test_a_new_score_never_overwrites_a_decision(demo: Demo) -> None:
    from laoke.insights.fake_orders import flags
    from laoke.insights.fake_orders.rules import POINTS
    from laoke.insights.models import OrderFlag

    flagged(demo)
    first, second, third = planted(demo)[:3]
    flags.decide(demo.shop, [first], "cleared", by=demo.owner, now=demo.now)
    flags.decide(demo.shop, [second], "confirmed", by=demo.owner, now=demo.now)
    nothing = dict.fromkeys(flags.rules_of(demo.shop).points, 0)
    flags.change_rules(demo.shop, {"points": nothing}, by=demo.owner, now=demo.now)
    assert flagged(demo) == 27
    rows = {row.order_id: row for row in OrderFlag.objects.filter(shop=demo.shop)}
    assert sorted(rows) == sorted([first, second]), "what nobody decided about is forgotten with its score"
    assert [(rows[o].decision, rows[o].score, rows[o].reasons) for o in (first, second)] == [
        ("cleared", 0, []), ("confirmed", 0, []),
    ]  # fmt: skip
    assert rows[first].decided_by == demo.owner
    assert in_mirror(demo) == {first: "cleared", second: "confirmed"}
    flags.change_rules(demo.shop, {"points": POINTS}, by=demo.owner, now=demo.now)
    assert flagged(demo) == 27
    again = OrderFlag.objects.get(shop=demo.shop, order_id=first)
    assert (again.decision, again.score) == ("cleared", 100)
    assert in_mirror(demo)[first] == "cleared" and in_mirror(demo)[third] == "suspect"


def test_taking_a_decision_back_gives_the_order_to_its_score_again(demo: Demo) -> None:
    from laoke.insights.fake_orders import flags
    from laoke.insights.models import OrderFlag

    flagged(demo)
    (order, *_) = planted(demo)
    flags.decide(demo.shop, [order], "confirmed", by=demo.owner, now=demo.now)
    assert flags.decide(demo.shop, [order], "confirmed", by=demo.owner, now=demo.now) == 0
    assert flags.decide(demo.shop, [order], "", by=demo.owner, now=demo.now) == 1
    row = OrderFlag.objects.get(shop=demo.shop, order_id=order)
    assert (row.decision, row.decided_by, row.decided_at) == ("", None, None)
    assert flags.standing(demo.shop).suspect.orders == 27


def test_the_threshold_moves_orders_without_scoring_them_anew(demo: Demo) -> None:
    from laoke.config.mirroring import write_all_mirrors
    from laoke.insights.fake_orders import flags
    from laoke.insights.fake_orders.rules import RulesRefused
    from laoke.insights.models import OrderFlag

    flagged(demo)
    before = counted(demo)
    order = planted(demo)[0]
    OrderFlag.objects.filter(order_id=order).update(score=60)
    assert flags.standing(demo.shop, 61).suspect.orders == 26
    assert flags.set_threshold(demo.shop, 61, by=demo.owner, now=demo.now) == 1
    assert flags.standing(demo.shop).left_out.orders == 26
    assert counted(demo)[0] == before[0] + 1
    write_all_mirrors(demo.place, demo.now)
    assert order not in in_mirror(demo)
    for refused in (29, 101):
        with pytest.raises(RulesRefused):
            flags.set_threshold(demo.shop, refused, by=demo.owner, now=demo.now)
    assert flags.rules_of(demo.shop).threshold == 61
    assert flags.set_threshold(demo.shop, 60, by=demo.owner, now=demo.now) == 1
    assert counted(demo)[0] == before[0]


def test_a_scan_reads_only_what_is_new_until_the_day_or_the_rules_are(demo: Demo) -> None:
    from laoke.insights.fake_orders import flags
    from laoke.insights.fake_orders.scanning import scan_orders

    first = scan_orders(demo.shop, demo.place, now=demo.now)
    assert first.days is not None and first.kept == 27
    assert scan_orders(demo.shop, demo.place, now=demo.now).days is None
    flags.change_rules(demo.shop, {"memo_flags": [4]}, by=demo.owner, now=demo.now)
    marked = scan_orders(demo.shop, demo.place, now=demo.now)
    assert marked.days == first.days and marked.kept > 27, "honest orders with that flag are kept now"
    assert scan_orders(demo.shop, demo.place, now=demo.now + timedelta(days=1)).days == first.days


def import_burst(demo: Demo, *, cents: str = "88.00", new: int = 12) -> None:
    """Import twelve orders of one article that three buyers placed within twelve minutes."""
    from laoke.config.importing import import_file
    from laoke.intake.loading.run import Options

    file = demo.place.home / "burst.csv"
    lines = ["订单号,买家,下单,付款,金额,标题,区"]
    for n in range(12):
        at = f"2026-11-08 21:{n:02}:00"
        lines.append(f"9900000000{n:02},刷{n % 3},{at},{at},{cents},保温杯,余杭区")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    mapping = {"order_id": "订单号", "nick": "买家", "created_at": "下单", "paid_at": "付款", "total": "金额",
               "titles": "标题"}  # fmt: skip
    options = Options(file_name=file.name, mapping=mapping, grain="order")
    assert import_file(demo.shop, Path(file), options, now=lambda: demo.now)["new"] == new


def test_an_import_scores_the_days_it_touches_and_their_neighbours(demo: Demo) -> None:
    from laoke.insights.fake_orders.scanning import scan_orders
    from laoke.insights.models import OrderFlag

    flagged(demo)
    import_burst(demo)
    new = OrderFlag.objects.filter(order_id__startswith="9900000000")
    assert new.count() == 12
    assert {row.signals for row in new} == {",burst,same_goods,"}
    assert set(new.values_list("score", flat=True)) == {50}
    assert len(in_mirror(demo)) == 39
    again = scan_orders(demo.shop, demo.place, now=demo.now)
    assert again.days is None


def test_a_killed_scan_is_healed_by_the_next(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    from laoke.config.refreshing import flag_orders
    from laoke.insights.fake_orders import scanning

    def killed(*args: object, **given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(scanning.FakeScan.objects, "update_or_create", killed)
        with pytest.raises(KeyboardInterrupt):
            flag_orders(demo.shop, demo.place, now=demo.now)
    assert in_mirror(demo) == {}
    flag_orders(demo.shop, demo.place, now=demo.now)
    assert len(in_mirror(demo)) == 27


def test_the_whole_mirror_is_written_anew_after_a_restore(demo: Demo) -> None:
    from laoke.config.mirroring import mirror_shop
    from laoke.insights.fake_orders import flags

    flagged(demo)
    flags.decide(demo.shop, planted(demo)[:2], "cleared", by=demo.owner, now=demo.now)
    mirror_shop(demo.shop, demo.place, demo.now)
    assert sorted(in_mirror(demo).values()) == ["cleared"] * 2 + ["suspect"] * 25


def test_scores_of_an_import_that_was_taken_back_go_with_it(demo: Demo) -> None:
    from laoke.config.repairing import roll_back
    from laoke.insights.models import OrderFlag
    from laoke.intake.models import ImportRun

    flagged(demo)
    import_burst(demo)
    assert OrderFlag.objects.filter(shop=demo.shop).count() == 39
    number = ImportRun.objects.latest("pk").pk
    roll_back(demo.place, number, yes=False, by=demo.owner, now=demo.now)
    assert OrderFlag.objects.filter(shop=demo.shop).count() == 27
    assert in_mirror(demo) == dict.fromkeys(planted(demo), "suspect")


def features(demo: Demo) -> dict[int, list[tuple]]:
    """Day → the rows of its features, as they are published."""
    from laoke.shops import catalog
    from laoke.warehouse.store import Warehouse

    reader = Warehouse(demo.place.warehouse).reader(catalog.current().versions)
    found: dict[int, list[tuple]] = {}
    for row in reader.rows("SELECT * FROM customer_features ORDER BY as_of_day, person_id"):
        found.setdefault(row["as_of_day"], []).append(tuple(row.values()))
    return found


def test_month_ends_follow_a_flag_from_the_day_of_its_order_on(demo: Demo) -> None:
    from laoke.config.mirroring import write_all_mirrors
    from laoke.config.refreshing import refresh_shop
    from laoke.insights.fake_orders import flags
    from laoke.insights.refresh import add_month_end, day_number

    refresh_shop(demo.shop, demo.place, now=demo.now)
    while add_month_end(demo.shop, demo.place, now=demo.now):
        pass
    before = features(demo)
    row = flags.suspects(demo.shop).order_by("-placed_at").first()
    placed = day_number(row.placed_at.date())
    later = [day for day in before if placed <= day < max(before)]
    earlier = [day for day in before if day < placed]
    assert later and earlier
    flags.decide(demo.shop, [row.order_id], "cleared", by=demo.operator, now=demo.now)
    assert write_all_mirrors(demo.place, demo.now)
    after = features(demo)
    assert sorted(after) == sorted([*earlier, max(before)]), "those that rested on the old flag are gone"
    assert all(after[day] == before[day] for day in earlier)
    assert after[max(before)] != before[max(before)]
    while add_month_end(demo.shop, demo.place, now=demo.now):
        pass
    assert sorted(features(demo)) == sorted(before)
    assert all(features(demo)[day] != before[day] for day in later)
    flags.decide(demo.shop, [row.order_id], "confirmed", by=demo.operator, now=demo.now)
    write_all_mirrors(demo.place, demo.now)
    while add_month_end(demo.shop, demo.place, now=demo.now):
        pass
    assert features(demo) == before, "left out again: what was written step by step is what a rebuild gives"


def test_confirming_a_suspect_moves_no_figure_and_costs_no_month_end(demo: Demo) -> None:
    from laoke.config.mirroring import write_all_mirrors
    from laoke.config.refreshing import refresh_shop
    from laoke.insights.fake_orders import flags
    from laoke.insights.refresh import add_month_end

    refresh_shop(demo.shop, demo.place, now=demo.now)  # as after every import: flags, then what rests on them
    while add_month_end(demo.shop, demo.place, now=demo.now):
        pass
    days = sorted(features(demo))
    flags.decide(demo.shop, planted(demo), "confirmed", by=demo.operator, now=demo.now)
    assert write_all_mirrors(demo.place, demo.now)
    assert set(in_mirror(demo).values()) == {"confirmed"} and sorted(features(demo)) == days


def test_a_decision_stays_when_the_same_file_comes_again(demo: Demo) -> None:
    from laoke.insights.fake_orders import flags
    from laoke.insights.models import OrderFlag

    flagged(demo)
    import_burst(demo)
    flags.decide(demo.shop, ["990000000000"], "cleared", by=demo.operator, now=demo.now)
    flags.decide(demo.shop, ["990000000001"], "confirmed", by=demo.operator, now=demo.now)
    import_burst(demo, cents="89.00", new=0)
    decided = OrderFlag.objects.exclude(decision="").order_by("order_id")
    assert [(one.order_id, one.decision, one.paid_cents) for one in decided] == [
        ("990000000000", "cleared", 8_900), ("990000000001", "confirmed", 8_900),
    ]  # fmt: skip
    assert in_mirror(demo)["990000000000"] == "cleared" and in_mirror(demo)["990000000001"] == "confirmed"


def test_three_customers_of_one_phone_share_it_and_two_persons_do_not(demo: Demo) -> None:
    from laoke.customers.models import Customer
    from laoke.insights.fake_orders.scoring import sharers_of

    found = sharers_of(demo.shop)
    assert sorted(found.values()) == [3] * 9, "nine accounts of the one team, three to a phone"
    first, *_ = sorted(found)
    same = next(one for one in found if one != first)
    Customer.objects.filter(pk=same).update(person_id=first)
    assert len(sharers_of(demo.shop)) in (6, 9), "a phone of two persons is shared no more"


def test_scores_never_look_at_what_was_planted() -> None:
    folder = Path(__file__).parents[2] / "src" / "laoke" / "insights"
    for file in folder.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert "intake.demo" not in text and "planted_fakes" not in text, file.name
