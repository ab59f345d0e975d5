"""Reviews of bought products: good on the whole, worse when the parcel was late or the goods came back.

The words are kept apart from the facts, because the words of real reviews live in the vault.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from laoke.intake.demo import texts
from laoke.intake.demo.baskets import LINES
from laoke.intake.demo.buying import fake_mask
from laoke.intake.demo.draws import Bools, Ints
from laoke.intake.demo.tables import Run

REVIEW_SHARE = 0.3
# Chances of 1 … 5 stars: in time, late.
_STARS = np.array([[0.008, 0.012, 0.035, 0.105, 0.84], [0.12, 0.12, 0.17, 0.21, 0.38]])
_GOOD = (
    ("手感", "摸着很软，晚上睡得踏实"),
    ("质量", "走线整齐，洗过两次没变形"),
    ("尺寸", "尺寸正合适，铺上很平整"),
    ("颜色", "颜色和图片差不多，看着安静"),
    ("性价比", "这个价能买到这样的挺好"),
    ("物流", "发货快，两天就到了"),
    ("服务", "客服耐心，问什么都答"),
)
_BAD = (
    ("物流", "等了好多天才到，催也没用"),
    ("掉色", "第一次洗水就有颜色"),
    ("起球", "用了一周开始起球"),
    ("尺寸", "比标的小一圈，铺不满"),
    ("气味", "有股味道，晾了三天才散"),
    ("服务", "找客服半天没人回"),
)
# Fake reviews repeat a few sentences word for word.
_TEMPLATES = (
    "宝贝收到了，质量非常好，跟卖家描述的完全一致，非常满意，真的很喜欢，超出期望值，发货速度快，包装仔细严实",
    "一直在找这样的宝贝，收到后非常惊喜，做工精细，面料舒服，家人都说好，下次还会再来，推荐大家购买",
    "包装很好，物流很快，客服态度也很好，东西比想象中还要好，已经推荐给身边的朋友了，祝老板生意兴隆",
)


def reviews(run: Run) -> tuple[pa.Table, pa.Table]:
    """The reviews written by `end`, and their words by order and product."""
    order, line, at = _written(run)
    cell = run.index[order] * LINES + line
    fake = fake_mask(run.placed)[order]
    stars = _stars(run, order, line, cell, fake)
    late = run.life.late[order]
    topic, words = _words(run, cell, stars, late, fake, run.placed.burst[order])
    key = {
        "order_id": run.order_ids.take(pa.array(order)),
        "product_id": run.goods.ids.take(pa.array(run.basket.product[order, line])),
    }
    facts = pa.table(
        {
            "month": texts.month_names(at),
            **key,
            "rating": pa.array(stars, pa.int8()),
            "score_description": _score(run, "description", cell, stars, np.zeros_like(stars)),
            "score_service": _score(run, "service", cell, stars, np.where(stars < 3, -1, 0)),
            "score_logistics": _score(run, "logistics", cell, stars, np.where(late, 2, 0)),
            "at": texts.moments(at),
            "day": pa.array(at // 86400, pa.int32()),
            "has_photo": pa.array(run.draws.chance("photo", cell, np.where(fake, 0.7, 0.16))),
            "topics": topic,
        }
    )
    return facts, pa.table({**key, "text": words})


def _written(run: Run) -> tuple[Ints, Ints, Ints]:
    """Orders and lines reviewed by `end`, with the time. Only finished orders can be reviewed."""
    finished, fake = run.life.finished, fake_mask(run.placed)
    cell = run.index[:, None] * LINES + np.arange(LINES)
    wait = np.minimum(run.draws.exponential("review wait", cell, 2.5 * 86400), 14.9 * 86400)
    wait = np.where(fake[:, None], 60 + wait % 1800, wait + 300).astype(np.int64)
    at = finished[:, None] + wait
    share = np.where(fake, 0.95, REVIEW_SHARE)[:, None]
    told = run.draws.uniform("review", cell) < share
    order, line = np.nonzero(told & run.basket.used & (at <= run.end))
    return order, line, at[order, line]


def _stars(run: Run, order: Ints, line: Ints, cell: Ints, fake: Bools) -> Ints:
    late = run.life.late[order]
    returned = (run.line_refunds[order, line] > 0) & run.life.refund_granted[order]
    upto = np.cumsum(_STARS, axis=1)[(late | returned).astype(int)]
    stars = 1 + (run.draws.uniform("stars", cell)[:, None] > upto).sum(axis=1)
    return np.where(fake, 5, np.clip(stars, 1, 5))


def _score(run: Run, name: str, cell: Ints, stars: Ints, less: Ints) -> pa.Array:
    """A part score near the stars; one in five gives none."""
    lower = (run.draws.uniform(f"score {name}", cell) < 0.12).astype(int)
    score = np.clip(stars - less - lower, 1, 5)
    return texts.masked(score, run.draws.chance(f"scored {name}", cell, 0.8), pa.int8())


def _words(
    run: Run, cell: Ints, stars: Ints, late: Bools, fake: Bools, burst: Ints
) -> tuple[pa.Array, pa.Array]:
    good = run.draws.integers("praise", cell, len(_GOOD))
    bad = np.where(late, 0, 1 + run.draws.integers("blame", cell, len(_BAD) - 1))
    template = np.maximum(burst, 0) % len(_TEMPLATES)
    choice = np.where(stars >= 4, good, len(_GOOD) + bad)
    choice = np.where(fake, len(_GOOD) + len(_BAD) + template, choice)
    pairs = (*_GOOD, *_BAD, *(("质量", text) for text in _TEMPLATES))
    return texts.picked([topic for topic, _ in pairs], choice), texts.picked(
        [text for _, text in pairs], choice
    )
