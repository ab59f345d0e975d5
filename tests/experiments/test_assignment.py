"""Arms and shares: the same draw in every engine, even shares, independent draws, and who is left out."""

import re

import duckdb
import numpy as np
import pytest
from scipy import stats

from laoke.experiments import assignment
from laoke.experiments.assignment import (
    HELD_OUT,
    TREATED,
    Holdout,
    Placement,
    Q,
    SettledArm,
    arm_indexes,
    arm_of,
    arm_sql,
    mix,
    mix_array,
    mix_sql,
    place,
    salt_of,
    settle_arm,
)

CAMPAIGN_SALT = 3886499927568649559

# (id, salt, mix): also printed in docs/why/proof.md. Recompute nothing here: people are placed by these
# numbers.
VECTORS = [
    (0, 0, 343),
    (1, 0, 1499213416),
    (2, 1, 523145183),
    (1, CAMPAIGN_SALT, 623280681),
    (1000, CAMPAIGN_SALT, 1942197680),
    (Q, CAMPAIGN_SALT, 322690087),
    (Q + 1, CAMPAIGN_SALT, 1122789205),
    (2**53 + 1, CAMPAIGN_SALT, 1674677),
    (2**63 - 1, CAMPAIGN_SALT, 1224356999),
]
IDS = np.arange(1, 200_001, dtype=np.int64)


def test_the_salt_of_a_named_draw_never_changes():
    assert salt_of("campaign", 1, 7) == CAMPAIGN_SALT
    assert salt_of("a", "bc") != salt_of("ab", "c")


@pytest.mark.parametrize(("person_id", "salt", "expected"), VECTORS)
def test_python_and_numpy_give_the_vector(person_id, salt, expected):
    assert mix(person_id, salt) == expected
    assert mix_array(np.array([person_id], dtype=np.int64), salt)[0] == expected


@pytest.mark.parametrize(("person_id", "salt", "expected"), VECTORS)
def test_duckdb_gives_the_vector(person_id, salt, expected):
    found = duckdb.execute(f"SELECT {mix_sql('id', salt)} FROM (SELECT ?::BIGINT AS id)", [person_id])
    assert found.fetchone() == (expected,)


def test_the_three_ways_agree_on_large_ids():
    ids = np.random.default_rng(1).integers(0, 2**63 - 1, 5_000, dtype=np.int64)
    rows = duckdb.execute(
        f"SELECT {mix_sql('id', CAMPAIGN_SALT)} AS m FROM (SELECT unnest(?) AS id)", [ids.tolist()]
    )
    drawn = mix_array(ids, CAMPAIGN_SALT)
    assert (rows.fetchnumpy()["m"] == drawn).all()
    assert [mix(int(one), CAMPAIGN_SALT) for one in ids] == drawn.tolist()


def test_the_sql_holds_nothing_that_engines_read_differently():
    text = mix_sql("id", CAMPAIGN_SALT)
    assert set(re.sub(r"CAST\(id AS BIGINT\)", "", text)) <= set("0123456789 ()+*%")
    assert max(int(number) for number in re.findall(r"\d+", text)) < 2**31


def test_the_sql_survives_the_way_to_spark():
    sqlglot = pytest.importorskip("sqlglot")
    spark = sqlglot.transpile(f"SELECT {mix_sql('id', 5)} AS m FROM t", read="duckdb", write="spark")[0]
    back = sqlglot.transpile(spark, read="spark", write="duckdb")[0]
    duckdb_answer = duckdb.sql(f"WITH t AS (SELECT 987654321012345678 AS id) {back}").fetchone()
    assert duckdb_answer == (mix(987654321012345678, 5),)


def test_no_step_leaves_a_signed_64_bit_integer():
    largest = Q - 1
    assert largest * largest < 2**63
    assert largest * assignment._A + Q < 2**63
    assert largest * 1_000_000 < 2**63


@pytest.mark.parametrize("salt", [0, 1, CAMPAIGN_SALT, salt_of("shop", 1)])
def test_draws_are_even(salt):
    counts = np.bincount(mix_array(IDS, salt) * 200 // Q, minlength=200)
    assert stats.chisquare(counts).pvalue > 0.001


@pytest.mark.parametrize("step", [2, 10, 1000, 2**31, Q])
def test_draws_are_even_for_ids_with_gaps(step):
    ids = np.arange(1, 100_001, dtype=np.int64) * step
    counts = np.bincount(mix_array(ids, CAMPAIGN_SALT) * 100 // Q, minlength=100)
    assert stats.chisquare(counts).pvalue > 0.001


@pytest.mark.parametrize(
    ("one", "other"), [(0, 1), (CAMPAIGN_SALT, CAMPAIGN_SALT + 1), (5, 5 + Q), (salt_of("a"), salt_of("b"))]
)
def test_draws_of_two_salts_are_independent(one, other):
    cells = mix_array(IDS, one) * 20 // Q * 20 + mix_array(IDS, other) * 20 // Q
    table = np.bincount(cells, minlength=400).reshape(20, 20)
    assert stats.chi2_contingency(table).pvalue > 0.001


def test_neighbouring_ids_are_independent():
    drawn = mix_array(IDS, CAMPAIGN_SALT) * 20 // Q
    table = np.bincount(drawn[:-1] * 20 + drawn[1:], minlength=400).reshape(20, 20)
    assert stats.chi2_contingency(table).pvalue > 0.001


def test_arms_agree_in_python_numpy_and_duckdb():
    shares = {HELD_OUT: 10, "a": 45, "b": 45}
    ids = np.arange(1, 3_001, dtype=np.int64)
    names = [list(shares)[index] for index in arm_indexes(ids, CAMPAIGN_SALT, shares)]
    assert names == [arm_of(int(one), CAMPAIGN_SALT, shares) for one in ids]
    arm = arm_sql("id", CAMPAIGN_SALT, shares)
    rows = duckdb.sql(f"SELECT {arm} FROM (SELECT range + 1 AS id FROM range(3000)) ORDER BY id")
    assert names == [row[0] for row in rows.fetchall()]


def test_a_share_of_zero_holds_nobody_and_a_full_share_everybody():
    assert {arm_of(one, 3, {HELD_OUT: 0, TREATED: 1}) for one in range(500)} == {TREATED}
    assert {arm_of(one, 3, {HELD_OUT: 1, TREATED: 0}) for one in range(500)} == {HELD_OUT}


def test_raising_the_holdout_keeps_everyone_who_was_in_it():
    small = Holdout("campaign", CAMPAIGN_SALT, 500).shares()
    large = Holdout("campaign", CAMPAIGN_SALT, 1000).shares()
    held = {one for one in range(5000) if arm_of(one, CAMPAIGN_SALT, small) == HELD_OUT}
    assert held and held <= {one for one in range(5000) if arm_of(one, CAMPAIGN_SALT, large) == HELD_OUT}


def test_the_widest_level_that_holds_a_person_is_named():
    shop, campaign = Holdout("shop", 1, 10_000), Holdout("campaign", 2, 10_000)
    assert place(8, [campaign, shop]) == Placement(HELD_OUT, "shop")
    assert place(8, [campaign]) == Placement(HELD_OUT, "campaign")
    assert place(8, []) == Placement(TREATED, None)


def test_the_recorded_arm_wins_and_a_merge_across_arms_is_left_out():
    assert settle_arm([], HELD_OUT) == SettledArm(HELD_OUT, "hash")
    assert settle_arm([TREATED, TREATED], HELD_OUT) == SettledArm(TREATED, "recorded")
    assert settle_arm([TREATED, HELD_OUT], HELD_OUT) == SettledArm(None, "merged_across_arms")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mix(-1, 0), "an id lies between"),
        (lambda: mix(2**63, 0), "an id lies between"),
        (lambda: mix(1, Q * Q), "a salt lies between"),
        (lambda: mix_array(np.array([-5], dtype=np.int64), 0), "found -5"),
        (lambda: mix_array(np.array([1.0]), 0), "found float64"),  # type: ignore[arg-type]
        (lambda: arm_of(1, 0, {}), "the shares add up"),
        (lambda: arm_of(1, 0, {"a": -1, "b": 2}), "a share is not negative"),
        (lambda: arm_sql("id", 0, {"a'; DROP": 1, "b": 1}), "an arm's name"),
        (lambda: Holdout("campaign", 1, 10_001), "0 … 10000"),
        (lambda: salt_of(), "at least one name"),
    ],
)
def test_what_cannot_be_drawn_is_refused(call, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        call()
