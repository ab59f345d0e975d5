"""Reads the numbered examples of docs/pricing.md into baskets, offers and the outcome the page promises."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from laoke.money import parse_cents
from laoke.promotions.engine import (
    AddonChoice,
    AddonPurchase,
    AmountOff,
    AnyBundle,
    Basket,
    Buyer,
    BuyersStep,
    BuyGet,
    CountDiscount,
    CountDiscountStep,
    CountOff,
    CountOffStep,
    DepositExpansion,
    DiscountStep,
    EarlyBird,
    EarlyStep,
    FixedPrice,
    FlashSale,
    FreePostage,
    GiftChoice,
    GiftStep,
    GroupBuy,
    Layer,
    LevelReward,
    LevelStep,
    Limits,
    Line,
    Mechanic,
    MemberLevel,
    MemberPrice,
    MoreCheaper,
    NthPiece,
    Offer,
    Part,
    PercentOff,
    ProductPrice,
    RateStep,
    Scope,
    ServiceBenefit,
    SetBundle,
    ShopCoupon,
    ThresholdDiscount,
    ThresholdGift,
    ThresholdRate,
    WasNow,
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
    best: bool
    outcome: Table
    given: dict[str, tuple[str, int]]
    promised: dict[str, tuple[str, str]]
    deposit_cents: int
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
    used, deposits, spent = (given.get(name, "").split() for name in ("used", "deposits", "spent"))
    buyer = Buyer(
        groups=frozenset(given.get("groups", "").split()),
        held_coupons=frozenset() if given.get("holds") == "nothing" else coupons,
        used={used[0]: int(used[1])} if used else {},
        deposits={deposits[0]: int(deposits[1])} if deposits else {},
        joined=frozenset(given.get("joins", "").split()),
        spent={spent[0]: cents(spent[1])} if spent else {},
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
    picked, taken = given.get("picks", "").split(), given.get("taken", "").split()
    basket = Basket(
        lines,
        cents(given.get("postage", "0")),
        buyer,
        given.get("region", ""),
        {picked[0]: picked[1]} if picked else {},
        {taken[0]: int(taken[1])} if taken else {},
    )
    gifts = {
        offer_id: (product, int(pieces))
        for offer_id, pieces, product in re.findall(r"^- `(.+?)` gives (\d+) (\w+)$", text, flags=re.M)
    }
    promised = {
        offer_id: (kind, level)
        for offer_id, kind, level in re.findall(
            r"^- `(.+?)` promises (\w+)(?: \((\w+)\))?$", text, flags=re.M
        )
    }
    deposit = re.search(r"^- deposit ([\d.]+)$", text, flags=re.MULTILINE)
    held = cents(deposit[1]) if deposit else 0
    paid = cents(pays[1]), cents(pays[2])
    best = given.get("coupons") == "best"
    return Example(name, basket, offers, at, best, outcome, gifts, promised, held, *paid, refused)


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
        mechanic=mechanic_of(layer, row["terms"]),
        scope=_scope(row["scope"]),
        window=Window(_moment(row.get("from")), _moment(row.get("until"))),
        limits=Limits(int(limit) if limit else None),
        audience=row.get("audience", ""),
    )


def mechanic_of(layer: Layer, terms: str) -> Mechanic:
    """The mechanic that a cell of terms describes."""
    for read in (_together, _benefit, _varied, _beside, _item_price, _by_rate, _by_pieces):
        if (found := read(layer, terms)) is not None:
            return found
    pairs = [(cents(above), cents(off)) for above, off in re.findall(r"(\d+) − (\d+)", terms)]
    if layer in (Layer.COUPON, Layer.CATEGORY_COUPON):
        return ShopCoupon(*pairs[0])
    steps = tuple(DiscountStep(*pair) for pair in pairs)
    return ThresholdDiscount(steps, terms.startswith("every"), _at_most(terms))


def _at_most(terms: str) -> int | None:
    cap = re.search(r"at most (\d+)", terms)
    return cents(cap[1]) if cap else None


def _beside(layer: Layer, terms: str) -> Mechanic | None:
    """`from 200 gift cup (9.90, cost 3, stock 5) or bag (20)`, `from 99 free postage not 新疆, 西藏`."""
    by = "pieces" if re.match(r"from \d+ pieces", terms) else "cents"

    def measure(text: str) -> int:
        return int(text) if by == "pieces" else cents(text)

    if layer is Layer.GIFT:
        steps = re.findall(r"from (\d+)(?: pieces)? gift (?:(\d+) × )?(.+?)(?=, from|$)", terms)
        return ThresholdGift(
            tuple(
                GiftStep(measure(above), tuple(_gift(text) for text in named.split(" or ")), int(pieces or 1))
                for above, pieces, named in steps
            ),
            by,
        )
    if postage := re.match(r"from (\d+)(?: pieces)? free postage(?: not (.+))?", terms):
        regions = tuple(postage[2].split(", ")) if postage[2] else ()
        return FreePostage(measure(postage[1]), by, regions)
    return None


def _gift(text: str) -> GiftChoice:
    found = re.fullmatch(r"(\w+) \(([\d.]+)(?:, cost ([\d.]+))?(?:, stock (\d+))?\)", text)
    assert found, text
    name, value, cost, stock = found.groups()
    return GiftChoice(name, name, cents(value), cents(cost) if cost else None, int(stock) if stock else None)


def _together(layer: Layer, terms: str) -> Mechanic | None:
    """Deposits, groups, and what gets cheaper with buyers."""
    if found := re.match(
        r"deposit (\d+) counts (\d+) until ([\d-]+ [\d:]+), balance from ([\d-]+ [\d:]+)", terms
    ):
        until, start = datetime.fromisoformat(found[3]), datetime.fromisoformat(found[4])
        return DepositExpansion(cents(found[1]), cents(found[2]), until, start)
    if found := re.match(r"group of (\d+) for ([\d.]+) within (\d+) h", terms):
        return GroupBuy(cents(found[2]), int(found[1]), int(found[3]))
    if steps := re.findall(r"(\d+) buyers pay (\d+)%", terms):
        return MoreCheaper(tuple(BuyersStep(int(buyers), int(rate) * 100) for buyers, rate in steps))
    return None


def _benefit(layer: Layer, terms: str) -> Mechanic | None:
    if layer is not Layer.BENEFIT:
        return None
    if longer := re.fullmatch(r"(\d+) more days to return", terms):
        return ServiceBenefit("longer_return", days=int(longer[1]))
    if terms.startswith("gift "):
        gift = _gift(terms.removeprefix("gift "))
        return ServiceBenefit("gift", gift.title, value_cents=gift.value_cents, cost_cents=gift.cost_cents)
    levels = re.findall(r"level (\w+) from (\d+) reward (\w+)(?: \(cost ([\d.]+)\))?", terms)
    return LevelReward(
        tuple(
            LevelStep(group, cents(spend), reward, cents(cost) if cost else None)
            for group, spend, reward, cost in levels
        )
    )


def _varied(layer: Layer, terms: str) -> Mechanic | None:
    if terms.startswith("members "):
        levels = re.findall(r"(\w+) pay (\d+)%", terms)
        return MemberPrice(tuple(MemberLevel(group, int(rate) * 100) for group, rate in levels))
    if steps := re.findall(r"until ([\d-]+ [\d:]+) pay (\d+)%", terms):
        return EarlyBird(
            tuple(EarlyStep(datetime.fromisoformat(end), int(rate) * 100) for end, rate in steps)
        )
    if flash := re.fullmatch(r"flash ([\d.]+), stock (\d+)", terms):
        return FlashSale(cents(flash[1]), int(flash[2]))
    return None


def _item_price(layer: Layer, terms: str) -> Mechanic | None:
    if percent := re.fullmatch(r"pay (\d+)%", terms):
        return PercentOff(int(percent[1]) * 100)
    if off := re.fullmatch(r"(\d+) off each", terms):
        return AmountOff(cents(off[1]))
    if price := re.fullmatch(r"price ([\d.]+)", terms):
        return FixedPrice(cents(price[1]))
    if terms.startswith("prices "):
        found = re.findall(r"(\w+) ([\d.]+) was ([\d.]+)", terms)
        return WasNow(tuple(ProductPrice(name, cents(now), cents(was)) for name, now, was in found))
    return None


def _by_rate(layer: Layer, terms: str) -> Mechanic | None:
    if steps := re.findall(r"from (\d+) pay (\d+)%", terms):
        return ThresholdRate(tuple(RateStep(cents(above), int(rate) * 100) for above, rate in steps))
    if steps := re.findall(r"(\d+) pieces pay (\d+)%", terms):
        return CountDiscount(tuple(CountDiscountStep(int(pieces), int(rate) * 100) for pieces, rate in steps))
    if steps := re.findall(r"(\d+) pieces − (\d+)", terms):
        rows = tuple(CountOffStep(int(pieces), cents(off)) for pieces, off in steps)
        return CountOff(rows, terms.startswith("every"), _at_most(terms))
    return None


def _by_pieces(layer: Layer, terms: str) -> Mechanic | None:
    limit = re.search(r", (\d+) times", terms)
    times = int(limit[1]) if limit else None
    if nth := re.match(r"piece (\d+) pay (\d+)%", terms):
        return NthPiece(int(nth[1]), int(nth[2]) * 100, times)
    if got := re.match(r"buy (\d+) get (\d+)", terms):
        return BuyGet(int(got[1]), int(got[2]), times)
    if some := re.match(r"any (\d+) for (\d+)", terms):
        return AnyBundle(int(some[1]), cents(some[2]), times)
    if whole := re.match(r"set (.+) for (\d+)", terms):
        parts = [part.split() for part in whole[1].split(" + ")]
        named = tuple(Part(part[-1], int(part[0]) if len(part) > 1 else 1) for part in parts)
        return SetBundle(named, cents(whole[2]), times)
    if added := re.match(r"from (\d+) add (.+) up to (\d+)", terms):
        choices = [choice.split() for choice in added[2].split(", ")]
        return AddonPurchase(
            cents(added[1]), tuple(AddonChoice(name, cents(price)) for name, price in choices), int(added[3])
        )
    return None


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
