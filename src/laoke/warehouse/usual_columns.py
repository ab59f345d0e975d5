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


def packed_days() -> tuple[Column, ...]:
    """What days of purchase are counted by, several counts in one number, and the day of the place."""
    unknown = "null = never paid, or from before the column"
    hours = (
        column(
            f"hours_{first}?",
            "int64",
            f"purchase days that began in hour {first} (lowest seven bits) … {first + 7}, 127 at most each; {unknown}",
            low=0,
        )
        for first in (0, 8, 16)
    )
    return (
        *hours,
        column(
            "weekdays?",
            "int64",
            f"purchase days on a Monday (lowest nine bits) … Sunday, 511 at most each; {unknown}",
            low=0,
        ),
        day("place_day?", "last purchase day with a known place; null = none, or from before the column"),
    )
