"""Amounts of money as whole cents: reading them from text, writing them, rounding and splitting them.

Nothing here knows about currencies other than the yuan, about orders, or about Django. Every amount is an
`int` of cents (分); floats never appear.
"""

from laoke.money.allocation import allocate, allocate_capped
from laoke.money.formatting import format_cents, plain_cents, short_cents, short_count
from laoke.money.parsing import MAX_CENTS, MoneyError, parse_cents
from laoke.money.rounding import FULL_BP, divide_half_up, pay_cents

__all__ = [
    "FULL_BP",
    "MAX_CENTS",
    "MoneyError",
    "allocate",
    "allocate_capped",
    "divide_half_up",
    "format_cents",
    "parse_cents",
    "pay_cents",
    "plain_cents",
    "short_cents",
    "short_count",
]
