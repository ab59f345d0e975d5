"""Any filter at all, for hypothesis: small numbers and few names, so that conditions meet the small shops of tests."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import strategies as st

from laoke.audiences.tree import (
    CLOSED_VALUES,
    HIGHS,
    WHOLE,
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
    Within,
    all_of,
    any_of,
)
from laoke.warehouse.customer_value import HORIZONS
from tests.audiences.world import TODAY

CITIES = ("杭州", "上海", "Zürich")
TAGS = ("挑剔", "晒单")
LEVELS = ("超级会员", "88VIP")


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
    known = CLOSED_VALUES.get(field, LEVELS if field == "platform_level" else CITIES)
    values = st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True)
    return values.map(lambda chosen: OneOf(field, tuple(chosen)))


def conditions(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Node]:
    return st.one_of(
        st.just(Everyone()),
        st.builds(
            Amount, st.sampled_from(["bought", "items", "used_coupon", "full_price"]), bounds(4), WINDOWS
        ),
        st.builds(Amount, st.sampled_from(["coupon_share", "refund_share"]), bounds(WHOLE), WINDOWS),
        st.builds(
            Amount,
            st.sampled_from(["spent", "net_spent", "refunded", "average_order"]),
            bounds(30_000),
            WINDOWS,
        ),
        st.builds(Day, st.sampled_from(["last_order", "first_order"]), st.one_of(bounds(600), dates())),
        st.sampled_from(
            [
                "city",
                "province",
                "lifecycle",
                "group",
                "rfm",
                "city_tier",
                "platform_level",
                "usual_weekday",
                "bought_month",
                "birthday_month",
            ]
        ).flatmap(one_of),
        texts.map(Tagged),
        st.builds(InGroup, st.none() | texts),
        st.sampled_from(["sms", "handover"]).map(Consented),
        st.sampled_from(["sms", "handover"]).map(Reachable),
        st.sampled_from(["phone", "email", "nick"]).map(Has),
        st.builds(BoughtProduct, texts, bounds(3), WINDOWS),
        facts(texts),
        traits(),
        st.builds(RandomShare, st.integers(1, WHOLE), texts),
    )


def facts(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Node]:
    """Conditions on goods, reviews, refunds, messages, and what followed what."""
    counts = ["bought_category", "items_of_product", "items_of_category"]
    return st.one_of(
        st.builds(OfGoods, st.sampled_from(counts), texts, bounds(4), WINDOWS),
        st.builds(
            OfGoods, st.sampled_from(["spent_on_product", "spent_on_category"]), texts, bounds(30_000), WINDOWS
        ),
        st.builds(BoughtPriced, bounds(12_000), bounds(3), WINDOWS),
        st.builds(
            Sequence, steps(texts, True), steps(texts, False), st.integers(1, 400), st.booleans(), WINDOWS
        ),
        st.builds(Reviewed, bounds(3), st.none() | stars(), st.booleans(), WINDOWS),
        st.builds(RefundTimes, bounds(3), st.sampled_from(["", "money", "goods"]), WINDOWS),
        st.builds(
            Touched, st.sampled_from(["touched", "delivered", "answered"]), bounds(3),
            st.sampled_from(["", "sms", "email"]), WINDOWS,
        ),
        st.builds(
            HadCase, bounds(3), st.sampled_from(["", "return", "quality", "other"]),
            st.sampled_from(["", "open", "closed"]), WINDOWS,
        ),
        st.builds(Coupons, st.just("holds_coupon"), bounds(3), st.just("") | texts),
        st.builds(Coupons, st.just("used_code"), bounds(3), st.just("") | texts, WINDOWS),
        st.builds(Rewards, st.just("points_held"), bounds(300)),
        st.builds(
            Rewards, st.just("points_ending"), bounds(200), window=st.integers(0, 60).map(Within)
        ),
        st.builds(
            Rewards, st.sampled_from(["points_earned", "points_used"]), bounds(200), window=WINDOWS
        ),
        st.builds(Rewards, st.sampled_from(["drew", "won"]), bounds(3), st.just("") | texts, WINDOWS),
        st.builds(Rewards, st.sampled_from(["brought", "was_brought"]), bounds(2), window=WINDOWS),
        st.builds(Expected, st.just("expected_orders"), bounds(300), st.sampled_from(HORIZONS)),
        st.builds(Expected, st.just("expected_spend"), bounds(30_000), st.sampled_from(HORIZONS)),
    )  # fmt: skip


def steps(texts: st.SearchStrategy[str], first: bool) -> st.SearchStrategy[Step]:
    bought = st.one_of(
        st.just(Step("bought")), texts.map(lambda words: Step("product", words)),
        texts.map(lambda words: Step("category", words)),
    )  # fmt: skip
    said = ("touched", "answered") if first else ("answered",)
    return bought | st.builds(Step, st.sampled_from(said), st.sampled_from(["", "sms"]))


def stars() -> st.SearchStrategy[Bounds]:
    return st.tuples(st.integers(1, 5), st.integers(1, 5)).map(sorted).map(lambda ends: Bounds(*ends))


def traits() -> st.SearchStrategy[Node]:
    hours = st.tuples(st.integers(0, 23), st.integers(0, 23)).map(sorted).map(lambda ends: Bounds(*ends))
    return st.one_of(
        st.builds(Trait, st.sampled_from(["r_score", "f_score", "m_score", "fm_score"]), stars()),
        st.builds(Trait, st.just("usual_hour"), hours),
        st.builds(Trait, st.just("rfm_orders"), bounds(4)),
        st.builds(Trait, st.just("rfm_spent"), bounds(30_000)),
        st.builds(Trait, st.just("mean_gap"), bounds(200)),
        st.builds(Trait, st.just("overdue"), bounds(4 * WHOLE)),
        st.builds(Trait, st.just("active_probability"), bounds(WHOLE)),
        st.sampled_from(HIGHS).map(High),
        st.integers(0, 365).map(Birthday),
    )


def trees(texts: st.SearchStrategy[str], segments: bool = False) -> st.SearchStrategy[Node]:
    """`segments` also names other segments, which need a ledger before they can be counted."""
    return st.recursive(
        conditions(texts) | texts.map(InSegment) if segments else conditions(texts),
        lambda inner: st.one_of(
            inner.map(Not),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: all_of(*parts)),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: any_of(*parts)),
        ),
        max_leaves=6,
    )
