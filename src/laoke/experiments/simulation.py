"""Rounds that never happened: how often the intervals hold the truth, and how often they cry wolf.

People buy with a chance, and a basket is log-normal, which is what order amounts of a shop look like. Used by the tests
with few rounds and by the proof run with many.
"""

from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING

from laoke.experiments.stats import ArmStats, Difference, compare

if TYPE_CHECKING:
    import numpy as np

BASKET_MU = 9.2  # the logarithm of a typical basket of about 100 yuan, in cents


@dataclass(frozen=True)
class Trial:
    """A round: people per arm, the chance to buy, its relative lift when treated, the spread of baskets."""

    treated: int
    control: int
    buying: float
    lift: float = 0.0
    basket_sigma: float = 0.6

    @property
    def truth(self) -> float:
        """The true difference per person in cents."""
        return self.buying * self.lift * exp(BASKET_MU + self.basket_sigma**2 / 2)


@dataclass(frozen=True)
class Outcome:
    """Shares of the answered rounds: interval holds the truth; excludes zero wrongly; excludes zero rightly."""

    rounds: int
    answered: int
    covered: float
    false_alarms: float
    found: float


def simulate(rng: "np.random.Generator", trial: Trial, *, rounds: int) -> Outcome:
    """Run the round many times. A wrong sign counts as a false alarm even where there is an effect."""
    answers = []
    for _ in range(rounds):
        treated = _draw(rng, trial.treated, trial.buying * (1 + trial.lift), trial.basket_sigma)
        control = _draw(rng, trial.control, trial.buying, trial.basket_sigma)
        answer = compare(treated, control)
        if isinstance(answer, Difference):
            answers.append(answer)
    truth, count = trial.truth, max(len(answers), 1)
    covered = sum(a.low <= truth <= a.high for a in answers)
    wrong = sum((a.low > 0 and truth <= 0) or (a.high < 0 and truth >= 0) for a in answers)
    right = sum((a.low > 0 and truth > 0) or (a.high < 0 and truth < 0) for a in answers)
    return Outcome(rounds, len(answers), covered / count, wrong / count, right / count)


def _draw(rng: "np.random.Generator", people: int, buying: float, sigma: float) -> ArmStats:
    buyers = int(rng.binomial(people, min(buying, 1.0)))
    cents = rng.lognormal(BASKET_MU, sigma, buyers)
    return ArmStats(people, float(cents.sum()), float((cents * cents).sum()), buyers)
