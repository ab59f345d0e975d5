"""Numbers that come in addresses and forms. What is typed there may be anything: a digit int() does not know, or one
that no row can have.
"""

from __future__ import annotations

# What a row's number may be in every database.
LARGEST = 2**63 - 1
_MOST_DIGITS = 19


def row_number(text: str) -> int | None:
    """The number of a row; None when the text is no whole number or no row can have it."""
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        return None
    number = int(text)
    return number if number <= LARGEST else None
