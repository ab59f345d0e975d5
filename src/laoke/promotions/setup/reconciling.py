"""What the back office says of an offer against what orders show: the difference by cause, and a marked estimate.

Counts in, counts out. Which orders show an offer is found by `matching`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Report:
    """What the back office counts of an offer up to `as_of`; None is not told."""

    as_of: datetime
    issued: int | None = None
    taken: int | None = None
    used: int | None = None

    @property
    def contradictions(self) -> tuple[str, ...]:
        """`taken_above_issued`, `used_above_taken`: numbers that cannot be true together."""
        found = []
        if self.issued is not None and self.taken is not None and self.taken > self.issued:
            found.append("taken_above_issued")
        if self.taken is not None and self.used is not None and self.used > self.taken:
            found.append("used_above_taken")
        return tuple(found)


@dataclass(frozen=True)
class OfferOrders:
    """Orders placed while an offer ran, until the report was taken.

    reached      those whose goods reach it: the most that could have used it
    shown        paid, and only with this offer is their discount what it is; `refunded` of them were paid back whole
    maybe        paid, and the discount fits with this offer and without it
    unexplained  paid, something was taken off that no set of the offers takes off
    no_goods     paid, something may have been taken off, but their goods are not known
    unpaid       not paid, and the discount is as with this offer only
    fake         suspect or confirmed as fake, else as `shown`
    known, sent  of `shown`: whose buyer is known; who was sent a message with the offer before
    """

    reached: int = 0
    shown: int = 0
    refunded: int = 0
    maybe: int = 0
    unexplained: int = 0
    no_goods: int = 0
    unpaid: int = 0
    fake: int = 0
    known: int = 0
    sent: int = 0
    discount_cents: int = 0


@dataclass(frozen=True)
class Cause:
    """A reason for a difference. `found` orders are of it, `accounts` of them may make up the difference.

    `sure` is False where nobody can say of a single order whether it used the offer.
    """

    code: str
    found: int
    accounts: int
    sure: bool


@dataclass(frozen=True)
class Difference:
    """Used by the report less shown by orders, its causes, and what is left without one.

    `facts_end` is set when orders are known only until then, before the report was taken.
    """

    gap: int
    causes: tuple[Cause, ...]
    rest: int
    facts_end: datetime | None = None


def difference_of(
    report: Report, orders: OfferOrders, known_until: datetime | None, ends: datetime
) -> Difference | None:
    """None where the report does not tell how often the offer was used.

    Causes take what they can in the order in which they are certain; what orders that are not imported yet would show
    is not counted anywhere.
    """
    if report.used is None:
        return None
    gap = report.used - orders.shown
    possible = _fewer(orders) if gap > 0 else _more(orders)
    left, causes = abs(gap), []
    for code, found, sure in possible:
        if found and left:
            accounts = min(found, left)
            left -= accounts
            causes.append(Cause(code, found, accounts, sure))
    until = min(report.as_of, ends)
    behind = known_until if known_until is not None and known_until < until else None
    return Difference(gap, tuple(causes), left if gap > 0 else -left, behind)


def _fewer(orders: OfferOrders) -> tuple[tuple[str, int, bool], ...]:
    """Why orders may show fewer uses than the report counts."""
    return (
        ("unpaid", orders.unpaid, True),
        ("fake", orders.fake, True),
        ("maybe", orders.maybe, False),
        ("unexplained", orders.unexplained, False),
        ("no_goods", orders.no_goods, False),
    )


def _more(orders: OfferOrders) -> tuple[tuple[str, int, bool], ...]:
    """Why orders may show more: a coupon goes back to the buyer when the whole order is refunded."""
    return (("refunded", orders.refunded, False),)


@dataclass(frozen=True)
class SentEstimate:
    """How many uses came from people whom a message with the offer had reached. Always an estimate.

    `low` and `high` are bounds, not an interval of chance: uses that no order shows may all be theirs, or none of them.
    `used`, `known` and `sent` are what it was worked out from; `by_report` is False where orders alone were counted.
    """

    estimate: int
    low: int
    high: int
    used: int
    known: int
    sent: int
    by_report: bool


def sent_estimate(report: Report | None, orders: OfferOrders) -> SentEstimate | None:
    """The share of `sent` among orders whose buyer is known, on all uses; None when no such order shows the offer."""
    if not orders.known:
        return None
    used = report.used if report is not None and report.used is not None else None
    uses = orders.shown if used is None else used
    unseen = max(0, uses - orders.known)
    surplus = max(0, orders.known - uses)
    low = max(0, orders.sent - surplus)
    high = min(uses, orders.sent + unseen)
    estimate = (2 * uses * orders.sent + orders.known) // (2 * orders.known)
    return SentEstimate(
        min(max(estimate, low), high), low, high, uses, orders.known, orders.sent, used is not None
    )
