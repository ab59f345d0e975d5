"""The compiled loop over baskets: the rules of docs/pricing.md on plain numbers.

This is the engine's calculation written a second time, one function per rule, so that millions of baskets take
seconds. It is compiled on first use (6 to 10 s) and then cached; import this module only where baskets are priced. The
property test in tests/promotions holds it equal to `engine.quote`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit

from laoke.promotions.columnar.kinds import PERCENT, REPEATING

Function = TypeVar("Function", bound=Callable[..., Any])


def _compiled(function: Function) -> Function:
    """njit with the type of the function kept; inlined, since passing the tuples costs more than the rules (×2)."""
    return cast(Function, njit(cache=True, nogil=True, error_model="numpy", inline="always")(function))


class Baskets(NamedTuple):
    """The columns to price, as in `BasketColumns`."""

    offsets: Any
    product: Any
    quantity: Any
    unit_price: Any


class Rules(NamedTuple):
    """The offers, as in `Plan`; `eligible` is (offers, baskets)."""

    layer_start: Any
    one_per_order: Any
    kind: Any
    pay_bp: Any
    cap: Any
    step_start: Any
    threshold: Any
    off: Any
    covers: Any
    eligible: Any


class Answer(NamedTuple):
    """The arrays that are written, as in `PricedBaskets`; `line_share` has no columns when shares are not wanted."""

    line_base: Any
    line_payable: Any
    item_offer: Any
    line_share: Any
    discount: Any
    reached: Any


class Scratch(NamedTuple):
    """Working space for one basket: per line, and per candidate of a layer."""

    unit: Any
    room: Any
    own_room: Any
    share: Any
    part: Any
    weight: Any
    offer: Any
    face: Any
    value: Any
    conflict: Any


@_compiled
def _pay(price: int, pay_bp: int) -> int:
    """R3: half up, as money.pay_cents for amounts that are not negative."""
    return (2 * price * pay_bp + 10_000) // 20_000


@_compiled
def _split(total: int, weight: Any, room: Any, part: Any, count: int) -> None:
    """R10: total over the lines with room by weight (or by room, when none of those has weight), into `part`."""
    whole = 0
    for i in range(count):
        if room[i] > 0:
            whole += weight[i]
    by_room = whole == 0
    if by_room:
        for i in range(count):
            whole += room[i]
    largest, most, given = -1, -1, 0
    for i in range(count):
        own = 0
        if room[i] > 0:
            own = room[i] if by_room else weight[i]
        part[i] = total * own // whole
        given += part[i]
        if own > most:
            largest, most = i, own
    part[largest] += total - given


@_compiled
def _allocate(face: int, weight: Any, room: Any, share: Any, part: Any, count: int) -> None:
    """R11: `face` over `count` lines, none above its room; `room` shrinks, `share` is what each line bears."""
    left = 0
    for i in range(count):
        share[i] = 0
        left += room[i]
    left = min(left, face)
    while left > 0:
        _split(left, weight, room, part, count)
        for i in range(count):
            taken = min(part[i], room[i])
            share[i] += taken
            room[i] -= taken
            left -= taken


@_compiled
def _best_set(value: Any, conflict: Any, count: int) -> int:
    """R7: the mask of candidates without conflict that takes most; of equals the fewest, then the lowest mask."""
    if count < 2:
        return count
    best, best_value, best_size = 0, 0, 0
    for mask in range(1, 1 << count):
        total, size, allowed = 0, 0, True
        for j in range(count):
            if (mask >> j) & 1:
                allowed = allowed and conflict[j] & mask == 0
                total += value[j]
                size += 1
        if allowed and (total > best_value or (total == best_value and size < best_size)):
            best, best_value, best_size = mask, total, size
    return best


@_compiled
def _item_layer(basket: int, baskets: Baskets, rules: Rules, answer: Answer, scratch: Scratch) -> None:
    """R3: the lowest price per piece on each line."""
    first = baskets.offsets[basket]
    for line in range(first, baskets.offsets[basket + 1]):
        listed, pieces = baskets.unit_price[line], baskets.quantity[line]
        price, winner = listed, -1
        for offer in range(rules.layer_start[1]):
            if rules.eligible[offer, basket] and rules.covers[offer, baskets.product[line]]:
                answer.reached[offer, basket] = True
                candidate = _pay(listed, rules.pay_bp[offer])
                if candidate < price:
                    price, winner = candidate, offer
        scratch.unit[line - first] = price
        scratch.room[line - first] = price * pieces
        answer.line_base[line] = price * pieces
        answer.item_offer[line] = winner
        if winner >= 0:
            answer.discount[winner, basket] += (listed - price) * pieces


@_compiled
def _promise(offer: int, scope: int, rules: Rules) -> int:
    """R5, R6, R8: what a 满减 or coupon promises on the sum `scope`; −1 when its threshold is not reached."""
    start, stop = rules.step_start[offer], rules.step_start[offer + 1]
    if scope < rules.threshold[start]:
        return -1
    promised: int = 0
    if rules.kind[offer] == REPEATING:
        promised = scope // rules.threshold[start] * rules.off[start]
        if rules.cap[offer] >= 0:
            promised = min(promised, rules.cap[offer])
        return promised
    step = start
    while step + 1 < stop and rules.threshold[step + 1] <= scope:
        step += 1
    promised = rules.off[step]
    return promised


@_compiled
def _offer_face(
    offer: int, basket: int, baskets: Baskets, rules: Rules, answer: Answer, scratch: Scratch, slot: int
) -> tuple[int, int]:
    """R4, R9: (promise, what is payable in scope) of one offer, its weights in `slot`; promise −1 when not reached."""
    first = baskets.offsets[basket]
    scope, free, cuts, covered = 0, 0, 0, False
    percent = rules.kind[offer] == PERCENT
    for i in range(baskets.offsets[basket + 1] - first):
        line = first + i
        scratch.weight[slot, i] = 0
        if not rules.covers[offer, baskets.product[line]]:
            continue
        covered = True
        scope += answer.line_base[line]
        free += scratch.room[i]
        scratch.weight[slot, i] = answer.line_base[line]
        if percent:
            unit = scratch.unit[i]
            scratch.weight[slot, i] = (unit - _pay(unit, rules.pay_bp[offer])) * baskets.quantity[line]
            cuts += scratch.weight[slot, i]
    if not covered:
        return -1, 0
    return cuts if percent else _promise(offer, scope, rules), free


@_compiled
def _candidates(
    layer: int, basket: int, baskets: Baskets, rules: Rules, answer: Answer, scratch: Scratch
) -> int:
    """Fill the scratch with the offers of a layer that could take something; how many there are."""
    count = 0
    for offer in range(rules.layer_start[layer], rules.layer_start[layer + 1]):
        if not rules.eligible[offer, basket]:
            continue
        promised, free = _offer_face(offer, basket, baskets, rules, answer, scratch, count)
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
def _mark_conflicts(
    layer: int, basket: int, count: int, baskets: Baskets, rules: Rules, scratch: Scratch
) -> None:
    """R7, R8: which candidates cannot stand beside each other."""
    for j in range(count):
        scratch.conflict[j] = 0
        for other in range(count):
            if other == j:
                continue
            clash = rules.one_per_order[layer]
            for line in range(baskets.offsets[basket], baskets.offsets[basket + 1]):
                number = baskets.product[line]
                clash = clash or (
                    rules.covers[scratch.offer[j], number] and rules.covers[scratch.offer[other], number]
                )
            if clash:
                scratch.conflict[j] |= 1 << other


@_compiled
def _take(
    layer: int, slot: int, basket: int, baskets: Baskets, rules: Rules, answer: Answer, scratch: Scratch
) -> None:
    """R10, R11: split the discount of a chosen candidate over its lines."""
    first = baskets.offsets[basket]
    size = baskets.offsets[basket + 1] - first
    offer = scratch.offer[slot]
    for i in range(size):
        covered = rules.covers[offer, baskets.product[first + i]]
        scratch.own_room[i] = scratch.room[i] if covered else 0
    _allocate(scratch.face[slot], scratch.weight[slot], scratch.own_room, scratch.share, scratch.part, size)
    answer.discount[offer, basket] = scratch.value[slot]
    for i in range(size):
        scratch.room[i] -= scratch.share[i]
        if answer.line_share.shape[1] > 0:
            answer.line_share[layer, first + i] += scratch.share[i]


@_compiled
def _make_scratch(baskets: Baskets, rules: Rules) -> Scratch:
    """Working space for the longest basket and the fullest layer."""
    lines, slots = 1, 1
    for basket in range(len(baskets.offsets) - 1):
        lines = max(lines, baskets.offsets[basket + 1] - baskets.offsets[basket])
    for layer in range(1, len(rules.one_per_order)):
        slots = max(slots, rules.layer_start[layer + 1] - rules.layer_start[layer])
    return Scratch(
        np.zeros(lines, np.int64),
        np.zeros(lines, np.int64),
        np.zeros(lines, np.int64),
        np.zeros(lines, np.int64),
        np.zeros(lines, np.int64),
        np.zeros((slots, lines), np.int64),
        np.zeros(slots, np.int64),
        np.zeros(slots, np.int64),
        np.zeros(slots, np.int64),
        np.zeros(slots, np.int64),
    )


@_compiled
def price_baskets(baskets: Baskets, rules: Rules, answer: Answer, start: int, end: int) -> None:
    """Price the baskets from `start` to before `end` by the layers in order (R2), writing their places of `answer`."""
    scratch = _make_scratch(baskets, rules)
    for basket in range(start, end):
        _item_layer(basket, baskets, rules, answer, scratch)
        for layer in range(1, len(rules.one_per_order)):
            if rules.layer_start[layer] == rules.layer_start[layer + 1]:
                continue
            count = _candidates(layer, basket, baskets, rules, answer, scratch)
            if count > 1:
                _mark_conflicts(layer, basket, count, baskets, rules, scratch)
            chosen = _best_set(scratch.value, scratch.conflict, count)
            for slot in range(count):
                if (chosen >> slot) & 1:
                    _take(layer, slot, basket, baskets, rules, answer, scratch)
        first = baskets.offsets[basket]
        for line in range(first, baskets.offsets[basket + 1]):
            answer.line_payable[line] = scratch.room[line - first]
