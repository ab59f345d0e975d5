"""What a filter that asks for customer value rests on: whether anything was computed for the shop, how, and up to when.

Without it such a filter would count nobody and look as if it had an answer; so it is refused with its reason, as one
that names a segment which is not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from laoke.audiences.tree import Condition, Expected, Node, Trait, TreeError, everywhere
from laoke.insights.models import ValueReport
from laoke.shops.models import Shop

RATES = "rates"
# Why a filter that asks for customer value cannot be counted: another computation may change it.
WAITS = ("no_value", "no_value_said", "only_rates")


@dataclass(frozen=True)
class ValueBasis:
    """The day from which the horizons of customer value count, the day of the other figures, and whether only rates of
    customers in the same place were used."""

    day: date
    as_of: date
    by_rates: bool


def check_value(shop: Shop, node: Node) -> None:
    """Refuse a tree (with its segments looked up) that asks for what customer value does not say of this shop.

    Raises
    ------
    TreeError
        `no_value` (nothing was computed yet), `no_value_said` (computed, and nothing could be said), `only_rates`
        (rates know no probability of being active).
    """
    asked = _asked(node)
    if not asked:
        return
    report = _report(shop)
    if report is None:
        raise TreeError("no_value")
    if not report.model:
        raise TreeError("no_value_said")
    if report.model == RATES and any(isinstance(one, Trait) for one in asked):
        raise TreeError("only_rates")


def value_basis(shop: Shop, node: Node, as_of: date) -> ValueBasis | None:
    """On what a tree that may be counted rests; None when it does not ask for customer value."""
    report = _report(shop) if _asked(node) else None
    return None if report is None else ValueBasis(report.as_of_day, as_of, report.model == RATES)


def _report(shop: Shop) -> ValueReport | None:
    return ValueReport.objects.filter(shop=shop).only("as_of_day", "model").first()


def asks_value(node: Condition) -> bool:
    """Whether a condition looks at customer value, which is not computed for every shop."""
    return isinstance(node, Expected) or (isinstance(node, Trait) and node.name == "active_probability")


def _asked(node: Node) -> list[Condition]:
    return [one for one in everywhere(node) if asks_value(one)]
