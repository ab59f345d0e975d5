"""The filter language as text: `parse` reads it, `print_filter` writes it, and the two undo each other.

    or    = and { "or" and }            and = unary { "and" unary }
    unary = "not" unary | "(" or ")" | condition
    range = N "+" | ">=" N | "<=" N | ">" N | "<" N | N ".." N | N
    window = "within" 90d | "in" 2025-11-01..2025-11-11

`not` binds closest, then `and`, then `or`. Money is written in yuan, days with a unit (d, w, m = 30 days, y = 365).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal

from laoke.audiences.names import (
    ALLOWED_VALUES,
    CHINESE_CONDITIONS,
    CONDITION_NAMES,
    closed_value,
    condition_name,
    keyword,
    nearest,
)
from laoke.audiences.tokens import FilterError, Token, tokens_of
from laoke.audiences.tree import (
    CLOSED_VALUES,
    DAY_FIELDS,
    MAX_DEPTH,
    MEASURES,
    MONEY_MEASURES,
    TEXT_FIELDS,
    USUAL_LOW,
    Amount,
    Between,
    BoughtProduct,
    Bounds,
    Consented,
    Day,
    Everyone,
    Has,
    Node,
    Not,
    OneOf,
    Reachable,
    Tagged,
    TreeError,
    Window,
    Within,
    all_of,
    any_of,
    check_size,
)

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

    def refusal(self, code: str, allowed: Iterable[str] = (), token: Token | None = None) -> FilterError:
        token = token or self.token
        if code == "expected" and token.kind == "end":
            code = "ends_early"
        return FilterError(code, token.position, token.length, found=token.shown, allowed=tuple(allowed))

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
            return self.condition_named(name)
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
        if name == "everyone":
            return Everyone()
        readers: dict[str, Callable[[], Node]] = {
            "tag": lambda: Tagged(self.text()),
            "consent": lambda: Consented(self.closed("channel")),
            "reachable": lambda: Reachable(self.closed("channel")),
            "has": lambda: Has(self.closed("contact")),
            "bought_product": self.bought_product,
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
        bounds, window = self.bounds_and_window("money" if measure in MONEY_MEASURES else "count", usual)
        self.expect_sign(")", ",")
        return Amount(measure, bounds, window)

    def bought_product(self) -> Node:
        words = self.text()
        if not self.is_sign(","):
            return BoughtProduct(words)
        self.take()
        return BoughtProduct(words, *self.bounds_and_window("count", Bounds(1, None)))

    def bounds_and_window(self, kind: str, usual: Bounds | None) -> tuple[Bounds, Window]:
        """A range, a window, or both in this order; the range may be missing where it has a usual meaning."""
        if usual is not None and self.is_word("within", "in"):
            return usual, self.window()
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
        if kind == "days":
            if unit not in UNIT_DAYS:
                raise self.refusal("needs_unit", ("d", "w", "m", "y"), token)
            return _whole(token, self) * UNIT_DAYS[unit]
        if unit not in (("", "元") if kind == "money" else ("",)):
            raise self.refusal("no_unit_here", _RANGE_EXAMPLES[kind], token)
        if kind == "money":
            cents = Decimal(token.value) * 100
            if cents != cents.to_integral_value() or len(token.value) > 16:
                raise self.refusal("bad_money", ("500", "99.90"), token)
            return int(cents)
        return _whole(token, self)

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
        return self.closed(field) if field in CLOSED_VALUES else self.text()

    def text(self) -> str:
        if self.token.kind != "text" and (self.token.kind != "name" or keyword(self.token.value)):
            raise self.refusal("expected_text", ('"…"',))
        return self.take().value

    def closed(self, field: str) -> str:
        token = self.token
        value = closed_value(field, token.value) if token.kind in ("text", "name") else None
        if value is None:
            raise self.refusal("unknown_word", nearest(token.value, ALLOWED_VALUES[field], most=8))
        self.take()
        return value


_RANGE_EXAMPLES = {
    "count": ("2+", "2..5", "= 1", "<= 3"),
    "money": (">= 500", "100..300", "<= 50"),
    "days": ("90d", "90d..365d", "<= 30d", "> 180d"),
}


def _whole(token: Token, parser: _Parser) -> int:
    if "." in token.value or len(token.value) > 12:
        raise parser.refusal("not_whole", token=token)
    return int(token.value)
