"""The loops over customers that fits and forecasts repeat, compiled; imported where they are called, because numba
costs a second to import.

One pass does what twenty of numpy do: nothing is written between them, and with few customers a call costs a few
microseconds. Sums over customers are taken in blocks, so that they lose no more digits than numpy's.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from math import exp, lgamma, log, log1p

import numpy as np
from numba import njit

BLOCK = 1024


@njit(cache=True, nogil=True)
def by_logarithm(theta, gradient, hessian):
    """Derivatives by the logarithms of the parameters, of those by the parameters."""
    slope = gradient * theta
    curve = hessian * theta * theta.reshape(-1, 1)
    for i in range(len(theta)):
        curve[i, i] += slope[i]
    return slope, curve


@njit(cache=True, nogil=True)
def uphill(place, low, high, slope, curve, longest):
    """Newton's step among the parameters that no wall holds, uphill whatever the curvature, of bounded length; the
    steepest slope among them; the climb that slope and step promise."""
    step = np.zeros_like(slope)
    against = ((place <= low) & (slope < 0)) | ((place >= high) & (slope > 0))
    free = np.flatnonzero(~against)
    if len(free) == 0:
        return step, 0.0, 0.0
    rising, bent = slope[free], np.empty((len(free), len(free)))
    for i in range(len(free)):
        for j in range(len(free)):
            bent[i, j] = -curve[free[i], free[j]]
    values, vectors = np.linalg.eigh(bent)
    sizes, steepest = np.abs(values), np.abs(rising).max()
    flat = max(1e-10 * sizes.max(), 1e-3 * steepest, 1e-300)
    for k in range(len(free)):
        along = vectors[:, k]
        step[free] += along * ((along * rising).sum() / max(sizes[k], flat))
    furthest = np.abs(step).max()
    if furthest > longest:
        step *= longest / furthest
    return step, steepest, (slope * step).sum()


@njit(cache=True, nogil=True)
def geometric(theta, x, at_t, at_age, weight, recencies, ages, customers, purchases, more, survived, shift):
    """The log-likelihood of `geometric.BetaGeometric` with its gradient and Hessian by (r, alpha, a, b).

    `x` to `weight` are groups who may have left, by rising x, with places among `recencies` and `ages`. `customers` and
    `purchases` are sums by age. `more[i]` customers bought more than i times again, `survived[i]` came through more
    than i chances to leave: Γ(r+x)/Γ(r) is a product of x factors, so its logarithm needs no gamma function.
    """
    r, alpha, a, b = theta
    gradient, hessian = np.zeros(4), np.zeros((4, 4))
    n = customers.sum()
    value = n * r * log(alpha)
    gradient[0], gradient[1] = n * log(alpha), n * r / alpha
    hessian[0, 1], hessian[1, 1] = n / alpha, -n * r / alpha**2
    for i in range(len(more)):
        one = 1.0 / (r + i)
        value += more[i] * log(r + i)
        gradient[0] += more[i] * one
        hessian[0, 0] -= more[i] * one * one
    for i in range(len(survived)):
        stays, all_in_all = 1.0 / (b + i), 1.0 / (a + b + i)
        value -= survived[i] * log1p(a * stays)
        gradient[2] -= survived[i] * all_in_all
        gradient[3] += survived[i] * (stays - all_in_all)
        hessian[2, 2] += survived[i] * all_in_all * all_in_all
        hessian[3, 3] -= survived[i] * stays * stays
    hessian[2, 3] = hessian[2, 2]
    hessian[3, 3] += hessian[2, 2]
    since, aged = alpha + recencies, alpha + ages
    log_t, log_age, one_t, one_age = np.log(since), np.log(aged), 1.0 / since, 1.0 / aged
    for i in range(len(ages)):
        bought = r * customers[i] + purchases[i]
        value -= bought * log_age[i]
        gradient[0] -= customers[i] * log_age[i]
        gradient[1] -= bought * one_age[i]
        hessian[0, 1] -= customers[i] * one_age[i]
        hessian[1, 1] += bought * one_age[i] * one_age[i]
    value += _leaving(
        theta, x, at_t, at_age, weight, log_t, log_age, one_t, one_age, shift, gradient, hessian
    )
    for i in range(4):
        for j in range(i):
            hessian[i, j] = hessian[j, i]
    return value, gradient, hessian


@njit(cache=True, nogil=True)
def _leaving(theta, x, at_t, at_age, weight, log_t, log_age, one_t, one_age, shift, gradient, hessian):
    """Σ weight·log(1 + e^d), d the log odds of having left; adds its derivatives to the upper triangle."""
    r, _, a, b = theta
    one_a = 1.0 / a
    left = b + (shift - 1.0) + np.arange(x[-1] + 1 if len(x) else 0)
    odds, by_left = log(a) - np.log(left), -1.0 / left
    value = 0.0
    for begin in range(0, len(x), BLOCK):
        told = q_r = q_al = q_1 = q_b = 0.0
        r_r = r_al = r_1 = r_b = al_al = al_1 = al_b = one_1 = one_b = b_b = 0.0
        for i in range(begin, min(begin + BLOCK, len(x))):
            t, age, times = at_t[i], at_age[i], r + x[i]
            by_r, apart = log_age[age] - log_t[t], one_age[age] - one_t[t]
            by_al, by_b = times * apart, by_left[x[i]]
            d = times * by_r + odds[x[i]]
            small = exp(-abs(d))
            told += weight[i] * (log1p(small) + max(d, 0.0))
            p = (1.0 if d > 0.0 else small) / (1.0 + small)
            q = weight[i] * p
            both = q * (1.0 - p)
            q_r += q * by_r
            q_al += q * by_al
            q_1 += q
            q_b += q * by_b
            r_r += both * by_r * by_r
            r_al += both * by_r * by_al + q * apart
            r_1 += both * by_r
            r_b += both * by_r * by_b
            al_al += both * by_al * by_al - q * by_al * (one_age[age] + one_t[t])
            al_1 += both * by_al
            al_b += both * by_al * by_b
            one_1 += both
            one_b += both * by_b
            b_b += (both + q) * by_b * by_b
        value += told
        gradient += np.array([q_r, q_al, q_1 * one_a, q_b])
        hessian[0] += np.array([r_r, r_al, r_1 * one_a, r_b])
        hessian[1, 1:] += np.array([al_al, al_1 * one_a, al_b])
        hessian[2, 2:] += np.array([(one_1 - q_1) * one_a**2, one_b * one_a])
        hessian[3, 3] += b_b
    return value


@njit(cache=True, nogil=True)
def gamma_gamma(theta, x, total, counts, logs, fixed):
    """The log-likelihood of `spend` with its gradient and Hessian by (p, q, gamma).

    `total` is each customer's amount of `x` purchases, `counts[k]` how many customers have x = k, `logs` the sum of
    x·log(total) and `fixed` that of log(mean).
    """
    p, q, gamma = theta
    gradient, hessian = np.zeros(3), np.zeros((3, 3))
    n = float(len(x))
    log_q, psi_q, tri_q = _gammas(q)
    value = n * (q * log(gamma) - log_q) + p * logs - fixed
    gradient[0], gradient[1], gradient[2] = logs, n * (log(gamma) - psi_q), n * q / gamma
    hessian[1, 1], hessian[1, 2], hessian[2, 2] = -n * tri_q, n / gamma, -n * q / gamma**2
    for k in range(1, len(counts)):
        if counts[k] > 0:
            log_p, psi_p, tri_p = _gammas(p * k)
            log_all, psi_all, tri_all = _gammas(p * k + q)
            value += counts[k] * (log_all - log_p)
            gradient[0] += counts[k] * k * (psi_all - psi_p)
            gradient[1] += counts[k] * psi_all
            hessian[0, 0] += counts[k] * k * k * (tri_all - tri_p)
            hessian[0, 1] += counts[k] * k * tri_all
            hessian[1, 1] += counts[k] * tri_all
    for begin in range(0, len(x), BLOCK):
        in_all = by_x = ones = x_ones = squares = x_squares = 0.0
        for i in range(begin, min(begin + BLOCK, len(x))):
            shifted = gamma + total[i]
            at, one = log(shifted), 1.0 / shifted
            in_all += at
            by_x += x[i] * at
            ones += one
            x_ones += x[i] * one
            squares += one * one
            x_squares += x[i] * one * one
        value -= p * by_x + q * in_all
        gradient -= np.array([by_x, in_all, p * x_ones + q * ones])
        hessian[0, 2] -= x_ones
        hessian[1, 2] -= ones
        hessian[2, 2] += p * x_squares + q * squares
    for i in range(3):
        for j in range(i):
            hessian[i, j] = hessian[j, i]
    return value, gradient, hessian


@njit(cache=True, nogil=True)
def _gammas(z):
    """log Γ and its first two derivatives at z > 0: Stirling's series (to 1e-16 from 12 on), reached by steps of 1."""
    first, second = 0.0, 0.0
    at = z
    while at < 12.0:
        first -= 1.0 / at
        second += 1.0 / (at * at)
        at += 1.0
    one = 1.0 / at
    square = one * one
    series = square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square * (1 / 240 - square / 132))))
    first += log(at) - 0.5 * one - series
    series = (
        square * one * (1 / 6 - square * (1 / 30 - square * (1 / 42 - square * (1 / 30 - square * 5 / 66))))
    )
    second += one + 0.5 * square + series
    return lgamma(z), first, second


@njit(cache=True, nogil=True)
def purchases_series(a, d, c, z, result):
    """Σ_{n≥1} (a)_{n-1} (d)_n zⁿ / ((c+1)_{n-1} n!) of each row into `result`, to full precision, 0 <= z < 1."""
    for i in range(len(z)):
        term = d[i] * z[i]
        told, n = term, 1.0
        # What follows shrinks at least by (1+z)/2 a term once n is beyond the parameters.
        while abs(term) > 1e-17 * (1.0 - z[i]) * max(abs(told), 1e-300):
            for _ in range(4):
                term *= z[i] * (d[i] + n) * (a + (n - 1.0)) / ((c[i] + n) * (n + 1.0))
                told += term
                n += 1.0
        result[i] = told
