"""From a shop's facts to the value of its customers: the table, the report, when it is due, and who is left out."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from laoke.config import pipelines
from laoke.config.worker import Worker, run_job
from laoke.customers import erasure
from laoke.insights import value
from laoke.insights.models import ValueReport
from laoke.insights.refresh import day_number
from laoke.insights.value import refresh_value, value_due
from laoke.lifetime import rates
from laoke.lifetime.customers import Histories
from laoke.shops import catalog, jobs
from laoke.shops.clock import parse_clock
from laoke.shops.models import FeatureBasis, Job, JobState
from laoke.shops.setup import add_shop
from laoke.warehouse.customer_value import HORIZONS
from laoke.warehouse.store import Warehouse
from tests.people import Demo

pytestmark = pytest.mark.django_db


def stored(demo: Demo) -> pa.Table:
    """The rows every reader sees."""
    entry = catalog.current()
    assert entry is not None
    reader = Warehouse(demo.place.warehouse).reader(entry.versions)
    return reader.sql("SELECT * FROM customer_value ORDER BY person_id")


def summary(demo: Demo, day: int) -> pa.Table:
    entry = catalog.current()
    assert entry is not None
    reader = Warehouse(demo.place.warehouse).reader(entry.versions)
    return reader.query("customer_summary", shop_id=demo.shop.pk, as_of_day=day)


def test_every_person_who_bought_gets_a_row_and_the_shop_its_report(demo: Demo) -> None:
    report = refresh_value(demo.shop, demo.place, now=demo.now)

    assert report is not None
    rows, known = stored(demo), summary(demo, day_number(demo.now.date()))
    assert rows["person_id"].to_pylist() == known["person_id"].to_pylist()
    assert set(rows["model"].to_pylist()) == {report.model} != {""}
    assert set(rows["as_of_day"].to_pylist()) == {day_number(demo.now.date())}
    entry = catalog.current()
    assert entry is not None
    assert (entry.pk, entry.reason) == (report.catalog_ref, "value")
    assert report.report["customers"] == rows.num_rows
    total = report.report["totals"][-1]
    assert total["days"] == 365
    assert total["cents"] == pytest.approx(sum(rows["spend_365"].to_pylist()), abs=rows.num_rows)
    assert total["orders"] == pytest.approx(sum(rows["orders_365"].to_pylist()))
    json.dumps(report.report, allow_nan=False)


def test_longer_horizons_bring_more_and_intervals_hold_their_order(demo: Demo) -> None:
    refresh_value(demo.shop, demo.place, now=demo.now)
    for row in stored(demo).to_pylist():
        orders = [row[f"orders_{days}"] for days in HORIZONS]
        spend = [row[f"spend_{days}"] for days in HORIZONS]
        assert orders == sorted(orders) and spend == sorted(spend)
        for days in HORIZONS:
            assert row[f"orders_{days}_low"] <= row[f"orders_{days}_high"]
            if row[f"spend_{days}_high"] is not None:
                assert row[f"spend_{days}_low"] <= row[f"spend_{days}_high"]


def test_the_probability_of_being_active_lies_in_its_interval_or_is_not_known(demo: Demo) -> None:
    refresh_value(demo.shop, demo.place, now=demo.now)
    for row in stored(demo).to_pylist():
        ends = (row["p_alive_low"], row["p_alive_high"])
        if row["p_alive"] is None:
            assert ends == (None, None)
        else:
            assert 0 <= ends[0] <= row["p_alive"] + 1e-12 and row["p_alive"] - 1e-12 <= ends[1] <= 1


def test_the_hold_out_is_the_last_third_counted_from_the_orders(demo: Demo) -> None:
    """The report's actual purchases, counted by hand from the orders."""
    report = refresh_value(demo.shop, demo.place, now=demo.now)
    assert report is not None
    today = day_number(demo.now.date())
    horizon = int(report.report["horizon"])
    assert horizon == min(max(report.report["days"] // 3, 30), 365)
    entry = catalog.current()
    assert entry is not None
    orders = Warehouse(demo.place.warehouse).reader(entry.versions).sql(
        "SELECT coalesce(m.person_id, o.customer_id) AS person, o.paid_day AS day FROM orders_counted AS o "
        "LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id "
        "WHERE o.customer_id IS NOT NULL AND o.paid_day IS NOT NULL"
    )  # fmt: skip
    days: dict[int, set[int]] = {}
    for row in orders.to_pylist():
        days.setdefault(row["person"], set()).add(row["day"])
    counted = sum(
        sum(today - horizon < day <= today for day in bought)
        for bought in days.values()
        if min(bought) <= today - horizon
    )
    assert report.report["own_rate"]["actual"] == counted
    before = [{day for day in bought if day <= today - horizon} for bought in days.values()]
    histories = Histories.of(
        *zip(*((len(b) - 1, max(b) - min(b), today - horizon - min(b)) for b in before if b), strict=True)
    )
    told = rates.own_rate(histories, float(horizon)).sum()
    assert report.report["own_rate"]["forecast"] == pytest.approx(told)


def test_computed_again_the_same_facts_give_the_same_rows(demo: Demo) -> None:
    first = refresh_value(demo.shop, demo.place, now=demo.now)
    rows = stored(demo)
    again = refresh_value(demo.shop, demo.place, now=demo.now)
    assert first is not None and again is not None
    assert stored(demo).equals(rows)
    assert again.report == first.report
    assert ValueReport.objects.filter(shop=demo.shop).count() == 1


def test_a_shop_known_for_less_than_three_months_is_told_so(demo: Demo) -> None:
    oldest = int(summary(demo, day_number(demo.now.date()))["age_days"].to_numpy().max())
    early = demo.now - timedelta(days=oldest - 40)
    report = refresh_value(demo.shop, demo.place, now=early)
    assert report is not None
    assert report.model == ""
    assert report.report["refusals"] == [
        {"model": "", "code": "too_short", "params": {"found": 40, "needed": 90}}
    ]
    assert stored(demo).num_rows == 0


def test_without_facts_nothing_is_said(demo: Demo) -> None:
    other = add_shop("空店", now=demo.now)
    report = refresh_value(other, demo.place, now=demo.now)
    assert report is not None and report.model == ""
    assert report.report["customers"] == 0


def test_the_values_of_one_shop_leave_those_of_another(demo: Demo) -> None:
    refresh_value(demo.shop, demo.place, now=demo.now)
    rows = stored(demo)
    refresh_value(add_shop("空店", now=demo.now), demo.place, now=demo.now)
    assert stored(demo).equals(rows)


def test_facts_that_came_in_between_are_counted_too(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import is published while the first computation runs: what is stored is of the facts after it."""
    real, runs = value._valued, []

    def slow(*args: Any) -> Any:
        found = real(*args)
        runs.append(found)
        if len(runs) == 1:
            warehouse = Warehouse(demo.place.warehouse)
            entry = catalog.current()
            assert entry is not None
            gone = warehouse.reader(entry.versions).sql("SELECT shop_id, order_id FROM orders LIMIT 300")
            version = warehouse.change(
                "orders", warehouse.reader().sql("SELECT * FROM orders LIMIT 0"), gone, app_id="x"
            )
            catalog.publish(
                {"orders": version.version}, as_of_day=entry.as_of_day, now=demo.now, reason="import"
            )
        return found

    monkeypatch.setattr(value, "_valued", slow)
    report = refresh_value(demo.shop, demo.place, now=demo.now)
    assert len(runs) == 2
    assert report is not None
    assert stored(demo).num_rows == summary(demo, day_number(demo.now.date())).num_rows


def test_an_erased_person_has_no_value_any_more(demo: Demo) -> None:
    refresh_value(demo.shop, demo.place, now=demo.now)
    person = stored(demo)["person_id"].to_pylist()[0]
    erasure.request_erasure(demo.shop, person, by=demo.owner, now=demo.now)
    erasure.delete_records(now=demo.now)
    erasure.rewrite_facts(demo.place, now=demo.now)
    assert person not in stored(demo)["person_id"].to_pylist()


def test_it_is_due_once_after_the_first_features_and_then_every_night(demo: Demo) -> None:
    shop, now = demo.shop, demo.now
    assert value_due(shop, now, at_night=False)
    jobs.queue("customer_value", shop=shop, now=now)
    assert not value_due(shop, now, at_night=False)  # it has just been tried
    refresh_value(shop, demo.place, now=now)
    tomorrow = now + timedelta(days=1)
    assert not value_due(shop, now, at_night=True)
    assert not value_due(shop, tomorrow, at_night=False)
    assert value_due(shop, tomorrow, at_night=True)
    FeatureBasis.objects.all().delete()
    assert not value_due(shop, tomorrow, at_night=True)


def test_a_worker_queues_it_and_does_it_with_progress(demo: Demo) -> None:
    clock = parse_clock(f"={demo.now:%Y-%m-%d %H:%M}")
    worker = Worker("w1", clock.now)
    assert pipelines._value(worker)
    assert not pipelines._value(worker)
    job = jobs.claim("w1", demo.now, ["customer_value"])
    assert job is not None
    run_job(job, clock.now)
    job.refresh_from_db()
    report = ValueReport.objects.get(shop=demo.shop)
    assert (job.state, job.done, job.total) == (JobState.DONE, 90, 100)
    assert job.result == {"model": report.model, "catalog": report.catalog_ref}
    assert Job.objects.filter(kind="customer_value").count() == 1


def test_the_models_see_days_and_yuan(demo: Demo, tmp_path: Path) -> None:
    known = summary(demo, day_number(demo.now.date()))
    histories = value._histories(known)
    again = np.flatnonzero(histories.frequency)
    first = int(again[0])
    row = known.slice(first, 1).to_pylist()[0]
    assert histories.spend[first] == row["repeat_cents"] / row["frequency"] / 100
    assert (histories.recency[first], histories.age[first]) == (row["recency_days"], row["age_days"])
