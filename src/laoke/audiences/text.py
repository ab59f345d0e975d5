"""The filter language as text: `parse` reads it, `print_filter` writes it, and the two undo each other.

    or    = and { "or" and }            and = unary { "and" unary }
    unary = "not" unary | "(" or ")" | condition
    condition = name [ "(" … ")" ] [ "then" ["not"] condition "within" 30d ]
    range = N "+" | ">=" N | "<=" N | ">" N | "<" N | N ".." N | N
    window = "within" 90d | "in" 2025-11-01..2025-11-11

`then` binds closest, then `not`, `and`, `or`. Money is written in yuan, days with a unit (d, w, m = 30 days, y = 365),
shares in percent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from laoke.audiences.names import (
    ALLOWED_VALUES,
    CHINESE_CONDITIONS,
    CONDITION_NAMES,
    OPTIONS,
    closed_value,
    condition_name,
    keyword,
    nearest,
)
from laoke.audiences.tokens import FilterError, Token, tokens_of
from laoke.audiences.tree import (
    CASE_KINDS,
    CASE_STATES,
    CHANNELS,
    CLOSED_VALUES,
    COUPON_MEASURES,
    DAY_FIELDS,
    DRAW_MEASURES,
    EXPECTED,
    GOODS,
    HELD_NOW,
    LARGEST,
    MAX_DEPTH,
    MEASURES,
    MONEY_MEASURES,
    REFUND_KINDS,
    REWARD_MEASURES,
    SHARE_MEASURES,
    TEXT_FIELDS,
    TOUCH_MEASURES,
    TRAITS,
    USUAL_LOW,
    Amount,
    Between,
    Birthday,
    BoughtPriced,
    BoughtProduct,
    Bounds,
    Consented,
    Coupons,
    Day,
    Everyone,
    Expected,
    HadCase,
    Has,
    High,
    InGroup,
    InSegment,
    Node,
    Not,
    OfGoods,
    OneOf,
    RandomShare,
    Reachable,
    RefundTimes,
    Reviewed,
    Rewards,
    Sequence,
    Step,
    Tagged,
    Touched,
    Trait,
    TreeError,
    Window,
    Within,
    all_of,
    any_of,
)
from laoke.audiences.tree_size import check_size
from laoke.warehouse.customer_value import HORIZONS

AT_LEAST_ONE = Bounds(1, None)
UNIT_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365, "天": 1, "周": 7, "月": 30, "个月": 30, "年": 365}


def parse(text: str) -> Node:
    """The tree of a filter text.

    Raises
    ------
    FilterError
        saying where, what was found and what is allowed there.
    """
    return _Parser(text).filter()


class _Parser:
    """One walk over the tokens, one method per rule of the grammar."""

    def __init__(self, text: str) -> None:
        self.tokens = tokens_of(text)
        self.at = 0
        self.depth = 0

    # The tokens

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.token
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def is_sign(self, *signs: str) -> bool:
        return self.token.kind == "sign" and self.token.value in signs

    def is_word(self, *words: str) -> bool:
        return self.token.kind == "name" and keyword(self.token.value) in words

    def expect_sign(self, sign: str, *others: str) -> Token:
        if not self.is_sign(sign):
            raise self.refusal("expected", (sign, *others))
        return self.take()

    def refusal(
        self, code: str, allowed: Iterable[str] = (), token: Token | None = None, **params: Any
    ) -> FilterError:
        token = token or self.token
        if code == "expected" and token.kind == "end":
            code = "ends_early"
        return FilterError(
            code, token.position, token.length, found=token.shown, allowed=tuple(allowed), **params
        )

    # The grammar

    def filter(self) -> Node:
        if self.token.kind == "end":
            raise self.refusal("empty", CONDITION_NAMES)
        node = self.either()
        if self.token.kind != "end":
            raise self.refusal("expected", ("and", "or"))
        try:
            check_size(node)
        except TreeError as error:
            raise FilterError(error.code, 0, self.token.position, **error.params) from error
        return node

    def either(self) -> Node:
        parts = [self.both()]
        while self.is_word("or"):
            self.take()
            parts.append(self.both())
        return any_of(*parts)

    def both(self) -> Node:
        parts = [self.unary()]
        while self.is_word("and"):
            self.take()
            parts.append(self.unary())
        return all_of(*parts)

    def unary(self) -> Node:
        self.depth += 1
        if self.depth > 2 * MAX_DEPTH:
            raise FilterError("too_deep", self.token.position, most=MAX_DEPTH)
        try:
            if self.is_word("not"):
                self.take()
                return Not(self.unary())
            if self.is_sign("("):
                self.take()
                node = self.either()
                self.expect_sign(")", "and", "or")
                return node
            return self.condition()
        finally:
            self.depth -= 1

    def condition(self) -> Node:
        token = self.token
        name = condition_name(token.value) if token.kind == "name" else None
        if name is None:
            if token.kind != "name" or keyword(token.value):
                raise self.refusal("expected", (*CONDITION_NAMES, "not", "("))
            near = nearest(token.value, (*CONDITION_NAMES, *CHINESE_CONDITIONS))
            raise self.refusal("unknown_condition", near)
        self.take()
        try:
            node = self.condition_named(name)
            return self.sequence(node, token) if self.is_word("then") else node
        except TreeError as error:
            end = self.tokens[max(self.at - 1, 0)]
            length = end.position + end.length - token.position
            params = {key: value for key, value in error.params.items() if key not in ("found", "allowed")}
            raise FilterError(error.code, token.position, length, found=token.value, **params) from error

    def condition_named(self, name: str) -> Node:
        if name in MEASURES:
            return self.amount(name)
        if name in DAY_FIELDS:
            return self.day(name)
        if name in TEXT_FIELDS:
            return self.one_of(name)
        if name in COUNTED:
            return self.counted(name)
        if name == "everyone":
            return Everyone()
        if name == "had_case":
            return self.had_case()
        if name == "in_group" and not self.is_sign("("):
            return InGroup()
        readers: dict[str, Callable[[], Node]] = {
            "tag": lambda: Tagged(self.text("tag")),
            "in_group": lambda: InGroup(self.text("in_group")),
            "consent": lambda: Consented(self.closed("channel")),
            "reachable": lambda: Reachable(self.closed("channel")),
            "has": lambda: Has(self.closed("contact")),
            "high": lambda: High(self.closed("high")),
            "segment": lambda: InSegment(self.text("segment")),
            "birthday": self.birthday,
            "points_ending": self.points_ending,
            "random_share": self.random_share,
            "bought_product": self.bought_product,
            "bought_priced": self.bought_priced,
            **{trait: lambda: Trait(name, self.range(TRAITS[name])) for trait in TRAITS},
            **{goods: lambda: self.of_goods(name) for goods in GOODS},
            **{expected: lambda: self.expected(name) for expected in EXPECTED},
        }
        self.expect_sign("(")
        node = readers[name]()
        self.expect_sign(")")
        return node

    def amount(self, measure: str) -> Node:
        usual = Bounds(USUAL_LOW[measure], None) if measure in USUAL_LOW else None
        if not self.is_sign("("):
            if usual is None:
                raise self.refusal("expected", ("(",))
            return Amount(measure, usual)
        self.take()
        bounds, window = self.bounds_and_window(unit_of(measure), usual)
        self.expect_sign(")", ",")
        return Amount(measure, bounds, window)

    def bought_product(self) -> Node:
        words = self.text("product")
        if not self.is_sign(","):
            return BoughtProduct(words)
        self.take()
        return BoughtProduct(words, *self.bounds_and_window("count", AT_LEAST_ONE))

    def of_goods(self, measure: str) -> Node:
        by, kind = GOODS[measure]
        words = self.text(by)
        if not self.is_sign(","):
            if kind == "cents":
                raise self.refusal("expected", (",",))
            return OfGoods(measure, words)
        self.take()
        if kind == "cents":
            return OfGoods(measure, words, *self.bounds_and_window("money", None))
        return OfGoods(measure, words, *self.bounds_and_window("count", AT_LEAST_ONE))

    def bought_priced(self) -> Node:
        price = self.range("money")
        if not self.is_sign(","):
            return BoughtPriced(price)
        self.take()
        return BoughtPriced(price, *self.bounds_and_window("count", AT_LEAST_ONE))

    def birthday(self) -> Node:
        return Birthday(self.ahead())

    def ahead(self) -> int:
        """So many days to come."""
        if not self.is_word("within", "ahead"):
            raise self.refusal("expected", ("within",))
        self.take()
        return self.number("days")

    def expected(self, measure: str) -> Node:
        bounds = self.range(EXPECTED[measure])
        self.expect_sign(",")
        place = self.tokens[min(self.at + 1, len(self.tokens) - 1)]
        days = self.ahead()
        if days not in HORIZONS:
            raise self.refusal("bad_horizon", tuple(f"{one}d" for one in HORIZONS), place)
        return Expected(measure, bounds, days)

    def points_ending(self) -> Node:
        bounds = AT_LEAST_ONE
        if not self.is_word("within", "ahead"):
            if self.token.kind in ("name", "text", "end"):
                raise self.refusal("expected", (*_RANGE_EXAMPLES["count"], "within"))
            bounds = self.range("count")
            self.expect_sign(",")
        return Rewards("points_ending", bounds, window=Within(self.ahead()))

    def random_share(self) -> Node:
        share = self.number("share")
        self.expect_sign(",")
        return RandomShare(share, self.text())

    def counted(self, name: str) -> Node:
        """Conditions whose range, window and further words may stand in any order, each once."""
        found: dict[str, Any] = self.options(name) if self.is_sign("(") else {}
        bounds, window = found.get("range", AT_LEAST_ONE), found.get("window")
        if name == "reviewed":
            return Reviewed(bounds, found.get("rating"), "photo" in found, window)
        if name == "refund_times":
            return RefundTimes(bounds, found.get("refund", ""), window)
        if name in COUPON_MEASURES:
            return Coupons(name, bounds, found.get("issue", ""), window)
        if name in REWARD_MEASURES:
            return Rewards(name, bounds, found.get("lottery", ""), window)
        return Touched(name, bounds, found.get("channel", ""), window)

    def options(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self.expect_sign("(")
        while True:
            start = self.token
            key, value = self.case_option() if name == "had_case" else self.option(name)
            if key in found:
                raise self.refusal("said_twice", token=start)
            found[key] = value
            if not self.is_sign(","):
                self.expect_sign(")", ",")
                return found
            self.take()

    def option(self, name: str) -> tuple[str, Any]:
        """One argument of such a condition: what it is, and its value."""
        if self.is_word("within", "in") and name not in HELD_NOW:
            return "window", self.window()
        if name in COUPON_MEASURES or name in REWARD_MEASURES:
            return self.own_option(name)
        if self.token.kind == "end":
            kinds = {"reviewed": tuple(dict.fromkeys(OPTIONS.values())), "refund_times": REFUND_KINDS}
            words = (*kinds.get(name, CHANNELS), "within", "in")
            raise self.refusal("expected", (*_RANGE_EXAMPLES["count"], *words))
        if self.token.kind != "name":
            return "range", self.range("count")
        if name == "reviewed":
            word = OPTIONS.get(self.token.value.lower())
            if word is None:
                raise self.refusal("unknown_word", ("rating", "photo", "within"))
            self.take()
            return word, self.range("count") if word == "rating" else True
        kind = "refund" if name == "refund_times" else "channel"
        return kind, self.closed(kind)

    def own_option(self, name: str) -> tuple[str, Any]:
        """How many, or the name in quotes of an issue of coupons or of a lottery."""
        slot = _NAMED.get(name, "")
        if slot and self.token.kind == "text":
            return slot, self.text(slot)
        if self.token.kind in ("name", "text", "end"):
            quotes = ('"…"',) if slot else ()
            windows = () if name in HELD_NOW else ("within", "in")
            raise self.refusal("expected", (*_RANGE_EXAMPLES["count"], *quotes, *windows), slot=slot)
        return "range", self.range("count")

    def had_case(self) -> Node:
        found = self.options("had_case") if self.is_sign("(") else {}
        bounds = found.get("range", AT_LEAST_ONE)
        return HadCase(bounds, found.get("case", ""), found.get("case_state", ""), found.get("window"))

    def case_option(self) -> tuple[str, Any]:
        """How many cases, of which kind, whether they are done, or when they were opened."""
        if self.is_word("within", "in"):
            return "window", self.window()
        words = (*CASE_KINDS, *CASE_STATES)
        if self.token.kind == "end":
            allowed = (*_RANGE_EXAMPLES["count"], *words, "within", "in")
            raise self.refusal("expected", allowed)
        if self.token.kind != "name":
            return "range", self.range("count")
        for what in ("case", "case_state"):
            if value := closed_value(what, self.token.value):
                self.take()
                return what, value
        raise self.refusal("unknown_word", nearest(self.token.value, words, most=8))

    def sequence(self, first: Node, start: Token) -> Node:
        """What stands before and after `then`."""
        happened = step_of(first)
        if happened is None:
            raise self.refusal("bad_step", STEP_NAMES, start)
        self.take()
        negated = self.is_word("not")
        if negated:
            self.take()
        place = self.token
        name = condition_name(place.value) if place.kind == "name" else None
        if name not in THEN_NAMES:
            raise self.refusal("expected", THEN_NAMES if negated else (*THEN_NAMES, "not"))
        self.take()
        then = step_of(self.condition_named(name))
        if then is None or then[1] is not None:
            raise self.refusal("bad_step", THEN_NAMES, place)
        if not self.is_word("within"):
            raise self.refusal("expected", ("within",))
        self.take()
        return Sequence(happened[0], then[0], self.number("days"), negated, happened[1])

    def bounds_and_window(self, kind: str, usual: Bounds | None) -> tuple[Bounds, Window]:
        """A range, a window, or both in this order; the range may be missing where it has a usual meaning."""
        if usual is not None and self.is_word("within", "in"):
            return usual, self.window()
        if usual is not None and self.token.kind == "end":
            raise self.refusal("expected", (*_RANGE_EXAMPLES[kind], "within", "in"))
        bounds = self.range(kind)
        if not self.is_sign(","):
            return bounds, None
        self.take()
        return bounds, self.window()

    def window(self) -> Window:
        if self.is_word("within"):
            self.take()
            return Within(self.number("days"))
        if self.is_word("in"):
            self.take()
            return self.dates()
        raise self.refusal("expected", ("within", "in"))

    def dates(self) -> Between:
        first = self.date()
        if not self.is_sign(".."):
            return Between(first, first)
        self.take()
        return Between(first, self.date())

    def date(self) -> date:
        token = self.token
        if token.kind != "date":
            raise self.refusal("expected", ("2025-11-11",))
        self.take()
        try:
            return date(*(int(part) for part in token.value.split("-")))
        except ValueError as error:
            raise self.refusal("bad_date", ("2025-11-11",), token) from error

    def day(self, field: str) -> Node:
        self.expect_sign("(")
        when: Bounds | Between = self.dates() if self.token.kind == "date" else self.range("days")
        self.expect_sign(")")
        return Day(field, when)

    def range(self, kind: str) -> Bounds:
        start = self.token
        if self.is_sign(">=", "<=", ">", "<", "="):
            sign = self.take().value
            value = self.number(kind)
            if sign == "<" and value == 0:
                raise self.refusal("empty_range", token=start)
            return {
                ">=": Bounds(value), "<=": Bounds(None, value), "=": Bounds(value, value),
                ">": Bounds(value + 1), "<": Bounds(None, max(value - 1, 0)),
            }[sign]  # fmt: skip
        if start.kind != "number":
            raise self.refusal("expected", _RANGE_EXAMPLES[kind])
        low = self.number(kind)
        if self.is_sign("+"):
            self.take()
            return Bounds(low)
        if self.is_sign(".."):
            self.take()
            return Bounds(low, self.number(kind))
        return Bounds(low, low)

    def number(self, kind: str) -> int:
        """A count, an amount in cents, or days."""
        token = self.token
        if token.kind != "number":
            raise self.refusal("expected", _RANGE_EXAMPLES[kind][:1])
        self.take()
        unit = token.unit.lower()
        if kind == "share":
            if unit != "%":
                raise self.refusal("needs_percent", _RANGE_EXAMPLES[kind], token)
            return self.hundredths(token, "bad_share")
        if kind == "days":
            if unit not in UNIT_DAYS:
                raise self.refusal("needs_unit", ("d", "w", "m", "y"), token)
            return _whole(token, self) * UNIT_DAYS[unit]
        if unit not in (("", "元") if kind == "money" else ("",)):
            raise self.refusal("no_unit_here", _RANGE_EXAMPLES[kind], token)
        if kind == "decimal":
            return self.hundredths(token, "bad_decimal")
        return self.hundredths(token, "bad_money") if kind == "money" else _whole(token, self)

    def hundredths(self, token: Token, code: str) -> int:
        """A number of two decimals at most, times a hundred."""
        value = Decimal(token.value) * 100
        if len(token.value) > 16 or value != value.to_integral_value():
            raise self.refusal(code, ("500", "99.90"), token)
        return int(value)

    def one_of(self, field: str) -> Node:
        negated = self.is_word("not")
        if negated:
            self.take()
        if self.is_sign("="):
            self.take()
            node: Node = OneOf(field, (self.value(field),))
        else:
            if not self.is_word("in"):
                raise self.refusal("expected", ("in", "="))
            self.take()
            self.expect_sign("(")
            values = [self.value(field)]
            while self.is_sign(","):
                self.take()
                values.append(self.value(field))
            self.expect_sign(")", ",")
            node = OneOf(field, tuple(dict.fromkeys(values)))
        return Not(node) if negated else node

    def value(self, field: str) -> str:
        return self.closed(field) if field in CLOSED_VALUES else self.text(field)

    def text(self, slot: str = "") -> str:
        """A text; `slot` says of what, for whoever offers some."""
        if self.token.kind != "text" and (self.token.kind != "name" or keyword(self.token.value)):
            raise self.refusal("expected_text", ('"…"',), slot=slot)
        return self.take().value

    def closed(self, field: str) -> str:
        token = self.token
        if token.kind == "end":
            raise self.refusal("expected", ALLOWED_VALUES[field], slot=field)
        kinds = ("text", "name", "number") if field.endswith("_month") else ("text", "name")
        known = token.kind in kinds and token.unit in ("", "月")
        value = closed_value(field, token.value) if known else None
        if value is None:
            raise self.refusal("unknown_word", nearest(token.value, ALLOWED_VALUES[field], most=8))
        self.take()
        return value


_RANGE_EXAMPLES = {
    "count": ("2+", "2..5", "= 1", "<= 3"),
    "money": (">= 500", "100..300", "<= 50"),
    "days": ("90d", "90d..365d", "<= 30d", "> 180d"),
    "share": (">= 50%", "10%..30%", "< 12.5%"),
    "decimal": (">= 0.5", "1..3", "< 0.1"),
}
# Conditions that mean something alone, and have their range, window and further words in any order.
COUNTED = (
    "reviewed", "refund_times", *TOUCH_MEASURES, *COUPON_MEASURES,
    *(name for name in REWARD_MEASURES if name != "points_ending"),
)  # fmt: skip
# What may be of one that has a name, and of what kind that is.
_NAMED = {**dict.fromkeys(COUPON_MEASURES, "issue"), **dict.fromkeys(DRAW_MEASURES, "lottery")}
STEP_NAMES = ("bought", "bought_product", "bought_category", "touched", "answered")
# What may come then: a message is ours and follows nothing.
THEN_NAMES = ("bought", "bought_product", "bought_category", "answered")


def unit_of(measure: str) -> str:
    """In what a measure's range is written."""
    return "money" if measure in MONEY_MEASURES else "share" if measure in SHARE_MEASURES else "count"


def step_of(node: Node) -> tuple[Step, Window] | None:
    """A condition as one happening of a sequence with its window; None when it counts or is no happening."""
    match node:
        case Amount("bought", Bounds(1, None), window):
            return Step("bought"), window
        case BoughtProduct(words, Bounds(1, None), window):
            return Step("product", words), window
        case OfGoods("bought_category", words, Bounds(1, None), window):
            return Step("category", words), window
        case Touched("touched" | "answered" as kind, Bounds(1, None), channel, window):
            return Step(kind, channel), window
    return None


def _whole(token: Token, parser: _Parser) -> int:
    # A number with more digits than the largest is too large; int() of very many takes long.
    if "." in token.value or len(token.value) > len(str(LARGEST)):
        raise parser.refusal("not_whole" if "." in token.value else "bad_bound", token=token)
    return int(token.value)
