"""Complete Journey: real coupons of a grocer, their redemptions, and the sampled lines of the baskets they went into.

The file has no face value of any coupon. But a manufacturer's coupon of that time carries it in its number, which is a
UPC of number system 5: five digits of the manufacturer, three of the family of goods, two of the value. Here the value
is read from there, the coupon becomes an offer of the engine, and what the engine takes off is held against what the
file says was taken off.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from laoke.money import parse_cents
from laoke.promotions.engine import (
    Basket,
    CountOff,
    CountOffStep,
    Layer,
    Line,
    Offer,
    Scope,
    quote,
)

NOON = datetime(2017, 1, 1, 12)
SINGLE = {
    "04": 135, "20": 20, "25": 25, "30": 30, "35": 35, "40": 40, "45": 45, "50": 50, "55": 55, "60": 60, "65": 65,
    "69": 69, "70": 70, "74": 500, "75": 75, "76": 100, "77": 125, "78": 150, "80": 80, "81": 175, "82": 200,
    "84": 250, "87": 300, "90": 90, "93": 400,
}  # fmt: skip
"""Value codes that take an amount off one piece, in cents."""
SEVERAL = {
    "07": (3, 150), "08": (2, 300), "09": (3, 200), "13": (4, 100), "22": (2, 40), "24": (2, 50), "28": (2, 55),
    "31": (2, 60), "32": (2, 75), "33": (2, 100), "34": (2, 125), "36": (2, 150), "41": (3, 50), "42": (3, 100),
    "51": (2, 200), "57": (2, 25), "58": (2, 30), "98": (2, 65),
}  # fmt: skip
"""Value codes that take an amount off so many pieces together: (pieces, cents)."""
VALUES = {code: (1, cents) for code, cents in SINGLE.items()} | SEVERAL

Redeemed = tuple[str, str]
"""A coupon's number and its campaign."""


@dataclass(frozen=True)
class SoldLine:
    """A sampled line. `base_cents` is what the goods cost after the loyalty card and before any coupon."""

    product_id: str
    pieces: float
    base_cents: int
    coupon_cents: int
    match_cents: int


@dataclass(frozen=True)
class Case:
    """A sampled basket with goods that coupons cover which its household redeemed on that day."""

    lines: tuple[SoldLine, ...]
    covered: frozenset[str]
    coupons: tuple[Redeemed, ...]

    @property
    def booked_cents(self) -> int:
        """What the file says that coupons took off the covered lines."""
        return sum(line.coupon_cents for line in self.lines if line.product_id in self.covered)


class Journey:
    """The files of the folder, read once."""

    def __init__(self, folder: Path) -> None:
        self.redemptions = _rows(folder / "coupon_redemptions.csv")
        self.sold = _rows(folder / "transactions_sample.csv")
        self.covers: defaultdict[Redeemed, set[str]] = defaultdict(set)
        for row in _rows(folder / "coupons.csv"):
            self.covers[row["coupon_upc"], row["campaign_id"]].add(row["product_id"])
        self.members: defaultdict[str, set[str]] = defaultdict(set)
        for row in _rows(folder / "campaigns.csv"):
            self.members[row["campaign_id"]].add(row["household_id"])
        self.windows = {
            row["campaign_id"]: (row["start_date"], row["end_date"])
            for row in _rows(folder / "campaign_descriptions.csv")
        }

    @cached_property
    def baskets(self) -> dict[tuple[str, str], dict[str, list[SoldLine]]]:
        """By household and day the sampled baskets."""
        found: defaultdict[tuple[str, str], defaultdict[str, list[SoldLine]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for row in self.sold:
            day = row["transaction_timestamp"][:10]
            found[row["household_id"], day][row["basket_id"]].append(_sold_line(row))
        return {key: dict(baskets) for key, baskets in found.items()}

    @cached_property
    def redeemed(self) -> dict[tuple[str, str], list[Redeemed]]:
        """By household and day the coupons that were redeemed."""
        found: defaultdict[tuple[str, str], list[Redeemed]] = defaultdict(list)
        for row in self.redemptions:
            found[row["household_id"], row["redemption_date"]].append((row["coupon_upc"], row["campaign_id"]))
        return dict(found)

    def rules_held(self) -> dict[str, int]:
        """Redemptions by what our rules say of them before any amount: R13 and a limit of one each."""
        seen: Counter[tuple[str, str]] = Counter()
        counts = Counter({"redemptions": len(self.redemptions)})
        for row in self.redemptions:
            coupon, campaign, day = row["coupon_upc"], row["campaign_id"], row["redemption_date"]
            first, last = self.windows[campaign]
            seen[row["household_id"], coupon + campaign] += 1
            counts["outside the campaign's households"] += row["household_id"] not in self.members[campaign]
            counts["outside the campaign's days"] += not first <= day <= last
            counts["unknown coupon"] += (coupon, campaign) not in self.covers
            counts["second use by the same household"] += seen[row["household_id"], coupon + campaign] > 1
        return dict(counts)

    def found_in_sample(self) -> dict[str, int]:
        """Redemptions by how much of their basket the sample holds."""
        counts: Counter[str] = Counter()
        for key, coupons in self.redeemed.items():
            products = {line.product_id for lines in self.baskets.get(key, {}).values() for line in lines}
            for coupon in coupons:
                if not products:
                    counts["no line of that household and day"] += 1
                elif products.isdisjoint(self.covers[coupon]):
                    counts["lines, but none that the coupon covers"] += 1
                else:
                    counts["a line that the coupon covers"] += 1
        return dict(counts)

    def cases(self) -> Iterator[Case]:
        """What of the baskets can be worked out: coupons that reach for the same goods together, others apart."""
        for key, coupons in self.redeemed.items():
            for lines in self.baskets.get(key, {}).values():
                products = {line.product_id for line in lines}
                groups: list[tuple[set[str], list[Redeemed]]] = []
                for coupon in dict.fromkeys(coupons):
                    reached = products & self.covers[coupon]
                    if reached:
                        sharing = [group for group in groups if not group[0].isdisjoint(reached)]
                        groups = [group for group in groups if group[0].isdisjoint(reached)]
                        groups.append(
                            (
                                reached.union(*(covered for covered, _ in sharing)),
                                [one for _, own in sharing for one in own] + [coupon],
                            )
                        )
                for covered, own in groups:
                    yield Case(tuple(lines), frozenset(covered), tuple(own))

    def explained(self) -> dict[str, int]:
        """Lines with a coupon discount, by whether a redemption of the file explains it."""
        counts: Counter[str] = Counter()
        for key, baskets in self.baskets.items():
            coupons = self.redeemed.get(key, [])
            for line in (line for lines in baskets.values() for line in lines if line.coupon_cents):
                if not coupons:
                    counts["no redemption of that household and day"] += 1
                elif any(line.product_id in self.covers[coupon] for coupon in coupons):
                    counts["a redeemed coupon covers it"] += 1
                else:
                    counts["redemptions that day, none covers it"] += 1
        return dict(counts)


def value_of(coupon: Redeemed) -> tuple[int, int] | None:
    """(pieces, cents) of a manufacturer's coupon; None where its number does not hold an amount that we can read."""
    number = coupon[0]
    return VALUES.get(number[9:11]) if len(number) == 11 and number.startswith("5") else None


def taken_off(case: Case, covers: dict[Redeemed, set[str]], *, granted: bool) -> int:
    """What the engine takes off the basket; `granted` waives the number of pieces that a coupon asks for."""
    lines = tuple(
        Line(f"{number:03}", line.product_id, line.base_cents // int(line.pieces), int(line.pieces))
        for number, line in enumerate(case.lines)
        if line.pieces and not line.pieces % 1
    )
    offers = []
    # A household may hold the same coupon from two campaigns; it is one coupon.
    for number, coupon in {number: (number, campaign) for number, campaign in case.coupons}.items():
        value = value_of(coupon)
        if value is not None:
            pieces, cents = value
            step = CountOffStep(1 if granted else pieces, cents)
            scope = Scope(product_ids=frozenset(covers[coupon]))
            offers.append(Offer(number, Layer.SHOP, CountOff((step,)), scope=scope))
    return quote(Basket(lines), offers, NOON).discount_cents if lines and offers else 0


def cause_of(case: Case, covers: dict[Redeemed, set[str]]) -> str:
    """How what the engine takes off differs from the file, and by what."""
    if any(value_of(coupon) is None for coupon in case.coupons):
        return "value not in the number"
    booked, by_rule = case.booked_cents, taken_off(case, covers, granted=False)
    granted = taken_off(case, covers, granted=True)
    if booked == by_rule and booked:
        return "equal"
    if not booked:
        return "nothing booked on these lines"
    if booked == granted:
        return "pieces not in the sample"
    if granted and booked % granted == 0:
        return "used more than once"
    return "another amount"


def doubled(lines: Iterable[SoldLine]) -> dict[str, int]:
    """Lines with a coupon discount below a dollar on one piece, by what the retailer's match adds to it."""
    counts: Counter[str] = Counter()
    for line in lines:
        if line.pieces != 1 or not 0 < line.coupon_cents < 100:
            continue
        if line.match_cents == min(line.coupon_cents, 100 - line.coupon_cents):
            counts["doubled, up to a dollar together"] += 1
        else:
            counts["another match" if line.match_cents else "no match"] += 1
    return dict(counts)


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as found:
        return list(csv.DictReader(found))


def _sold_line(row: dict[str, str]) -> SoldLine:
    sales, coupon, match = (
        parse_cents(f"{float(row[name]):.2f}") or 0
        for name in ("sales_value", "coupon_disc", "coupon_match_disc")
    )
    return SoldLine(row["product_id"], float(row["quantity"]), sales + match, coupon, match)
