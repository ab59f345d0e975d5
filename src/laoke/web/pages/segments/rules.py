"""A filter as rows of controls, and back: one row per condition, rows of one group joined by 「任意一条」.

What the controls cannot say (calendar windows, joins within joins) stays a row that shows its text, so nothing is lost
on the way there and back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from laoke.audiences.printing import print_filter
from laoke.audiences.text import parse
from laoke.audiences.tree import (
    CHANNELS,
    CONTACTS,
    DAY_FIELDS,
    MEASURES,
    MONEY_MEASURES,
    TEXT_FIELDS,
    Amount,
    And,
    BoughtProduct,
    Bounds,
    Consented,
    Day,
    Everyone,
    Has,
    Node,
    Not,
    OneOf,
    Or,
    Reachable,
    Tagged,
    Within,
    all_of,
    any_of,
)
from laoke.money.parsing import MoneyError, parse_cents
from laoke.web.components.base import Words
from laoke.web.pages.customers import words

KINDS: dict[str, Words] = {
    "bought": _("购买次数"),
    "spent": _("消费金额"),
    "net_spent": _("减退款后的消费"),
    "average_order": _("平均每次消费"),
    "items": _("购买件数"),
    "used_coupon": _("用券单数"),
    "refunded": _("退款金额"),
    "last_order": _("最近一次购买"),
    "first_order": _("首次购买"),
    "bought_product": _("买过商品"),
    "city": _("城市"),
    "province": _("省份"),
    "lifecycle": _("生命周期"),
    "group": _("分组"),
    "rfm": _("RFM 分类"),
    "tag": _("标签"),
    "reachable": _("可触达"),
    "consent": _("同意接收"),
    "has": _("留有"),
    "everyone": _("所有人"),
    "text": _("文字写法"),
}
CLOSED: dict[str, Mapping[str, Words]] = {
    "lifecycle": words.LIFECYCLES,
    "group": words.GROUPS,
    "rfm": words.RFM,
}
CONTACT_WORDS: dict[str, Words] = {"phone": _("手机号"), "email": _("邮箱"), "nick": _("昵称")}
UNITS: dict[str, Words] = {"bought": _("次"), "items": _("件"), "used_coupon": _("单")}
MOST_ROWS = 60
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

    @property
    def form(self) -> str:
        """Which controls the row has."""
        if self.kind in MEASURES:
            return "money" if self.kind in MONEY_MEASURES else "count"
        if self.kind in DAY_FIELDS:
            return "day"
        if self.kind in CLOSED:
            return "closed"
        if self.kind in TEXT_FIELDS:
            return "values"
        return {"reachable": "channel", "consent": "channel", "bought_product": "product"}.get(
            self.kind, self.kind
        )

    @property
    def unit(self) -> Words:
        return UNITS.get(self.kind, "")

    @property
    def joined(self) -> str:
        return "、".join(self.values)

    @property
    def options(self) -> list[tuple[str, Words, bool]]:
        """Choices of a closed list, with what is chosen."""
        if self.kind in CLOSED:
            known: Mapping[str, Words] = CLOSED[self.kind]
        elif self.kind == "has":
            known = {name: CONTACT_WORDS[name] for name in CONTACTS}
        else:
            known = {name: words.CHANNELS[name] for name in CHANNELS}
        return [(name, label, name in self.values) for name, label in known.items()]


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
    match node:
        case Amount(measure, bounds, window) if window is None or isinstance(window, Within):
            shown = _yuan if measure in MONEY_MEASURES else _plain
            days = str(window.days) if isinstance(window, Within) else ""
            return RuleRow(measure, negated, group, shown(bounds.low), shown(bounds.high), days)
        case Day(name, Bounds(low, high)):
            return RuleRow(name, negated, group, _plain(low), _plain(high))
        case OneOf(name, values):
            return RuleRow(name, negated, group, values=values)
        case Tagged(tag):
            return RuleRow("tag", negated, group, values=(tag,))
        case Consented(channel):
            return RuleRow("consent", negated, group, values=(channel,))
        case Reachable(channel):
            return RuleRow("reachable", negated, group, values=(channel,))
        case Has(contact):
            return RuleRow("has", negated, group, values=(contact,))
        case BoughtProduct(text, bounds, window) if window is None or isinstance(window, Within):
            days = str(window.days) if isinstance(window, Within) else ""
            return RuleRow(
                "bought_product", negated, group, _plain(bounds.low), _plain(bounds.high), days, text=text
            )
        case Everyone():
            return RuleRow("everyone", negated, group)
    return None


def _plain(value: int | None) -> str:
    return "" if value is None else str(value)


def _yuan(cents: int | None) -> str:
    if cents is None:
        return ""
    return str(cents // 100) if cents % 100 == 0 else f"{cents / 100:.2f}"


def node_of(rows: Sequence[RuleRow]) -> Node:
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
        case "count" | "money":
            return Amount(row.kind, _bounds(row, number, usual=row.kind), _window(row, number))
        case "day":
            return Day(row.kind, _bounds(row, number))
        case "product":
            return BoughtProduct(
                _said(row.text, number), _bounds(row, number, usual="bought"), _window(row, number)
            )
        case "closed" | "values":
            if not row.values:
                raise RuleTrouble(number, "empty")
            return OneOf(row.kind, row.values)
        case "tag":
            return Tagged(_said(row.joined, number))
        case "channel":
            channel = row.values[0] if row.values else CHANNELS[0]
            return Reachable(channel) if row.kind == "reachable" else Consented(channel)
        case "has":
            return Has(row.values[0] if row.values else CONTACTS[0])
    return Everyone()


def _said(text: str, number: int) -> str:
    if not text.strip():
        raise RuleTrouble(number, "empty")
    return text.strip()


def _bounds(row: RuleRow, number: int, usual: str = "") -> Bounds:
    read = _cents if row.form == "money" else _whole
    low, high = read(row.low, number), read(row.high, number)
    if low is None and high is None:
        if usual in ("bought", "items", "used_coupon", "refunded"):
            return Bounds(1, None)
        raise RuleTrouble(number, "empty")
    if low is not None and high is not None and low > high:
        raise RuleTrouble(number, "range")
    return Bounds(low, high)


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
        if kind == "tag":
            values = [posted.get(f"values-{key}", "").strip()]
        rows.append(
            RuleRow(
                kind,
                posted.get(f"not-{key}") == "1",
                posted.get(f"group-{key}", "")[:12],
                posted.get(f"low-{key}", "")[:20],
                posted.get(f"high-{key}", "")[:20],
                posted.get(f"days-{key}", "")[:10],
                tuple(dict.fromkeys(value for value in values if value)),
                posted.get(f"text-{key}", "")[:2000],
            )
        )
    return rows


def fresh_row(kind: str, group: str = "") -> RuleRow:
    """A new row with a sensible beginning."""
    starts: dict[str, dict[str, str]] = {
        "last_order": {"low": "90", "high": "365"},
        "first_order": {"high": "30"},
        "bought": {"low": "2", "days": "365"},
        "spent": {"low": "500", "days": "365"},
        "net_spent": {"low": "500", "days": "365"},
        "average_order": {"low": "100"},
    }
    defaults = {
        "lifecycle": "active",
        "group": "loyal",
        "rfm": "key_value",
        "reachable": "sms",
        "consent": "sms",
        "has": "phone",
    }
    values = (defaults[kind],) if kind in defaults else ()
    start = starts.get(kind, {})
    return RuleRow(
        kind,
        group=group,
        low=start.get("low", ""),
        high=start.get("high", ""),
        days=start.get("days", ""),
        values=values,
    )
