"""customer_features: what is known of each person on a day, by one query with the shop's cut points.

Two queries say what features are: `queries/customer_features.sql` what is known of each person by himself, and
`queries/feature_lines.sql` the lines by which he is compared with everybody. Rows are stored without scores and get
them from the lines when they are read (`engine.scored_sql`): a new line moves no row. Here are parameters and write;
`feature_update.py` brings features of before up to date by the same two.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from laoke.warehouse.contracts import CUSTOMER_FEATURES, FEATURE_LINES
from laoke.warehouse.engine import room
from laoke.warehouse.named import parameters_in, query_text

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.warehouse.engine import Reader
    from laoke.warehouse.store import Warehouse


@dataclass(frozen=True)
class CutPoints:
    """Where a shop draws its lines; the defaults are those of RULES 7.2, each editable.

    Days since the last purchase: up to `active_days` new or active, then silent, dormant, nearly lost, lost.
    Groups: loyal from `loyal_orders` purchase days on, else active when bought within `group_active_days`, else
    ordinary. RFM looks at purchases of the last `rfm_days` (R at all of them). `high_by` says what a high R, F or
    M is: above the mean, above the median (at least half of the payers strictly below), or at the fixed lines.
    `score_by` quintile: 1 + fifths of payers strictly below; fixed: `r_cuts` in days, `f_cuts` in purchase days,
    `m_cuts` in multiples of the shop's net amount per purchase day; lines: `r_cuts` and `f_cuts` as before, money by
    `m_lines` in cents.
    """

    active_days: int = 90
    silent_days: int = 180
    dormant_days: int = 365
    nearly_lost_days: int = 720
    loyal_orders: int = 2
    group_active_days: int = 90
    rfm_days: int = 730
    high_by: Literal["mean", "median", "fixed"] = "mean"
    r_high_days: int = 60
    f_high_orders: int = 5
    m_high_cents: int = 50_000
    score_by: Literal["quintile", "fixed", "lines"] = "quintile"
    r_cuts: tuple[int, int, int, int] = (30, 60, 90, 180)
    f_cuts: tuple[int, int, int, int] = (2, 3, 5, 10)
    m_cuts: tuple[int, int, int, int] = (1, 2, 5, 10)
    m_lines: tuple[int, int, int, int] = (10_000, 20_000, 50_000, 100_000)

    def __post_init__(self) -> None:
        stages = (self.active_days, self.silent_days, self.dormant_days, self.nearly_lost_days)
        for name, cuts in (
            ("stages", stages),
            ("r_cuts", self.r_cuts),
            ("f_cuts", self.f_cuts),
            ("m_cuts", self.m_cuts),
            ("m_lines", self.m_lines),
        ):
            if list(cuts) != sorted(set(cuts)) or cuts[0] < 0:
                raise ValueError(f"{name} must rise: {cuts}")
        if self.high_by not in ("mean", "median", "fixed") or self.score_by not in (
            "quintile",
            "fixed",
            "lines",
        ):
            raise ValueError(f"unknown rule: high_by={self.high_by}, score_by={self.score_by}")

    def params(self) -> dict[str, Any]:
        """The `$name` parameters of the query."""
        params: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, tuple):
                params |= {f"{field.name.removesuffix('s')}_{i}": cut for i, cut in enumerate(value, start=1)}
            else:
                params[field.name] = value
        return params


DEFAULT_CUT_POINTS = CutPoints()


@dataclass(frozen=True)
class Features:
    """What is to be stored of a shop and day: rows of customer_features without their scores, the row of feature_lines
    that gives these, and whose rows of before go; None = everybody's."""

    rows: pa.Table
    lines: pa.Table
    persons: pa.Table | None = None


def build_features(
    reader: Reader, as_of_day: int, shop_id: int, cut_points: CutPoints = DEFAULT_CUT_POINTS
) -> Features:
    """The features of one shop and day (days since 1970-01-01), one row per person, by the day of the last purchase.

    Orders count when paid on or before the day and not flagged as fake. A window of n days holds purchases not
    more than n days before `as_of_day`. Refunds are those known to the reader's versions.
    """
    params = {"shop_id": shop_id, "as_of_day": as_of_day} | cut_points.params()
    text = query_text("customer_features")
    ordered = f"SELECT * FROM ({text}) AS known ORDER BY {CUSTOMER_FEATURES.file_order}"
    rows = without_scores(reader.answer(ordered, params))
    with room() as connection:
        connection.register("customer_features", rows)
        lines = query_text("feature_lines")
        asked = {name: params[name] for name in parameters_in(lines)}
        return Features(rows, FEATURE_LINES.conform(connection.execute(lines, asked).to_arrow_table()))


# Rows are stored without scores: as columns that nobody reads while there are lines.
UNSCORED: dict[str, Any] = {
    "r_score": None, "f_score": None, "m_score": None, "r_high": False, "f_high": False, "m_high": False, "rfm": "",
}  # fmt: skip


def without_scores(rows: pa.Table) -> pa.Table:
    """Rows of `customer_features.sql` as they are stored."""
    import pyarrow as pa

    for name, value in UNSCORED.items():
        kind = CUSTOMER_FEATURES.by_name[name].arrow_type()
        rows = rows.append_column(name, pa.repeat(pa.scalar(value, kind), rows.num_rows))
    return CUSTOMER_FEATURES.conform(rows)


def recipe(cut_points: CutPoints) -> str:
    """A digest of all that decides what features are made of the same facts: the two queries and the cut points."""
    texts = [query_text("customer_features"), query_text("feature_lines")]
    whole = json.dumps([*texts, cut_points.params()], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


def write_features(
    warehouse: Warehouse,
    features: Features,
    as_of_day: int,
    shop_id: int,
    *,
    app_id: str,
    app_version: int = 1,
) -> dict[str, int]:
    """Put the features of one shop and day in place of those of the same shop and day; the versions that then stand.

    The rows of some persons take the place of theirs; the files that hold none of them stay as they are.
    """
    where = {"shop_id": shop_id, "as_of_day": as_of_day}
    replace = partial(warehouse.replace, where=where, app_id=app_id, app_version=app_version)
    if features.persons is None:
        rows = replace("customer_features", features.rows)
    else:
        rows = warehouse.change(
            "customer_features", features.rows, features.persons, app_id=app_id, app_version=app_version
        )
    lines = replace("feature_lines", features.lines)
    return {"customer_features": rows.version, "feature_lines": lines.version}


def drop_features(
    warehouse: Warehouse, as_of_day: int, shop_id: int, *, app_id: str, app_version: int = 1
) -> dict[str, int]:
    """Forget the features of one shop and day, so that only today and month ends stay."""
    nothing = Features(CUSTOMER_FEATURES.empty(), FEATURE_LINES.empty())
    return write_features(warehouse, nothing, as_of_day, shop_id, app_id=app_id, app_version=app_version)
