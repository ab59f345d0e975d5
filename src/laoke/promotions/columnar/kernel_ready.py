"""The compiled loop for plans with offers whose part was worked out before (`before`): everything else as in `kernel`.

A loop of its own, because the mere question whether something was worked out makes the plain loop a third slower.
"""

from typing import Any, NamedTuple

from laoke.promotions.columnar.kernel import (
    Answer,
    Baskets,
    Rules,
    Scratch,
    _best_set,
    _compiled,
    _make_scratch,
    _mark_conflicts,
    _offer_face,
    _take,
)


class Ready(NamedTuple):
    """What was worked out: item-level price, deposit per line; promises (those offers, baskets), weights by line.

    `row` says which row of the promises an offer has, −1 where the kernel works it out.
    """

    unit: Any
    deposit: Any
    promise: Any
    weight: Any
    row: Any


@_compiled
def _item_layer_done(basket: int, baskets: Baskets, answer: Answer, scratch: Scratch, ready: Ready) -> None:
    """R3: prices and winners are known; what is left is to add up."""
    first = baskets.offsets[basket]
    for line in range(first, baskets.offsets[basket + 1]):
        price, pieces, winner = ready.unit[line], baskets.quantity[line], answer.item_offer[line]
        scratch.unit[line - first] = price
        scratch.room[line - first] = price * pieces - ready.deposit[line]
        answer.line_base[line] = price * pieces
        if winner >= 0:
            answer.discount[winner, basket] += (baskets.unit_price[line] - price) * pieces


@_compiled
def _candidates_ready(
    layer: int, basket: int, baskets: Baskets, rules: Rules, answer: Answer, scratch: Scratch, ready: Ready
) -> int:
    """As `kernel._candidates`; to the kernel an offer whose promise is known is a rate."""
    count = 0
    first = baskets.offsets[basket]
    for offer in range(rules.layer_start[layer], rules.layer_start[layer + 1]):
        if not rules.eligible[offer, basket]:
            continue
        promised, free = _offer_face(offer, basket, baskets, rules, answer, scratch, count)
        row = ready.row[offer]
        if row >= 0:
            promised = ready.promise[row, basket]
            for i in range(baskets.offsets[basket + 1] - first):
                scratch.weight[count, i] = ready.weight[row, first + i]
        if promised >= 0:
            answer.reached[offer, basket] = True
        if promised > 0 and free > 0:
            scratch.offer[count], scratch.face[count], scratch.value[count] = (
                offer,
                promised,
                min(promised, free),
            )
            count += 1
    return count


@_compiled
def price_baskets(baskets: Baskets, rules: Rules, answer: Answer, ready: Ready, start: int, end: int) -> None:
    """As `kernel.price_baskets`, on what is ready."""
    scratch = _make_scratch(baskets, rules)
    for basket in range(start, end):
        _item_layer_done(basket, baskets, answer, scratch, ready)
        for layer in range(1, len(rules.one_per_order)):
            if rules.layer_start[layer] == rules.layer_start[layer + 1]:
                continue
            count = _candidates_ready(layer, basket, baskets, rules, answer, scratch, ready)
            if count > 1:
                _mark_conflicts(layer, basket, count, baskets, rules, scratch)
            chosen = _best_set(scratch.value, scratch.conflict, count)
            for slot in range(count):
                if (chosen >> slot) & 1:
                    _take(layer, slot, basket, baskets, rules, answer, scratch)
        first = baskets.offsets[basket]
        for line in range(first, baskets.offsets[basket + 1]):
            answer.line_payable[line] = scratch.room[line - first] + ready.deposit[line]
