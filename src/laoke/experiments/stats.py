"""What a round changed: sufficient statistics per arm, and the difference per person with its interval.

Analysis is by assignment: an arm is everyone who was placed in it, reached or not, buyer or not. Where
the data cannot carry an answer the result is a `NotEnough` value with a reason and, where it can be
known, the number it needs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, isfinite, sqrt
from statistics import NormalDist
from typing import Literal

CONFIDENCE = 0.95
POWER = 0.80
SRM_THRESHOLD = 0.001

# With fewer people with an outcome in an arm the normal approximation says little (simulated:
# docs/why/proof.md).
MIN_NONZERO = 10

Metric = Literal["orders", "revenue", "profit"]
METRICS: tuple[Metric, ...] = ("orders", "revenue", "profit")

NotEnoughCode = Literal[
    "no_control",  # nobody was held out
    "no_treated",  # everybody was held out
    "too_few_people",  # an arm has fewer than two people
    "too_few_outcomes",  # too few people of an arm bought anything
    "no_variation",  # every person of both arms has the same value
    "too_small_for_effect",  # the effect one may expect would not have shown
]


@dataclass(frozen=True)
class ArmStats:
    """n people, the sum and the sum of squares of their values, and how many values are not zero.

    Values are orders (counts) or cents. Give whole numbers where possible: they stay exact however large.
    """

    n: int
    total: float
    squares: float
    nonzero: int

    def __post_init__(self) -> None:
        if self.n < 0 or not 0 <= self.nonzero <= self.n or self.squares < 0:
            raise ValueError(f"not the statistics of an arm: {self}")

    @classmethod
    def of(cls, values: Iterable[float]) -> "ArmStats":
        """The statistics of the values themselves, one per person; zeros count."""
        kept = list(values)
        return cls(len(kept), sum(kept), sum(v * v for v in kept), sum(1 for v in kept if v != 0))

    def __add__(self, other: "ArmStats") -> "ArmStats":
        return ArmStats(
            self.n + other.n,
            self.total + other.total,
            self.squares + other.squares,
            self.nonzero + other.nonzero,
        )

    @property
    def mean(self) -> float:
        """The mean per person; needs at least one person."""
        return self.total / self.n

    @property
    def variance(self) -> float:
        """The unbiased variance; needs at least two people. Rounding never makes it negative."""
        numerator = self.n * self.squares - self.total * self.total
        return max(numerator / (self.n * (self.n - 1)), 0.0)


EMPTY = ArmStats(0, 0, 0, 0)


@dataclass(frozen=True)
class NotEnough:
    """No answer, and why: `have` of what the code names, `need` of it (None where nothing can be said)."""

    code: NotEnoughCode
    have: int
    need: int | None


@dataclass(frozen=True)
class Difference:
    """Treated minus control per person, in the metric's unit, with a 95 % interval.

    `std_error` and `degrees` are the ones the interval was made with: see `standard_error`.
    """

    estimate: float
    low: float
    high: float
    std_error: float
    degrees: float
    p_value: float
    treated_n: int
    control_n: int

    @property
    def incremental(self) -> "Incremental":
        """The difference times the people of the treated arm."""
        n = self.treated_n
        return Incremental(self.estimate * n, self.low * n, self.high * n)


@dataclass(frozen=True)
class Incremental:
    """What the treated arm brought above what it would have brought anyway, with its interval."""

    estimate: float
    low: float
    high: float


def compare(treated: ArmStats, control: ArmStats, *, cost: float = 0) -> Difference | NotEnough:
    """The difference per person with its t interval, after a known cost of the treated arm as a whole.

    `cost` (same unit as the totals, for example message cents) is spread over everyone assigned to the
    treated arm; it is known, so it moves the estimate and not the width. Coupons and discounts belong in
    the values, because they vary.
    """
    refusal = _refuse(treated, control)
    if refusal is not None:
        return refusal
    from scipy import special

    error, degrees = standard_error(treated, control)
    estimate = (treated.total - cost) / treated.n - control.mean
    reach = float(special.stdtrit(degrees, 0.5 + CONFIDENCE / 2)) * error
    p_value = 2 * float(special.stdtr(degrees, -abs(estimate) / error))
    return Difference(
        estimate, estimate - reach, estimate + reach, error, degrees, p_value, treated.n, control.n
    )


def standard_error(treated: ArmStats, control: ArmStats) -> tuple[float, float]:
    """The error of the difference and its degrees of freedom: Welch's or the pooled one, the larger.

    Baskets are skewed and a holdout is small. When it happens to miss the few big baskets, its mean and
    its own variance are low together, and Welch alone calls 6-11 % of rounds without effect a success
    (2.5 % are due). Measured in docs/why/proof.md.
    """
    return _error(treated.n, treated.variance, control.n, control.variance)


def _error(treated_n: float, treated_var: float, control_n: float, control_var: float) -> tuple[float, float]:
    part_t, part_c = treated_var / treated_n, control_var / control_n
    welch = sqrt(part_t + part_c)
    degrees = treated_n + control_n - 2
    spread = (treated_n - 1) * treated_var + (control_n - 1) * control_var
    pooled = sqrt(spread / degrees * (1 / treated_n + 1 / control_n))
    if pooled > welch:
        return pooled, float(degrees)
    return welch, (part_t + part_c) ** 2 / (part_t**2 / (treated_n - 1) + part_c**2 / (control_n - 1))


def _with_effect(variance: float, mean: float, effect: float) -> float:
    """The variance of the treated where `effect` is there because more people buy, each as much as before.

    With a lift of k the mean and the mean square grow by k alike, so v becomes (1 + k) v - k (1 + k) m². A plan made
    without this promises 80 % and keeps 75 % for a lift of a fifth (docs/why/proof.md). Never less than before: an
    effect may as well make baskets larger.
    """
    if mean <= 0:
        return variance
    lift = effect / mean
    return max(variance, (1 + lift) * variance - lift * (1 + lift) * mean * mean)


def _refuse(treated: ArmStats, control: ArmStats) -> NotEnough | None:
    if control.n == 0:
        return NotEnough("no_control", 0, 2)
    if treated.n == 0:
        return NotEnough("no_treated", 0, 2)
    smaller = min(treated, control, key=lambda arm: arm.n)
    if smaller.n < 2:
        return NotEnough("too_few_people", smaller.n, 2)
    if treated.variance == 0 and control.variance == 0:
        return NotEnough("no_variation", treated.n + control.n, None)
    rarer = min(treated, control, key=lambda arm: arm.nonzero)
    if rarer.nonzero < MIN_NONZERO:
        return NotEnough("too_few_outcomes", rarer.n, _people_for_outcomes(rarer, treated + control))
    return None


def _people_for_outcomes(arm: ArmStats, both: ArmStats) -> int | None:
    """How many people the arm needs until MIN_NONZERO of them may be expected to have an outcome."""
    if both.nonzero == 0:
        return None
    need = ceil(MIN_NONZERO * both.n / both.nonzero)
    # By its own bad luck an arm may be large enough already and still have too few: then ask by its own rate.
    return need if need > arm.n else ceil(MIN_NONZERO * arm.n / max(arm.nonzero, 1))


@dataclass(frozen=True)
class NeededPeople:
    """How many people a comparison needs in all and in each arm."""

    total: int
    treated: int
    control: int


def needed_n(
    sd: float, effect: float, control_share: float, *, power: float = POWER, mean: float = 0
) -> NeededPeople:
    """People needed to see a difference of `effect` per person with the given power at 5 % (two-sided,
    normal).

    `sd` and `effect` share a unit, `control_share` lies strictly between 0 and 1. `mean` is what a person of the
    control arm brings: with it the plan knows that an effect widens the treated arm too. ValueError for anything
    that has no finite answer.
    """
    if not (isfinite(sd) and sd > 0):
        raise ValueError(f"sd must be above zero, found {sd}")
    if not (isfinite(effect) and effect != 0):
        raise ValueError(f"effect must be finite and not zero, found {effect}")
    if not 0 < control_share < 1:
        raise ValueError(f"control_share lies between 0 and 1, found {control_share}")
    if not 0.5 <= power < 1:
        raise ValueError(f"power lies between 0.5 and 1, found {power}")
    z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2) + NormalDist().inv_cdf(power)
    # Arms so large that the degrees of freedom do not matter, then scaled down to the error that is wanted.
    large = 1e9
    error, _ = _error(
        large * (1 - control_share), _with_effect(sd * sd, mean, effect), large * control_share, sd * sd
    )
    total = large * (z * error / effect) ** 2
    control = max(2, ceil(total * control_share))
    treated = max(2, ceil(total * (1 - control_share)))
    return NeededPeople(control + treated, treated, control)


def smallest_effect(treated: ArmStats, control: ArmStats, *, power: float = POWER) -> float:
    """The smallest difference per person that these arms would show with the given power."""
    z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2) + NormalDist().inv_cdf(power)
    effect = 0.0
    # The error depends on the effect, and grows more slowly than it: a few rounds settle it.
    for _ in range(20):
        effect = z * _error_of_plan(treated, control, effect)
    return effect


def _error_of_plan(treated: ArmStats, control: ArmStats, effect: float) -> float:
    """The error that these arms would have if `effect` were there; never below the one they have."""
    both = treated + control
    widened = _with_effect(both.variance, control.mean, effect)
    return max(standard_error(treated, control)[0], _error(treated.n, widened, control.n, both.variance)[0])


@dataclass(frozen=True)
class SrmResult:
    """The sample ratio check: chi-square of the people found against the planned shares."""

    even: bool
    p_value: float
    found: dict[str, int]
    expected: dict[str, float]


def srm_check(found: Mapping[str, int], shares: Mapping[str, int]) -> SrmResult:
    """Whether the arms have the sizes they were planned to have; uneven below p = 0.001.

    Both mappings name the same arms. An arm with a share of zero must be empty: anyone in it makes the
    result uneven.
    """
    if set(found) != set(shares):
        raise ValueError(f"arms found {sorted(found)} and planned {sorted(shares)} differ")
    total, parts = sum(found.values()), sum(shares.values())
    if parts <= 0 or any(share < 0 for share in shares.values()):
        raise ValueError(f"planned shares are not negative and add up above zero, found {dict(shares)}")
    expected = {arm: total * share / parts for arm, share in shares.items()}
    strays = any(found[arm] > 0 for arm in shares if shares[arm] == 0)
    planned = [arm for arm in shares if shares[arm] > 0]
    if strays or total == 0 or len(planned) < 2:
        p_value = 0.0 if strays else 1.0
    else:
        from scipy import special

        distance = sum((found[arm] - expected[arm]) ** 2 / expected[arm] for arm in planned)
        p_value = float(special.chdtrc(len(planned) - 1, distance))
    return SrmResult(p_value >= SRM_THRESHOLD, p_value, dict(found), expected)


class Verdict(StrEnum):
    """What a row of the review says in words."""

    HELPS = "helps"  # 有用: the whole interval lies above zero
    HURTS = "hurts"  # 没用: the whole interval lies below zero
    UNCLEAR = "unclear"  # 看不出差别: the effect one may expect would have shown, and did not
    UNEVEN = "uneven"  # 分组不均: the arms do not have their planned sizes, so nothing is concluded
    NO_CONTROL = "no_control"  # 没有对照: nobody was held out
    NOT_ENOUGH = "not_enough"  # the data could not have shown it; NotEnough says what it would need


@dataclass(frozen=True)
class Judgement:
    """One metric of one comparison: the verdict, the figures where there are any, and what was missing."""

    verdict: Verdict
    difference: Difference | None
    missing: NotEnough | None


def judge(
    treated: ArmStats,
    control: ArmStats,
    *,
    srm: SrmResult | None = None,
    cost: float = 0,
    plausible: float | None = None,
) -> Judgement:
    """The verdict on one metric.

    `plausible` is the effect per person one may hope for (default: a tenth of the control arm's mean).
    When the interval spans zero and such an effect would not have shown with 80 % power, the verdict is
    'not enough' with the people per control arm it would need; the figures are kept, so that the page may
    still draw the interval.
    """
    result = compare(treated, control, cost=cost)
    if isinstance(result, NotEnough):
        verdict = Verdict.NO_CONTROL if result.code == "no_control" else Verdict.NOT_ENOUGH
        return Judgement(verdict, None, result)
    if srm is not None and not srm.even:
        return Judgement(Verdict.UNEVEN, result, None)
    if result.low > 0:
        return Judgement(Verdict.HELPS, result, None)
    if result.high < 0:
        return Judgement(Verdict.HURTS, result, None)
    missing = _too_small(treated, control, result, plausible)
    return Judgement(Verdict.NOT_ENOUGH if missing else Verdict.UNCLEAR, result, missing)


PLAUSIBLE_LIFT = 0.10


def _too_small(
    treated: ArmStats, control: ArmStats, result: Difference, plausible: float | None
) -> NotEnough | None:
    effect = plausible if plausible is not None else PLAUSIBLE_LIFT * control.mean
    if effect == 0:
        effect = result.estimate
    if abs(effect) >= smallest_effect(treated, control):
        return None
    return NotEnough("too_small_for_effect", control.n, _people_for_effect(treated, control, effect))


def _people_for_effect(treated: ArmStats, control: ArmStats, effect: float) -> int | None:
    """The control arm's size at which `effect` shows, both arms growing in their present proportion."""
    if effect == 0:
        return None
    z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2) + NormalDist().inv_cdf(POWER)
    return ceil(control.n * (z * _error_of_plan(treated, control, abs(effect)) / effect) ** 2)
