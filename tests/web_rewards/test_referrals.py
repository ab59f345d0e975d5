"""Referrals in the browser: the rule is written, friends are shown with where they stand, and it is stopped."""

from __future__ import annotations

import pytest
from django.urls import reverse

from laoke.promotions.rewards import referrals
from laoke.promotions.rewards.referral_models import ReferralScheme
from laoke.shops.models import Role
from laoke.shops.setup import add_user
from tests.campaigns.stores import Store
from tests.promotions_rows.points_shop import ANNA, BEN, NOW, PointsShop, after
from tests.web_rewards.test_points import browser
from tests.web_rewards.test_points import here as here
from tests.web_rewards.test_points import store as store

pytestmark = pytest.mark.django_db

WRITTEN = {
    "steps": "1 1000\n5，1500\n", "friend_points": "500", "least_cents": "50", "window_days": "15", "most_rewards": "",
    "like_points": "0", "most_likes_a_day": "0",
}  # fmt: skip


def test_the_rule_is_written_a_step_a_line(here: PointsShop, store: Store) -> None:
    client = browser(store.owner)

    assert client.post(reverse("referrals"), WRITTEN)["Location"] == reverse("referrals")

    scheme = ReferralScheme.objects.get()
    assert (scheme.steps, scheme.least_cents, scheme.most_rewards) == ([[1, 1000], [5, 1500]], 5_000, None)
    page = client.get(reverse("referrals")).content.decode()
    assert "1 1000\n5 1500" in page and "来的朋友" in page


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"steps": "1 一千"}, "看不懂"),
        ({"steps": "2 1000"}, "第 1 位起要写"),
        ({"window_days": "366"}, "小于或等于365"),
        ({"steps": ""}, "这个字段是必填项"),
    ],
)
def test_a_rule_that_cannot_be_says_so(
    here: PointsShop, store: Store, fields: dict[str, str], message: str
) -> None:
    answer = browser(store.owner).post(reverse("referrals"), WRITTEN | fields)

    assert answer.status_code == 422 and message in answer.content.decode()
    assert not ReferralScheme.objects.exists()


def test_friends_are_shown_with_where_they_stand(here: PointsShop, store: Store) -> None:
    client = browser(store.owner)
    client.post(reverse("referrals"), WRITTEN)
    code = referrals.invite(store.shop, ANNA, now=NOW).code
    referrals.accept(store.shop, code, BEN, now=NOW)
    assert "等首单" in client.get(reverse("referrals")).content.decode()
    referrals.paid(store.shop, BEN, order_id="B-1", paid_cents=9_900, now=NOW)
    page = client.get(reverse("referrals") + "?q=B-1").content.decode()
    assert "没退就给" in page and str(BEN) in page
    referrals.reward_due(after(15))
    assert "1,000" in client.get(reverse("referrals")).content.decode()
    assert client.get(reverse("referrals") + "?export=xlsx").status_code == 200


def test_it_is_stopped_and_goes_on_and_who_may_only_look_changes_nothing(
    here: PointsShop, store: Store
) -> None:
    client = browser(store.owner)
    client.post(reverse("referrals"), WRITTEN)
    client.post(reverse("referral_open"), {"open": "0"})
    assert not ReferralScheme.objects.get().is_open

    analyst, _ = add_user("fenxi", shops=[store.shop], role=Role.ANALYST, now=NOW, full_name="沈言")
    looks = browser(analyst)
    page = looks.get(reverse("referrals")).content.decode()
    assert "第 5 位起，给邀请的人" in page and "referral-rule" not in page
    assert looks.post(reverse("referrals"), WRITTEN).status_code == 403
    assert looks.post(reverse("referral_open"), {"open": "1"}).status_code == 403

    client.post(reverse("referral_open"), {"open": "1"})
    assert ReferralScheme.objects.get().is_open
