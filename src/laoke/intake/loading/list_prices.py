"""The history of list prices, written beside the products: each change, and once a week that a price still holds."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from laoke.intake.loading.fact_files import answered
from laoke.warehouse.contracts import CONTRACTS

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.warehouse.engine import Reader

TABLE, COLUMN = "list_prices", "list_price_cents"
STILL_HOLDS_DAYS = 7


def told_prices(reader: Reader, products: pa.Table, on: date) -> pa.Table:
    """The rows of the history that products with their list prices, as they were listed on a day, add to it.

    A product without a list price (0) adds none; one that was listed so within the week before adds none either.
    """
    day = (on - date(1970, 1, 1)).days
    contract = CONTRACTS[TABLE]
    columns = f"i.shop_id, i.product_id, CAST({day} AS INTEGER) AS told_day, i.{COLUMN}, i.import_id"
    text = f"SELECT {columns} FROM incoming_rows AS i WHERE i.{COLUMN} > 0"
    if TABLE in reader.versions:
        text = f"""
            WITH newest AS (
              SELECT shop_id, product_id, max(told_day) AS told_day FROM {TABLE}
              WHERE told_day <= {day} GROUP BY shop_id, product_id
            )
            SELECT {columns} FROM incoming_rows AS i
            LEFT JOIN newest AS n ON n.shop_id = i.shop_id AND n.product_id = i.product_id
            LEFT JOIN {TABLE} AS l
              ON l.shop_id = n.shop_id AND l.product_id = n.product_id AND l.told_day = n.told_day
            WHERE i.{COLUMN} > 0
              AND (l.product_id IS NULL OR l.{COLUMN} <> i.{COLUMN} OR l.told_day <= {day - STILL_HOLDS_DAYS})
        """
    return contract.conform(answered(reader, text, products))
