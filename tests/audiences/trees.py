"""Any filter at all, for hypothesis: small numbers and few names, so that conditions meet the small shops of tests."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import strategies as st

from laoke.audiences.tree import (
    CLOSED_VALUES,
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
    Within,
    all_of,
    any_of,
)
from tests.audiences.world import TODAY

CITIES = ("杭州", "上海", "Zürich")
TAGS = ("挑剔", "晒单")


def bounds(most: int) -> st.SearchStrategy[Bounds]:
    both = st.tuples(st.integers(0, most), st.integers(0, most)).map(sorted).map(lambda ends: Bounds(*ends))
    low = st.integers(0, most).map(Bounds)
    return st.one_of(both, low, st.integers(0, most).map(lambda high: Bounds(None, high)))


def dates() -> st.SearchStrategy[Between]:
    ago = st.tuples(st.integers(-30, 800), st.integers(-30, 800)).map(lambda pair: sorted(pair, reverse=True))
    return ago.map(lambda pair: Between(*(day(number) for number in pair)))


def day(ago: int) -> date:
    return TODAY - timedelta(days=ago)


WINDOWS = st.one_of(
    st.none(), st.sampled_from([30, 90, 180, 365]).map(Within), st.integers(0, 500).map(Within), dates()
)


def one_of(field: str) -> st.SearchStrategy[OneOf]:
    values = st.lists(st.sampled_from(CLOSED_VALUES.get(field, CITIES)), min_size=1, max_size=3, unique=True)
    return values.map(lambda chosen: OneOf(field, tuple(chosen)))


def conditions(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Node]:
    return st.one_of(
        st.just(Everyone()),
        st.builds(Amount, st.sampled_from(["bought", "items", "used_coupon"]), bounds(4), WINDOWS),
        st.builds(
            Amount,
            st.sampled_from(["spent", "net_spent", "refunded", "average_order"]),
            bounds(30_000),
            WINDOWS,
        ),
        st.builds(Day, st.sampled_from(["last_order", "first_order"]), st.one_of(bounds(600), dates())),
        st.sampled_from(["city", "province", "lifecycle", "group", "rfm"]).flatmap(one_of),
        texts.map(Tagged),
        st.sampled_from(["sms", "handover"]).map(Consented),
        st.sampled_from(["sms", "handover"]).map(Reachable),
        st.sampled_from(["phone", "email", "nick"]).map(Has),
        st.builds(BoughtProduct, texts, bounds(3), WINDOWS),
    )


def trees(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Node]:
    return st.recursive(
        conditions(texts),
        lambda inner: st.one_of(
            inner.map(Not),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: all_of(*parts)),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: any_of(*parts)),
        ),
        max_leaves=6,
    )
