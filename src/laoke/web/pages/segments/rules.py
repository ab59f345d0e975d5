"""A filter as rows of controls, and back: one row per condition, rows of one group joined by 「任意一条」.

What the controls cannot say (calendar windows, joins within joins) stays a row that shows its text, so nothing is lost
on the way there and back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Sequence as Rows
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from laoke.audiences.printing import decimal_text, print_filter
from laoke.audiences.text import AT_LEAST_ONE, parse, unit_of
from laoke.audiences.tree import (
    EXPECTED,
    GOODS,
    HELD_NOW,
    MESSAGE_STEPS,
    TRAITS,
    USUAL_LOW,
    Amount,
    And,
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
    Or,
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
    Within,
    all_of,
    any_of,
)
from laoke.money.parsing import MoneyError, parse_cents
from laoke.warehouse.customer_value import HORIZONS
from laoke.web.components.base import Words
from laoke.web.pages.segments.kinds import CASE_STATES, CHOICES, CLOSED, KINDS, STEPS, UNITS, form_of

MOST_ROWS = 60
_PERCENT = re.compile(r"\d{1,7}(?:\.\d{1,2})?", re.ASCII)
_SEPARATORS = re.compile(r"[,，、;；\n]+")


class RuleTrouble(Exception):
    """A row that says nothing a filter could mean; `row` counts from 0, `code` says why."""

    def __init__(self, row: int, code: str) -> None:
        super().__init__(f"row {row}: {code}")
        self.row, self.code = row, code


TROUBLES: dict[str, Words] = {
    "number": _("这里要填数字"),
    "money": _("这里要填金额，写成元"),
    "empty": _("这里还没填"),
    "range": _("前面的数要比后面的小"),
    "text": _("这段文字读不懂"),
}


@dataclass(frozen=True)
class RuleRow:
    """One line of the builder. `group` '' stands alone; rows with the same group are joined by or."""

    kind: str
    negated: bool = False
    group: str = ""
    low: str = ""
    high: str = ""
    days: str = ""
    values: tuple[str, ...] = field(default=())
    text: str = ""

    low2: str = ""
    high2: str = ""
    text2: str = ""
    flag: bool = False

    @property
    def form(self) -> str:
        """Which controls the row has."""
        return form_of(self.kind)

    @property
    def unit(self) -> Words:
        return UNITS.get(self.kind, "")

    @property
    def is_now(self) -> bool:
        """What is asked is so today, without a window."""
        return self.kind in HELD_NOW

    @property
    def by_category(self) -> bool:
        return self.kind.endswith("category")

    @property
    def joined(self) -> str:
        return "、".join(self.values)

    @property
    def options(self) -> list[tuple[str, Words, bool]]:
        """Choices of a closed list or a select, with what is chosen."""
        known = CLOSED.get(self.kind) or CHOICES.get(self.kind, {})
        return [(name, label, name in self.values) for name, label in known.items()]

    @property
    def case_states(self) -> list[tuple[str, Words, bool]]:
        """Whether a case is done, with what is chosen."""
        return [(name, label, name == self.text) for name, label in CASE_STATES.items()]

    @property
    def horizons(self) -> list[tuple[str, bool]]:
        """The days to come that customer value says, with what is chosen."""
        return [(str(days), str(days) == self.days) for days in HORIZONS]

    @property
    def steps(self) -> list[list[tuple[str, Words, bool]]]:
        """What may happen first and then, with what is chosen."""
        chosen = [*self.values, "product", "product"][:2]
        return [
            [
                (name, label, name == chosen[at])
                for name, label in STEPS.items()
                if at == 0 or name != "touched"
            ]
            for at in range(2)
        ]


def rows_of(node: Node) -> list[RuleRow]:
    """The rows that say what the tree says."""
    rows: list[RuleRow] = []
    for number, part in enumerate(node.parts if isinstance(node, And) else (node,)):
        if isinstance(part, Or) and all(_is_plain(child) for child in part.parts):
            rows += [_row(child, f"g{number}") for child in part.parts]
        else:
            rows.append(_row(part, ""))
    return rows


def _is_plain(node: Node) -> bool:
    inner = node.part if isinstance(node, Not) else node
    return not isinstance(inner, And | Or | Not)


def _row(node: Node, group: str) -> RuleRow:
    inner, negated = (node.part, True) if isinstance(node, Not) else (node, False)
    found = _plain_row(inner, negated, group)
    return found or RuleRow("text", False, group, text=print_filter(node))


def _plain_row(node: Node, negated: bool, group: str) -> RuleRow | None:
    """The row of one condition, None when the controls cannot say it."""
    window = getattr(node, "window", None)
    if isinstance(window, Between):
        return None
    days = str(window.days) if isinstance(window, Within) else ""
    match node:
        case Amount(measure, bounds, _):
            return RuleRow(measure, negated, group, *_ends(bounds, unit_of(measure)), days)
        case Day(name, Bounds() as bounds):
            return RuleRow(name, negated, group, *_ends(bounds, "count"))
        case OneOf(name, values):
            return RuleRow(name, negated, group, values=values)
        case InGroup(chat):
            return RuleRow("in_group", negated, group, values=(chat,) if chat else ())
        case Tagged(tag):
            return RuleRow("tag", negated, group, values=(tag,))
        case InSegment(name, _):
            return RuleRow("segment", negated, group, values=(name,))
        case Consented(channel):
            return RuleRow("consent", negated, group, values=(channel,))
        case Reachable(channel):
            return RuleRow("reachable", negated, group, values=(channel,))
        case Has(contact):
            return RuleRow("has", negated, group, values=(contact,))
        case High(what):
            return RuleRow("high", negated, group, values=(what,))
        case Trait(name, bounds):
            return RuleRow(name, negated, group, *_ends(bounds, TRAITS[name]))
        case Expected(measure, bounds, ahead):
            return RuleRow(measure, negated, group, *_ends(bounds, EXPECTED[measure]), str(ahead))
        case Birthday(ahead):
            return RuleRow("birthday", negated, group, days=str(ahead))
        case RandomShare(share, seed):
            return RuleRow("random_share", negated, group, _percent(share), text=seed)
        case Everyone():
            return RuleRow("everyone", negated, group)
    return _fact_row(node, negated, group, days)


def _fact_row(node: Node, negated: bool, group: str, days: str) -> RuleRow | None:
    match node:
        case BoughtProduct(text, bounds, _):
            return RuleRow("bought_product", negated, group, *_ends(bounds, "count"), days, text=text)
        case OfGoods(measure, text, bounds, _):
            return RuleRow(measure, negated, group, *_ends(bounds, _goods_unit(measure)), days, text=text)
        case BoughtPriced(price, bounds, _):
            low2, high2 = _ends(price, "money")
            ends = _ends(bounds, "count")
            return RuleRow("bought_priced", negated, group, *ends, days, low2=low2, high2=high2)
        case Reviewed(bounds, rating, photo, _):
            low2, high2 = ("", "") if rating is None else _ends(rating, "count")
            ends = _ends(bounds, "count")
            return RuleRow("reviewed", negated, group, *ends, days, low2=low2, high2=high2, flag=photo)
        case RefundTimes(bounds, kind, _):
            return RuleRow("refund_times", negated, group, *_ends(bounds, "count"), days, (kind,))
        case HadCase(bounds, kind, state, _):
            return RuleRow("had_case", negated, group, *_ends(bounds, "count"), days, (kind,), state)
        case Coupons(measure, bounds, issue, _):
            return RuleRow(measure, negated, group, *_ends(bounds, "count"), days, text=issue)
        case Rewards(measure, bounds, lottery, _):
            return RuleRow(measure, negated, group, *_ends(bounds, "count"), days, text=lottery)
        case Touched(measure, bounds, channel, _):
            return RuleRow(measure, negated, group, *_ends(bounds, "count"), days, (channel,))
        case Sequence(Step(first, text), Step(then, text2), within, unwanted, None) if not (
            (first in MESSAGE_STEPS and text) or (then in MESSAGE_STEPS and text2)
        ):
            kinds = (first, then)
            return RuleRow(
                "sequence", negated, group, "", "", str(within), kinds, text, text2=text2, flag=unwanted
            )
    return None


def _goods_unit(measure: str) -> str:
    return "money" if GOODS[measure][1] == "cents" else "count"


def _ends(bounds: Bounds, unit: str) -> tuple[str, str]:
    shown = {"money": _yuan, "share": _percent, "decimal": _decimal}.get(unit, _plain)
    return shown(bounds.low), shown(bounds.high)


def _percent(value: int | None) -> str:
    """Hundredths of a percent as percent."""
    return _yuan(value)


def _decimal(hundredths: int | None) -> str:
    return "" if hundredths is None else decimal_text(hundredths)


def _plain(value: int | None) -> str:
    return "" if value is None else str(value)


def _yuan(cents: int | None) -> str:
    if cents is None:
        return ""
    return str(cents // 100) if cents % 100 == 0 else f"{cents // 100}.{cents % 100:02}"


def node_of(rows: Rows[RuleRow]) -> Node:
    """The tree that the rows say.

    Raises
    ------
    RuleTrouble
        for the first row that cannot be read.
    FilterError, TreeError
        for what the language refuses.
    """
    parts: list[Node] = []
    groups: dict[str, int] = {}
    for number, row in enumerate(rows):
        node = _node(row, number)
        if row.group and row.group in groups:
            parts[groups[row.group]] = any_of(parts[groups[row.group]], node)
            continue
        if row.group:
            groups[row.group] = len(parts)
        parts.append(node)
    return all_of(*parts) if parts else Everyone()


def _node(row: RuleRow, number: int) -> Node:
    if row.kind == "text":
        if not row.text.strip():
            raise RuleTrouble(number, "empty")
        node = parse(row.text)
    else:
        node = _condition(row, number)
    return Not(node) if row.negated else node


def _condition(row: RuleRow, number: int) -> Node:
    match row.form:
        case "count" | "money" | "share":
            return Amount(
                row.kind,
                _bounds(row, number, unit_of(row.kind), usual=row.kind in USUAL_LOW),
                _window(row, number),
            )
        case "trait":
            return Trait(row.kind, _bounds(row, number, TRAITS[row.kind]))
        case "day":
            return Day(row.kind, _bounds(row, number, "count"))
        case "closed" | "values":
            if not row.values:
                raise RuleTrouble(number, "empty")
            return OneOf(row.kind, row.values)
        case "in_group":
            return InGroup(row.joined.strip() or None)
        case "tag":
            return Tagged(_said(row.joined, number))
        case "segment":
            return InSegment(_said(row.joined, number))
        case "choice":
            return _chosen(row)
        case "expected":
            days = _whole(row.days, number)
            return Expected(
                row.kind, _bounds(row, number, EXPECTED[row.kind]), HORIZONS[-1] if days is None else days
            )
        case "birthday":
            ahead = _whole(row.days, number)
            if ahead is None:
                raise RuleTrouble(number, "empty")
            return Birthday(ahead)
        case "random_share":
            share = _hundredths(row.low, number)
            if share is None:
                raise RuleTrouble(number, "empty")
            return RandomShare(share, _said(row.text, number))
        case "everyone":
            return Everyone()
    return _fact(row, number)


def _chosen(row: RuleRow) -> Node:
    """What a row with nothing but a select says; nothing chosen is the first choice."""
    value = row.values[0] if row.values else next(iter(CHOICES[row.kind]))
    made: dict[str, Callable[[str], Node]] = {
        "reachable": Reachable, "consent": Consented, "has": Has, "high": High,
    }  # fmt: skip
    return made[row.kind](value)


def _fact(row: RuleRow, number: int) -> Node:
    window, choice = _window(row, number), row.values[0] if row.values else ""
    # Held is as of today: a window left from another condition says nothing of it.
    window = None if row.is_now else window
    match row.form:
        case "product":
            words = _said(row.text, number)
            if row.kind == "bought_product":
                return BoughtProduct(words, _bounds(row, number, "count", usual=True), window)
            unit = _goods_unit(row.kind)
            return OfGoods(row.kind, words, _bounds(row, number, unit, usual=unit == "count"), window)
        case "bought_priced":
            price = _between(row.low2, row.high2, number, "money")
            if price is None:
                raise RuleTrouble(number, "empty")
            return BoughtPriced(price, _bounds(row, number, "count", usual=True), window)
        case "reviewed":
            rating = _between(row.low2, row.high2, number, "count")
            return Reviewed(_bounds(row, number, "count", usual=True), rating, row.flag, window)
        case "rewards" | "draws" | "points_ending":
            if row.kind == "points_ending" and window is None:
                raise RuleTrouble(number, "empty")
            name = row.text.strip() if row.form == "draws" else ""
            return Rewards(row.kind, _bounds(row, number, "count", usual=True), name, window)
        case "coupons":
            return Coupons(row.kind, _bounds(row, number, "count", usual=True), row.text.strip(), window)
        case "cases":
            return HadCase(_bounds(row, number, "count", usual=True), choice, row.text, window)
        case "kinded":
            bounds = _bounds(row, number, "count", usual=True)
            if row.kind == "refund_times":
                return RefundTimes(bounds, choice, window)
            return Touched(row.kind, bounds, choice, window)
    kinds = [*row.values, "product", "product"][:2]
    first, then = (
        Step(kind, _said(text, number) if kind in ("product", "category") else "")
        for kind, text in zip(kinds, (row.text, row.text2), strict=True)
    )
    days = _whole(row.days, number)
    if days is None:
        raise RuleTrouble(number, "empty")
    return Sequence(first, then, days, row.flag)


def _said(text: str, number: int) -> str:
    if not text.strip():
        raise RuleTrouble(number, "empty")
    return text.strip()


def _bounds(row: RuleRow, number: int, unit: str, *, usual: bool = False) -> Bounds:
    """The range of a row; with `usual` no range means at least one."""
    found = _between(row.low, row.high, number, unit)
    if found is None and not usual:
        raise RuleTrouble(number, "empty")
    return found or AT_LEAST_ONE


def _between(low_text: str, high_text: str, number: int, unit: str) -> Bounds | None:
    read = {"money": _cents, "share": _hundredths, "decimal": _hundredths}.get(unit, _whole)
    low, high = read(low_text, number), read(high_text, number)
    if low is None and high is None:
        return None
    if low is not None and high is not None and low > high:
        raise RuleTrouble(number, "range")
    return Bounds(low, high)


def _hundredths(text: str, number: int) -> int | None:
    """Percent, or a number of two decimals, as hundredths of it."""
    text = text.strip().removesuffix("%").removesuffix("％").strip()
    if not text:
        return None
    if not _PERCENT.fullmatch(text):
        raise RuleTrouble(number, "number")
    whole, _dot, rest = text.partition(".")
    return int(whole) * 100 + int(rest.ljust(2, "0") or 0)


def _window(row: RuleRow, number: int) -> Within | None:
    days = _whole(row.days, number)
    return None if days is None else Within(days)


def _whole(text: str, number: int) -> int | None:
    text = text.strip().replace(",", "").replace("，", "")
    if not text:
        return None
    if not text.isdecimal() or len(text) > 9:
        raise RuleTrouble(number, "number")
    return int(text)


def _cents(text: str, number: int) -> int | None:
    if not text.strip():
        return None
    try:
        return parse_cents(text)
    except MoneyError as error:
        raise RuleTrouble(number, "money") from error


def rows_from(posted: QueryDict) -> list[RuleRow]:
    """The rows of a posted form, in the order they stand; unknown kinds are dropped."""
    rows = []
    for key in posted.getlist("row")[:MOST_ROWS]:
        kind = posted.get(f"kind-{key}", "")
        if kind not in KINDS:
            continue
        values = [
            part.strip() for text in posted.getlist(f"values-{key}") for part in _SEPARATORS.split(text)
        ]
        if kind in ("tag", "segment", "in_group"):
            values = [posted.get(f"values-{key}", "").strip()]
        rows.append(
            RuleRow(
                kind,
                posted.get(f"not-{key}") == "1",
                posted.get(f"group-{key}", "")[:12],
                posted.get(f"low-{key}", "")[:20],
                posted.get(f"high-{key}", "")[:20],
                posted.get(f"days-{key}", "")[:10],
                tuple(values[:2]) if kind == "sequence" else tuple(dict.fromkeys(filter(None, values))),
                posted.get(f"text-{key}", "")[:2000],
                posted.get(f"low2-{key}", "")[:20],
                posted.get(f"high2-{key}", "")[:20],
                posted.get(f"text2-{key}", "")[:2000],
                posted.get(f"flag-{key}") == "1",
            )
        )
    return rows


def fresh_row(kind: str, group: str = "") -> RuleRow:
    """A new row with a sensible beginning."""
    starts: dict[str, dict[str, Any]] = {
        "last_order": {"low": "90", "high": "365"},
        "first_order": {"high": "30"},
        "bought": {"low": "2", "days": "365"},
        "spent": {"low": "500", "days": "365"},
        "net_spent": {"low": "500", "days": "365"},
        "average_order": {"low": "100"},
        "coupon_share": {"low": "80"},
        "refund_share": {"low": "50"},
        "mean_gap": {"high": "60"},
        "overdue": {"low": "150"},
        "usual_hour": {"low": "20", "high": "23"},
        "bought_priced": {"low2": "100", "high2": "300"},
        "birthday": {"days": "7"},
        "random_share": {"low": "10", "text": "1"},
        "expected_orders": {"low": "0.5", "days": "90"},
        "expected_spend": {"low": "100", "days": "365"},
        "active_probability": {"low": "60"},
        "rfm_orders": {"low": "2"},
        "rfm_spent": {"low": "500"},
        "sequence": {"days": "30"},
        "points_held": {"low": "100"},
        "points_ending": {"days": "30"},
        "points_earned": {"low": "100", "days": "90"},
        "points_used": {"days": "90"},
        **{name: {"low": "4"} for name in ("r_score", "f_score", "m_score", "fm_score")},
        **{name: {"low": "100"} for name in ("spent_on_product", "spent_on_category")},
    }
    defaults = {
        "lifecycle": "active",
        "group": "loyal",
        "rfm": "key_value",
        "reachable": "sms",
        "consent": "sms",
        "has": "phone",
        "high": "money",
        "city_tier": "first",
        "usual_weekday": "sat",
        "bought_month": "11",
        "birthday_month": "11",
    }
    values = (defaults[kind],) if kind in defaults else ()
    return replace(RuleRow(kind, group=group, values=values), **starts.get(kind, {}))
