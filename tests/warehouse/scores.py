"""Features as a reader finds them: with the scores that their lines give."""

from __future__ import annotations

import pyarrow as pa

from laoke.warehouse.contracts import CUSTOMER_FEATURES
from laoke.warehouse.engine import Reader, room, scored_sql
from laoke.warehouse.features import CutPoints, Features, build_features, write_features
from laoke.warehouse.store import Warehouse


def scored(features: Features) -> pa.Table:
    """The rows of a full build, by person."""
    with room() as connection:
        connection.register("rows", features.rows)
        connection.register("lines", features.lines)
        text = scored_sql("SELECT * FROM rows", "SELECT * FROM lines")
        return CUSTOMER_FEATURES.conform(connection.execute(f"{text} ORDER BY person_id").to_arrow_table())


def built(reader: Reader, day: int, shop_id: int, cuts: CutPoints | None = None) -> pa.Table:
    """What a full build tells of a day, by person."""
    return scored(build_features(reader, day, shop_id, cuts or CutPoints()))


def stored(warehouse: Warehouse, day: int, shop_id: int) -> pa.Table:
    """What a reader finds, by person."""
    return warehouse.reader().sql(
        "SELECT * FROM customer_features WHERE shop_id = $shop_id AND as_of_day = $day ORDER BY person_id",
        {"shop_id": shop_id, "day": day},
    )  # fmt: skip


def put_features(
    warehouse: Warehouse, day: int, shop_id: int, cuts: CutPoints | None = None
) -> dict[str, int]:
    """Build the features of a day and keep them."""
    features = build_features(warehouse.reader(), day, shop_id, cuts or CutPoints())
    return write_features(warehouse, features, day, shop_id, app_id="")
