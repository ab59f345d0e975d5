"""Features brought up to date equal features built anew, row by row, whatever happened in between."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laoke.warehouse import delta, feature_parts, feature_update
from laoke.warehouse.contracts import CONTRACTS, CUSTOMER_FEATURES
from laoke.warehouse.feature_update import update_features
from laoke.warehouse.features import CutPoints, build_features, write_features
from laoke.warehouse.store import Warehouse
from laoke.warehouse.upkeep import compact
from tests.warehouse import scores
from tests.warehouse.shops import at, order, refund, table

AS_OF = 18_000
SHOPS = (1, 2)
PLACES = ("", "浙江", "上海")
CUTS = [
    CutPoints(high_by=high, score_by=score)  # type: ignore[arg-type]
    for high in ("mean", "median", "fixed")
    for score in ("quintile", "fixed", "lines")
]


@pytest.fixture(autouse=True)
def any_part_is_updated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shops here are so small that a single order touches a third of them and lies in the only file; what is tested is
    the update."""
    monkeypatch.setattr(feature_update, "MOST_TOUCHED", 1)
    monkeypatch.setattr(feature_update, "MOST_READ", 10**6)


def bought(order_id: str, customer_id: int | None = 1, ago: int = 5, **given: Any) -> dict[str, Any]:
    return order(order_id, customer_id, day=AS_OF - ago, **given)


def on_file(customer_id: int, **given: Any) -> dict[str, Any]:
    return {
        "shop_id": 1, "customer_id": customer_id, "first_seen": at(AS_OF - 100), "province": "", "city": "",
        "level": "", "birthday": "", "has_nick": True, "has_phone": False, "has_email": False,
        "phone_state": "none", "import_id": 1,
    } | given  # fmt: skip


def link(customer_id: int, person_id: int, **given: Any) -> dict[str, Any]:
    return {"shop_id": 1, "customer_id": customer_id, "person_id": person_id, "owner_id": 1} | given


def flag(order_id: str, what: str = "suspect", **given: Any) -> dict[str, Any]:
    return {"shop_id": 1, "order_id": order_id, "flag": what, "score": 9, "reasons": ""} | given


def put(warehouse: Warehouse, name: str, *rows: dict[str, Any]) -> None:
    warehouse.upsert(name, table(name, list(rows)), app_id="")


def build(warehouse: Warehouse, cuts: CutPoints, shop_id: int = 1) -> pa.Table:
    return scores.built(warehouse.reader(), AS_OF, shop_id, cuts)


def keep(warehouse: Warehouse, cuts: CutPoints) -> dict[str, int]:
    """Write the features of every shop; the versions that now belong together."""
    for shop_id in SHOPS:
        scores.put_features(warehouse, AS_OF, shop_id, cuts)
    return warehouse.versions()


@dataclass
class Shop:
    """A warehouse with features of before; `after` compares both ways and says whose rows were asked for anew."""

    warehouse: Warehouse
    before: dict[str, int] = field(default_factory=dict)
    cuts: CutPoints = field(default_factory=CutPoints)

    def __post_init__(self) -> None:
        people = [on_file(number) for number in range(1, 7)]
        put(self.warehouse, "customers", *people)
        put(self.warehouse, "orders", *(bought(f"A{number}", number) for number in range(1, 5)))
        put(self.warehouse, "person_map", link(9, 9))
        put(self.warehouse, "order_flags", flag("X"))
        put(self.warehouse, "refunds", refund("R0", 1, day=AS_OF - 900))
        self.before = keep(self.warehouse, self.cuts)

    def after(self, monkeypatch: pytest.MonkeyPatch) -> set[int]:
        touched: set[int] = set()
        find = feature_update._Update._find_touched

        def note(update: feature_update._Update) -> None:
            find(update)
            found = update.connection.execute("SELECT person_id FROM persons").fetchall()
            touched.update(person for (person,) in found)

        monkeypatch.setattr(feature_update._Update, "_find_touched", note)
        monkeypatch.setattr(feature_update, "build_features", refuse)
        now = self.warehouse.versions()
        features = update_features(self.warehouse, now, self.before, AS_OF, 1, self.cuts)
        assert features.persons is not None
        assert set(features.persons["person_id"].to_pylist()) == touched
        write_features(self.warehouse, features, AS_OF, 1, app_id="")
        assert scores.stored(self.warehouse, AS_OF, 1).equals(build(self.warehouse, self.cuts))
        return touched


def refuse(*_: object) -> pa.Table:
    raise AssertionError("built anew")


@pytest.fixture
def shop(warehouse: Warehouse) -> Shop:
    return Shop(warehouse)


def test_nothing_that_happened_touches_nobody(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shop.after(monkeypatch) == set()


HAPPENINGS = {
    "a new order": ("orders", bought("B", 3), {3}),
    "the first order of someone": ("orders", bought("B", 8), {8}),
    "an order of another amount": ("orders", bought("A2", 2, paid_cents=5), {2}),
    "an order of another hour": ("orders", bought("A2", 2, paid_at=at(AS_OF - 5, 3)), {2}),
    "another buyer": ("orders", bought("A2", 3), {2, 3}),
    "a buyer that is no longer known": ("orders", bought("A2", None), {2}),
    "an order that is no longer paid": ("orders", bought("A2", 2, status="unpaid"), {2}),
    "a state that features do not read": ("orders", bought("A2", 2, status="shipped"), set()),
    "an order of tomorrow": ("orders", bought("B", 3, -1), set()),
    "an order of another shop": ("orders", bought("B", 3, shop_id=2), set()),
    "a fake": ("order_flags", flag("A2"), {2}),
    "an order that was cleared": ("order_flags", flag("A2", "cleared"), set()),
    "goods sent back": ("refunds", refund("R", 2, day=AS_OF), {2}),
    "goods of an order sent back": ("refunds", refund("R", 2, day=AS_OF, order_id="A2"), set()),
    "another place": ("customers", on_file(5, province="浙江"), {5}),
    "another level": ("customers", on_file(5, level="gold"), set()),
    "two customers that are one person": ("person_map", link(2, 1), {1, 2}),
}


@pytest.mark.parametrize("most_read", [0, 10**6], ids=["all orders", "some days"])
@pytest.mark.parametrize("what", HAPPENINGS)
def test_what_happened_touches_whom_it_concerns(
    shop: Shop, what: str, most_read: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_update, "MOST_READ", most_read)
    name, row, persons = HAPPENINGS[what]
    put(shop.warehouse, name, row)

    assert shop.after(monkeypatch) == persons


def test_an_import_taken_back_touches_whom_it_had_brought(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = shop.warehouse.versions()
    put(shop.warehouse, "orders", bought("B", 3), bought("A1", 1, paid_cents=7))
    shop.before = keep(shop.warehouse, shop.cuts)
    shop.warehouse.align(shop.before | {"orders": facts["orders"]})

    assert shop.after(monkeypatch) == {1, 3}


def test_all_orders_of_a_touched_person_come_along(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    put(shop.warehouse, "person_map", link(2, 1), link(5, 1))
    shop.before = keep(shop.warehouse, shop.cuts)
    put(shop.warehouse, "orders", bought("B", 5, 400))

    assert shop.after(monkeypatch) == {1}


def test_of_most_touched_persons_only_the_days_that_differ_are_asked(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(shop.warehouse, "orders", bought("E", 1, 200), bought("F", 2, 400))
    shop.before = keep(shop.warehouse, shop.cuts)
    put(shop.warehouse, "orders", bought("B", 1), bought("C", 8), bought("F", 2, 400, paid_cents=1))
    asked = all_asked(monkeypatch)

    assert shop.after(monkeypatch) == {1, 2, 8}
    assert asked == set()


WITH_ALL_ORDERS = {
    "the last day is gone": [("orders", bought("A2", 2, 8))],
    "the first day is gone": [("orders", bought("OLD", 2, 499))],
    "the last known place is gone": [("orders", bought("A2", 2, province="", city=""))],
    "a month is gone": [("orders", bought("MID", 2, 301, paid_at=None, status="unpaid"))],
    "an order is fake": [("order_flags", flag("A2"))],
    "goods came back": [("refunds", refund("R", 2, day=AS_OF))],
    "somebody else is the same person": [("person_map", link(5, 2))],
    "hours hold no more days": [("orders", bought(f"N{ago}", 2, ago)) for ago in range(10, 14)],
}


@pytest.mark.parametrize("what", WITH_ALL_ORDERS)
def test_where_those_days_do_not_tell_all_orders_of_the_person_are_asked(
    shop: Shop, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived = {"province": "浙江", "city": "杭州"}
    told = [bought("OLD", 2, 500), bought("MID", 2, 300), bought("A2", 2, **lived)]
    put(shop.warehouse, "orders", *told)
    shop.before = keep(shop.warehouse, shop.cuts)
    if what.startswith("hours"):
        monkeypatch.setattr(feature_parts, "MOST_OF_HOUR", 7)
    put(shop.warehouse, "orders", bought("B", 1))
    for name, row in WITH_ALL_ORDERS[what]:
        put(shop.warehouse, name, row)
    asked = all_asked(monkeypatch)

    assert shop.after(monkeypatch) >= {1, 2}
    assert 2 in asked
    assert 1 not in asked


def all_asked(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Whose orders are all read: it fills during the next update."""
    persons: set[int] = set()
    decide = feature_update._Update._tell_by_days

    def note(update: feature_update._Update) -> bool:
        done = decide(update)
        persons.update(person for (person,) in update.connection.execute("FROM anew").fetchall())
        return done

    monkeypatch.setattr(feature_update._Update, "_tell_by_days", note)
    return persons


# What an update writes


def test_only_files_of_touched_persons_are_written_anew(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CONTRACTS, "customer_features", replace(CUSTOMER_FEATURES, file_rows=2))
    put(shop.warehouse, "orders", *(bought(f"A{number}", number, ago=100 * number) for number in range(1, 5)))
    shop.before = keep(shop.warehouse, shop.cuts)
    files = shop.warehouse.files("customer_features")
    put(shop.warehouse, "orders", bought("A4", 4, ago=399), bought("A3", 3, ago=301))

    assert shop.after(monkeypatch) == {3, 4}

    stay = [file for file in shop.warehouse.files("customer_features") if file in files]
    # Two never bought; 4 and 3 bought longest ago; then 2 and 1.
    assert len(files) == 3
    assert len(stay) == 2


def test_joining_makes_files_of_as_many_persons_as_one_holds_in_their_order(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CONTRACTS, "customer_features", replace(CUSTOMER_FEATURES, file_rows=6))
    put(shop.warehouse, "orders", *(bought(f"A{number}", number, ago=100 * number) for number in range(1, 5)))
    features = build(shop.warehouse, shop.cuts)
    for row in range(6):
        shop.warehouse.append("customer_features", features.slice(5 - row, 1), app_id=f"{row}")
    assert len(shop.warehouse.files("customer_features")) == 7  # one is of before these orders

    assert compact(shop.warehouse, "customer_features")

    persons = [
        pq.read_table(file, columns=["person_id"])["person_id"].to_pylist()
        for file in shop.warehouse.files("customer_features")
    ]
    assert sorted(persons) == [[2, 1, 1, 2, 3, 4], [5, 5, 6, 6, 4, 3]]
    assert compact(shop.warehouse, "customer_features", files_at_least=2) is None


def test_where_the_files_of_before_were_joined_meanwhile_everybody_is_written(
    shop: Shop, built: list[str]
) -> None:
    put(shop.warehouse, "orders", bought("Z", 1, shop_id=2))
    scores.put_features(shop.warehouse, AS_OF - 1, 1, shop.cuts)
    shop.before = keep(shop.warehouse, shop.cuts)
    assert compact(shop.warehouse, "customer_features", files_at_least=2)
    put(shop.warehouse, "orders", bought("C", 4))

    features = update_features(shop.warehouse, shop.warehouse.versions(), shop.before, AS_OF, 1, shop.cuts)

    assert features.persons is None
    assert updated(shop).equals(build(shop.warehouse, shop.cuts))
    assert built == []


# Where an update cannot be had


@pytest.fixture
def built(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A word for every full build that an update fell back to; an order has come since the features of before."""
    words: list[str] = []

    def note(*given: Any) -> pa.Table:
        words.append("built")
        return build_features(*given)

    monkeypatch.setattr(feature_update, "build_features", note)
    put(shop.warehouse, "orders", bought("B", 3))
    return words


def updated(shop: Shop, day: int = AS_OF) -> pa.Table:
    features = update_features(shop.warehouse, shop.warehouse.versions(), shop.before, day, 1, shop.cuts)
    write_features(shop.warehouse, features, day, 1, app_id="")
    return scores.stored(shop.warehouse, day, 1)


def test_with_everything_there_nothing_is_built_anew(shop: Shop, built: list[str]) -> None:
    assert updated(shop).equals(build(shop.warehouse, shop.cuts))
    assert built == []


def test_without_features_of_before_everything_is_built(shop: Shop, built: list[str]) -> None:
    del shop.before["customer_features"]
    assert updated(shop).equals(build(shop.warehouse, shop.cuts))
    assert built == ["built"]


def test_features_of_another_day_are_of_no_use(shop: Shop, built: list[str]) -> None:
    rows = updated(shop, AS_OF + 1)

    assert rows.equals(scores.built(shop.warehouse.reader(), AS_OF + 1, 1, shop.cuts))
    assert built == ["built"]


def test_when_more_than_a_third_is_touched_everything_is_built(
    shop: Shop, built: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_update, "MOST_TOUCHED", 1 / 3)
    put(shop.warehouse, "orders", bought("C", 4))
    updated(shop)
    assert built == []  # two of six
    put(shop.warehouse, "orders", bought("D", 5))

    assert updated(shop).equals(build(shop.warehouse, shop.cuts))
    assert built == ["built"]


@pytest.mark.parametrize("name", ["orders", "customer_features"])
def test_when_files_of_before_are_gone_everything_is_built(shop: Shop, built: list[str], name: str) -> None:
    put(shop.warehouse, "orders", *(bought(f"A{number}", number, paid_cents=1) for number in range(1, 5)))
    keep(shop.warehouse, shop.cuts)
    newest = set(shop.warehouse.files(name))
    for file in set(shop.warehouse.files(name, shop.before[name])) - newest:
        file.unlink()

    assert updated(shop).equals(build(shop.warehouse, shop.cuts))
    assert built == ["built"]


def test_rows_from_before_their_columns_are_of_no_use(shop: Shop, built: list[str]) -> None:
    rows = shop.warehouse.reader().sql("SELECT * FROM customer_features WHERE shop_id = 1")
    for name, kind in (("rfm_orders", pa.int32()), ("rfm_cents", pa.int64())):
        index = rows.schema.get_field_index(name)
        rows = rows.set_column(index, name, pa.nulls(rows.num_rows, kind))
    where = {"shop_id": 1, "as_of_day": AS_OF}
    shop.warehouse.replace("customer_features", CUSTOMER_FEATURES.conform(rows), where=where, app_id="")
    shop.before = shop.before | {"customer_features": shop.warehouse.versions()["customer_features"]}

    assert updated(shop).equals(build(shop.warehouse, shop.cuts))
    assert built == ["built"]


def test_features_of_a_table_without_the_columns_are_of_no_use(
    shop: Shop, built: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    version = shop.before["customer_features"]
    seen = delta.snapshot(shop.warehouse.folder("customer_features"), version)
    old = replace(seen, columns=tuple(name for name in seen.columns if name != "rfm_cents"))
    monkeypatch.setattr(delta, "snapshot", lambda *_: old)
    assert not feature_update._can_update(shop.warehouse, shop.warehouse.versions(), shop.before)


# Random histories

_NUMBERS = st.integers(0, 11)
_CUSTOMERS = st.integers(1, 6)
_SHOPS = st.sampled_from([1, 1, 2])
_ORDERS = st.builds(
    lambda number, ago, hour, cents, back, place, **rest: bought(
        f"O{number}", ago=ago, paid_at=rest.pop("paid") and at(AS_OF - ago, hour), paid_cents=cents,
        refunded_cents=min(cents, back), province=place, city=place and place + "市", **rest,
    ),
    number=_NUMBERS, customer_id=st.one_of(st.none(), _CUSTOMERS), paid=st.sampled_from([True, True, True, None]),
    ago=st.sampled_from([-1, 0, 30, 31, 90, 91, 365, 366, 730, 731]), hour=st.sampled_from([0, 9, 23]),
    cents=st.integers(0, 9_999), back=st.sampled_from([0, 0, 500, 10**6]), place=st.sampled_from(PLACES),
    coupon_used=st.booleans(), item_count=st.integers(1, 3), shop_id=_SHOPS,
)  # fmt: skip
_REFUNDS = st.builds(
    lambda number, ago, **rest: refund(f"R{number}", day=AS_OF - ago, **rest),
    number=_NUMBERS, customer_id=st.one_of(st.none(), _CUSTOMERS), ago=st.sampled_from([-1, 0, 366, 731]),
    amount_cents=st.integers(0, 9_999), order_id=st.sampled_from(["", "", "O1"]), shop_id=_SHOPS,
    finished_at=st.sampled_from([None, at(AS_OF)]),
)  # fmt: skip
_FLAGS = st.builds(
    lambda number, **rest: flag(f"O{number}", **rest),
    number=_NUMBERS, what=st.sampled_from(["suspect", "confirmed", "cleared"]), shop_id=_SHOPS,
)  # fmt: skip
_FILED = st.builds(on_file, customer_id=_CUSTOMERS, province=st.sampled_from(PLACES), shop_id=_SHOPS)
_LINKS = st.builds(link, customer_id=_CUSTOMERS, person_id=_CUSTOMERS, shop_id=_SHOPS)
_STEPS = st.one_of(
    st.tuples(st.just("orders"), st.lists(_ORDERS, min_size=1, max_size=4, unique_by=lambda o: o["order_id"])),
    st.tuples(st.just("orders"), st.lists(_ORDERS, min_size=1, max_size=4, unique_by=lambda o: o["order_id"])),
    st.tuples(st.just("refunds"), st.lists(_REFUNDS, min_size=1, max_size=2, unique_by=lambda r: r["refund_id"])),
    st.tuples(st.just("order_flags"), st.lists(_FLAGS, max_size=3, unique_by=lambda f: f["order_id"])),
    st.tuples(st.just("customers"), st.lists(_FILED, min_size=1, max_size=2, unique_by=lambda c: c["customer_id"])),
    st.tuples(st.just("person_map"), st.lists(_LINKS, max_size=3, unique_by=lambda m: m["customer_id"])),
    st.tuples(st.just("back"), st.sampled_from(["orders", "refunds", "customers"])),
)  # fmt: skip
MIRRORS = ("order_flags", "person_map")


def happen(warehouse: Warehouse, step: tuple[str, Any], history: list[dict[str, int]]) -> None:
    """Facts come, a mirror is written whole, or a table goes back to where it was some steps ago."""
    name, given = step
    if name == "back":
        past = history[-3:][0]
        if given in past:
            warehouse.align(warehouse.versions() | {given: past[given]})
    elif name in MIRRORS:
        warehouse.replace(name, table(name, given), app_id="")
    else:
        put(warehouse, name, *given)


@settings(max_examples=12, deadline=None)
@given(
    steps=st.lists(st.lists(_STEPS, min_size=1, max_size=2), min_size=2, max_size=3),
    cuts=st.sampled_from(CUTS),
    most_read=st.sampled_from([0, 10**6, 10**6, 10**6]),
    most_days=st.sampled_from([127, 127, 3]),
)
def test_after_every_step_of_any_history_the_update_says_what_a_full_build_says(
    steps: list[list[tuple[str, Any]]], cuts: CutPoints, most_read: int, most_days: int
) -> None:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(feature_update, "MOST_TOUCHED", 10**6)
        patch.setattr(feature_update, "MOST_READ", most_read)
        patch.setattr(feature_parts, "MOST_OF_HOUR", most_days)
        warehouse = Warehouse(Path(folder) / "w")
        put(warehouse, "orders", bought("O0"), bought("P", 2, 40, shop_id=2), bought("O3", 3, 400))
        history = [keep(warehouse, cuts)]
        for together in steps:
            for step in together:
                happen(warehouse, step, history)
            now = warehouse.versions()
            for shop_id in SHOPS:
                features = update_features(warehouse, now, history[-1], AS_OF, shop_id, cuts)
                CUSTOMER_FEATURES.check(features.rows)
                write_features(warehouse, features, AS_OF, shop_id, app_id="")
                updated, full = scores.stored(warehouse, AS_OF, shop_id), build(warehouse, cuts, shop_id)
                assert updated.schema == full.schema
                assert updated.equals(full), (updated.to_pylist(), full.to_pylist())
                assert pc.all(pc.equal(updated["shop_id"], shop_id)).as_py() is not False
            history.append(warehouse.versions())
