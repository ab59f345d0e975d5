"""The filter as data: a tree of conditions joined by and, or, not. Validated on construction, plain JSON outside.

Counts are whole numbers, money is integer cents, times are days before the as-of day or calendar days. Every bound is
inclusive. The tree knows neither its text form (`text.py`) nor its query (`compiling.py`).

    TreeError    the data is no filter: `code` and `params` say why
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from laoke.warehouse.customer_value import HORIZONS

MAX_DEPTH = 40
MAX_CONDITIONS = 200
MAX_VALUES = 500
MAX_TEXT = 100
LARGEST = 10**13
LONGEST_DAYS = 20_000

# Shares are hundredths of a percent: 10,000 is all.
WHOLE = 10_000

COUNT_MEASURES = ("bought", "items", "used_coupon", "full_price")
MONEY_MEASURES = ("spent", "net_spent", "refunded", "average_order")
SHARE_MEASURES = ("coupon_share", "refund_share")
MEASURES = COUNT_MEASURES + MONEY_MEASURES + SHARE_MEASURES
# What a measure without bounds means; the others say nothing without a bound.
USUAL_LOW = {"bought": 1, "items": 1, "used_coupon": 1, "refunded": 1, "full_price": 1}
# What is known of a person as a whole, without a window, and its unit.
TRAITS = {
    "mean_gap": "days", "overdue": "share", "r_score": "count", "f_score": "count", "m_score": "count",
    "fm_score": "count", "usual_hour": "count", "rfm_orders": "count", "rfm_spent": "money",
    "active_probability": "share",
}  # fmt: skip
TRAIT_RANGES = {
    **dict.fromkeys(("r_score", "f_score", "m_score", "fm_score"), (1, 5)), "usual_hour": (0, 23),
    "active_probability": (0, WHOLE),
}  # fmt: skip
# Conditions on goods: by what the goods are found, and what is asked of them.
GOODS = {
    "bought_category": ("category", "days"), "items_of_product": ("product", "items"),
    "items_of_category": ("category", "items"), "spent_on_product": ("product", "cents"),
    "spent_on_category": ("category", "cents"),
}  # fmt: skip
# What customer value says of the days to come, and its unit: decimals are hundredths.
EXPECTED = {"expected_orders": "decimal", "expected_spend": "money"}
TOUCH_MEASURES = ("touched", "delivered", "answered")
COUPON_MEASURES = ("holds_coupon", "used_code")
POINT_MEASURES = ("points_held", "points_ending", "points_earned", "points_used")
DRAW_MEASURES = ("drew", "won")
REFERRAL_MEASURES = ("brought", "was_brought")
REWARD_MEASURES = POINT_MEASURES + DRAW_MEASURES + REFERRAL_MEASURES
# What is held is held now: a window says nothing of it.
HELD_NOW = ("holds_coupon", "points_held")
DAY_FIELDS = ("last_order", "first_order")
TEXT_FIELDS = (
    "city", "province", "lifecycle", "group", "rfm", "city_tier", "platform_level", "usual_weekday", "bought_month",
    "birthday_month",
)  # fmt: skip
LIFECYCLES = ("prospect", "new_customer", "active", "silent", "dormant", "nearly_lost", "lost")
GROUPS = ("loyal", "active", "ordinary")
RFM_CLASSES = (
    "key_value", "key_recall", "key_develop", "key_retain",
    "general_value", "general_keep", "general_new", "general_lost",
)  # fmt: skip
CITY_TIERS = ("first", "new_first")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = tuple(str(month) for month in range(1, 13))
CLOSED_VALUES = {
    "lifecycle": LIFECYCLES, "group": GROUPS, "rfm": RFM_CLASSES, "city_tier": CITY_TIERS,
    "usual_weekday": WEEKDAYS, "bought_month": MONTHS, "birthday_month": MONTHS,
}  # fmt: skip
CHANNELS = ("sms", "email", "call", "handover")
CONTACTS = ("phone", "email", "nick")
HIGHS = ("recency", "frequency", "money")
REFUND_KINDS = ("money", "goods")
# Of after-sales cases, as the package that owns them calls them; a case that waits for an answer is open.
CASE_KINDS = ("return", "refund", "delay", "quality", "review", "other")
CASE_STATES = ("open", "closed")
STEP_KINDS = ("bought", "product", "category", "touched", "answered")
# A purchase of the same day may come after one of these.
MESSAGE_STEPS = ("touched", "answered")
LONGEST_BIRTHDAY_DAYS = 365


class TreeError(ValueError):
    """Data that is no filter. `code` is stable, `params` fill the message."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(f"{code} {params}")
        self.code, self.params = code, params


def _refuse_unless(holds: bool, code: str, **params: Any) -> None:
    if not holds:
        raise TreeError(code, **params)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_known(value: object, known: tuple[str, ...], what: str) -> None:
    _refuse_unless(value in known, "unknown_value", what=what, found=str(value), allowed=list(known))


def _check_text(value: object) -> None:
    _refuse_unless(isinstance(value, str) and bool(value.strip()) and "\0" not in value, "empty_text")
    _refuse_unless(len(str(value)) <= MAX_TEXT, "text_too_long", most=MAX_TEXT)


@dataclass(frozen=True)
class Bounds:
    """Both ends inclusive; None = open. Counts, cents or days, never negative."""

    low: int | None = None
    high: int | None = None

    def __post_init__(self) -> None:
        for end in (self.low, self.high):
            _refuse_unless(
                end is None or (_is_whole(end) and 0 <= end <= LARGEST), "bad_bound", found=str(end)
            )
        _refuse_unless(self.low is not None or self.high is not None, "no_bound")
        if self.low is not None and self.high is not None:
            _refuse_unless(self.low <= self.high, "empty_range", low=self.low, high=self.high)

    def holds(self, value: int) -> bool:
        """Whether the value lies within."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True)
class Within:
    """Not more than so many days before the as-of day."""

    days: int

    def __post_init__(self) -> None:
        _refuse_unless(
            _is_whole(self.days) and 0 <= self.days <= LONGEST_DAYS, "bad_window", found=str(self.days)
        )


@dataclass(frozen=True)
class Between:
    """From one calendar day to another, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        _refuse_unless(
            type(self.first) is date and type(self.last) is date, "bad_window", found=str(self.first)
        )
        _refuse_unless(
            self.first <= self.last, "empty_range", low=self.first.isoformat(), high=self.last.isoformat()
        )


Window = Within | Between | None


def _check_within(bounds: Bounds, low: int, high: int) -> None:
    """Refuse bounds that no value of a scale could meet."""
    meets = (bounds.low is None or bounds.low <= high) and (bounds.high is None or bounds.high >= low)
    _refuse_unless(meets, "out_of_range", low=low, high=high)


@dataclass(frozen=True)
class Everyone:
    """Every person of the shop."""


@dataclass(frozen=True)
class Amount:
    """How often, how many or how much, in a window. `bought` counts purchase days, `average_order` divides by them."""

    measure: str
    bounds: Bounds
    window: Window = None

    def __post_init__(self) -> None:
        _check_known(self.measure, MEASURES, "measure")


@dataclass(frozen=True)
class Day:
    """When the first or the last purchase was: days ago (Bounds) or calendar days (Between)."""

    field: str
    when: Bounds | Between

    def __post_init__(self) -> None:
        _check_known(self.field, DAY_FIELDS, "day")
        if isinstance(self.when, Bounds):
            for end in (self.when.low, self.when.high):
                _refuse_unless(end is None or end <= LONGEST_DAYS, "bad_window", found=str(end))


@dataclass(frozen=True)
class OneOf:
    """A text of the person is one of these values."""

    field: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        _check_known(self.field, TEXT_FIELDS, "field")
        _refuse_unless(0 < len(self.values) <= MAX_VALUES, "bad_list", most=MAX_VALUES)
        _refuse_unless(len(set(self.values)) == len(self.values), "doubled_value")
        for value in self.values:
            _check_text(value)
            if self.field in CLOSED_VALUES:
                _check_known(value, CLOSED_VALUES[self.field], self.field)


@dataclass(frozen=True)
class Tagged:
    """The person has a tag of the shop."""

    tag: str

    def __post_init__(self) -> None:
        _check_text(self.tag)


@dataclass(frozen=True)
class InGroup:
    """The person is in a chat group of the shop that is in use: the named one, or any for None."""

    group: str | None = None

    def __post_init__(self) -> None:
        if self.group is not None:
            _check_text(self.group)


@dataclass(frozen=True)
class Consented:
    """The person consented to marketing on the channel and did not refuse it since."""

    channel: str

    def __post_init__(self) -> None:
        _check_known(self.channel, CHANNELS, "channel")


@dataclass(frozen=True)
class Reachable:
    """The person may and can be written to on the channel."""

    channel: str

    def __post_init__(self) -> None:
        _check_known(self.channel, CHANNELS, "channel")


@dataclass(frozen=True)
class Has:
    """A contact or key of that kind came with some order of the person."""

    contact: str

    def __post_init__(self) -> None:
        _check_known(self.contact, CONTACTS, "contact")


@dataclass(frozen=True)
class BoughtProduct:
    """Purchase days on which a product was bought whose title has these words."""

    words: str
    bounds: Bounds = Bounds(1, None)
    window: Window = None

    def __post_init__(self) -> None:
        _check_text(self.words)


@dataclass(frozen=True)
class OfGoods:
    """Purchase days, pieces or money of goods found by the words of their title or of their category."""

    measure: str
    words: str
    bounds: Bounds = Bounds(1, None)
    window: Window = None

    def __post_init__(self) -> None:
        _check_known(self.measure, tuple(GOODS), "measure")
        _check_text(self.words)


@dataclass(frozen=True)
class BoughtPriced:
    """Purchase days with a piece whose price lay in a band (cents)."""

    price: Bounds
    bounds: Bounds = Bounds(1, None)
    window: Window = None


@dataclass(frozen=True)
class Step:
    """One happening of a sequence: any purchase, one of a product or category, a message, or an answer to one. `words`
    of a message or an answer is its channel, '' = any."""

    kind: str
    words: str = ""

    def __post_init__(self) -> None:
        _check_known(self.kind, STEP_KINDS, "step")
        if self.kind in ("product", "category"):
            _check_text(self.words)
        elif self.kind in MESSAGE_STEPS:
            _check_known(self.words, ("", *CHANNELS), "channel")
        else:
            _refuse_unless(self.words == "", "bad_step")


@dataclass(frozen=True)
class Sequence:
    """First the one, then within so many days the other.

    Wanted: after any of the first came the other, on a later day (where one of them is a message or an answer also on
    its day), at most `days` later. Not wanted (`negated`): the last of the first lies at least `days` back, and the
    other did not come in the `days` after it. The window is that of the first.
    """

    first: Step
    then: Step
    days: int
    negated: bool = False
    window: Window = None

    def __post_init__(self) -> None:
        _refuse_unless(self.then.kind != "touched", "bad_step")
        _refuse_unless(
            _is_whole(self.days) and 1 <= self.days <= LONGEST_DAYS, "bad_window", found=str(self.days)
        )
        _refuse_unless(isinstance(self.negated, bool), "no_filter")


@dataclass(frozen=True)
class Reviewed:
    """How many reviews the person wrote: with so many stars, with a photo."""

    bounds: Bounds = Bounds(1, None)
    rating: Bounds | None = None
    photo: bool = False
    window: Window = None

    def __post_init__(self) -> None:
        if self.rating is not None:
            _check_within(self.rating, 1, 5)
        _refuse_unless(isinstance(self.photo, bool), "no_filter")


@dataclass(frozen=True)
class RefundTimes:
    """How many refunds were settled: of one kind, or ('') of any."""

    bounds: Bounds = Bounds(1, None)
    kind: str = ""
    window: Window = None

    def __post_init__(self) -> None:
        _check_known(self.kind, ("", *REFUND_KINDS), "refund kind")


@dataclass(frozen=True)
class HadCase:
    """How many after-sales cases of the person were opened: of one kind, open or closed by now, or ('') of any."""

    bounds: Bounds = Bounds(1, None)
    kind: str = ""
    state: str = ""
    window: Window = None

    def __post_init__(self) -> None:
        _check_known(self.kind, ("", *CASE_KINDS), "case kind")
        _check_known(self.state, ("", *CASE_STATES), "case state")


@dataclass(frozen=True)
class Touched:
    """How many messages reached the person, or may have (`touched`), how many were reported delivered, and how often
    the person wrote back without refusing (`answered`)."""

    measure: str
    bounds: Bounds = Bounds(1, None)
    channel: str = ""
    window: Window = None

    def __post_init__(self) -> None:
        _check_known(self.measure, TOUCH_MEASURES, "measure")
        _check_known(self.channel, ("", *CHANNELS), "channel")


@dataclass(frozen=True)
class Coupons:
    """How many of the shop's own coupons the person holds and could use on the as-of day (`holds_coupon`, which has no
    window), or has used (`used_code`): of the issue of one name, or ('') of any."""

    measure: str
    bounds: Bounds = Bounds(1, None)
    issue: str = ""
    window: Window = None

    def __post_init__(self) -> None:
        _check_known(self.measure, COUPON_MEASURES, "measure")
        held_in_window = self.measure == "holds_coupon" and self.window is not None
        _refuse_unless(not held_in_window, "bad_window", found="holds_coupon")
        if self.issue != "":
            _check_text(self.issue)


@dataclass(frozen=True)
class Rewards:
    """Points, draws and referrals in the shop's own channels.

    Points that the person can use on the as-of day (`points_held`, which has no window), that end in the days of the
    window to come (`points_ending`), that came (`points_earned`) or were used (`points_used`); draws in the lottery of
    one name, or ('') in any (`drew`), and those with a prize (`won`); friends who came by the person's invitation
    (`brought`), and times that the person came by another's (`was_brought`).
    """

    measure: str
    bounds: Bounds = Bounds(1, None)
    lottery: str = ""
    window: Window = None

    def __post_init__(self) -> None:
        _check_known(self.measure, REWARD_MEASURES, "measure")
        fits = {
            "points_held": self.window is None,
            "points_ending": isinstance(self.window, Within),
        }.get(self.measure, True)
        _refuse_unless(fits, "bad_window", found=self.measure)
        _refuse_unless(self.lottery == "" or self.measure in DRAW_MEASURES, "no_filter")
        if self.lottery != "":
            _check_text(self.lottery)


@dataclass(frozen=True)
class Expected:
    """Purchase days (hundredths) or cents that a person is expected to bring in the `days` to come; false where
    customer value says nothing of the person."""

    measure: str
    bounds: Bounds
    days: int

    def __post_init__(self) -> None:
        _check_known(self.measure, tuple(EXPECTED), "measure")
        known = _is_whole(self.days) and self.days in HORIZONS
        _refuse_unless(known, "bad_horizon", allowed=", ".join(f"{days}d" for days in HORIZONS))


@dataclass(frozen=True)
class Trait:
    """A number that is known of the person as a whole; false where it is not known."""

    name: str
    bounds: Bounds

    def __post_init__(self) -> None:
        _check_known(self.name, tuple(TRAITS), "trait")
        if self.name in TRAIT_RANGES:
            _check_within(self.bounds, *TRAIT_RANGES[self.name])


@dataclass(frozen=True)
class High:
    """Recency, frequency or money lies above the shop's line."""

    what: str

    def __post_init__(self) -> None:
        _check_known(self.what, HIGHS, "high")


@dataclass(frozen=True)
class Birthday:
    """The birthday is on the as-of day or at most so many days after it."""

    days: int

    def __post_init__(self) -> None:
        _refuse_unless(
            _is_whole(self.days) and 0 <= self.days <= LONGEST_BIRTHDAY_DAYS,
            "bad_window",
            found=str(self.days),
        )


@dataclass(frozen=True)
class InSegment:
    """The person is in another segment of the shop. `tree` is what that segment says now, once it was looked up."""

    name: str
    tree: Node | None = None

    def __post_init__(self) -> None:
        _check_text(self.name)


@dataclass(frozen=True)
class RandomShare:
    """A share of all persons (hundredths of a percent), drawn by the id and a word: the same word, the same persons."""

    share: int
    seed: str

    def __post_init__(self) -> None:
        _refuse_unless(
            _is_whole(self.share) and 1 <= self.share <= WHOLE, "out_of_range", low="0.01%", high="100%"
        )
        _check_text(self.seed)


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    part: Node


@dataclass(frozen=True)
class And:
    """All parts hold. At least two; an And within it is written flat (`all_of`)."""

    parts: tuple[Node, ...]

    def __post_init__(self) -> None:
        _refuse_unless(len(self.parts) >= 2 and not any(isinstance(p, And) for p in self.parts), "bad_join")


@dataclass(frozen=True)
class Or:
    """One part holds at least. At least two; an Or within it is written flat (`any_of`)."""

    parts: tuple[Node, ...]

    def __post_init__(self) -> None:
        _refuse_unless(len(self.parts) >= 2 and not any(isinstance(p, Or) for p in self.parts), "bad_join")


Condition = (
    Everyone | HadCase | Amount | Day | OneOf | Tagged | InGroup | Consented | Reachable | Has | BoughtProduct | OfGoods
    | BoughtPriced | Sequence | Reviewed | RefundTimes | Touched | Expected | Trait | High | Birthday | InSegment
    | RandomShare | Coupons | Rewards
)  # fmt: skip
Node = Condition | Not | And | Or


def all_of(*parts: Node) -> Node:
    """The parts joined by and, flat."""
    flat = [one for part in parts for one in (part.parts if isinstance(part, And) else (part,))]
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def any_of(*parts: Node) -> Node:
    """The parts joined by or, flat."""
    flat = [one for part in parts for one in (part.parts if isinstance(part, Or) else (part,))]
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def children(node: Node) -> tuple[Node, ...]:
    """The parts of a join or a not; none of a condition."""
    if isinstance(node, And | Or):
        return node.parts
    return (node.part,) if isinstance(node, Not) else ()


def conditions(node: Node) -> Iterator[Condition]:
    """The conditions of a tree from left to right, each as often as it stands there."""
    if not isinstance(node, And | Or | Not):
        yield node
    for child in children(node):
        yield from conditions(child)


def everywhere(node: Node) -> Iterator[Condition]:
    """The conditions of a tree and of the segments it names, once they were looked up."""
    for one in conditions(node):
        yield one
        if isinstance(one, InSegment) and one.tree is not None:
            yield from everywhere(one.tree)
