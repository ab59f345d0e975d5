"""Why a model is not used: values with a code and the numbers that decided, worded at the edge.

`Refusal` is what fits return instead of parameters that could not be trusted. What the caller did wrong (a recency
beyond the age, a negative count) is a `BadHistory`, an exception.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

RefusalCode = Literal[
    "too_few_customers",  # found, needed
    "too_few_repeats",  # found customers who bought again, needed
    "too_short",  # found days of history, needed
    "value_follows_frequency",  # correlation, limit
    "border",  # parameter, value: the likelihood rises until the parameter has no meaning
    "uncertain",  # parameter, value, error: the data leave the parameter open
    "not_converged",  # gradient, limit
    "misses_total",  # expected, actual, limit as a share: the hold-out contradicts the model
    "worse_than_rates",  # score, rates: the hold-out is told better by each customer's own rate
]

# Fewer than these say nothing about four parameters: with them the standard errors of r and a are about half of
# the parameters themselves (simulated with CDNOW's parameters).
MIN_CUSTOMERS = 200
MIN_REPEATERS = 50
# Gamma-Gamma takes value and frequency as independent. Fader and Hardie accept 0.11 in CDNOW; from 0.3 on the
# expected spend of frequent customers is off by more than its interval.
MAX_CORRELATION = 0.3


@dataclass(frozen=True)
class Refusal:
    """A model is not used: which one, why, and the numbers that say so."""

    model: str
    code: RefusalCode
    params: Mapping[str, float | str] = field(default_factory=dict)


class BadHistory(ValueError):
    """Histories that cannot be: the message says what was found, where, and what was expected."""
