"""City tiers as data: a published list with its day and source, by the names of cities without 市.

Rankings change every year and are somebody's opinion: the page of the filter language says whose. The four of the first
tier are the same in every edition.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

SOURCE = "第一财经·新一线城市研究所《2025新一线城市魅力排行榜》"
PUBLISHED = date(2025, 5, 28)
CITIES: Mapping[str, tuple[str, ...]] = {
    "first": ("北京", "上海", "广州", "深圳"),
    "new_first": (
        "成都", "杭州", "重庆", "武汉", "苏州", "西安", "南京", "长沙", "郑州", "天津", "合肥", "青岛", "东莞",
        "宁波", "佛山",
    ),
}  # fmt: skip
