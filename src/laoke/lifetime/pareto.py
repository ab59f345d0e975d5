"""Pareto/NBD: purchases at a gamma-distributed rate, and a lifetime with a gamma-distributed rate of its own.

Schmittlein, Morrison and Colombo 1987; the forms are those of Fader and Hardie 2005, "A note on deriving the Pareto/NBD
model". The likelihood is usually written with two hypergeometric functions whose difference loses all digits for large
counts. It is an integral over the day on which the customer left,

    L = Γ(r+x) α^r β^s/Γ(r) · [ (α+T)^-(r+x) (β+T)^-s + ∫_{t_x}^T s (β+τ)^-(s+1) (α+τ)^-(r+x) dτ ],

and is computed as that: a sum of positive terms, of which the derivatives are exact too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from laoke.lifetime.counts import negative_binomial
from laoke.lifetime.customers import Floats, Grouped, Histories
from laoke.lifetime.newton import Derivatives, Likelihood

NODES = 20
ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class ParetoNbd:
    """The model; it has no settings."""

    name = "pareto_nbd"
    parameters = ("r", "alpha", "s", "beta")

    def starts(self, data: Grouped) -> list[Floats]:
        """Where the climb begins; times scaled by the shop's own."""
        usual = max(float(np.average(data.age, weights=data.weight)), 1e-9)
        return [
            np.array(start) * (1.0, usual, 1.0, usual)
            for start in ((0.5, 0.4, 0.6, 0.4), (1.0, 1.0, 0.3, 1.0), (0.3, 0.2, 1.5, 2.0))
        ]  # fmt: skip

    def box(self, data: Grouped) -> tuple[Floats, Floats]:
        """The corners within which parameters mean something."""
        usual = max(float(np.average(data.age, weights=data.weight)), 1e-9)
        return np.array([1e-4, 1e-5 * usual, 1e-4, 1e-5 * usual]), np.array(
            [1e3, 1e5 * usual, 1e3, 1e5 * usual]
        )

    def likelihood(self, data: Grouped) -> Likelihood:
        """The log-likelihood over all customers with its derivatives by (r, alpha, s, beta)."""
        counts: Floats = np.bincount(data.x, weights=data.weight).astype(np.float64)
        different = np.flatnonzero(counts)
        x, t_x, age = data.x.astype(np.float64), data.t_x, data.age

        def at(theta: Floats) -> Derivatives:
            value, gradient, hessian = _by_count(theta, different, counts[different])
            for begin in range(0, len(x), ROWS_AT_ONCE):
                rows = slice(begin, begin + ROWS_AT_ONCE)
                value += _ending(theta, x[rows], t_x[rows], age[rows], data.weight[rows], gradient, hessian)
            return value, gradient, hessian

        return at

    def alive(self, theta: Floats, histories: Histories) -> Floats:
        """The probability that a customer has not left."""
        result = np.empty(len(histories))
        for begin in range(0, len(histories), ROWS_AT_ONCE):
            rows = slice(begin, begin + ROWS_AT_ONCE)
            x = histories.frequency[rows].astype(np.float64)
            logs, _, _ = _possibilities(theta, x, histories.recency[rows], histories.age[rows])
            top = logs.max(axis=1)
            result[rows] = np.exp(logs[:, -1] - top) / np.exp(logs - top[:, None]).sum(axis=1)
        return result

    def orders_if_alive(self, theta: Floats, x: Any, age: Any, until: Any) -> Floats:
        """Expected purchases within `until` of customers who have not left."""
        r, alpha, s, beta = theta
        log = np.log1p(until / (beta + age))
        stays = log if s == 1.0 else -np.expm1((1.0 - s) * log) / (s - 1.0)
        answer: Floats = (r + x) * (beta + age) / (alpha + age) * stays
        return answer

    def orders_of_new(self, theta: Floats, until: Any) -> Floats:
        """Expected repeat purchases of a new customer within `until`."""
        return self.orders_if_alive(theta, 0.0, 0.0, np.asarray(until, np.float64))

    def counts_if_alive(self, theta: Floats, x: Floats, age: Floats, until: float, most: int) -> Floats:
        """P(n purchases within `until`), n = 0..most, of customers who have not left; rows as `x`.

        Either the whole time was survived, or the customer left at some time in it.
        """
        r, alpha, s, beta = theta
        node, weight = np.polynomial.legendre.leggauss(NODES)
        log = np.log1p(until / (beta + age))
        survived = np.exp(-s * log)
        result: Floats = survived[:, None] * negative_binomial(r + x, until / (alpha + age + until), most)
        for at, share in zip((node + 1.0) / 2.0, weight / 2.0, strict=True):
            # Even in the logarithm of beta + age + time: the density of leaving is an exponential there.
            time = (beta + age) * np.expm1(log * at)
            leaves = s * np.exp(-s * log * at) * log * share
            result += leaves[:, None] * negative_binomial(r + x, time / (alpha + age + time), most)
        return result


def _by_count(theta: Floats, x: Any, weight: Floats) -> Derivatives:
    """The terms that depend on the number of purchases alone."""
    from scipy.special import gammaln, psi, zeta

    r, alpha, s, beta = theta
    n = weight.sum()
    value = float(weight @ gammaln(r + x) + n * (r * np.log(alpha) - gammaln(r) + s * np.log(beta)))
    gradient = np.array([
        weight @ psi(r + x) + n * (np.log(alpha) - psi(r)), n * r / alpha, n * np.log(beta), n * s / beta,
    ])  # fmt: skip
    hessian = np.zeros((4, 4))
    hessian[0, 0] = weight @ zeta(2.0, r + x) - n * zeta(2.0, r)
    hessian[0, 1] = hessian[1, 0] = n / alpha
    hessian[1, 1] = -n * r / alpha**2
    hessian[2, 3] = hessian[3, 2] = n / beta
    hessian[3, 3] = -n * s / beta**2
    return value, gradient, hessian


def _possibilities(theta: Floats, x: Floats, t_x: Floats, age: Floats) -> tuple[Floats, Floats, Floats]:
    """Log weights of the days on which each customer may have left, the last for 'not at all', with alpha + day and
    beta + day; shape (rows, NODES + 1).

    Nodes are Gauss's in the logarithm of the smaller scale plus the day: there the integrand falls faster and faster,
    but never within less than about 1, and its poles are π away.
    """
    r, alpha, s, beta = theta
    node, weight = np.polynomial.legendre.leggauss(NODES)
    n, begin = r + x, min(alpha, beta) + t_x
    log = _reach(theta, n, t_x, begin, np.log((min(alpha, beta) + age) / begin))
    v = log[:, None] * ((node + 1.0) / 2.0)
    day = np.empty((len(x), NODES + 1))
    day[:, :-1] = t_x[:, None] + begin[:, None] * np.expm1(v)
    day[:, -1] = age
    by_alpha, by_beta = alpha + day, beta + day
    logs = -n[:, None] * np.log(by_alpha) - s * np.log(by_beta)
    with np.errstate(divide="ignore"):  # nobody can have left since a purchase of today
        step = np.log(log * begin)[:, None] + np.log(weight / 2.0) + v
    logs[:, :-1] += np.log(s / by_beta[:, :-1]) + step
    return logs, by_alpha, by_beta


def _reach(theta: Floats, n: Floats, t_x: Floats, begin: Floats, log: Floats) -> Floats:
    """How far to integrate: to the end, or to where the integrand has fallen by e^-40, so that large counts, which
    leave no doubt, do not fall between the nodes.

    The fall is convex, so Newton's steps from the right stay beyond the place.
    """
    _, alpha, s, beta = theta
    for _ in range(6):
        passed = begin * np.expm1(log)
        fallen = n * np.log1p(passed / (alpha + t_x)) + (s + 1.0) * np.log1p(passed / (beta + t_x)) - log
        beyond = fallen > 40.0
        if not beyond.any():
            break
        grown = passed + begin
        rate = n * grown / (alpha + t_x + passed) + (s + 1.0) * grown / (beta + t_x + passed) - 1.0
        log = np.where(beyond, log - (fallen - 40.0) / np.where(beyond, rate, 1.0), log)
    return log


def _ending(
    theta: Floats, x: Floats, t_x: Floats, age: Floats, weight: Floats, gradient: Floats, hessian: Floats
) -> float:
    """The logarithm of the integral and of having stayed, over some groups; adds its derivatives.

    The derivatives of a log of a sum are means over its terms: of the first derivatives, and of the second plus the
    covariance of the first.
    """
    r, _, s, _ = theta
    logs, by_alpha, by_beta = _possibilities(theta, x, t_x, age)
    top = logs.max(axis=1, keepdims=True)
    share = np.exp(logs - top)
    total = share.sum(axis=1, keepdims=True)
    value = float(weight @ (top + np.log(total))[:, 0])
    share *= weight[:, None] / total
    n = (r + x)[:, None]
    power = np.full(share.shape[1], s + 1.0)
    power[-1] = s
    leaves = np.full(share.shape[1], 1.0 / s)
    leaves[-1] = 0.0
    one_a, one_b = 1.0 / by_alpha, 1.0 / by_beta
    by = np.stack((-np.log(by_alpha), -n * one_a, leaves - np.log(by_beta), -power * one_b))
    flat, shares = by.reshape(4, -1), share.ravel()
    gradient += flat @ shares
    means = (by * share).sum(axis=2)
    hessian += (flat * shares) @ flat.T - (means / weight) @ means.T
    cross_a, cross_b = float(shares @ one_a.ravel()), float(shares @ one_b.ravel())
    hessian[0, 1] -= cross_a
    hessian[1, 0] -= cross_a
    hessian[1, 1] += float((share * n * one_a * one_a).sum())
    hessian[2, 2] -= float((share * (leaves > 0)).sum()) / s**2
    hessian[2, 3] -= cross_b
    hessian[3, 2] -= cross_b
    hessian[3, 3] += float((share * power * one_b * one_b).sum())
    return value
