"""The top of a smooth function of few positive parameters, by Newton's method on their logarithms.

The exact second derivatives cost little more than the first and save three evaluations of four against L-BFGS. Where
the function is not concave the step follows the absolute curvature; a step that does not climb is halved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

import numpy as np

from laoke.lifetime.customers import Floats

# Value, first and second derivatives at positive parameters.
Derivatives = tuple[float, Floats, Floats]
Likelihood = Callable[[Floats], Derivatives]

MOST_STEPS = 100
LONGEST_STEP = 2.0  # in logarithms: a factor of seven at most at once
# Converged: the climb that is still to be expected, and the slope, per customer.
DECREMENT = 1e-13
SLOPE = 1e-8


@dataclass(frozen=True)
class Top:
    """Where the climb ended. `slope` is the largest derivative by the logarithm of a parameter, per customer;
    `information` is minus the second derivatives by the logarithms, over all customers."""

    theta: Floats
    value: float
    slope: float
    information: Floats
    evaluations: int
    converged: bool


def climb(
    likelihood: Likelihood, start: Floats, customers: float, box: tuple[Floats, Floats], *, loose: float = 1.0
) -> Top:
    """Climb from `start` to the next top; a `loose` above 1 ends that many times further from it.

    The parameters stay between the two corners of the box: whoever ends on its wall has not found a top, and the
    caller says so. `customers` scales what 'converged' means.
    """
    from laoke.lifetime.fitting_kernels import by_logarithm, uphill

    low, high = np.log(box[0]), np.log(box[1])
    place = np.minimum(np.maximum(np.log(start), low), high)

    def at(place: Floats) -> Derivatives:
        theta = np.exp(place)
        value, gradient, hessian = likelihood(theta)
        return value, *by_logarithm(theta, gradient, hessian)

    value, slope, curve = at(place)
    evaluations, converged = 1, False
    for _ in range(MOST_STEPS):
        step, steepest, gain = uphill(place, low, high, slope, curve, LONGEST_STEP)
        if steepest <= SLOPE * customers * loose and gain / 2 <= DECREMENT * customers * loose**2:
            converged = True
            break
        length = 1.0
        while length > 1e-10:
            tried = np.minimum(np.maximum(place + length * step, low), high)
            found, its_slope, its_curve = at(tried)
            evaluations += 1
            if isfinite(found) and found >= value - 1e-14 * abs(value):
                break
            length /= 2 if length > 0.1 else 8
        else:
            break
        if length == 1.0 and (tried == place).all():
            converged = steepest <= SLOPE * customers * loose
            break
        place, value, slope, curve = tried, found, its_slope, its_curve
    return Top(np.exp(place), value, float(np.abs(slope).max()) / customers, -curve, evaluations, converged)
