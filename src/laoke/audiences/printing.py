"""A filter tree written in the filter language, so that `parse` gives the same tree back."""

from __future__ import annotations

from laoke.audiences.tokens import quoted
from laoke.audiences.tree import (
    MONEY_MEASURES,
    USUAL_LOW,
    Amount,
    And,
    Between,
    BoughtProduct,
    Bounds,
    Consented,
    Day,
    Has,
    Node,
    Not,
    OneOf,
    Or,
    Reachable,
    Tagged,
    Window,
    Within,
)


def print_filter(node: Node) -> str:
    """The text of a tree."""
    match node:
        case Or(parts):
            return " or ".join(print_filter(part) for part in parts)
        case And(parts):
            return " and ".join(_within(part, Or) for part in parts)
        case Not(part):
            return f"not {_within(part, (And, Or))}"
        case Amount(measure, bounds, window):
            return _amount(measure, bounds, window)
        case Day(field, when):
            written = _dates(when) if isinstance(when, Between) else _range(when, "days")
            return f"{field}({written})"
        case OneOf(field, values):
            return f"{field} in ({', '.join(quoted(value) for value in values)})"
        case Tagged(tag):
            return f"tag({quoted(tag)})"
        case Consented(channel):
            return f"consent({channel})"
        case Reachable(channel):
            return f"reachable({channel})"
        case Has(contact):
            return f"has({contact})"
        case BoughtProduct(words, bounds, window):
            rest = _arguments(bounds, window, "count", Bounds(1, None))
            return f"bought_product({', '.join([quoted(words), *rest])})"
        case _:
            return "everyone"


def _within(part: Node, kinds: type | tuple[type, ...]) -> str:
    return f"({print_filter(part)})" if isinstance(part, kinds) else print_filter(part)


def _amount(measure: str, bounds: Bounds, window: Window) -> str:
    usual = Bounds(USUAL_LOW[measure], None) if measure in USUAL_LOW else None
    inner = _arguments(bounds, window, "money" if measure in MONEY_MEASURES else "count", usual)
    return f"{measure}({', '.join(inner)})" if inner else measure


def _arguments(bounds: Bounds, window: Window, kind: str, usual: Bounds | None) -> list[str]:
    written = [] if bounds == usual else [_range(bounds, kind)]
    if isinstance(window, Within):
        written.append(f"within {window.days}d")
    elif window is not None:
        written.append(f"in {_dates(window)}")
    return written


def _dates(window: Between) -> str:
    return f"{window.first.isoformat()}..{window.last.isoformat()}"


def _range(bounds: Bounds, kind: str) -> str:
    low, high = bounds.low, bounds.high
    if low is None:
        return f"<= {_number(high or 0, kind)}"
    if high is None:
        return f"{low}+" if kind == "count" else f">= {_number(low, kind)}"
    return _number(low, kind) if low == high else f"{_number(low, kind)}..{_number(high, kind)}"


def _number(value: int, kind: str) -> str:
    if kind == "money":
        yuan, cents = divmod(value, 100)
        return f"{yuan}.{cents:02}" if cents else str(yuan)
    return f"{value}d" if kind == "days" else str(value)
