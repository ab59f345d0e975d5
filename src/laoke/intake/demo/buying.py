"""Who buys when: BG/NBD on a clock of demand, solved so that exactly the asked number of orders comes out.

Each buyer has a purchase rate (gamma) and a chance to drop out after each order (beta), as in Fader, Hardie, Lee
2005. A repeat order with operational time tau after the first one falls inside the window when the common scale
of rates is at least tau ÷ time left, so the scale that gives n repeat orders is the n-th smallest such ratio.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from laoke.intake.demo.draws import Bools, Draws, Floats, Ints
from laoke.intake.demo.people import TEAM_SIZE
from laoke.intake.demo.seasons import DAYS, EVENTS, Calendar

RATE_SHAPE = 0.6
DROP_OUT = (1.0, 2.4)
LONGEST_LIFE = 120  # orders of one buyer
BRUSHED_SHARE = 0.015
BURST_ORDERS = 36
PRESALE_SHARE = 0.08
MOST_ORDERS_PER_BUYER = 8
_BLOCK = 250_000
_SPARE = 1.25  # chains hold so many more repeat orders than are needed
_NEW_BUYERS = 1.5  # > 1: somewhat more of the buyers come early


@dataclass(frozen=True)
class Purchases:
    """All orders in the order of time: buyer, number of the order within the buyer, times, and what was planted."""

    buyer: Ints
    nth: Ints
    created: Ints  # seconds since 1970, shop time
    balance: Ints  # when the balance of a presale is due, 0 = no presale
    burst: Ints  # burst of fake orders it belongs to, −1 = a real order

    def __len__(self) -> int:
        return len(self.buyer)


def brushing_size(customers: int, orders: int) -> tuple[int, int]:
    """How many orders are fake and by how many accounts; (0, 0) for a shop too small for it."""
    fake = round(orders * BRUSHED_SHARE)
    accounts = fake // 72 * TEAM_SIZE or (TEAM_SIZE if fake >= 3 * TEAM_SIZE else 0)
    if not accounts or accounts >= customers or orders - fake < customers - accounts:
        return 0, 0
    return fake, accounts


def purchases(draws: Draws, days: Calendar, customers: int, orders: int) -> Purchases:
    """Place `orders` orders of exactly `customers` buyers, each with at least one.

    Raises
    ------
    ValueError
        when there are fewer orders than customers, or more than eight per customer.
    """
    if not 1 <= customers <= orders <= MOST_ORDERS_PER_BUYER * customers:
        raise ValueError(
            f"{customers} customers with {orders} orders: need 1 to {MOST_ORDERS_PER_BUYER} orders per customer"
        )
    fake, accounts = brushing_size(customers, orders)
    real = customers - accounts
    buyer, nth, when = _real_orders(draws, real, orders - fake)
    created = _at(days, when)
    created, balance = _presale(draws, days, buyer * 128 + nth, created)
    fake_buyer, fake_nth, fake_created, burst = _bursts(draws, days, fake, accounts)
    buyer = np.concatenate([buyer, fake_buyer + real])
    nth = np.concatenate([nth, fake_nth])
    created = np.concatenate([created, fake_created])
    balance = np.concatenate([balance, np.zeros(fake, dtype=np.int64)])
    burst = np.concatenate([np.full(orders - fake, -1), burst])
    order = np.lexsort((nth, buyer, created))
    return Purchases(buyer[order], nth[order], created[order], balance[order], burst[order])


def _real_orders(draws: Draws, buyers: int, orders: int) -> tuple[Ints, Ints, Floats]:
    """Buyer, number within the buyer, and place on the clock of demand (0…1) of each order."""
    first = draws.uniform("first order", np.arange(buyers)) ** _NEW_BUYERS
    repeats = orders - buyers
    who, nth, tau, ratio = _enough_chains(draws, first, repeats)
    chosen = np.argpartition(ratio, repeats - 1)[:repeats] if repeats else np.zeros(0, dtype=np.int64)
    chosen.sort()
    scale = ratio[chosen].max() if repeats else 1.0
    when = first[who[chosen]] + tau[chosen] / scale
    return (
        np.concatenate([np.arange(buyers), who[chosen]]),
        np.concatenate([np.zeros(buyers, dtype=np.int64), nth[chosen]]),
        np.concatenate([first, when]),
    )


def _enough_chains(draws: Draws, first: Floats, repeats: int) -> tuple[Ints, Ints, Floats, Floats]:
    """Chains of repeat orders of all buyers; where too few would come back, all are made to stay longer."""
    loyalty = 1.0
    while True:
        blocks = [
            _chains(draws, np.arange(low, min(low + _BLOCK, len(first))), first, loyalty)
            for low in range(0, len(first), _BLOCK)
        ]
        who, nth, tau, ratio = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        if len(ratio) >= repeats * _SPARE:
            return who, nth, tau, ratio
        loyalty *= 2


def _chains(draws: Draws, who: Ints, first: Floats, loyalty: float) -> tuple[Ints, Ints, Floats, Floats]:
    """Every repeat order each buyer would make before dropping out: buyer, number, time, time ÷ time left."""
    rate = draws.gamma("rate", who, RATE_SHAPE) + 1e-4
    leave = np.clip(draws.beta("drop-out", who, *DROP_OUT) / loyalty, 1e-6, 1 - 1e-9)
    stay = np.floor(np.log(draws.uniform("life", who)) / np.log1p(-leave))
    repeats = np.minimum(stay, LONGEST_LIFE - 1).astype(np.int64)
    buyer = np.repeat(who, repeats)
    starts = np.cumsum(repeats) - repeats
    nth = np.arange(len(buyer)) - np.repeat(starts, repeats) + 1
    gaps = draws.exponential("gap", buyer * 128 + nth) / np.repeat(rate, repeats)
    total = np.concatenate([[0.0], np.cumsum(gaps)])
    tau = total[1:] - np.repeat(total[starts], repeats)
    return buyer, nth, tau, tau / (1 - first[buyer])


def _at(days: Calendar, when: Floats) -> Ints:
    """From a place on the clock of demand to seconds since 1970, never after the end."""
    upto = np.concatenate([[0.0], np.cumsum(days.demand)])
    edges = days.start_seconds + 3600.0 * np.arange(len(upto))
    seconds = np.interp(when * upto[-1], upto, edges).astype(np.int64)
    return np.clip(seconds, days.start_seconds, days.end_seconds)


def _presale(draws: Draws, days: Calendar, index: Ints, created: Ints) -> tuple[Ints, Ints]:
    """Some Double 11 orders were placed with a deposit before the day and paid up on it."""
    big = [number for number, event in enumerate(EVENTS) if event.name == "double11"]
    day = days.day_of(created)
    chosen = np.isin(days.peak[day], big) & (day >= 22) & draws.chance("presale", index, PRESALE_SHARE)
    earlier = (draws.uniform("presale lead", index) * 18 + 2) * 86400
    return np.where(chosen, created - earlier.astype(np.int64), created), np.where(chosen, created, 0)


def _bursts(draws: Draws, days: Calendar, fake: int, accounts: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Fake orders come in bursts: a team of nine accounts, about four orders each, within fifty minutes."""
    number = np.arange(fake)
    bursts = max(1, round(fake / BURST_ORDERS))
    burst = number * bursts // max(fake, 1)
    member = (number - np.searchsorted(burst, burst)) % TEAM_SIZE
    teams = max(1, accounts // TEAM_SIZE)
    buyer = burst % teams * TEAM_SIZE + member
    day = 20 + draws.integers("burst day", burst, DAYS - 45)
    start = days.start_seconds + day * 86400 + (10 + draws.integers("burst hour", burst, 12)) * 3600
    created = start + draws.integers("burst second", number, 3000)
    nth = np.zeros(fake, dtype=np.int64)
    order = np.lexsort((created, buyer))
    sorted_buyer = buyer[order]
    nth[order] = np.arange(fake) - np.searchsorted(sorted_buyer, sorted_buyer)
    return buyer, nth, created, burst if fake else number


def fake_mask(placed: Purchases) -> Bools:
    """Which orders are planted fakes."""
    return placed.burst >= 0
