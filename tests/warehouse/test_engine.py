"""Reading: named versions, empty tables, overlays of mirrors, counted orders, many threads, no network."""

import threading
from contextlib import nullcontext

import duckdb
import pyarrow as pa
import pytest

from laoke.warehouse import engine, limits
from laoke.warehouse.contracts import CONTRACTS
from laoke.warehouse.delta import WarehouseError
from laoke.warehouse.engine import Overlay, Reader, connect, room
from laoke.warehouse.kept_parts import Part
from laoke.warehouse.mirrors import MIRRORS, apply_mirror, overlay_of
from laoke.warehouse.plan import StagedRows
from tests.warehouse.shops import order, orders, table


def tags(*pairs):
    return table("customer_tags", [{"shop_id": 1, "person_id": person, "tag": tag} for person, tag in pairs])


def keys(*persons):
    return pa.table(
        {"shop_id": pa.array([1] * len(persons), pa.int64()), "person_id": pa.array(persons, pa.int64())}
    )


def tagged(reader):
    rows = reader.sql("SELECT person_id, tag FROM customer_tags ORDER BY person_id, tag").to_pylist()
    return [(row["person_id"], row["tag"]) for row in rows]


def test_a_reader_sees_the_versions_it_names_and_no_later_ones(warehouse):
    warehouse.append("orders", orders(order("A")), app_id="import:1")
    then = warehouse.versions()
    warehouse.append("orders", orders(order("B")), app_id="import:2")

    assert warehouse.reader(then).sql("SELECT count(*) AS n FROM orders").to_pylist() == [{"n": 1}]
    assert warehouse.reader().sql("SELECT count(*) AS n FROM orders").to_pylist() == [{"n": 2}]


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_table_that_does_not_exist_reads_as_empty_with_its_types(tmp_path, name):
    read = Reader(tmp_path, {}).sql(f"SELECT * FROM {name}")

    assert read.schema == CONTRACTS[name].arrow_schema()
    assert read.num_rows == 0


def test_an_unknown_table_in_the_versions_is_refused(tmp_path):
    with pytest.raises(WarehouseError, match="unknown table 'group_member'"):
        Reader(tmp_path, {"group_member": 3})


def test_a_missing_parameter_is_named_and_a_surplus_one_ignored(tmp_path):
    reader = Reader(tmp_path, {})

    assert reader.sql("SELECT $a AS a -- not $b", {"a": 1, "c": 2}).to_pylist() == [{"a": 1}]
    with pytest.raises(WarehouseError, match=r"needs \$b; given were a"):
        reader.sql("SELECT $a, $b", {"a": 1})


def test_counted_orders_leave_out_suspect_and_confirmed_fakes_unless_told(warehouse):
    warehouse.append("orders", orders(*(order(name) for name in "ABCD")), app_id="import:1")
    flags = [
        {"shop_id": 1, "order_id": order_id, "flag": flag, "score": 9, "reasons": ""}
        for order_id, flag in (("A", "suspect"), ("B", "confirmed"), ("C", "cleared"))
    ]
    warehouse.append("order_flags", table("order_flags", flags), app_id="flags:1")

    def counted(**options):
        read = warehouse.reader(**options).sql("SELECT order_id FROM orders_counted ORDER BY order_id")
        return read.column(0).to_pylist()

    assert counted() == ["C", "D"]
    assert counted(exclude=("confirmed",)) == ["A", "C", "D"]
    assert counted(exclude=()) == ["A", "B", "C", "D"]


def test_a_flag_not_mirrored_yet_counts_at_once(warehouse):
    warehouse.append("orders", orders(order("A"), order("B")), app_id="import:1")
    flag = table(
        "order_flags", [{"shop_id": 1, "order_id": "A", "flag": "suspect", "score": 9, "reasons": ""}]
    )

    reader = warehouse.reader(overlays={"order_flags": flag})

    assert reader.sql("SELECT order_id FROM orders_counted").column(0).to_pylist() == ["B"]
    assert warehouse.reader().sql("SELECT order_id FROM orders_counted").num_rows == 2


def test_an_overlay_puts_the_dirty_keys_present_rows_in_place_of_the_mirrors(warehouse):
    warehouse.append("customer_tags", tags((1, "old"), (2, "kept"), (3, "gone")), app_id="mirror")

    overlay = overlay_of("customer_tags", tags((1, "new"), (4, "first")), keys(1, 3, 4))
    overlaid = warehouse.reader(overlays={"customer_tags": overlay})

    assert tagged(overlaid) == [(1, "new"), (2, "kept"), (4, "first")]
    assert tagged(warehouse.reader()) == [(1, "old"), (2, "kept"), (3, "gone")]


def test_laying_over_does_not_collect_the_keys_of_the_whole_mirror_first(warehouse):
    warehouse.append("customer_tags", tags((1, "old"), (2, "same")), app_id="m")
    reader = warehouse.reader(overlays={"customer_tags": overlay_of("customer_tags", tags(), keys(1))})
    [(_name, plan)] = reader.cursor("customer_tags").execute("EXPLAIN SELECT * FROM customer_tags").fetchall()

    assert "ANTI" in plan
    assert "DELIM" not in plan


def test_the_mirror_then_reads_as_its_overlay_did(warehouse):
    warehouse.append("customer_tags", tags((1, "old"), (2, "kept"), (3, "gone")), app_id="seed")
    rows, dirty = tags((1, "new"), (4, "first")), keys(1, 3, 4)
    before = tagged(warehouse.reader(overlays={"customer_tags": overlay_of("customer_tags", rows, dirty)}))

    result = apply_mirror(
        warehouse, "customer_tags", rows, dirty, app_id="mirror:customer_tags", app_version=7
    )
    again = apply_mirror(
        warehouse, "customer_tags", rows, dirty, app_id="mirror:customer_tags", app_version=7
    )

    assert tagged(warehouse.reader()) == before
    assert (result.rows_new, result.rows_removed, again.skipped) == (2, 2, True)


def test_rows_that_belong_to_no_dirty_key_are_refused(warehouse):
    with pytest.raises(WarehouseError, match="1 rows belong to no dirty key"):
        overlay_of("customer_tags", tags((1, "a"), (2, "b")), keys(1))


def test_only_mirrors_have_overlays():
    assert set(MIRRORS) == {
        "person_map",
        "customer_tags",
        "customer_reach",
        "touches",
        "replies",
        "service_cases",
        "order_flags",
        "group_members",
        "coupon_events",
        "points_events",
        "lottery_draws",
        "referrals",
    }
    with pytest.raises(WarehouseError, match="'orders' is no mirror"):
        overlay_of("orders", orders(), keys(1))
    with pytest.raises(WarehouseError, match="dirty keys must be columns of shop_id, person_id, tag"):
        overlay_of("customer_tags", tags(), pa.table({"owner_id": [1]}))


def test_an_overlay_over_a_mirror_that_was_never_written(tmp_path):
    assert tagged(Reader(tmp_path, {}, {"customer_tags": Overlay(keys(1), tags((1, "a")))})) == [(1, "a")]


def test_an_overlay_given_as_a_function_is_read_when_its_mirror_is_asked_for_and_once(warehouse):
    warehouse.append("customer_tags", tags((1, "old")), app_id="mirror")
    warehouse.append("orders", orders(order("A")), app_id="import:1")
    calls = []

    def given():
        calls.append(1)
        return overlay_of("customer_tags", tags((1, "new")), keys(1))

    reader = warehouse.reader(overlays={"customer_tags": given})

    assert reader.sql("SELECT order_id FROM orders").num_rows == 1
    assert calls == []
    assert (tagged(reader), tagged(reader), calls) == ([(1, "new")], [(1, "new")], [1])
    assert tagged(warehouse.reader()) == [(1, "old")]


def test_a_remembered_answer_is_that_of_its_versions_and_parameters(warehouse, monkeypatch):
    warehouse.append("orders", orders(order("A")), app_id="import:1")
    asked = []
    query = Reader.query
    monkeypatch.setattr(
        Reader, "query", lambda self, *words, **params: asked.append(words) or query(self, *words, **params)
    )

    def count(shop_id=1):
        return (
            warehouse.reader().remembered("orders_span", shop_id=shop_id).column("orders").to_pylist(),
            len(asked),
        )

    assert [count(), count()] == [([1], 1), ([1], 1)]
    assert count(shop_id=2) == ([0], 2)
    warehouse.append("customer_tags", tags((1, "a")), app_id="mirror")
    assert count() == ([1], 2)
    warehouse.append("orders", orders(order("B")), app_id="import:2")
    assert count() == ([2], 3)


def test_an_answer_over_a_mirror_that_is_laid_over_is_asked_anew(warehouse):
    warehouse.append("orders", orders(order("A"), order("B")), app_id="import:1")
    period = {"shop_id": 1, "from_day": 0, "to_day": 40_000}
    assert warehouse.reader().remembered("hour_demand", **period).column("orders").to_pylist() == [2]
    flag = table(
        "order_flags", [{"shop_id": 1, "order_id": "A", "flag": "suspect", "score": 9, "reasons": ""}]
    )

    overlaid = warehouse.reader(overlays={"order_flags": flag})

    assert overlaid.remembered("hour_demand", **period).column("orders").to_pylist() == [1]
    assert warehouse.reader().remembered("hour_demand", **period).column("orders").to_pylist() == [2]


def test_a_statement_around_a_named_query_is_answered_over_its_rows_and_remembered_apart(warehouse):
    warehouse.append("orders", orders(order("A"), order("B")), app_id="import:1")
    reader = warehouse.reader()
    sums = "SELECT sum(orders) AS n FROM {rows} AS found"
    most = "SELECT 7 AS seven FROM {rows} AS found LIMIT $most"

    assert reader.remembered("orders_span", shop_id=1).num_columns > 1
    assert reader.remembered("orders_span", sums, shop_id=1).to_pylist() == [{"n": 2}]
    assert reader.query("orders_span", most, shop_id=1, most=1).to_pylist() == [{"seven": 7}]


def test_remembered_answers_keep_within_their_bytes_the_oldest_going_first(monkeypatch):
    answers, row = engine._Answers(), pa.table({"n": pa.array([1, 2], pa.int64())})
    monkeypatch.setattr(engine, "BYTES_REMEMBERED", 2 * row.nbytes)
    for key in ("a", "b", "b", "c"):
        answers.put((key,), row)

    assert [answers.get((key,)) is not None for key in ("a", "b", "c")] == [False, True, True]


def test_many_threads_share_one_reader(warehouse):
    warehouse.append("orders", orders(*(order(f"{i}") for i in range(50))), app_id="import:1")
    reader, overlaid = warehouse.reader(), warehouse.reader(overlays={"customer_tags": tags((1, "a"))})
    found, failures = [], []

    def ask():
        try:
            for _ in range(10):
                found.append(reader.sql("SELECT count(*) AS n FROM orders_counted").to_pylist()[0]["n"])
                found.append(overlaid.sql("SELECT 49 + count(*) AS n FROM customer_tags").to_pylist()[0]["n"])
        except Exception as error:  # noqa: BLE001 - collected for the assertion below
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert found == [50] * 160


def test_the_engine_installs_and_loads_no_extension_by_itself():
    with connect() as connection:
        settings = dict(
            connection.execute(
                "SELECT name, value FROM duckdb_settings() WHERE name IN"
                " ('autoinstall_known_extensions', 'autoload_known_extensions', 'allow_community_extensions')"
            ).fetchall()
        )

    assert set(settings.values()) == {"false"}
    assert len(settings) == 3


def rooms_open() -> list[str]:
    with room() as connection:
        names = connection.execute("SELECT database_name FROM duckdb_databases()").fetchall()
        ours = connection.execute("SELECT current_database()").fetchone()
    return sorted(name for (name,) in names if name.startswith("room_") and (name,) != ours)


def test_two_rooms_know_nothing_of_each_other():
    with room() as one, room() as other:
        one.execute("CREATE TABLE met AS SELECT 1 AS n")
        other.execute("CREATE TABLE met AS SELECT 2 AS n")
        one.register("incoming", pa.table({"n": [10]}))
        one.execute("CREATE VIEW summed AS SELECT n FROM met UNION ALL SELECT n FROM incoming")

        assert one.execute("SELECT sum(n) FROM summed").fetchall() == [(11,)]
        assert other.execute("SELECT n FROM met").fetchall() == [(2,)]
        with pytest.raises(duckdb.CatalogException, match="incoming"):
            other.execute("FROM incoming")


def test_a_room_is_gone_after_its_block_whatever_happened_in_it():
    with pytest.raises(ZeroDivisionError), room() as connection:
        connection.execute("CREATE TABLE met AS SELECT range AS n FROM range(1_000_000)")
        connection.execute("BEGIN")
        connection.execute("SELECT n FROM met").to_arrow_reader(1_000)
        raise ZeroDivisionError

    assert rooms_open() == []


def test_a_write_that_cannot_be_planned_or_has_nothing_to_do_leaves_no_room_open(warehouse, tmp_path):
    with pytest.raises(duckdb.IOException, match=r"gone\.parquet"):
        warehouse.append("orders", StagedRows((tmp_path / "gone.parquet",)), app_id="a")
    warehouse.append("orders", orders(order("A")), app_id="b")
    assert warehouse.upsert("orders", orders(order("A")), app_id="c").rows_unchanged == 1

    assert rooms_open() == []


@pytest.mark.parametrize(
    ("asked", "scored"),
    [
        ("SELECT count(*) AS n FROM customer_features WHERE orders >= 2", False),
        ("SELECT f.rfm_orders FROM customer_features AS f -- no r_score, no *", False),
        ("SELECT * FROM customer_features", True),
        ("SELECT f.* FROM customer_features AS f", True),
        ("SELECT count(*) AS n FROM customer_features WHERE f_high", True),
        ("SELECT rfm FROM customer_features", True),
        ("SELECT max(m_score) AS most FROM customer_features", True),
        ("SELECT count(*) AS n FROM orders", True),
    ],
)
def test_scores_are_laid_beside_features_only_where_a_statement_can_see_them(asked, scored):
    assert (engine._without_scores(asked) == asked) == scored


@pytest.mark.parametrize("limited", [False, True])
def test_what_counts_by_no_score_is_answered_without_them(tmp_path, monkeypatch, limited):
    def refuse(stored, lines):
        raise AssertionError("scores are laid beside features")

    monkeypatch.setattr(engine, "scored_sql", refuse)
    reader = Reader(tmp_path, {}, engine=None)
    often = "SELECT count(*) AS n FROM customer_features AS f WHERE f.orders >= 2"
    valued = [Part("value_1", "SELECT * FROM customer_value WHERE shop_id = 1")]
    joined = f"{often} AND EXISTS (SELECT 1 FROM value_1 WHERE value_1.person_id = f.person_id)"
    with limits.limited(60) if limited else nullcontext():
        assert reader.answer(often).to_pylist() == [{"n": 0}]
        for _time in range(3):
            assert reader.answer_in_parts(valued, joined, {}).to_pylist() == [{"n": 0}]
        with pytest.raises(AssertionError, match="laid beside"):
            reader.answer(f"{often} AND f.r_score >= 4")
