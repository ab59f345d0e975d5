"""Referrals over the API: an invitation, a friend, their order, likes; the other person is never told."""

from __future__ import annotations

from typing import Any

import pytest

from laoke.promotions.rewards import points, referrals
from laoke.promotions.rewards.referral_models import Referral
from laoke.shops.models import AuditEvent
from laoke.shops.setup import add_shop
from tests.promotions_rows.points_shop import ANNA, BEN, NOW, PointsShop, after
from tests.web_api.test_points import Till

pytestmark = pytest.mark.django_db

ANNAS, BENS = {"customer_id": str(ANNA)}, {"customer_id": str(BEN)}


@pytest.fixture
def here(home: Any, db: None, monkeypatch: pytest.MonkeyPatch) -> PointsShop:
    monkeypatch.setenv("LAOKE_NOW", f"={NOW:%Y-%m-%d %H:%M}")
    here = PointsShop.of(add_shop("书店", now=NOW))
    rule = referrals.Terms(((1, 1_000),), 15, like_points=2, most_likes_a_day=80)
    referrals.set_scheme(here.shop, rule, by=None, now=NOW)
    return here


@pytest.fixture
def till(here: PointsShop, client: Any) -> Till:
    return Till(client, here.shop)


def test_a_friend_is_invited_comes_pays_and_both_are_rewarded(here: PointsShop, till: Till) -> None:
    code = till.told("referrals/invite", customer=ANNAS)["code"]
    came = till.told("referrals/accept", code=code.lower(), customer=BENS)
    assert (came["state"], came["due_at"]) == ("waiting", None)
    paid = till.told("referrals/paid", customer=BENS, order_id="B-1", paid_cents=9_900)
    assert paid == {"referral": came["referral"], "state": "counting", "due_at": "2026-11-24 10:00:00"}
    assert till.told("referrals/paid", customer=ANNAS, order_id="A-1", paid_cents=9_900) == {"referral": None}
    assert till.told("referrals/refunded", order_id="B-1")["state"] == "waiting"
    assert till.told("referrals/refunded", order_id="B-1") == {"referral": None}
    till.told("referrals/paid", customer=BENS, order_id="B-2", paid_cents=9_900)

    referrals.reward_due(after(15))

    assert points.balance_of(here.shop, [ANNA], after(15)).usable == 1_000
    acts = AuditEvent.objects.filter(act__startswith="referral.").order_by("pk").values_list("act", flat=True)
    assert list(acts) == [
        "referral.rule", "referral.invite", "referral.accept", "referral.paid", "referral.refunded", "referral.paid",
    ]  # fmt: skip


def test_likes_are_told_as_a_sum_and_paid_by_their_difference(here: PointsShop, till: Till) -> None:
    body = {"customer": ANNAS, "share_id": "S-1"}

    assert till.told("referrals/liked", **body, likes=30)["points"] == 60
    assert till.told("referrals/liked", **body, likes=100) == {
        "share_id": "S-1", "likes": 100, "rewarded": 80, "points": 100,
    }  # fmt: skip
    assert here.usable() == 160


@pytest.mark.parametrize(
    ("act", "status", "code", "body"),
    [
        ("accept", 404, "invitation_unknown", {"code": "2222-2222-2222", "customer": BENS}),
        ("accept", 409, "referral_same_person", {"code": "ANNA", "customer": ANNAS}),
        ("accept", 400, "field_missing", {"code": "ANNA"}),
        ("paid", 400, "body_shape", {"customer": BENS, "order_id": "B-1", "paid_cents": "1"}),
        ("liked", 400, "body_shape", {"customer": BENS, "share_id": "长", "likes": 1}),
        ("liked", 400, "body_shape", {"customer": BENS, "share_id": "S-1", "likes": 100_001}),
    ],
)
def test_what_cannot_be_is_told(
    here: PointsShop, till: Till, act: str, status: int, code: str, body: dict[str, Any]
) -> None:
    invitation = till.told("referrals/invite", customer=ANNAS)["code"]
    sent = {name: invitation if value == "ANNA" else value for name, value in body.items()}

    assert till.told(f"referrals/{act}", status, **sent)["code"] == code
    assert not Referral.objects.exists()
