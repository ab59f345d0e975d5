"""Item-level mechanics with several prices, of which one is open: by member level, by time, or while stock lasts.

`variants` are their plain prices, the lowest first. Before a basket is priced each becomes the one that is open to it
(rules R28 and R29, in `opening`), so that everything after knows plain prices only.
"""

from dataclasses import dataclass
from datetime import datetime

from laoke.money import FULL_BP, MAX_CENTS
from laoke.promotions.engine.errors import EngineError, check_between
from laoke.promotions.engine.item_prices import FixedPrice, PercentOff

MOST_LEVELS = 20


@dataclass(frozen=True, slots=True)
class MemberLevel:
    """What members of a group pay."""

    group: str
    pay_bp: int

    def __post_init__(self) -> None:
        if not self.group.strip():
            raise EngineError("empty", "group")
        check_between("pay_bp", self.pay_bp, 1, FULL_BP - 1)


@dataclass(frozen=True, slots=True)
class MemberPrice:
    """会员价: a rate by member level; who belongs to several levels has the lowest of them."""

    levels: tuple[MemberLevel, ...]

    def __post_init__(self) -> None:
        if not self.levels:
            raise EngineError("no_steps", "levels")
        check_between("levels", len(self.levels), 1, MOST_LEVELS)
        groups = [level.group for level in self.levels]
        for group in groups:
            if groups.count(group) > 1:
                raise EngineError("level_twice", "levels", group=group)

    @property
    def ranked(self) -> tuple[MemberLevel, ...]:
        """The levels, who pays least first."""
        return tuple(sorted(self.levels, key=lambda level: (level.pay_bp, level.group)))

    @property
    def variants(self) -> tuple[PercentOff, ...]:
        """The rates in the order of `ranked`."""
        return tuple(PercentOff(level.pay_bp) for level in self.ranked)


@dataclass(frozen=True, slots=True)
class EarlyStep:
    """What is paid until a moment (excluded), shop time."""

    until: datetime
    pay_bp: int

    def __post_init__(self) -> None:
        if self.until.tzinfo is not None:
            raise EngineError("time_with_zone", "until")
        check_between("pay_bp", self.pay_bp, 1, FULL_BP - 1)


@dataclass(frozen=True, slots=True)
class EarlyBird:
    """早鸟价: the sooner the cheaper; the first step whose time has not come counts, after the last none."""

    steps: tuple[EarlyStep, ...]

    def __post_init__(self) -> None:
        if not self.steps:
            raise EngineError("no_steps", "steps")
        check_between("steps", len(self.steps), 1, MOST_LEVELS)
        for sooner, later in zip(self.steps, self.steps[1:], strict=False):
            if later.until <= sooner.until or later.pay_bp <= sooner.pay_bp:
                raise EngineError("early_must_rise", "steps")

    @property
    def variants(self) -> tuple[PercentOff, ...]:
        """The rates in the order of time."""
        return tuple(PercentOff(step.pay_bp) for step in self.steps)


@dataclass(frozen=True, slots=True)
class FlashSale:
    """秒杀: a price while `stock` pieces last; an order that asks for more than are left gets none at it."""

    price_cents: int
    stock: int

    def __post_init__(self) -> None:
        check_between("price_cents", self.price_cents, 1, MAX_CENTS)
        check_between("stock", self.stock, 1, MAX_CENTS)

    @property
    def variants(self) -> tuple[FixedPrice, ...]:
        """Its one price."""
        return (FixedPrice(self.price_cents),)
