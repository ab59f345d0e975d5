"""Reading an amount as sellers' files and people write it, exactly, into cents.

Accepts `￥1,234.50`, `268.00元`, `1.2万`, full-width digits; a dash or nothing means "no amount". Unwrapping of
spreadsheet cells (`="12.00"`) is the reader's business, not ours.
"""

import re

MAX_CENTS = 10**15
"""Ten trillion yuan: far above any order, far below the end of int64, so that sums cannot overflow."""

_FULL_WIDTH = str.maketrans("０１２３４５６７８９，．＋－−￥　\u00a0\u202f", "0123456789,.+--¥   ")
_DASHES = frozenset("-—–‐‑―")
_SCALES = {"": 0, "万": 4, "亿": 8}
_AMOUNT = re.compile(
    r"(?P<sign>[-+]?)\s*(?:¥|RMB|CNY)?\s*(?P<inner>[-+]?)"
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.(?P<part>[0-9]+))?"
    r"\s*(?P<scale>[万亿]?)\s*元?",
    re.IGNORECASE,
)
_SCIENTIFIC = re.compile(r"[-+]?[0-9.,]+e[-+]?[0-9]+", re.IGNORECASE)
_LONGEST = 40


class MoneyError(ValueError):
    """An amount that cannot be read. `code`: not_an_amount, scientific, too_precise or too_large; `text`: its head."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        self.text = text[:_LONGEST]
        super().__init__(f"{code}: {self.text!r}")


def parse_cents(text: str) -> int | None:
    """The cents that `text` states, or None when it states no amount (empty, blank, only dashes).

    Exact: more than two decimals of a yuan are refused unless they are zeros. Raises MoneyError for anything
    else: NaN, 1.2E+3, misplaced thousands commas, several amounts, more than MAX_CENTS.

    >>> parse_cents("￥1,234.50"), parse_cents("1.2万"), parse_cents("—")
    (123450, 1200000, None)
    """
    bare = text.translate(_FULL_WIDTH).strip()
    if not bare or _DASHES.issuperset(bare):
        return None
    match = _AMOUNT.fullmatch(bare) if len(bare) <= _LONGEST else None
    if match is None or (match["sign"] and match["inner"]):
        raise MoneyError("scientific" if _SCIENTIFIC.fullmatch(bare) else "not_an_amount", text)
    cents = _scaled(match["whole"].replace(",", ""), match["part"] or "", 2 + _SCALES[match["scale"]], text)
    return -cents if "-" in (match["sign"], match["inner"]) else cents


def _scaled(whole: str, part: str, places: int, text: str) -> int:
    """whole.part shifted by `places` decimal places, refusing what would need a fraction of a cent."""
    part = part.rstrip("0")
    if len(part) > places:
        raise MoneyError("too_precise", text)
    cents = int(whole + part.ljust(places, "0"))
    if cents > MAX_CENTS:
        raise MoneyError("too_large", text)
    return cents
