"""Item-level prices that hang on a second payment or on other buyers: 定金膨胀, 拼团, 越买越便宜 (R31 to R33).

What a past without them would have made of them nobody knows: each carries what the operator assumes of it for a
backtest. What happens after the purchase (balances, groups, differences) is worked out in `settling`.
"""

from dataclasses import dataclass
from datetime import datetime

from laoke.money import FULL_BP, MAX_CENTS
from laoke.promotions.engine.errors import EngineError, check_between
from laoke.promotions.engine.item_prices import PercentOff

MOST_PEOPLE = 1_000
MOST_HOURS = 720
MOST_STEPS = 20
DEPOSIT_PARTS = 5
"""A deposit is at most a fifth of the price: what is above that is no deposit by law."""


@dataclass(frozen=True, slots=True)
class DepositExpansion:
    """定金膨胀: `deposit_cents` paid for a piece before `deposit_until` count as `counts_cents` against its price.

    The balance is paid from `balance_from` on, until the offer's window ends; who does not pay it loses the deposit.
    Moments are shop time. `assumed_bp`: how many of the orders a backtest takes to pay both.
    """

    deposit_cents: int
    counts_cents: int
    deposit_until: datetime
    balance_from: datetime
    assumed_bp: int = FULL_BP

    def __post_init__(self) -> None:
        check_between("deposit_cents", self.deposit_cents, 1, MAX_CENTS)
        check_between("counts_cents", self.counts_cents, 1, MAX_CENTS)
        if self.counts_cents <= self.deposit_cents:
            raise EngineError("deposit_must_grow", "counts_cents", deposit_cents=self.deposit_cents)
        for name in ("deposit_until", "balance_from"):
            if getattr(self, name).tzinfo is not None:
                raise EngineError("time_with_zone", name)
        if self.balance_from < self.deposit_until:
            raise EngineError("balance_before_deposit", "balance_from")
        check_between("assumed_bp", self.assumed_bp, 1, FULL_BP)

    @property
    def off_cents(self) -> int:
        """What comes off a piece."""
        return self.counts_cents - self.deposit_cents

    @property
    def least_price_cents(self) -> int:
        """The lowest price of a piece that takes part: a deposit is a fifth of it at most, and a balance is left."""
        return max(DEPOSIT_PARTS * self.deposit_cents, self.counts_cents + 1)


@dataclass(frozen=True, slots=True)
class GroupBuy:
    """拼团: a piece costs `price_cents` when `people` different buyers come together within `hours`.

    A group that does not fill in time is paid back whole. `assumed_bp`: how many of the orders a backtest takes to be
    in groups that fill.
    """

    price_cents: int
    people: int
    hours: int
    assumed_bp: int = FULL_BP

    def __post_init__(self) -> None:
        check_between("price_cents", self.price_cents, 1, MAX_CENTS)
        check_between("people", self.people, 2, MOST_PEOPLE)
        check_between("hours", self.hours, 1, MOST_HOURS)
        check_between("assumed_bp", self.assumed_bp, 1, FULL_BP)


@dataclass(frozen=True, slots=True)
class BuyersStep:
    """From the `buyers`-th buyer on, all pay `pay_bp`."""

    buyers: int
    pay_bp: int

    def __post_init__(self) -> None:
        check_between("buyers", self.buyers, 1, MAX_CENTS)
        check_between("pay_bp", self.pay_bp, 1, FULL_BP - 1)


@dataclass(frozen=True, slots=True)
class MoreCheaper:
    """越买越便宜: the rate of the highest step that the number of buyers reaches; at the end all have the last one.

    `assumed_buyers`: how many a backtest takes to come (None = enough for the last step, the dearest case).
    """

    steps: tuple[BuyersStep, ...]
    assumed_buyers: int | None = None

    def __post_init__(self) -> None:
        if not self.steps:
            raise EngineError("no_steps", "steps")
        check_between("steps", len(self.steps), 1, MOST_STEPS)
        for fewer, more in zip(self.steps, self.steps[1:], strict=False):
            if more.buyers <= fewer.buyers or more.pay_bp >= fewer.pay_bp:
                raise EngineError("rates_must_fall", "steps")
        if self.assumed_buyers is not None:
            check_between("assumed_buyers", self.assumed_buyers, 0, MAX_CENTS)

    @property
    def variants(self) -> tuple[PercentOff, ...]:
        """The rates, the lowest first."""
        return tuple(PercentOff(step.pay_bp) for step in reversed(self.steps))

    def reached(self, buyers: int) -> int | None:
        """The number of the variant that so many buyers reach; None below the first step."""
        steps = sum(step.buyers <= buyers for step in self.steps)
        return len(self.steps) - steps if steps else None

    def next_step(self, buyers: int) -> BuyersStep | None:
        """The step that more buyers reach; None at the last."""
        return next((step for step in self.steps if step.buyers > buyers), None)
