"""What an order-level offer promises by rate ladders and pieces, compiled: rules R21 to R25 on plain numbers.

Worked out before the kernel runs and only where a shop has such an offer, so that the kernel stays as quick as it is.
"""

from typing import Any

import numpy as np
from numba import njit

from laoke.promotions.columnar.kinds import (
    ADDON,
    ANY_BUNDLE,
    CHEAPEST,
    COUNT_PERCENT,
    COUNT_REPEATING,
    COUNT_STEPS,
    PERCENT_STEPS,
    SET_BUNDLE,
)

compiled = njit(cache=True, nogil=True, error_model="numpy")


@compiled
def _pay(price: int, pay_bp: int) -> int:
    return (2 * price * pay_bp + 10_000) // 20_000


@compiled
def _rate(pay_bp: int, covered: Any, unit: Any, pieces: Any, weight: Any) -> int:
    """R9: a rate on every covered line; what comes off together."""
    cuts = 0
    for i in range(len(unit)):
        weight[i] = (unit[i] - _pay(unit[i], pay_bp)) * pieces[i] if covered[i] else 0
        cuts += weight[i]
    return cuts


@compiled
def _step(measure: int, threshold: Any) -> int:
    """The highest step that is reached, −1 when none is."""
    step = -1
    while step + 1 < len(threshold) and threshold[step + 1] <= measure:
        step += 1
    return step


@compiled
def _by_key(key: Any, covered: Any) -> Any:
    """Covered lines by rising key, equals in the order of their ids."""
    order = np.empty(len(key), np.int64)
    count = 0
    for i in range(len(key)):
        if not covered[i]:
            continue
        place = count
        while place > 0 and key[order[place - 1]] > key[i]:
            order[place] = order[place - 1]
            place -= 1
        order[place] = i
        count += 1
    return order[:count]


@compiled
def _cheapest(free: int, pay_bp: int, covered: Any, unit: Any, pieces: Any, weight: Any) -> int:
    """R23: the `free` cheapest pieces are paid at a rate."""
    cuts, left = 0, free
    for i in _by_key(unit, covered):
        taken = min(left, pieces[i])
        weight[i] = (unit[i] - _pay(unit[i], pay_bp)) * taken
        cuts += weight[i]
        left -= taken
    return cuts


@compiled
def _bundles(
    order: Any, start: Any, need: Any, whole: int, price: int, unit: Any, pieces: Any, weight: Any
) -> int:
    """R24: fill bundles from the stacks `order[start[s]:start[s + 1]]` until one is not worth it."""
    stacks = len(need)
    place, used = start[:-1].copy(), np.zeros(stacks, np.int64)
    part = np.zeros(len(unit), np.int64)
    made, worth = 0, 0
    while made < whole:
        alike = whole - made
        for s in range(stacks):
            alike = min(alike, (pieces[order[place[s]]] - used[s]) // need[s])
        count = max(1, alike)
        cents = 0
        part[:] = 0
        for s in range(stacks):
            left = need[s] * count
            while left > 0:
                i = order[place[s]]
                now = min(left, pieces[i] - used[s])
                part[i] += unit[i] * now
                cents += unit[i] * now
                left -= now
                used[s] += now
                if used[s] == pieces[i]:
                    place[s] += 1
                    used[s] = 0
        if cents <= price * count:
            break
        for i in range(len(unit)):
            weight[i] += part[i]
        made += count
        worth += cents - price * count
    return worth


@compiled
def _any_bundle(need: int, whole: int, price: int, covered: Any, unit: Any, pieces: Any, weight: Any) -> int:
    order = _by_key(-unit, covered)
    start = np.array([0, len(order)])
    return _bundles(order, start, np.array([need]), whole, price, unit, pieces, weight)


@compiled
def _set_bundle(
    parts: int,
    most: int,
    price: int,
    covered: Any,
    product: Any,
    need_of: Any,
    unit: Any,
    pieces: Any,
    weight: Any,
) -> int:
    """R24 for whole sets; −1 when a product of the set is missing."""
    dearest = _by_key(-unit, covered)
    order, start = np.empty(len(dearest), np.int64), np.zeros(parts + 1, np.int64)
    need, found, filled = np.zeros(parts, np.int64), 0, 0
    whole = -1
    for first in dearest:
        known = False
        for s in range(found):
            known = known or product[order[start[s]]] == product[first]
        if known:
            continue
        have = 0
        for i in dearest:
            if product[i] == product[first]:
                order[filled] = i
                filled += 1
                have += pieces[i]
        need[found] = need_of[product[first]]
        sets = have // need[found]
        whole = sets if whole < 0 else min(whole, sets)
        found += 1
        start[found] = filled
    if found < parts or whole < 1:
        return -1
    if most >= 0:
        whole = min(whole, most)
    return _bundles(order, start, need, whole, price, unit, pieces, weight)


@compiled
def _addon(most: int, asked: Any, covered: Any, product: Any, unit: Any, pieces: Any, weight: Any) -> int:
    """R25: the choices on which most is saved, at their prices."""
    saved = np.zeros(len(unit), np.int64)
    for i in range(len(unit)):
        if covered[i]:
            saved[i] = max(0, unit[i] - asked[product[i]])
    off, left = 0, most
    for i in _by_key(-saved, covered):
        taken = min(left, pieces[i])
        weight[i] = saved[i] * taken
        off += weight[i]
        left -= taken
    return off


@compiled
def _promise(
    kind: int, terms: Any, threshold: Any, off: Any, products: Any, covered: Any, product: Any, unit: Any,
    pieces: Any, weight: Any,
) -> int:  # fmt: skip
    """What the offer promises, −1 when it is not reached. `weight` (one per line of the basket) is filled.

    `terms` are (rate, group, cut or parts, most times, price); `products` the offer's figures by product.
    """
    rate, group, cut, most, price = terms[0], terms[1], terms[2], terms[3], terms[4]
    cents, count = 0, 0
    for i in range(len(unit)):
        weight[i] = 0
        if covered[i]:
            cents += unit[i] * pieces[i]
            count += pieces[i]
    if kind in (PERCENT_STEPS, COUNT_PERCENT):
        step = _step(cents if kind == PERCENT_STEPS else count, threshold)
        return -1 if step < 0 else _rate(off[step], covered, unit, pieces, weight)
    if kind in (COUNT_STEPS, COUNT_REPEATING):
        for i in range(len(unit)):
            weight[i] = unit[i] * pieces[i] if covered[i] else 0
        if kind == COUNT_STEPS:
            step = _step(count, threshold)
            return -1 if step < 0 else off[step]
        if count < threshold[0]:
            return -1
        promised = count // threshold[0] * off[0]
        return promised if price < 0 else min(promised, price)
    if kind == SET_BUNDLE:
        return _set_bundle(cut, most, price, covered, product, products, unit, pieces, weight)
    if kind == ADDON:
        counted = 0
        for i in range(len(unit)):
            if products[product[i]] == -1:
                counted += unit[i] * pieces[i]
        return (
            -1 if counted < threshold[0] else _addon(most, products, covered, product, unit, pieces, weight)
        )
    times = count // group
    if most >= 0:
        times = min(times, most)
    if times == 0:
        return -1
    if kind == CHEAPEST:
        return _cheapest(times * cut, rate, covered, unit, pieces, weight)
    return _any_bundle(group, times, price, covered, unit, pieces, weight) if kind == ANY_BUNDLE else -1


@compiled
def prepare(
    kind: int, terms: Any, threshold: Any, off: Any, products: Any, covers: Any, offsets: Any, product: Any, unit: Any,
    quantity: Any, ready: Any, weight: Any,
) -> None:  # fmt: skip
    """One offer's promise for every basket into `ready` (−1 = not reached), its weights for every line into `weight`.

    `covers` and `products` are the offer's by product, `unit` the item-level price per line.
    """
    for basket in range(len(offsets) - 1):
        first, stop = offsets[basket], offsets[basket + 1]
        covered = covers[product[first:stop]]
        ready[basket] = -1
        if covered.any():
            ready[basket] = _promise(
                kind,
                terms,
                threshold,
                off,
                products,
                covered,
                product[first:stop],
                unit[first:stop],
                quantity[first:stop],
                weight[first:stop],
            )
