"""A filter tree written in the filter language, so that `parse` gives the same tree back."""

from __future__ import annotations

from laoke.audiences.text import AT_LEAST_ONE, unit_of
from laoke.audiences.tokens import quoted
from laoke.audiences.tree import (
    EXPECTED,
    GOODS,
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
        case InGroup(group):
            return f"in_group({quoted(group)})" if group else "in_group"
        case Tagged(tag):
            return f"tag({quoted(tag)})"
        case Consented(channel):
            return f"consent({channel})"
        case Reachable(channel):
            return f"reachable({channel})"
        case Has(contact):
            return f"has({contact})"
        case InSegment(name, _):
            return f"segment({quoted(name)})"
        case RandomShare(share, seed):
            return f"random_share({_number(share, 'share')}, {quoted(seed)})"
        case Trait(name, bounds):
            return f"{name}({_range(bounds, TRAITS[name])})"
        case Expected(measure, bounds, days):
            return f"{measure}({_range(bounds, EXPECTED[measure])}, within {days}d)"
        case High(what):
            return f"high({what})"
        case Birthday(days):
            return f"birthday(within {days}d)"
        case _:
            return _of_facts(node)


def _of_facts(node: Node) -> str:
    """Conditions that look at single orders, lines, reviews, refunds and messages."""
    match node:
        case BoughtProduct(words, bounds, window):
            return _called(
                "bought_product", quoted(words), *_arguments(bounds, window, "count", AT_LEAST_ONE)
            )
        case OfGoods(measure, words, bounds, window):
            money = GOODS[measure][1] == "cents"
            kind, usual = ("money", None) if money else ("count", AT_LEAST_ONE)
            return _called(measure, quoted(words), *_arguments(bounds, window, kind, usual))
        case BoughtPriced(price, bounds, window):
            rest = _arguments(bounds, window, "count", AT_LEAST_ONE)
            return _called("bought_priced", _range(price, "money"), *rest)
        case Sequence(first, then, days, negated, window):
            wanted = f"not {_step(then, None)}" if negated else _step(then, None)
            return f"{_step(first, window)} then {wanted} within {days}d"
        case Reviewed(bounds, rating, photo, window):
            stars = [] if rating is None else [f"rating {_range(rating, 'count')}"]
            return _counted("reviewed", bounds, [*stars, *(["photo"] if photo else [])], window)
        case RefundTimes(bounds, kind, window):
            return _counted("refund_times", bounds, [kind] if kind else [], window)
        case HadCase(bounds, kind, state, window):
            return _counted("had_case", bounds, [one for one in (kind, state) if one], window)
        case Coupons(measure, bounds, issue, window):
            return _counted(measure, bounds, [quoted(issue)] if issue else [], window)
        case Rewards(measure, bounds, lottery, window):
            return _counted(measure, bounds, [quoted(lottery)] if lottery else [], window)
        case Touched(measure, bounds, channel, window):
            return _counted(measure, bounds, [channel] if channel else [], window)
        case _:
            return "everyone"


def _called(name: str, *arguments: str) -> str:
    return f"{name}({', '.join(arguments)})" if arguments else name


def _counted(name: str, bounds: Bounds, words: list[str], window: Window) -> str:
    ranged = [] if bounds == AT_LEAST_ONE else [_range(bounds, "count")]
    return _called(name, *ranged, *words, *_arguments(AT_LEAST_ONE, window, "count", AT_LEAST_ONE))


def _step(step: Step, window: Window) -> str:
    """One happening of a sequence, as the condition that `step_of` reads."""
    if step.kind == "bought":
        return _amount("bought", AT_LEAST_ONE, window)
    if step.kind == "product":
        return _of_facts(BoughtProduct(step.words, AT_LEAST_ONE, window))
    if step.kind == "category":
        return _of_facts(OfGoods("bought_category", step.words, AT_LEAST_ONE, window))
    return _of_facts(Touched(step.kind, AT_LEAST_ONE, step.words, window))


def _within(part: Node, kinds: type | tuple[type, ...]) -> str:
    return f"({print_filter(part)})" if isinstance(part, kinds) else print_filter(part)


def _amount(measure: str, bounds: Bounds, window: Window) -> str:
    usual = Bounds(USUAL_LOW[measure], None) if measure in USUAL_LOW else None
    return _called(measure, *_arguments(bounds, window, unit_of(measure), usual))


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
    if kind == "share":
        percent, rest = divmod(value, 100)
        return f"{percent}.{rest:02}%" if rest else f"{percent}%"
    if kind == "decimal":
        return decimal_text(value)
    return f"{value}d" if kind == "days" else str(value)


def decimal_text(hundredths: int) -> str:
    """Hundredths as a number of two decimals at most."""
    whole, rest = divmod(hundredths, 100)
    return f"{whole}.{rest:02}".rstrip("0") if rest else str(whole)
