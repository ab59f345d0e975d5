"""Prices millions of past baskets under the same offers, by the rules of docs/pricing.md.

The window of an offer is not tested: a backtest lets the past stand in for it (rule R17). Who an offer is open to
is a column that the caller gives; an offer that is not named is open to every basket.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from laoke.promotions.columnar.before import Before, work_before
from laoke.promotions.columnar.benefits import promise_benefits
from laoke.promotions.columnar.columns import BasketColumns, Ints
from laoke.promotions.columnar.giving import GOODS_LAYERS, give, moved
from laoke.promotions.columnar.plan import Plan, make_plan
from laoke.promotions.columnar.variants import gather, spread
from laoke.promotions.engine import EngineError, Layer, Offer, check_offers

Flags = npt.NDArray[np.bool_]
# A part of fewer baskets is priced sooner than a thread begins with it.
LEAST_BASKETS, MOST_PARTS = 20_000, 8


@dataclass(frozen=True, slots=True)
class PricedBaskets:
    """n baskets, m lines, k offers in pricing order. Cents, int64.

    `discount_cents` and `reached` are (k, n): what each offer took off each basket, and whether it was open and its
    threshold reached (it may still have lost to a better one). `item_offer` is the index of the winning item-level
    offer per line or −1. `line_share_cents` is (layers, m) in the order of `Layer`, or has no columns unless asked for.
    Payable is goods without postage; what gifts and benefits cost and what postage was taken off stands beside it, per
    basket, and `gift_pieces` per offer of gifts or benefits (its row) and basket.
    """

    offers: tuple[Offer, ...]
    payable_cents: Ints
    discount_cents: Ints
    reached: Flags
    line_base_cents: Ints
    line_payable_cents: Ints
    item_offer: npt.NDArray[np.int16]
    line_share_cents: Ints
    gift_cost_cents: Ints
    gift_cost_known: Flags
    postage_off_cents: Ints
    gift_pieces: Mapping[int, Ints]


def price_baskets(
    columns: BasketColumns,
    offers: Iterable[Offer],
    eligible: Mapping[str, Flags] | None = None,
    *,
    variant: Mapping[str, Ints] | None = None,
    spent: Mapping[str, Ints] | None = None,
    with_shares: bool = False,
) -> PricedBaskets:
    """Price every basket. `eligible[offer_id]` says to which baskets an offer is open (default: all).

    Of an offer with several prices `variant[offer_id]` numbers the one open to each basket (default: the lowest); of a
    level reward `spent[offer_id]` is what was spent before (default: each basket passes the level that costs most).
    Raises EngineError for offers that `check_offers` refuses and for an
    `eligible` that names an unknown offer or has the wrong length.
    """
    count, lines = columns.basket_count, columns.line_count
    asked = check_offers(offers)
    plain = spread(asked, eligible or {}, variant or {}, count)
    plan = make_plan(plain.offers, columns.product_ids, columns.categories)
    discount: Ints = np.zeros((len(plan.offers), count), dtype=np.int64)
    reached: Flags = np.zeros((len(plan.offers), count), dtype=np.bool_)
    line_base = np.zeros(lines, dtype=np.int64)
    line_payable = np.zeros(lines, dtype=np.int64)
    line_share = np.zeros((len(Layer), lines if with_shares else 0), dtype=np.int64)
    open_to = _eligible(plan, count, plain.eligible)
    before = work_before(columns, plan, open_to, reached)
    item_offer = np.full(lines, -1, dtype=np.int16) if before is None else before.item_offer
    answer = (line_base, line_payable, item_offer, line_share, discount, reached)
    _run(columns, plan, open_to, before, answer)
    given = give(columns, plan.offers, plan.covers, open_to, line_base, reached, discount)
    promise_benefits(columns, plan.offers, plan.covers, open_to, line_payable, spent or {}, given, reached)
    if plain.stands_for:
        rows = _rows(plan.offers, plain.stands_for, asked)
        discount, reached = gather(rows, discount, len(asked)), gather(rows, reached, len(asked))
        item_offer = np.append(rows, -1).astype(np.int16)[item_offer]
        given = moved(given, rows)
    return PricedBaskets(
        offers=asked,
        payable_cents=columns.basket_sums(line_payable),
        discount_cents=discount,
        reached=reached,
        line_base_cents=line_base,
        line_payable_cents=line_payable,
        item_offer=item_offer,
        line_share_cents=line_share,
        gift_cost_cents=given.gift_cost_cents,
        gift_cost_known=given.gift_cost_known,
        postage_off_cents=given.postage_off_cents,
        gift_pieces=given.gift_pieces,
    )


def _run(
    columns: BasketColumns, plan: Plan, open_to: Flags, before: Before | None, answer: tuple[Any, ...]
) -> None:
    """Price by the plain loop, or by the one for what was worked out before; `answer` is written."""
    from laoke.promotions.columnar import kernel, kernel_ready  # numba takes 0.3 s to import

    baskets = kernel.Baskets(
        _plain(columns.offsets, np.int64),
        _plain(columns.product, np.int32),
        _plain(columns.quantity, np.int64),
        _plain(columns.unit_price_cents, np.int64),
    )
    result = kernel.Answer(*answer)
    if before is None:
        rules = _rules(plan, plan.kind, open_to)
        _side_by_side(columns.basket_count, partial(kernel.price_baskets, baskets, rules, result))
        return
    rules = _rules(plan, before.kind, open_to)
    ready = kernel_ready.Ready(before.unit, before.deposit, before.promise, before.weight, before.row)
    _side_by_side(columns.basket_count, partial(kernel_ready.price_baskets, baskets, rules, result, ready))


def _side_by_side(count: int, price: Callable[[int, int], None]) -> None:
    """Price the baskets in as many parts as there are processors; each is by itself, and the loops are compiled."""
    parts = max(1, min(MOST_PARTS, os.cpu_count() or 1, count // LEAST_BASKETS))
    if parts == 1:
        price(0, count)
        return
    ends = [count * part // parts for part in range(parts + 1)]
    with ThreadPoolExecutor(parts) as pool:
        list(pool.map(price, ends[:-1], ends[1:]))


def _rules(plan: Plan, kind: Ints, open_to: Flags) -> Any:
    from laoke.promotions.columnar import kernel

    return kernel.Rules(
        plan.layer_start,
        plan.one_per_order[:GOODS_LAYERS],
        kind,
        plan.pay_bp,
        plan.cap_cents,
        plan.step_start,
        plan.threshold_cents,
        plan.off_cents,
        plan.covers,
        open_to,
    )


def _rows(plain: Sequence[Offer], stands_for: Mapping[str, str], asked: Sequence[Offer]) -> Ints:
    """For every plain offer the row of the one that it stands for."""
    places = {offer.offer_id: place for place, offer in enumerate(asked)}
    return np.array([places[stands_for.get(offer.offer_id, offer.offer_id)] for offer in plain], np.int64)


def _plain(column: npt.NDArray[Any], kind: type[np.signedinteger[Any]]) -> npt.NDArray[Any]:
    """The column as the one kind of array the kernel is compiled for; Arrow's read-only views would compile it anew."""
    return np.require(column, dtype=kind, requirements=["C", "W"])


def _eligible(plan: Plan, count: int, eligible: Mapping[str, Flags]) -> Flags:
    """The (offers, baskets) matrix of who may use what."""
    unknown = set(eligible) - {offer.offer_id for offer in plan.offers}
    if unknown:
        raise EngineError("unknown_offer", "eligible", offer_id=min(unknown))
    matrix = np.ones((len(plan.offers), count), dtype=np.bool_)
    for row, offer in enumerate(plan.offers):
        if offer.offer_id in eligible:
            flags = np.asarray(eligible[offer.offer_id], dtype=np.bool_)
            if flags.shape != (count,):
                raise EngineError("unequal_length", "eligible", offer_id=offer.offer_id, expected=count)
            matrix[row] = flags
    return matrix
