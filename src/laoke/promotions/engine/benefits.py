"""What old customers have beside the price: a gift, a longer return or warranty period, a level's reward (R34, R35).

They are promises: shown on the page and in a quote, a cost where one is stated, never a part of the price.
"""

from dataclasses import dataclass

from laoke.money import MAX_CENTS
from laoke.promotions.engine.errors import EngineError, check_between

GIFT, LONGER_RETURN, LONGER_WARRANTY, SERVICE = "gift", "longer_return", "longer_warranty", "service"
BENEFIT_KINDS = (GIFT, LONGER_RETURN, LONGER_WARRANTY, SERVICE)
MOST_DAYS = 3_650
MOST_LEVELS = 20


@dataclass(frozen=True, slots=True)
class ServiceBenefit:
    """老客权益: one thing that every order of the offer's audience has beside its goods.

    A gift is named with its value, a service by name; a longer period has `days`, those that come on top of what
    everybody has. `cost_cents` is what it costs the shop per order (None = not stated, no cost is counted).
    """

    kind: str
    title: str = ""
    days: int | None = None
    value_cents: int | None = None
    cost_cents: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in BENEFIT_KINDS:
            raise EngineError("unknown_choice", "kind", found=self.kind, known=", ".join(BENEFIT_KINDS))
        if self.lasts == (self.days is None):
            raise EngineError("days_of_a_period", "days")
        if self.days is not None:
            check_between("days", self.days, 1, MOST_DAYS)
        if not self.lasts and not self.title.strip():
            raise EngineError("empty", "title")
        _check_figures(self.value_cents, self.cost_cents)
        if (self.kind == GIFT) == (self.value_cents is None):
            raise EngineError("value_of_a_gift", "value_cents")

    @property
    def lasts(self) -> bool:
        """True for a longer period."""
        return self.kind in (LONGER_RETURN, LONGER_WARRANTY)


@dataclass(frozen=True, slots=True)
class LevelStep:
    """A level: what must have been spent in the term, and the reward for getting there, with its cost if stated."""

    group: str
    spend_cents: int
    reward: str
    cost_cents: int | None = None

    def __post_init__(self) -> None:
        for name in ("group", "reward"):
            if not getattr(self, name).strip():
                raise EngineError("empty", name)
        check_between("spend_cents", self.spend_cents, 1, MAX_CENTS)
        _check_figures(None, self.cost_cents)


@dataclass(frozen=True, slots=True)
class LevelReward:
    """升级礼: an order with which a member's spending of the last `term_days` passes a level earns its reward."""

    levels: tuple[LevelStep, ...]
    term_days: int = 365

    def __post_init__(self) -> None:
        if not self.levels:
            raise EngineError("no_steps", "levels")
        check_between("levels", len(self.levels), 1, MOST_LEVELS)
        check_between("term_days", self.term_days, 1, MOST_DAYS)
        groups = [level.group for level in self.levels]
        for group in groups:
            if groups.count(group) > 1:
                raise EngineError("level_twice", "levels", group=group)
        for lower, upper in zip(self.levels, self.levels[1:], strict=False):
            if upper.spend_cents <= lower.spend_cents:
                raise EngineError("levels_must_rise", "levels")

    def passed(self, before_cents: int, after_cents: int) -> tuple[LevelStep, ...]:
        """The levels that lie above what was spent before and within what is spent after."""
        return tuple(level for level in self.levels if before_cents < level.spend_cents <= after_cents)


def _check_figures(value_cents: int | None, cost_cents: int | None) -> None:
    if value_cents is not None:
        check_between("value_cents", value_cents, 1, MAX_CENTS)
    if cost_cents is not None:
        check_between("cost_cents", cost_cents, 0, MAX_CENTS)
