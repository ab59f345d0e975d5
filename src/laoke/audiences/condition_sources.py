"""Which source of single facts a condition asks."""

from __future__ import annotations

from laoke.audiences import case_sources, fact_sources
from laoke.audiences.fact_sources import DELIVERED, REACHED
from laoke.audiences.sources import Sources
from laoke.audiences.tree import (
    GOODS,
    BoughtPriced,
    Condition,
    Coupons,
    HadCase,
    OfGoods,
    RefundTimes,
    Reviewed,
    Rewards,
    Sequence,
    Touched,
)


def count_source(sources: Sources, node: Condition) -> tuple[str, str] | None:
    """The source and its column with what the condition counts by person; None for one that counts no single facts."""
    match node:
        case OfGoods(measure, words, _, window):
            by, what = GOODS[measure]
            return fact_sources.goods(sources, by, words, window), what
        case BoughtPriced(price, _, window):
            return fact_sources.priced(sources, price, window), "days"
        case Reviewed(_, rating, photo, window):
            return fact_sources.reviews(sources, rating, photo, window), "n"
        case RefundTimes(_, kind, window):
            return fact_sources.refunds(sources, kind, window), "n"
        case Coupons(measure, _, issue, window):
            return fact_sources.coupons(sources, measure, issue, window), "n"
        case Rewards(measure, _, lottery, window):
            return fact_sources.rewards(sources, measure, lottery, window), "n"
        case Touched("answered", _, channel, window):
            return fact_sources.answers(sources, channel, window), "n"
        case Touched(measure, _, channel, window):
            states = REACHED if measure == "touched" else DELIVERED
            return fact_sources.touches(sources, states, channel, window), "n"
        case HadCase(_, kind, state, window):
            return case_sources.cases(sources, kind, state, window), "n"
        case _:
            return None


def sequence_source(sources: Sources, node: Sequence) -> str:
    """The source with `followed` by person."""
    return fact_sources.sequence(sources, node.first, node.then, node.days, node.negated, node.window)
