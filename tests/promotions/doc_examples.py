"""Reads the numbered examples of docs/pricing.md into baskets, offers and the outcome the page promises."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from laoke.money import parse_cents
from laoke.promotions.engine import (
    Basket,
    Buyer,
    DiscountStep,
    Layer,
    Limits,
    Line,
    Offer,
    PercentOff,
    Scope,
    ShopCoupon,
    ThresholdDiscount,
    Window,
)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "pricing.md"
MIDNIGHT = datetime(2026, 11, 11)

Table = list[dict[str, str]]


@dataclass(frozen=True)
class Example:
    """One example: what is given, and what the page says comes out."""

    name: str
    basket: Basket
    offers: tuple[Offer, ...]
    at: datetime
    outcome: Table
    payable_cents: int
    worst_case_cents: int
    refused: dict[str, tuple[str, int | None]]


def sections() -> dict[str, str]:
    """The text of every example by its number."""
    parts = re.split(r"^### (E\d+) · ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {name: text.split("\n## ")[0] for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def priced_examples() -> dict[str, Example]:
    """The examples that price one basket."""
    return {name: _example(name, text) for name, text in sections().items() if "\nPays " in text}


def tables(text: str) -> list[Table]:
    """Every Markdown table as rows of {heading: cell}."""
    found = []
    for block in re.findall(r"(?:^\|.*\n)+", text + "\n", flags=re.MULTILINE):
        rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in block.strip().splitlines()]
        found.append([dict(zip(rows[0], row, strict=True)) for row in rows[2:]])
    return found


def cents(text: str) -> int:
    found = parse_cents(text)
    assert found is not None, text
    return found


def _example(name: str, text: str) -> Example:
    line_rows, offer_rows, outcome = tables(text)
    offers = tuple(_offer(row) for row in offer_rows)
    given = _given(text)
    coupons = frozenset(offer.offer_id for offer in offers if isinstance(offer.mechanic, ShopCoupon))
    used = given.get("used", "").split()
    buyer = Buyer(
        groups=frozenset(given.get("groups", "").split()),
        held_coupons=frozenset() if given.get("holds") == "nothing" else coupons,
        used={used[0]: int(used[1])} if used else {},
    )
    lines = tuple(
        Line(
            row["line"],
            row["product"],
            cents(row["unit price"]),
            int(row["pieces"]),
            category=row["category"],
        )
        for row in line_rows
    )
    pays = re.search(r"^Pays ([\d.]+), worst case ([\d.]+)\.$", text, flags=re.MULTILINE)
    assert pays, name
    refused = {
        offer_id: (code, cents(missing) if missing else None)
        for offer_id, code, missing in re.findall(
            r"^- `(.+?)` refused: (\w+)(?:, missing ([\d.]+))?$", text, flags=re.M
        )
    }
    at = datetime.fromisoformat(given["at"]) if "at" in given else MIDNIGHT
    basket = Basket(lines, cents(given.get("postage", "0")), buyer)
    return Example(name, basket, offers, at, outcome, cents(pays[1]), cents(pays[2]), refused)


def _given(text: str) -> dict[str, str]:
    found = re.search(r"^Given: (.+)$", text, flags=re.MULTILINE)
    parts = found[1].split("; ") if found else []
    return {part.split(" ", 1)[0]: part.split(" ", 1)[1] for part in parts}


def _offer(row: dict[str, str]) -> Offer:
    layer = Layer(row["layer"])
    limit = row.get("per person")
    return Offer(
        offer_id=row["offer"],
        layer=layer,
        mechanic=_mechanic(layer, row["terms"]),
        scope=_scope(row["scope"]),
        window=Window(_moment(row.get("from")), _moment(row.get("until"))),
        limits=Limits(int(limit) if limit else None),
        audience=row.get("audience", ""),
    )


def _mechanic(layer: Layer, terms: str) -> PercentOff | ThresholdDiscount | ShopCoupon:
    if percent := re.fullmatch(r"pay (\d+)%", terms):
        return PercentOff(int(percent[1]) * 100)
    pairs = [(cents(above), cents(off)) for above, off in re.findall(r"(\d+) − (\d+)", terms)]
    if layer in (Layer.COUPON, Layer.CATEGORY_COUPON):
        return ShopCoupon(*pairs[0])
    cap = re.search(r"at most (\d+)", terms)
    steps = tuple(DiscountStep(*pair) for pair in pairs)
    return ThresholdDiscount(steps, terms.startswith("every"), cents(cap[1]) if cap else None)


def _scope(text: str) -> Scope:
    if text == "all":
        return Scope()
    kind, names = text.split(": ")
    chosen = frozenset(names.split(", "))
    return {
        "product": Scope(product_ids=chosen),
        "category": Scope(categories=chosen),
        "not": Scope(excluded_product_ids=chosen),
    }[kind]


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
