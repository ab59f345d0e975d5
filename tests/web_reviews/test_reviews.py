"""A review in the browser: what the data can say, what it cannot, and who may work it out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.urls import reverse

from laoke.campaigns.models import Campaign, Review
from laoke.web.pages.reviews.telling import axis_of, interval, reason_of, sentence
from tests.people import Demo
from tests.web_campaigns.planned import planned


def metric(verdict: str, estimate: float | None = None, **more: Any) -> dict[str, Any]:
    difference = incremental = None
    if estimate is not None:
        difference = {"estimate": estimate, "low": estimate - 40, "high": estimate + 40, "p_value": 0.01}
        incremental = {
            "estimate": estimate * 100,
            "low": (estimate - 40) * 100,
            "high": (estimate + 40) * 100,
        }
    return {
        "verdict": verdict, "treated_per_person": 500.0, "held_out_per_person": 400.0, "treated_total": 50000,
        "held_out_total": 4000, "difference": difference, "incremental": incremental, "missing": None, **more,
    }  # fmt: skip


def comparison(**metrics: dict[str, Any]) -> dict[str, Any]:
    return {
        "from": "2026-11-01 17:30", "until": "2026-11-09 00:00", "window_over": False, "treated": 900, "held_out": 100,
        "merged_left_out": 2, "message_cost_cents": 5400,
        "srm": {"even": False, "p_value": 0.0001, "found": {"treated": 900, "held_out": 100},
                "expected": {"treated": 850.0, "held_out": 150.0}},
        "metrics": metrics,
    }  # fmt: skip


NOT_ENOUGH = metric("not_enough", missing={"code": "too_few_outcomes", "have": 100, "need": 2400})
RESULT = {
    "campaign": comparison(
        revenue=metric("helps", 131), profit=metric("withheld", cost_unknown_orders=7), orders=NOT_ENOUGH
    ),
    "rounds": [
        {"key": "1a", "name": "<i>轻提醒", "channel": "sms",
         **comparison(revenue=metric("unclear", 10), profit=metric("helps", 60), orders=NOT_ENOUGH)},
    ],
    "days": [
        {"day": "2026-11-01", "target_cents": 1_000_000, "paid_cents": 1_200_000, "orders": 12, "buyers": 11,
         "visitors": 300},
        {"day": "2026-11-02", "target_cents": 1_000_000, "paid_cents": None, "orders": None, "buyers": None,
         "visitors": None},
    ],
    "facts_until": "2026-11-09 09:00",
    "attribution_days": 15,
}  # fmt: skip


@pytest.fixture
def reviewed(demo: Demo) -> Campaign:
    campaign = planned(demo)
    Review.objects.create(
        campaign=campaign, catalog_ref=1, until=demo.now, result=RESULT, created_at=datetime(2026, 11, 9)
    )
    return campaign


def test_a_review_says_what_the_data_says_and_what_it_would_need(demo: Demo, reviewed: Campaign) -> None:
    client, url = demo.client(), reverse("review", args=[reviewed.pk])
    page = client.get(url).content.decode()
    orders = client.get(url, {"metric": "orders"}).content.decode()

    assert "卖了 ¥\xa01.2万，超目标 20.0%。其中触达真正多带来 ¥\xa0131.00 成交" in page
    assert "看不出差别" in page and "&lt;i&gt;轻提醒" in page
    assert "对照应约 150 人，实际 100 人" in page
    assert "7 单不知道成本" in page
    assert "要 2,400 人才看得出" in orders
    assert "还没满 15 天" in page


def test_without_a_launched_round_there_is_nothing_to_review(demo: Demo) -> None:
    campaign, client = planned(demo), demo.client()

    assert "还没有复盘" in client.get(reverse("review", args=[campaign.pk])).content.decode()
    answer = client.post(reverse("review_make", args=[campaign.pk]), follow=True)
    assert "还没有发出的轮次" in answer.content.decode()
    assert not Review.objects.exists()


def test_the_list_names_each_campaign_that_has_begun(demo: Demo, reviewed: Campaign) -> None:
    page = demo.client().get(reverse("reviews")).content.decode()
    assert reviewed.name in page and "区间" in page


def test_wrong_roles_do_not_see_or_make_it(demo: Demo, reviewed: Campaign) -> None:
    service = demo.client(demo.service)
    assert service.get(reverse("review", args=[reviewed.pk])).status_code == 403
    assert service.post(reverse("review_make", args=[reviewed.pk])).status_code == 403


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("hurts", "反而少了"),
        ("unclear", "看不出差别"),
        ("uneven", "不能下结论"),
        ("no_control", "没有留对照"),
        ("not_enough", "数据还不够说"),
    ],
)
def test_the_sentence_claims_nothing_without_proof(verdict: str, words: str) -> None:
    said = sentence(comparison(revenue=metric(verdict, 5), profit=metric("helps", 5)), 100, None)
    assert words in said and "多带来 ¥" not in said


def test_the_axis_holds_every_interval_and_zero() -> None:
    axis = axis_of([metric("helps", 131), metric("unclear", 10)], 1.0)
    assert (axis.low, axis.high) == (-100.0, 200.0)
    assert 0.0 in axis.ticks


def test_a_missing_interval_is_a_reason_and_no_zero() -> None:
    assert interval(NOT_ENOUGH, "revenue") == reason_of(NOT_ENOUGH) == "对照只有 100 人，要 2,400 人才看得出"
