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
from laoke.lifetime.newton import Derivatives, Likelihood


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
        counts: Floats = np.bincount(data.x, weights=data.weight).astype(np.float64)
        x = np.flatnonzero(counts)
        weight = counts[x]
        alone = 0 if self.modified else int(np.searchsorted(data.x, 1))
        customers: Floats = np.bincount(data.age_at, weights=data.weight, minlength=len(data.ages)).astype(
            np.float64
        )
        purchases: Floats = np.bincount(
            data.age_at, weights=data.weight * data.x, minlength=len(data.ages)
        ).astype(np.float64)

        def at(theta: Floats) -> Derivatives:
            value, gradient, hessian = self._by_count(theta, x, weight)
            value += _buying(theta, data.ages, customers, purchases, gradient, hessian)
            value += self._leaving(theta, data, alone, gradient, hessian)
            return value, gradient, hessian

        return at

    def _by_count(self, theta: Floats, x: Any, weight: Floats) -> Derivatives:
        """The terms that depend on the number of purchases alone: gamma and beta functions."""
        from scipy.special import gammaln, psi, zeta

        r, alpha, a, b = theta
        n, stay = weight.sum(), b + self._shift + x
        value = float(
            weight @ (gammaln(r + x) + gammaln(stay) - gammaln(a + stay))
            + n * (r * np.log(alpha) - gammaln(r) + gammaln(a + b) - gammaln(b))
        )
        leave = n * psi(a + b) - weight @ psi(a + stay)
        gradient = np.array([
            weight @ psi(r + x) + n * (np.log(alpha) - psi(r)), n * r / alpha,
            leave, leave + weight @ psi(stay) - n * psi(b),
        ])  # fmt: skip
        hessian = np.zeros((4, 4))
        hessian[0, 0] = weight @ zeta(2.0, r + x) - n * zeta(2.0, r)
        hessian[0, 1] = hessian[1, 0] = n / alpha
        hessian[1, 1] = -n * r / alpha**2
        hessian[2:, 2:] = n * zeta(2.0, a + b) - weight @ zeta(2.0, a + stay)
        hessian[3, 3] += weight @ zeta(2.0, stay) - n * zeta(2.0, b)
        return value, gradient, hessian

    def _leaving(self, theta: Floats, data: Grouped, alone: int, gradient: Floats, hessian: Floats) -> float:
        """log(1 + e^d), d the log odds of having left, over the groups from `alone` on; adds its derivatives."""
        r, alpha, a, b = theta
        x, weight = data.x[alone:], data.weight[alone:]
        at_t, at_age = data.recency_at[alone:], data.age_at[alone:]
        since, aged = alpha + data.recencies, alpha + data.ages
        by_r = np.log(aged)[at_age] - np.log(since)[at_t]
        n, left = r + x, b + (self._shift + x - 1.0)
        d = n * by_r + np.log(a / left)
        small = np.exp(-np.abs(d))
        value = float(weight @ (np.log1p(small) + np.maximum(d, 0.0)))
        p = np.where(d > 0, 1.0, small) / (1.0 + small)
        one_t, one_age = (1.0 / since)[at_t], (1.0 / aged)[at_age]
        q, apart = weight * p, one_age - one_t
        # What the two possibilities differ by, in r, alpha, a and b.
        by = np.empty((4, len(x)))
        by[0], by[2] = by_r, 1.0 / a
        np.multiply(n, apart, out=by[1])
        np.divide(-1.0, left, out=by[3])
        sums = by @ q
        gradient += sums
        cross, square = float(q @ apart), q * by[3]
        hessian[0, 1] += cross
        hessian[1, 0] += cross
        hessian[1, 1] -= float((q * by[1]) @ (one_age + one_t))
        hessian[2, 2] -= sums[2] / a
        hessian[3, 3] += float(square @ by[3])
        hessian += (by * (q * (1.0 - p))) @ by.T
        return value

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


def _buying(
    theta: Floats, ages: Floats, weight: Floats, purchases: Floats, gradient: Floats, hessian: Floats
) -> float:
    """-(r+x) log(alpha + T) over all customers, summed by age; adds its derivatives."""
    r, alpha = theta[:2]
    n, aged = r * weight + purchases, alpha + ages
    log, one = np.log(aged), 1.0 / aged
    gradient[0] -= weight @ log
    gradient[1] -= n @ one
    hessian[0, 1] -= weight @ one
    hessian[1, 0] -= weight @ one
    hessian[1, 1] += n @ (one * one)
    return -float(n @ log)
