"""The top of a smooth function of few positive parameters, by Newton's method on their logarithms.

The exact second derivatives cost little more than the first and save three evaluations of four against L-BFGS. Where
the function is not concave the step follows the absolute curvature; a step that does not climb is halved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

import numpy as np
import numpy.typing as npt

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


def by_logarithm(theta: Floats, gradient: Floats, hessian: Floats) -> tuple[Floats, Floats]:
    """Derivatives by the logarithms of the parameters, of those by the parameters."""
    slope = gradient * theta
    curve = hessian * theta * theta[:, None]
    curve.flat[:: len(theta) + 1] += slope
    return slope, curve


def climb(
    likelihood: Likelihood, start: Floats, customers: float, box: tuple[Floats, Floats], *, loose: float = 1.0
) -> Top:
    """Climb from `start` to the next top; a `loose` above 1 ends that many times further from it.

    The parameters stay between the two corners of the box: whoever ends on its wall has not found a top, and the
    caller says so. `customers` scales what 'converged' means.
    """
    low, high = np.log(box[0]), np.log(box[1])
    place = np.minimum(np.maximum(np.log(start), low), high)
    value, slope, curve = _at(likelihood, place)
    evaluations, converged = 1, False
    for _ in range(MOST_STEPS):
        held = ((place <= low) & (slope < 0)) | ((place >= high) & (slope > 0))
        step, steepest = _step(slope, curve, held)
        if (
            steepest <= SLOPE * customers * loose
            and float(slope @ step) / 2 <= DECREMENT * customers * loose**2
        ):
            converged = True
            break
        length = 1.0
        while length > 1e-10:
            tried = np.minimum(np.maximum(place + length * step, low), high)
            found, its_slope, its_curve = _at(likelihood, tried)
            evaluations += 1
            if isfinite(found) and found >= value - 1e-14 * abs(value):
                break
            length /= 2 if length > 0.1 else 8
        else:
            break
        if length == 1.0 and np.array_equal(tried, place):
            converged = steepest <= SLOPE * customers * loose
            break
        place, value, slope, curve = tried, found, its_slope, its_curve
    return Top(np.exp(place), value, float(np.abs(slope).max()) / customers, -curve, evaluations, converged)


def _at(likelihood: Likelihood, place: Floats) -> Derivatives:
    theta = np.exp(place)
    value, gradient, hessian = likelihood(theta)
    return value, *by_logarithm(theta, gradient, hessian)


def _step(slope: Floats, curve: Floats, held: npt.NDArray[np.bool_]) -> tuple[Floats, float]:
    """Newton's step among the parameters that no wall holds, uphill whatever the curvature, of bounded length; and the
    steepest slope among them."""
    if held.any():
        step, free = np.zeros_like(slope), ~held
        if not free.any():
            return step, 0.0
        step[free], steepest = _step(slope[free], curve[np.ix_(free, free)], held[free])
        return step, steepest
    values, vectors = np.linalg.eigh(-curve)
    sizes, steepest = np.abs(values), float(np.abs(slope).max())
    flat = max(1e-10 * float(sizes.max()), 1e-3 * steepest, 1e-300)
    step = vectors @ ((vectors.T @ slope) / np.maximum(sizes, flat))
    longest = float(np.abs(step).max())
    return step if longest <= LONGEST_STEP else step * (LONGEST_STEP / longest), steepest
