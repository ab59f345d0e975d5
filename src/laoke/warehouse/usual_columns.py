"""Columns that many tables have, with the words that describe them."""

from __future__ import annotations

from laoke.warehouse.columns import Column, column

SHOP = column("*shop_id", "id", "the shop the row belongs to")
IMPORT = column("import_id", "int64", "the import that brought the row; 0 = derived", low=0)


def cents(name: str, meaning: str, type: str = "cents") -> Column:
    """An amount."""
    return column(name, type, meaning, unit="cents")


def day(name: str, meaning: str) -> Column:
    """A day."""
    return column(name, "day", meaning, unit="days since 1970-01-01")
