"""What is in each order and what it costs, to the cent: lines, item prices, discounts, postage, shares of lines.

Baskets are arrays of orders × 4 lines with a quantity of 0 where an order has fewer. Discounts follow the layers
of Tmall with parallel thresholds: shop step, coupon and platform step all look at the sum of item prices. Each is
shared over the lines in proportion, floored, and the cents left over go to the dearest line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from laoke.intake.demo.buying import Purchases, fake_mask
from laoke.intake.demo.draws import Bools, Draws, Ints
from laoke.intake.demo.goods import RANGES, SKUS, TASTES, Goods, choose
from laoke.intake.demo.seasons import EVENTS, Calendar

LINES = 4
FREE_POSTAGE_FROM = 9900
COUPONS = ((19900, 1000), (29900, 2000), (59900, 5000))  # spend, off (cents)
_LINE_COUNTS = (0.66, 0.22, 0.085, 0.035)
_LINE_COUNTS_ON_SALE = (0.50, 0.29, 0.14, 0.07)
_DEPOSIT_PERCENT = 10


@dataclass(frozen=True)
class Baskets:
    """Lines (orders × 4) and money of a run of orders in cents; `due` is what each line costs after discounts."""

    product: Ints
    variant: Ints
    quantity: Ints
    unit: Ints
    due: Ints
    goods: Ints
    seller_discount: Ints
    platform_discount: Ints
    postage: Ints
    deposit: Ints
    coupon: Bools

    @property
    def used(self) -> Bools:
        return self.quantity > 0

    @property
    def total(self) -> Ints:
        return self.goods - self.seller_discount - self.platform_discount + self.postage


def baskets(draws: Draws, days: Calendar, goods: Goods, placed: Purchases, first: int) -> Baskets:
    """Fill the orders of `placed`, which are number `first` and following of the whole."""
    index = first + np.arange(len(placed))
    fake = fake_mask(placed)
    # A presale is priced by the day its balance is due.
    day = days.day_of(np.where(placed.balance > 0, placed.balance, placed.created))
    product, quantity = _lines(draws, days, goods, placed, index, day)
    unit = _unit_prices(days, goods, product, day) * (quantity > 0)
    line_index = index[:, None] * LINES + np.arange(LINES)
    variant = draws.integers("variant", line_index, SKUS)
    base = unit * quantity
    sum_of_items = base.sum(axis=1)
    seller, platform, coupon = _discounts(draws, days, placed.buyer, index, day, sum_of_items, fake)
    due = base - _shares(seller, base) - _shares(platform, base)
    postage = np.where(sum_of_items >= FREE_POSTAGE_FROM, 0, 800)
    total = sum_of_items - seller - platform + postage
    deposit = np.where(placed.balance > 0, total * _DEPOSIT_PERCENT // 100 // 100 * 100, 0)
    return Baskets(
        product, variant, quantity, unit, due, sum_of_items, seller, platform, postage, deposit, coupon
    )


def _lines(
    draws: Draws, days: Calendar, goods: Goods, placed: Purchases, index: Ints, day: Ints
) -> tuple[Ints, Ints]:
    month = days.month_number[days.day_of(placed.created)]
    taste = draws.integers("taste of buyer", placed.buyer, TASTES)
    product = np.empty((len(index), LINES), dtype=np.int64)
    row = month * TASTES + taste
    product[:, 0] = choose(goods.first_choice, row, draws.uniform("product 0", index), len(goods))
    fake = fake_mask(placed)
    if fake.any():
        # A burst pushes one product that few people want.
        weak = np.argsort(goods.popularity, kind="stable")[: len(goods) // 3]
        weak = weak[goods.listed_seconds[weak] < days.start_seconds]
        product[fake, 0] = weak[draws.integers("burst product", placed.burst[fake], len(weak))]
    row = month * len(RANGES) + goods.category[product[:, 0]]
    for line in range(1, LINES):
        product[:, line] = choose(goods.next_choice, row, draws.uniform(f"product {line}", index), len(goods))
    return product, _quantities(draws, days, goods, product, index, day, fake)


def _quantities(
    draws: Draws, days: Calendar, goods: Goods, product: Ints, index: Ints, day: Ints, fake: Bools
) -> Ints:
    """Pieces by line, 0 = no such line; a product never stands in two lines of one order."""
    calm = draws.weighted("lines", index, _LINE_COUNTS)
    sale = draws.weighted("lines", index, _LINE_COUNTS_ON_SALE)
    last = np.where(fake, 0, np.where(days.event[day] >= 0, sale, calm))
    there = np.arange(LINES)[None, :] <= last[:, None]
    for line in range(1, LINES):
        there[:, line] &= (product[:, :line] != product[:, line : line + 1]).all(axis=1)
    line_index = index[:, None] * LINES + np.arange(LINES)
    several = draws.uniform("several", line_index) < goods.several[product]
    pieces = np.where(several, 2 + (draws.uniform("pieces", line_index) ** 3 * 3).astype(np.int64), 1)
    return np.where(there, np.where(fake[:, None], 1, pieces), 0)


def _unit_prices(days: Calendar, goods: Goods, product: Ints, day: Ints) -> Ints:
    """The usual price, or the sale price rounded to whole yuan while an event's offers hold."""
    permille = np.array([*(event.price_permille for event in EVENTS), 1000])[days.event[day]]
    return goods.usual_cents[product] * permille[:, None] // 100_000 * 100


def _discounts(
    draws: Draws, days: Calendar, buyer: Ints, index: Ints, day: Ints, spent: Ints, fake: Bools
) -> tuple[Ints, Ints, Bools]:
    event = days.event[day]
    steps: npt.NDArray[np.int64] = np.array(
        [(*e.shop_step, *e.platform_step) for e in EVENTS] + [(1, 0, 1, 0)]
    )
    shop_from, shop_off, platform_every, platform_off = steps[event].T
    shop = np.where(spent >= shop_from, shop_off, 0)
    platform = spent // platform_every * platform_off
    # Some people look for coupons whenever they buy, others hardly ever.
    keen = draws.beta("coupon hunter", buyer, 0.8, 1.9)
    taken = draws.chance("coupon", index, np.where(event >= 0, np.sqrt(keen), keen)) & ~fake
    face = np.zeros_like(spent)
    for threshold, off in COUPONS:
        face = np.where(spent >= threshold, off, face)
    coupon = taken & (face > 0)
    return shop + np.where(coupon, face, 0), platform, coupon


def _shares(discount: Ints, base: Ints) -> Ints:
    """Split an order's discount over its lines; the parts add up to the whole."""
    whole = np.maximum(base.sum(axis=1), 1)
    share = discount[:, None] * base // whole[:, None]
    dearest = base.argmax(axis=1)
    share[np.arange(len(base)), dearest] += discount - share.sum(axis=1)
    return share
