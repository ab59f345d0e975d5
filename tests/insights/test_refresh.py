"""Today's features are brought to the facts from those of earlier today, and are there whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from laoke.insights import refresh
from laoke.insights.refresh import cut_points, day_number, refresh_features
from laoke.shops import catalog
from laoke.shops.models import CatalogEntry, FeatureBasis
from laoke.warehouse import feature_update
from laoke.warehouse.features import Features, build_features
from laoke.warehouse.store import Warehouse
from tests.people import Demo
from tests.warehouse import scores

TODAY = day_number(date(2026, 11, 9))


class Killed(Exception):
    """The process ends here."""


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The shops whose features were built anew as a whole."""
    shops: list[int] = []

    def note(reader: Any, day: int, shop_id: int, cuts: Any) -> Features:
        shops.append(shop_id)
        return build_features(reader, day, shop_id, cuts)

    monkeypatch.setattr(feature_update, "build_features", note)
    return shops


def stored(demo: Demo, day: int = TODAY) -> pa.Table:
    """The rows of a day that every reader sees."""
    entry = catalog.current()
    assert entry is not None
    reader = Warehouse(demo.place.warehouse).reader(entry.versions)
    text = "SELECT * FROM customer_features WHERE shop_id = $shop AND as_of_day = $day ORDER BY person_id"
    return reader.sql(text, {"shop": demo.shop.pk, "day": day})


def anew(demo: Demo, day: int = TODAY) -> pa.Table:
    entry = catalog.current()
    assert entry is not None
    reader = Warehouse(demo.place.warehouse).reader(entry.versions)
    return scores.built(reader, day, demo.shop.pk, cut_points(demo.shop))


def dearer(demo: Demo, count: int = 9, until: int = TODAY) -> None:
    """Some of the last orders up to a day cost more than was told before: published like an import."""
    entry = catalog.current()
    assert entry is not None
    warehouse = Warehouse(demo.place.warehouse)
    text = "SELECT * FROM orders WHERE paid_day <= $until ORDER BY paid_at DESC, order_id LIMIT $count"
    rows = warehouse.reader(entry.versions).sql(text, {"count": count, "until": until})
    index = rows.schema.get_field_index("paid_cents")
    rows = rows.set_column(index, "paid_cents", pc.add(rows["paid_cents"], 1_000_00))
    version = warehouse.upsert("orders", rows, app_id=f"dearer-{entry.pk}").version
    catalog.publish({"orders": version}, as_of_day=entry.as_of_day, now=demo.now, reason="import")


def test_a_few_orders_are_no_reason_to_build_everything(demo: Demo, built: list[int]) -> None:
    dearer(demo)
    assert not stored(demo).equals(anew(demo))

    entry = refresh_features(demo.shop, demo.place, now=demo.now)

    assert built == []
    assert stored(demo).equals(anew(demo))
    assert FeatureBasis.objects.get(shop=demo.shop).entry == entry


def test_one_refresh_after_the_other_goes_on_from_the_last(demo: Demo, built: list[int]) -> None:
    for count in (3, 9, 30):
        dearer(demo, count)
        refresh_features(demo.shop, demo.place, now=demo.now)
        assert stored(demo).equals(anew(demo))
    assert built == []


def test_an_import_taken_back_leaves_the_features_of_before(demo: Demo, built: list[int]) -> None:
    before, was = catalog.current(), stored(demo)
    assert before is not None
    dearer(demo)
    refresh_features(demo.shop, demo.place, now=demo.now)
    catalog.publish(
        {"orders": before.versions["orders"]}, as_of_day=before.as_of_day, now=demo.now, reason="undo"
    )

    refresh_features(demo.shop, demo.place, now=demo.now)

    assert stored(demo).equals(was)
    assert built == []


def month_ends(demo: Demo) -> dict[int, pa.Table]:
    """The kept days of the past with their rows, those that are missing computed first."""
    while refresh.add_month_end(demo.shop, demo.place, now=demo.now):
        pass
    return {day: stored(demo, day) for day in kept_days(demo)}


def kept_days(demo: Demo) -> list[int]:
    entry = catalog.current()
    assert entry is not None
    rows = Warehouse(demo.place.warehouse).reader(entry.versions).rows(
        "SELECT DISTINCT as_of_day AS day FROM customer_features WHERE as_of_day < $today ORDER BY 1", {"today": TODAY}
    )  # fmt: skip
    return [row["day"] for row in rows]


def test_month_ends_from_the_first_changed_day_on_are_computed_anew(demo: Demo) -> None:
    before = month_ends(demo)
    changed = sorted(before)[len(before) // 2]  # the last order of that very day is one that changes
    dearer(demo, count=1, until=changed)

    refresh_features(demo.shop, demo.place, now=demo.now)

    assert kept_days(demo) == [day for day in before if day < changed] != []
    after = month_ends(demo)
    assert after.keys() == before.keys()
    for day, rows in after.items():
        assert rows.equals(anew(demo, day))
        assert rows.equals(before[day]) == (day < changed)


def test_an_import_taken_back_takes_its_months_back(demo: Demo) -> None:
    was, before = catalog.current(), month_ends(demo)
    assert was is not None
    dearer(demo, count=1, until=min(before) + 40)
    refresh_features(demo.shop, demo.place, now=demo.now)
    month_ends(demo)
    now = catalog.current()
    assert now is not None
    catalog.publish({"orders": was.versions["orders"]}, as_of_day=now.as_of_day, now=demo.now, reason="undo")

    refresh_features(demo.shop, demo.place, now=demo.now)

    after = month_ends(demo)
    assert after.keys() == before.keys()
    assert all(rows.equals(before[day]) for day, rows in after.items())


def test_month_ends_stay_where_no_fact_changed_and_go_where_that_cannot_be_told(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = sorted(month_ends(demo))
    refresh_features(demo.shop, demo.place, now=demo.now)
    assert kept_days(demo) == days

    dearer(demo)
    monkeypatch.setattr(Warehouse, "damage", lambda *_given: ["the files of before are gone"])
    refresh_features(demo.shop, demo.place, now=demo.now)
    assert kept_days(demo) == []


def test_month_ends_go_when_the_lines_are_others_and_come_back_by_the_new_ones(demo: Demo) -> None:
    from laoke.insights.refresh import add_month_end

    days = kept_days(demo)
    assert days
    demo.shop.settings["cut_points"] = {"active_days": 30}
    demo.shop.save()
    refresh_features(demo.shop, demo.place, now=demo.now)
    assert kept_days(demo) == []
    refresh_features(demo.shop, demo.place, now=demo.now)
    assert add_month_end(demo.shop, demo.place, now=demo.now)

    (day,) = kept_days(demo)
    assert day == max(days)
    assert stored(demo, day).equals(anew(demo, day))


def test_a_new_day_has_other_recencies(demo: Demo, built: list[int]) -> None:
    refresh_features(demo.shop, demo.place, now=demo.now + timedelta(days=1))

    assert built == [demo.shop.pk]
    assert stored(demo, TODAY + 1).equals(anew(demo, TODAY + 1))
    assert stored(demo).num_rows == 0


def test_other_cut_points_need_everything_anew_once(demo: Demo, built: list[int]) -> None:
    demo.shop.settings["cut_points"] = {"rfm_days": 365, "score_by": "fixed"}
    demo.shop.save()

    for _ in range(2):
        refresh_features(demo.shop, demo.place, now=demo.now)
        assert stored(demo).equals(anew(demo))

    assert built == [demo.shop.pk]


def test_an_account_of_before_there_was_a_basis_builds_everything_once(demo: Demo, built: list[int]) -> None:
    FeatureBasis.objects.all().delete()

    for _ in range(2):
        refresh_features(demo.shop, demo.place, now=demo.now)

    assert built == [demo.shop.pk]


@pytest.mark.parametrize("step", ["planned", "files_written", "committed", "published", "basis"])
def test_killed_at_any_step_the_last_good_features_stay_and_a_repeat_completes_them(
    demo: Demo, built: list[int], step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    was, basis = stored(demo), FeatureBasis.objects.get(shop=demo.shop).entry_id
    dearer(demo)
    entries = CatalogEntry.objects.count()

    with monkeypatch.context() as patch:
        die_at(step, patch)
        with pytest.raises(Killed):
            refresh_features(demo.shop, demo.place, now=demo.now)

    assert stored(demo).equals(was)
    assert CatalogEntry.objects.count() == entries
    assert FeatureBasis.objects.get(shop=demo.shop).entry_id == basis
    refresh_features(demo.shop, demo.place, now=demo.now)
    assert stored(demo).equals(anew(demo))
    assert built == []


def die_at(step: str, patch: pytest.MonkeyPatch) -> None:
    def dying(name: str) -> None:
        if name == step:
            raise Killed

    def after(act: Callable[..., Any]) -> Callable[..., Any]:
        def then_die(*given: Any, **named: Any) -> None:
            act(*given, **named)
            raise Killed

        return then_die

    if step == "published":
        patch.setattr(catalog, "publish", after(catalog.publish))
    elif step == "basis":
        patch.setattr(FeatureBasis.objects, "update_or_create", after(FeatureBasis.objects.update_or_create))
    else:
        patch.setattr(refresh, "Warehouse", lambda root: Warehouse(root, failpoint=dying))
