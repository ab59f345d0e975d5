"""BG/NBD and MBG/NBD: purchases at a gamma-distributed rate, and after each one a beta-distributed chance to leave.

BG/NBD: Fader, Hardie and Lee 2005, "Counting your customers" the easy way (equation numbers are theirs). MBG/NBD:
Batislam, Denizel and Filiztekin 2007: a customer may also leave right after the first purchase, so that those who
never came back need not all be active. Both are one likelihood: with the shift m = 0 or 1 in b,

    L = B(a, b+m+x)/B(a, b) · Γ(r+x) α^r/Γ(r) · [(α+T)^-(r+x) + a/(b+m+x-1) · (α+t_x)^-(r+x)],

the second term only where a customer may have left (x > 0, or m = 1). All sums and ratios are taken of logarithms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from laoke.lifetime.counts import negative_binomial, orders_until
from laoke.lifetime.customers import Floats, Grouped, Histories
from laoke.lifetime.newton import Likelihood


@dataclass(frozen=True)
class BetaGeometric:
    """The model; `modified` makes it MBG/NBD."""

    modified: bool = False

    parameters = ("r", "alpha", "a", "b")

    @property
    def name(self) -> str:
        return "mbg_nbd" if self.modified else "bg_nbd"

    @property
    def _shift(self) -> int:
        return int(self.modified)

    def starts(self, data: Grouped) -> list[Floats]:
        """Where the climb begins: few or many who leave, slow or quick buyers; times scaled by the shop's own."""
        usual = max(float(np.average(data.age, weights=data.weight)), 1e-9)
        return [
            np.array(start) * (1.0, usual, 1.0, 1.0)
            for start in ((0.5, 0.3, 1.0, 2.0), (1.0, 1.0, 0.3, 3.0), (0.2, 0.1, 2.0, 6.0))
        ]  # fmt: skip

    def box(self, data: Grouped) -> tuple[Floats, Floats]:
        """The corners within which parameters mean something."""
        usual = max(float(np.average(data.age, weights=data.weight)), 1e-9)
        return np.array([1e-4, 1e-5 * usual, 1e-4, 1e-4]), np.array([1e3, 1e5 * usual, 1e3, 1e5])

    def likelihood(self, data: Grouped) -> Likelihood:
        """The log-likelihood over all customers with its derivatives by (r, alpha, a, b); equation 6."""
        from laoke.lifetime.fitting_kernels import geometric

        counts: Floats = np.bincount(data.x, weights=data.weight).astype(np.float64)
        more = np.cumsum(counts[::-1])[::-1]
        alone = 0 if self.modified else int(np.searchsorted(data.x, 1))
        groups = (data.x[alone:], data.recency_at[alone:], data.age_at[alone:], data.weight[alone:])
        by_age = (
            np.bincount(data.age_at, weights, len(data.ages)).astype(np.float64)
            for weights in (data.weight, data.weight * data.x)
        )
        known = (*groups, data.recencies, data.ages, *by_age, more[1:], more[1 - self._shift :], self._shift)
        return lambda theta: geometric(theta, *known)

    def alive(self, theta: Floats, histories: Histories) -> Floats:
        """The probability that a customer has not left (BG/NBD: 1 for all who never came back)."""
        r, alpha, a, b = theta
        x = histories.frequency
        d = (r + x) * (np.log(alpha + histories.age) - np.log(alpha + histories.recency))
        d += np.log(a) - np.log(np.maximum(b + (self._shift + x - 1.0), 1e-300))
        with np.errstate(over="ignore"):
            odds = np.exp(d)
        return np.where((x == 0) & (not self.modified), 1.0, 1.0 / (1.0 + odds))

    def orders_if_alive(self, theta: Floats, x: Any, age: Floats, until: Any) -> Floats:
        """Expected purchases within `until` of customers who have not left; equation 10 without its denominator.

        Not by the published form, which divides by a - 1, has a pole at a + b + x = 1 and overflows for large x:
        see `counts.orders_until`.
        """
        r, alpha, a, b = theta
        return orders_until(r + x, a, b + self._shift + x, until / (alpha + age))

    def orders_of_new(self, theta: Floats, until: Any) -> Floats:
        """Expected repeat purchases of a new customer within `until`; equation 9."""
        _, _, a, b = theta
        until = np.asarray(until, np.float64)
        stays = b / (a + b) if self.modified else 1.0
        return stays * self.orders_if_alive(theta, np.zeros(until.shape), np.zeros(until.shape), until)

    def counts_if_alive(self, theta: Floats, x: Floats, age: Floats, until: float, most: int) -> Floats:
        """P(n purchases within `until`), n = 0..most, of customers who have not left; rows as `x`. From equation 8.

        Either all n were survived, or the n-th was the last and there was time for n or more.
        """
        r, alpha, a, b = theta
        each = negative_binomial(r + x, until / (alpha + age + until), most)
        stay = (b + self._shift + x)[:, None] + np.arange(most)
        survived = np.ones_like(each)
        np.cumprod(stay / (a + stay), axis=1, out=survived[:, 1:])
        or_more = np.maximum(1.0 - np.cumsum(each[:, :-1], axis=1), 0.0)
        result = survived * each
        result[:, 1:] += survived[:, :-1] * (a / (a + stay)) * or_more
        return result
