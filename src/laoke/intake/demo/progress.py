"""How each order goes on after it was placed: payment, parcel, refund, confirmation, and how it stands at `end`.

Every order has its whole life computed; what lies after `end` has not happened yet and is hidden. Times are
seconds since 1970 of the shop's clock; `NEVER` stands for what does not happen at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from laoke.intake.demo.baskets import Baskets
from laoke.intake.demo.buying import Purchases, fake_mask
from laoke.intake.demo.draws import Bools, Draws, Floats, Ints
from laoke.intake.demo.places import CITIES
from laoke.intake.demo.seasons import DAYS, Calendar

NEVER = np.int64(2**60)
HOUR, DAY = 3600, 86400
STATUSES = (
    "unpaid", "paid", "partly_shipped", "shipped", "signed", "finished", "closed_unpaid", "closed_refunded",
)  # fmt: skip
UNPAID, PAID, PARTLY, SHIPPED, SIGNED, FINISHED, CLOSED_UNPAID, CLOSED_REFUNDED = range(8)
RANKS = np.array([0, 1, 2, 3, 4, 5, 5, 5], dtype=np.int8)

NO_REFUND, CANCELLED, RETURN_ALL, RETURN_LINE, AFTER_SALE = range(5)
_UNPAID_SHARE = 0.05
_WITHDRAWN_SHARE = 0.06  # refund requests that lead to nothing
_LATE_DAYS = 4.0  # a parcel that needs this much longer than usual from payment to door is late


@dataclass(frozen=True)
class Progress:
    """Times and states of a run of orders; a time later than `end` has not come yet."""

    paid: Ints
    shipped: Ints
    out: Ints
    signed: Ints
    stuck: Ints  # exception on the way, NEVER = none
    finished: Ints
    closed: Ints
    status: Ints
    late: Bools
    refund_kind: Ints  # one of NO_REFUND … AFTER_SALE
    refund_line: Ints
    refund_at: Ints
    refund_done: Ints
    refund_granted: Bools
    part: Floats  # share of the line's money an AFTER_SALE refund returns

    def refund_seen(self, end: int) -> Bools:
        return (self.refund_kind != NO_REFUND) & (self.refund_at <= end)

    def refund_paid(self, end: int) -> Bools:
        return (self.refund_kind != NO_REFUND) & self.refund_granted & (self.refund_done <= end)


def progress(
    draws: Draws, days: Calendar, placed: Purchases, basket: Baskets, first: int, city: Ints
) -> Progress:
    """Let the orders run their course. `city` is the receiver's position in CITIES."""
    index, fake = first + np.arange(len(placed)), fake_mask(placed)
    paid = _payment(draws, days, placed, index, fake)
    shipped = _shipping(draws, days, index, paid, fake)
    transit, stuck = _transit(draws, days, index, shipped, city, fake)
    signed = shipped + transit
    usual = 1.0 + np.array([place.days for place in CITIES])[city]
    late = (signed - paid) / DAY > usual + _LATE_DAYS
    confirmed = _confirmation(draws, index, shipped, signed, fake)
    kind, line, part = _refund_plan(draws, days, index, placed.created, basket, late, fake)
    at, done, granted = _refund_times(draws, index, kind, paid, shipped, signed, confirmed)
    cancelled = (kind == CANCELLED) & granted
    shipped, signed, stuck = (np.where(cancelled, NEVER, times) for times in (shipped, signed, stuck))
    returned = granted & (cancelled | (kind == RETURN_ALL))
    before_end = np.isin(kind, (RETURN_ALL, RETURN_LINE))
    finished = np.where(before_end, np.maximum(confirmed, done + HOUR), confirmed)
    finished = np.where(returned, NEVER, finished)
    closed = np.where(paid == NEVER, placed.created + DAY, np.where(returned, done, NEVER))
    paid, shipped, signed, finished = (
        np.minimum(times, NEVER) for times in (paid, shipped, signed, finished)
    )
    out = signed - (draws.uniform("out", index) * 5 * HOUR + HOUR).astype(np.int64)
    several = (basket.used.sum(axis=1) > 1) & draws.chance("two parcels", index, 0.04)
    status = _status(days.end_seconds, paid, shipped, several, signed, finished, closed)
    return Progress(
        paid, shipped, np.maximum(out, shipped + HOUR), signed, stuck, finished, closed, status, late,
        kind, line, at, done, granted, part,
    )  # fmt: skip


def _payment(draws: Draws, days: Calendar, placed: Purchases, index: Ints, fake: Bools) -> Ints:
    quick = np.minimum(draws.lognormal("pay delay", index, 50.0, 1.7), 23 * HOUR)
    paid = placed.created + np.where(fake, 20 + quick % 40, quick + 3).astype(np.int64)
    paid = np.where(placed.balance > 0, placed.balance, paid)
    on_sale = days.event[days.day_of(placed.created)] >= 0
    never = draws.chance("never paid", index, np.where(on_sale, 0.075, _UNPAID_SHARE))
    return np.where(never & ~fake & (placed.balance == 0), NEVER, paid)


def _shipping(draws: Draws, days: Calendar, index: Ints, paid: Ints, fake: Bools) -> Ints:
    """Parcels leave within a day or so; later after a sale, and not while carriers rest."""
    day = np.clip(days.day_of(np.where(paid == NEVER, days.start_seconds, paid)), 0, DAYS - 1)
    hours = draws.lognormal("ship delay", index, 15.0, 0.55) * np.where(fake, 0.4, days.backlog[day])
    shipped = paid + (hours * HOUR).astype(np.int64)
    rest = days.festival_until[day]
    opened = days.start_seconds + rest * DAY + (9 + 9 * draws.uniform("reopened", index)) * HOUR
    shipped = np.where((rest > day) & ~fake, np.maximum(shipped, opened.astype(np.int64)), shipped)
    return np.where(paid == NEVER, NEVER, shipped)


def _transit(
    draws: Draws, days: Calendar, index: Ints, shipped: Ints, city: Ints, fake: Bools
) -> tuple[Ints, Ints]:
    """Seconds from shipping to the door, and when a parcel got stuck."""
    known = np.where(shipped >= NEVER, days.start_seconds, shipped)
    crowded = days.backlog[np.clip(days.day_of(known), 0, DAYS - 1)]
    usual = np.array([place.days for place in CITIES])[city]
    needed = usual * draws.lognormal("transit", index, 1.0, 0.28) * (1 + (crowded - 1) * 0.35)
    trouble = draws.chance("stuck", index, 0.012 + 0.012 * (crowded - 1)) & ~fake
    needed = np.where(trouble, needed + 2 + 4 * draws.uniform("stuck days", index), needed)
    # Fake parcels are "signed" within hours wherever they were sent to.
    needed = np.where(fake, 0.2 + 0.3 * draws.uniform("fake transit", index), needed)
    seconds = (needed * DAY).astype(np.int64)
    return seconds, np.where(trouble & (shipped < NEVER), shipped + seconds * 45 // 100, NEVER)


def _confirmation(draws: Draws, index: Ints, shipped: Ints, signed: Ints, fake: Bools) -> Ints:
    """Six of ten confirm by themselves; the rest is confirmed ten days after shipping, two after the door at least."""
    by_hand = signed + (draws.exponential("confirm", index, 2.0 * DAY) + 600).astype(np.int64)
    by_itself = np.maximum(shipped + 10 * DAY, signed + 2 * DAY)
    finished = np.where(draws.chance("confirms", index, 0.6), np.minimum(by_hand, by_itself), by_itself)
    quick = signed + (HOUR * (0.2 + 5 * draws.uniform("fake confirm", index))).astype(np.int64)
    return np.where(fake, quick, finished)


def _refund_plan(
    draws: Draws, days: Calendar, index: Ints, created: Ints, basket: Baskets, late: Bools, fake: Bools
) -> tuple[Ints, Ints, Floats]:
    on_sale = days.event[days.day_of(created)] >= 0
    lot = draws.uniform("refund", index)
    cancel = np.where(on_sale, 0.036, 0.018)
    give_back = cancel + np.where(on_sale, 0.052, 0.028) + np.where(late, 0.05, 0.0)
    after = give_back + 0.009
    kind = np.where(lot < cancel, CANCELLED, np.where(lot < give_back, RETURN_LINE, NO_REFUND))
    kind = np.where((lot >= give_back) & (lot < after), AFTER_SALE, kind)
    lines = basket.used.sum(axis=1)
    everything = (lines == 1) | draws.chance("return all", index, 0.35)
    kind = np.where((kind == RETURN_LINE) & everything, RETURN_ALL, kind)
    kind = np.where(fake, NO_REFUND, kind)
    return kind, basket.due.argmax(axis=1), 0.1 + 0.9 * draws.uniform("refund part", index)


def _refund_times(
    draws: Draws, index: Ints, kind: Ints, paid: Ints, shipped: Ints, signed: Ints, confirmed: Ints
) -> tuple[Ints, Ints, Bools]:
    lot, work = draws.uniform("refund asked", index), draws.uniform("refund work", index)
    early = paid + ((shipped - paid) * (0.05 + 0.7 * lot)).astype(np.int64)
    back = signed + ((0.1 + 2.5 * lot) * DAY).astype(np.int64)
    later = confirmed + ((0.5 + 11 * lot) * DAY).astype(np.int64)
    at = np.select([kind == CANCELLED, np.isin(kind, (RETURN_ALL, RETURN_LINE))], [early, back], later)
    # Money alone is settled within hours and before the parcel would leave, goods have to travel back.
    soon = at + np.minimum((0.5 + 10 * work) * HOUR, np.maximum(shipped - early, 0) * 0.9).astype(np.int64)
    done = np.where(kind == CANCELLED, soon, at + ((2.5 + 5 * work) * DAY).astype(np.int64))
    done = np.where(kind == AFTER_SALE, at + ((0.2 + 2 * work) * DAY).astype(np.int64), done)
    nothing = (kind == NO_REFUND) | (paid >= NEVER)
    granted = ~draws.chance("withdrawn", index, _WITHDRAWN_SHARE) & ~nothing
    return np.where(nothing, NEVER, at), np.where(nothing, NEVER, done), granted


def _status(
    end: int, paid: Ints, shipped: Ints, several: Bools, signed: Ints, finished: Ints, closed: Ints
) -> Ints:
    status = np.where(paid <= end, PAID, UNPAID)
    half = several & (shipped + DAY > end)
    status = np.where(shipped <= end, np.where(half, PARTLY, SHIPPED), status)
    status = np.where(signed <= end, SIGNED, status)
    status = np.where(finished <= end, FINISHED, status)
    return np.where(closed <= end, np.where(paid < NEVER, CLOSED_REFUNDED, CLOSED_UNPAID), status)
