"""Ready segments as data: what a shop usually asks, with a name, why one would ask it, and the filter.

The eleven RFM groups carry the names that Shopify made known (its help pages, and `CustomerRfmGroup` of its API,
October 2025). Where one ends and the next begins is ours: R is the R score, FM half the sum of the F and M scores.
Together they hold everybody once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from laoke.audiences.figures import categories_query
from laoke.audiences.readings import Reading
from laoke.audiences.tokens import quoted

# Who would ask for the difference when a price falls: the usual days of price protection after paying.
PRICE_PROTECTION_DAYS = 15
CATEGORY_FANS = 3
FAMILIES: Mapping[str, Any] = {
    "life": _("按生命周期"), "price": _("按对价格的在意"), "occasion": _("按时机"), "goods": _("按买什么"),
    "rfm": _("RFM 十一组"),
}  # fmt: skip


@dataclass(frozen=True)
class ReadySegment:
    """A filter that a shop may take over. `key` is stable, `text` the filter."""

    key: str
    family: str
    name: Any
    note: Any
    text: str


def _rfm(key: str, name: Any, note: Any, recency: str, both: str) -> ReadySegment:
    return ReadySegment(f"rfm_{key}", "rfm", name, note, f"r_score({recency}) and fm_score({both})")


READY = (
    ReadySegment(
        "new", "life", _("新客（只买过一次）"), _("不久前第一次买，还没有第二次"), 'lifecycle in ("new_customer")'
    ),
    ReadySegment("active", "life", _("活跃老客"), _("买过不止一次，不久前还在买"), 'lifecycle in ("active")'),
    ReadySegment("loyal", "life", _("忠诚老客"), _("买过多次，不管最近买没买"), 'group in ("loyal")'),
    ReadySegment(
        "ordinary", "life", _("一般老客"), _("买过，不算忠诚，也不是最近买的"), 'group in ("ordinary") and bought'
    ),
    ReadySegment(
        "slipping", "life", _("正在流失"), _("按自己的节奏早该再来了，还没有走远"),
        "overdue(>= 150%) and last_order(<= 365d)",
    ),
    ReadySegment("asleep", "life", _("睡了半年"), _("半年到两年没有买，可以叫醒"), "last_order(181d..720d)"),
    ReadySegment("lost", "life", _("已经流失"), _("很久没有买，先算算叫回来值不值"), 'lifecycle in ("lost")'),
    ReadySegment(
        "first_only", "life", _("首单后没再来"), _("只买过一次，一个月以上没有再买"), "bought(1) and last_order(>= 31d)"
    ),
    ReadySegment(
        "deal_seekers", "price", _("冲优惠来的"),
        _("十单里有八单用了券。订单不说客人从哪来，用券多少是能看到的最近的样子"),
        "bought(2+) and coupon_share(>= 80%)",
    ),
    ReadySegment(
        "price_insensitive", "price", _("不等优惠的"), _("买过几次，很少用券，给新品和服务，少给折扣"),
        "bought(2+) and coupon_share(<= 20%)",
    ),
    ReadySegment(
        "full_price_protected", "price", _("价保期里的全价客人"),
        _("15 天内全价付的款，现在降价他们会来问差价，先别发折扣"), f"full_price(within {PRICE_PROTECTION_DAYS}d)",
    ),
    ReadySegment(
        "high_returns", "price", _("退得多的"), _("退过两次以上，退回一半以上的钱"),
        "refund_share(>= 50%) and refund_times(2+)",
    ),
    ReadySegment(
        "birthday", "occasion", _("快过生日"), _("一周之内过生日，知道生日的人才数得到"), "birthday(within 7d)"
    ),
    ReadySegment(
        "last_month", "occasion", _("近一个月买过"), _("30 天内买过，别急着再推一样的"), "last_order(<= 30d)"
    ),
    ReadySegment(
        "rfm_prospects", "rfm", _("潜在客户（Prospects）"), _("知道这个人，还没有买过"), 'lifecycle in ("prospect")'
    ),
    _rfm("champions", _("冠军（Champions）"), _("刚买过，买得多，花得也多"), "5", "4+"),
    _rfm("loyal", _("忠诚（Loyal）"), _("最近买过，买得多，花得也多"), "3..4", "4+"),
    _rfm("active", _("活跃（Active）"), _("最近买过，次数和花费中等"), "4+", "2..3"),
    _rfm("new", _("新客（New）"), _("刚买过，次数和花费都少"), "5", "1"),
    _rfm("promising", _("有苗头（Promising）"), _("最近买过，次数和花费都少"), "4", "1"),
    _rfm("needs_attention", _("要留意（Needs attention）"), _("有一阵没买，次数和花费中等"), "3", "3"),
    _rfm("almost_lost", _("快要走了（Almost lost）"), _("有一阵没买，次数和花费偏少"), "3", "<= 2"),
    _rfm("at_risk", _("有风险（At risk）"), _("很久没买，从前次数和花费不少"), "<= 2", "3..4"),
    _rfm("previously_loyal", _("曾经忠诚（Previously loyal）"), _("很久没买，从前买得最多"), "<= 2", "5"),
    _rfm("dormant", _("沉睡（Dormant）"), _("很久没买，从前也买得少"), "<= 2", "<= 2"),
)  # fmt: skip


# The filter of each of the eleven groups, by the name that insights gives it.
RFM_TEXTS: Mapping[str, str] = {
    one.key.removeprefix("rfm_"): one.text for one in READY if one.family == "rfm"
}


def ready_segments(reading: Reading | None) -> list[ReadySegment]:
    """The ready segments, with the fans of the categories that most people of this shop buy."""
    found = list(READY)
    if reading is None:
        return found
    for row in reading.rows(categories_query(reading.shop_id, reading.as_of_day, CATEGORY_FANS)):
        category = row["category"]
        name = gettext("“%(category)s”常客") % {"category": category[:40]}
        note = gettext("一年里三次以上买这个类目")
        text = f"bought_category({quoted(category)}, 3+, within 365d)"
        found.append(ReadySegment(f"fans_{category}", "goods", name, note, text))
    return found
