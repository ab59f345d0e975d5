"""Coupon budgets in the browser: made, filled in, worked out, read, and by whom."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from laoke.audiences.models import Segment
from laoke.audiences.segments import save_segment
from laoke.campaigns.models import CouponBudget
from tests.people import Demo

pytestmark = pytest.mark.django_db
TERMS = {
    "name": "双11 券",
    "budget": "5万",
    "faces": "5、10",
    "margin": "60",
    "used": "100",
    "message": "0.05",
}


def segments(demo: Demo) -> tuple[Segment, Segment]:
    return (
        save_segment(demo.shop, "两次以上", "bought(2+)", by=demo.owner, now=demo.now),
        save_segment(demo.shop, "买过", "bought", by=demo.owner, now=demo.now),
    )


def made(demo: Demo, **changed: Any) -> Any:
    chosen = [str(one.pk) for one in segments(demo)]
    return demo.client().post(reverse("budgets"), {**TERMS, "segments": chosen, **changed})


def test_a_budget_is_typed_in_yuan_and_worked_out_on_assumptions_that_stay_marked(demo: Demo) -> None:
    answer = made(demo)
    row = CouponBudget.objects.get()
    assert answer.status_code == 302 and answer.url == reverse("budget", args=[row.pk])
    assert (row.budget_cents, row.faces, row.margin_cents, row.message_millis, row.used_bp) == (
        5_000_000, [500, 1_000], 6_000, 50, 10_000,
    )  # fmt: skip
    first, second = row.segments
    rates = {
        f"base_{first}": "12",
        f"face_{first}_500": "20",
        f"base_{second}": "3",
        f"face_{second}_1000": "3.05",
    }
    page = demo.client().post(answer.url, rates, follow=True).content.decode()
    row.refresh_from_db()
    chosen = [group["chosen"] and group["chosen"]["face_cents"] for group in row.result["groups"]]
    assert chosen == [500, None]
    assert "有假设，不是结论" in page and "已证明没有更好的分法" in page
    assert "发哪档都亏：不发就有 3 单，100 人至少要 3.7 单才不亏" in page
    assert 'value="3.05"' in page


def test_a_form_without_any_rate_says_what_is_missing(demo: Demo) -> None:
    url = made(demo).url
    answer = demo.client().post(url, {})
    assert answer.status_code == 422
    assert "没有量过，也没有写假设" in answer.content.decode()
    assert CouponBudget.objects.get().result is None


def test_a_rate_with_a_coupon_needs_the_one_without(demo: Demo) -> None:
    url = made(demo).url
    first = CouponBudget.objects.get().segments[0]
    answer = demo.client().post(url, {f"face_{first}_500": "20"})
    assert answer.status_code == 422 and "没有不发券时的单数" in answer.content.decode()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"faces": "五块"}, "“五块”不是面额，写成 5、10、20"),
        ({"faces": ""}, "写至少一个面额"),
        ({"faces": "1 2 3 4 5 6 7 8 9"}, "最多 8 个面额"),
        ({"margin": "0"}, "毛利要大于零"),
        ({"budget": "-5"}, "金额不能是负的"),
        ({"segments": []}, ""),
        ({"segments": ["999999"]}, ""),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(demo: Demo, changed: dict[str, Any], said: str) -> None:
    answer = made(demo, **changed)
    assert answer.status_code == 422 and said in answer.content.decode()
    assert not CouponBudget.objects.exists()


def test_an_analyst_reads_and_cannot_change(demo: Demo) -> None:
    url = made(demo).url
    client = demo.client(demo.analyst)
    assert client.get(url).status_code == 200 and "response-form" not in client.get(url).content.decode()
    assert client.post(url, {}).status_code == 403
    assert client.post(reverse("budgets"), TERMS).status_code == 403
    assert demo.client(demo.service).get(url).status_code == 403
