"""A slow pricer written from docs/pricing.md alone, as a rival to the engine: fractions and all subsets.

It shares no code with the engine beyond the values and knows only what is payable per line.
"""

from datetime import datetime
from fractions import Fraction
from itertools import chain, combinations
from math import floor

from laoke.promotions.engine import (
    AmountOff,
    Basket,
    Buyer,
    DepositExpansion,
    EarlyBird,
    FixedPrice,
    FlashSale,
    GroupBuy,
    Layer,
    Line,
    Mechanic,
    MemberPrice,
    MoreCheaper,
    Offer,
    PercentOff,
    ShopCoupon,
    ThresholdDiscount,
    WasNow,
)
from tests.promotions import rival_pieces as pieces

Amounts = dict[str, int]


def payable_by_line(basket: Basket, offers: tuple[Offer, ...], at: datetime) -> Amounts:
    """What each line costs, by line id."""
    open_to_buyer = [offer for offer in offers if is_open(offer, basket, at)]
    lines = {line.line_id: line for line in basket.lines}
    best = {line_id: _best_unit_price(line, open_to_buyer, basket, at) for line_id, line in lines.items()}
    unit = {line_id: price for line_id, (price, _deposit) in best.items()}
    base = {line_id: unit[line_id] * line.quantity for line_id, line in lines.items()}
    paid_before = {line_id: best[line_id][1] * line.quantity for line_id, line in lines.items()}
    left = {line_id: base[line_id] - paid_before[line_id] for line_id in lines}
    for layer in [layer for layer in list(Layer)[1:] if layer not in ("gift", "postage", "benefit")]:
        rivals = sorted(
            (offer for offer in open_to_buyer if offer.layer == layer), key=lambda offer: offer.offer_id
        )
        left = _apply_best(layer, rivals, lines, unit, base, left)
    return {line_id: left[line_id] + paid_before[line_id] for line_id in lines}


def is_open(offer: Offer, basket: Basket, at: datetime) -> bool:
    """R13."""
    buyer = basket.buyer
    if offer.window.start and at < offer.window.start:
        return False
    if offer.window.end and at >= offer.window.end:
        return False
    if isinstance(offer.mechanic, MemberPrice) and not _levels(offer.mechanic, buyer):
        return False
    if isinstance(offer.mechanic, EarlyBird) and at >= offer.mechanic.steps[-1].until:
        return False
    if isinstance(offer.mechanic, FlashSale):
        dearer = [line for line in basket.lines if line.unit_price_cents > offer.mechanic.price_cents]
        wanted = sum(line.quantity for line in dearer if _covers(offer, line))
        if wanted and wanted + basket.taken.get(offer.offer_id, 0) > offer.mechanic.stock:
            return False
    if not _together(offer, basket, at):
        return False
    if offer.audience == "first_order" and not buyer.first_order:
        return False
    if offer.audience == "old_customer" and buyer.first_order:
        return False
    if offer.audience not in ("", "first_order", "old_customer") and offer.audience not in buyer.groups:
        return False
    if (
        isinstance(offer.mechanic, ShopCoupon)
        and offer.mechanic.must_hold
        and offer.offer_id not in buyer.held_coupons
    ):
        return False
    return offer.limits.per_person is None or buyer.used.get(offer.offer_id, 0) < offer.limits.per_person


def _together(offer: Offer, basket: Basket, at: datetime) -> bool:
    """R31, R32, R33: the deposit, the group, the buyers."""
    mechanic, buyer, came = offer.mechanic, basket.buyer, basket.taken.get(offer.offer_id, 0)
    if isinstance(mechanic, DepositExpansion) and at >= mechanic.deposit_until:
        wanted = sum(
            line.quantity
            for line in basket.lines
            if _covers(offer, line) and _asked(mechanic, line) < line.unit_price_cents
        )
        paid = buyer.deposits.get(offer.offer_id, 0)
        return at >= mechanic.balance_from and paid > 0 and paid >= wanted
    if isinstance(mechanic, GroupBuy):
        return offer.offer_id in buyer.joined and came < mechanic.people
    return not isinstance(mechanic, MoreCheaper) or _buyers(offer, basket) >= mechanic.steps[0].buyers


def _buyers(offer: Offer, basket: Basket) -> int:
    """R33: each buyer once, the one of this order among them."""
    others = basket.taken.get(offer.offer_id, 0) - (basket.buyer.used.get(offer.offer_id, 0) > 0)
    return max(0, others) + 1


def _levels(mechanic: MemberPrice, buyer: Buyer) -> list[int]:
    return [level.pay_bp for level in mechanic.levels if level.group in buyer.groups]


def _half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def _covers(offer: Offer, line: Line) -> bool:
    """Whether the offer may take something off the line."""
    named = pieces.named_products(offer.mechanic)
    if named is not None:
        return line.product_id in named and line.product_id not in offer.scope.excluded_product_ids
    return _in_scope(offer, line)


def _in_scope(offer: Offer, line: Line) -> bool:
    scope = offer.scope
    named = bool(scope.product_ids | scope.categories)
    chosen = line.product_id in scope.product_ids or line.category in scope.categories
    return line.product_id not in scope.excluded_product_ids and (chosen or not named)


def _best_unit_price(line: Line, offers: list[Offer], basket: Basket, at: datetime) -> tuple[int, int]:
    """R3: the price of a piece, and how much of it is a deposit (R31)."""
    asked = [
        (_asked(_now(offer, basket, at), line), offer.offer_id, offer.mechanic)
        for offer in offers
        if offer.layer == "item" and _covers(offer, line)
    ]
    price, _offer_id, mechanic = min(
        [(line.unit_price_cents, "", None), *asked], key=lambda one: (one[0], one[1])
    )
    return price, mechanic.deposit_cents if isinstance(mechanic, DepositExpansion) else 0


def _now(offer: Offer, basket: Basket, at: datetime) -> Mechanic:
    """The plain price of an open offer."""
    mechanic, buyer = offer.mechanic, basket.buyer
    if isinstance(mechanic, MoreCheaper):
        buyers = _buyers(offer, basket)
        return PercentOff(min(step.pay_bp for step in mechanic.steps if step.buyers <= buyers))
    if isinstance(mechanic, MemberPrice):
        return PercentOff(min(_levels(mechanic, buyer)))
    if isinstance(mechanic, EarlyBird):
        return PercentOff(min(step.pay_bp for step in mechanic.steps if at < step.until))
    return FixedPrice(mechanic.price_cents) if isinstance(mechanic, FlashSale) else mechanic


def _asked(mechanic: Mechanic, line: Line) -> int:
    listed = line.unit_price_cents
    if isinstance(mechanic, PercentOff):
        return _half_up(listed * Fraction(mechanic.pay_bp, 10000))
    if isinstance(mechanic, AmountOff):
        return listed - mechanic.off_cents if listed > mechanic.off_cents else listed
    if isinstance(mechanic, FixedPrice | GroupBuy):
        return mechanic.price_cents
    if isinstance(mechanic, DepositExpansion):
        takes_part = listed > mechanic.counts_cents and mechanic.deposit_cents <= Fraction(listed, 5)
        return listed - mechanic.counts_cents + mechanic.deposit_cents if takes_part else listed
    assert isinstance(mechanic, WasNow)
    return {one.product_id: one.price_cents for one in mechanic.prices}[line.product_id]


def _apply_best(
    layer: Layer, rivals: list[Offer], lines: dict[str, Line], unit: Amounts, base: Amounts, left: Amounts
) -> Amounts:
    """R7, R8: every allowed set of the layer's offers is applied to a copy; the cheapest outcome stays."""
    ranked = []
    subsets = chain.from_iterable(combinations(rivals, size) for size in range(len(rivals) + 1))
    for subset in subsets:
        if not _allowed(layer, subset, lines):
            continue
        outcome = dict(left)
        for offer in subset:
            outcome = _apply(offer, lines, unit, base, outcome)
        latest_first = tuple(offer in subset for offer in reversed(rivals))
        ranked.append((sum(outcome.values()), len(subset), latest_first, outcome))
    return min(ranked, key=lambda entry: entry[:3])[3]


def _allowed(layer: Layer, subset: tuple[Offer, ...], lines: dict[str, Line]) -> bool:
    if layer in ("coupon", "category_coupon"):
        return len(subset) <= 1
    return all(sum(_covers(offer, line) for offer in subset) <= 1 for line in lines.values())


def _apply(offer: Offer, lines: dict[str, Line], unit: Amounts, base: Amounts, left: Amounts) -> Amounts:
    covered = sorted(line_id for line_id, line in lines.items() if _covers(offer, line))
    mechanic = offer.mechanic
    weights = {line_id: base[line_id] for line_id in covered}
    total = sum(weights.values())
    if isinstance(mechanic, PercentOff):
        rate = Fraction(mechanic.pay_bp, 10000)
        weights = {
            name: lines[name].quantity * (unit[name] - _half_up(unit[name] * rate)) for name in covered
        }
        off = sum(weights.values())
    elif isinstance(mechanic, ShopCoupon):
        off = mechanic.face_cents if total >= mechanic.threshold_cents else 0
    elif not isinstance(mechanic, ThresholdDiscount):
        others = [line_id for line_id, line in lines.items() if _in_scope(offer, line)]
        off, weights = pieces.promised(
            mechanic, [lines[name] for name in covered], unit, weights, [lines[name] for name in others]
        )
    else:
        off = _amount_off(mechanic, total)
    return _spread(off, covered, weights, left)


def _amount_off(mechanic: ThresholdDiscount, total: int) -> int:
    """R5, R6."""
    off = 0
    if mechanic.repeating:
        reached = mechanic.steps[0].threshold_cents
        while reached <= total:
            off += mechanic.steps[0].off_cents
            reached += mechanic.steps[0].threshold_cents
        return off if mechanic.cap_cents is None else min(off, mechanic.cap_cents)
    for step in mechanic.steps:
        if total >= step.threshold_cents:
            off = step.off_cents
    return off


def _spread(off: int, covered: list[str], weights: Amounts, left: Amounts) -> Amounts:
    """R10, R11, with fractions and round after round."""
    result = dict(left)
    while off > 0 and any(result[line_id] for line_id in covered):
        roomy = [line_id for line_id in covered if result[line_id] > 0]
        shares = {line_id: Fraction(weights[line_id]) for line_id in roomy}
        if not any(shares.values()):
            shares = {line_id: Fraction(result[line_id]) for line_id in roomy}
        amount = min(off, sum(result[line_id] for line_id in roomy))
        parts = {line_id: floor(amount * share / sum(shares.values())) for line_id, share in shares.items()}
        heaviest = next(line_id for line_id in roomy if shares[line_id] == max(shares.values()))
        parts[heaviest] += amount - sum(parts.values())
        for line_id, part in parts.items():
            taken = min(part, result[line_id])
            result[line_id] -= taken
            off -= taken
    return result
