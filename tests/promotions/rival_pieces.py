"""The rival's part for rates and pieces (R21 to R25): every piece is written out, and bundles are tried one by one."""

from fractions import Fraction
from math import floor

from laoke.promotions.engine import (
    AddonPurchase,
    AnyBundle,
    BuyGet,
    CountDiscount,
    CountOff,
    Line,
    Mechanic,
    NthPiece,
    SetBundle,
    ThresholdRate,
    WasNow,
)

Amounts = dict[str, int]
Piece = tuple[int, str, str]
"""Price, line and product."""


def named_products(mechanic: Mechanic) -> set[str] | None:
    """The products that a mechanic names itself."""
    if isinstance(mechanic, WasNow):
        return {one.product_id for one in mechanic.prices}
    if isinstance(mechanic, SetBundle):
        return {part.product_id for part in mechanic.parts}
    if isinstance(mechanic, AddonPurchase):
        return {choice.product_id for choice in mechanic.choices}
    return None


def promised(
    mechanic: Mechanic, covered: list[Line], unit: Amounts, bases: Amounts, counted: list[Line]
) -> tuple[int, Amounts]:
    """What comes off, and the weights by which it is split."""
    every = [
        (unit[line.line_id], line.line_id, line.product_id) for line in covered for _ in range(line.quantity)
    ]
    if isinstance(mechanic, CountOff):
        return _count_off(mechanic, len(every)), bases
    if isinstance(mechanic, (AnyBundle, SetBundle)):
        return _bundled(mechanic, every)
    taken = _cuts(mechanic, every, unit, counted)
    weights = {line.line_id: 0 for line in covered}
    for cents, line_id in taken:
        weights[line_id] += cents
    return sum(weights.values()), weights


def _count_off(mechanic: CountOff, count: int) -> int:
    if mechanic.repeating:
        off = count // mechanic.steps[0].pieces * mechanic.steps[0].off_cents
        return off if mechanic.cap_cents is None else min(off, mechanic.cap_cents)
    return max([0, *(step.off_cents for step in mechanic.steps if step.pieces <= count)])


def _paid(price: int, rate: int) -> int:
    return floor(price * Fraction(rate, 10000) + Fraction(1, 2))


def _cuts(
    mechanic: Mechanic, every: list[Piece], unit: Amounts, counted: list[Line]
) -> list[tuple[int, str]]:
    """What comes off single pieces."""
    cheapest = sorted(every, key=lambda piece: piece[:2])
    if isinstance(mechanic, ThresholdRate):
        total = sum(price for price, _line, _product in every)
        reached = [step.pay_bp for step in mechanic.steps if step.threshold_cents <= total]
        return [(price - _paid(price, rate), line) for rate in reached[-1:] for price, line, _ in every]
    if isinstance(mechanic, CountDiscount):
        reached = [step.pay_bp for step in mechanic.steps if step.pieces <= len(every)]
        return [(price - _paid(price, rate), line) for rate in reached[-1:] for price, line, _ in every]
    if isinstance(mechanic, NthPiece):
        times = min(len(every) // mechanic.nth, mechanic.most_times or len(every))
        return [(price - _paid(price, mechanic.pay_bp), line) for price, line, _ in cheapest[:times]]
    if isinstance(mechanic, BuyGet):
        times = min(len(every) // (mechanic.buy + mechanic.get), mechanic.most_times or len(every))
        return [(price, line) for price, line, _ in cheapest[: times * mechanic.get]]
    assert isinstance(mechanic, AddonPurchase)
    asked = {choice.product_id: choice.price_cents for choice in mechanic.choices}
    others = sum(unit[line.line_id] * line.quantity for line in counted if line.product_id not in asked)
    if others < mechanic.threshold_cents:
        return []
    saved = sorted((-max(0, price - asked[product]), line) for price, line, product in every)
    return [(-cents, line) for cents, line in saved[: mechanic.most_pieces]]


def _bundled(mechanic: AnyBundle | SetBundle, every: list[Piece]) -> tuple[int, Amounts]:
    """Bundles made one by one from the dearest pieces, while each is worth it."""
    left = sorted(every, key=lambda piece: (-piece[0], piece[1]))
    worth, weights, made = 0, {line: 0 for _price, line, _product in every}, 0
    while mechanic.most_times is None or made < mechanic.most_times:
        if isinstance(mechanic, AnyBundle):
            chosen = left[: mechanic.pieces]
            full = len(chosen) == mechanic.pieces
        else:
            chosen = [
                piece
                for part in mechanic.parts
                for piece in [one for one in left if one[2] == part.product_id][: part.pieces]
            ]
            full = len(chosen) == sum(part.pieces for part in mechanic.parts)
        cents = sum(price for price, _line, _product in chosen)
        if not full or cents <= mechanic.price_cents:
            break
        for piece in chosen:
            left.remove(piece)
            weights[piece[1]] += piece[0]
        worth, made = worth + cents - mechanic.price_cents, made + 1
    return worth, weights
