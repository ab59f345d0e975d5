"""Coupon codes: hard to guess, easy to read out, and a slip of the pen is seen before any row is read.

A code is eleven random signs and a check sign out of 31, shown in three groups of four: `7KQ2-MX9T-4HRA`. Left out are
0, 1, I, L and O. 31 is prime, so the check sign finds every single wrong sign and every two neighbours that were
swapped. Eleven signs are 54 bits: with a million live codes a guess hits one in 25 thousand million.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import mul

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
BASE = len(ALPHABET)
BODY, LENGTH, GROUP = 11, 12, 4

Random = Callable[[int], bytes]

# Bytes from here on would make the first signs likelier than the last ones.
_FAIR = 256 - 256 % BASE
_VALUES = bytes(n % BASE for n in range(256))
_UNFAIR = bytes(range(_FAIR, 256))
_SIGNS = bytes.maketrans(bytes(range(BASE)), ALPHABET.encode("ascii"))
_VALUE_OF = {sign: value for value, sign in enumerate(ALPHABET)}
_WEIGHTS = tuple(range(1, BODY + 1))
# What people write for the signs that are left out: there is nothing else they can have meant.
_SEPARATORS = str.maketrans("", "", " -–—_\u3000\t\r\n")


def make_codes(count: int, random: Random) -> list[str]:
    """`count` different codes; `random(n)` gives n random bytes.

    >>> make_codes(1, lambda n: bytes(n))
    ['222222222222']
    """
    found: dict[str, None] = {}
    while len(found) < count:
        values = _fair_values((count - len(found)) * BODY, random)
        for start in range(0, len(values), BODY):
            body = values[start : start + BODY]
            found[(body + bytes((_check(body),))).translate(_SIGNS).decode("ascii")] = None
    return list(found)


def _fair_values(count: int, random: Random) -> bytes:
    values = b""
    while len(values) < count:
        values += random((count - len(values)) * 256 // _FAIR + 16).translate(_VALUES, _UNFAIR)
    return values[:count]


def _check(body: bytes) -> int:
    return sum(map(mul, _WEIGHTS, body)) % BASE


def read_code(typed: str) -> str | None:
    """The code that somebody typed, in whatever case and grouping; None when it cannot be one.

    >>> read_code("2222-2222 2222"), read_code("2222-2222-2223")
    ('222222222222', None)
    """
    plain = typed.translate(_SEPARATORS).upper()
    if len(plain) != LENGTH or not all(sign in _VALUE_OF for sign in plain):
        return None
    values = bytes(_VALUE_OF[sign] for sign in plain)
    return plain if _check(values[:BODY]) == values[BODY] else None


def shown_code(code: str) -> str:
    """A code as people read it.

    >>> shown_code("7KQ2MX9T4HRA")
    '7KQ2-MX9T-4HRA'
    """
    return "-".join(code[start : start + GROUP] for start in range(0, LENGTH, GROUP))
