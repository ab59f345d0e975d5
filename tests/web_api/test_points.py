"""Points over the API: quoted, earned, reserved, redeemed, rolled back, taken back; each refusal has its code."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpResponse

from laoke.customers.models import Customer
from laoke.promotions.rewards.models import PointsEvent, PointsLot
from laoke.shops.models import AuditEvent, Shop
from laoke.shops.setup import add_shop
from laoke.shops.tokens import make_token
from laoke.web.pages.api.access import SCOPES
from laoke.web.pages.api.openapi import document
from laoke.web.pages.api.rewards import SCOPE_OF, STATUSES
from tests.promotions_rows.points_shop import ANNA, NOW, PointsShop

pytestmark = pytest.mark.django_db

WHO = {"customer_id": str(ANNA)}


class Till:
    """The shop's own system with its token."""

    def __init__(self, client: Any, shop: Shop, scopes: tuple[str, ...] = SCOPES) -> None:
        self.token, self.text = make_token(shop, name="商城", scopes=scopes, days=30, by=None, now=NOW)
        self.client, self.key = client, 0

    def ask(self, act: str, key: str | None = None, **body: Any) -> HttpResponse:
        self.key += 1
        headers = {
            "Authorization": f"Bearer {self.text}",
            "Idempotency-Key": f"k{self.key}" if key is None else key,
        }
        return self.client.generic(  # type: ignore[no-any-return]
            "POST",
            f"/api/v1/{act}",
            json.dumps(body).encode(),
            content_type="application/json",
            headers=headers,
        )

    def told(self, act: str, status: int = 200, **given: Any) -> dict[str, Any]:
        answer = self.ask(act, **given)
        assert answer.status_code == status, answer.content.decode()
        return json.loads(answer.content)  # type: ignore[no-any-return]


@pytest.fixture
def here(home: Any, db: None, monkeypatch: pytest.MonkeyPatch) -> PointsShop:
    monkeypatch.setenv("LAOKE_NOW", f"={NOW:%Y-%m-%d %H:%M}")
    return PointsShop.of(add_shop("书店", now=NOW), most_share_bp=5_000)


@pytest.fixture
def till(here: PointsShop, client: Any) -> Till:
    return Till(client, here.shop)


def test_points_are_earned_quoted_used_and_taken_back(here: PointsShop, till: Till) -> None:
    earned = till.told("points/earn", customer={"member": "C-1"}, order_id="S-1", paid_cents=50_000)
    who = {"customer_id": earned["customer_id"]}
    assert (earned["points"], earned["good_until"]) == (500, "2026-12-09 10:00:00")

    quoted = till.told("points/quote", customer=who, payable_cents=700)
    assert quoted == {
        "usable": 500, "waiting": 0, "reserved": 0, "owed": 0, "next_end": "2026-12-09 10:00:00", "ending": 500,
        "most_points": 300, "most_cents": 300,
    }  # fmt: skip
    held = till.told("points/reserve", customer=who, order_id="S-2", points=300, payable_cents=700)
    assert held | {"balance": 0, "customer_id": ""} == {
        "order_id": "S-2", "customer_id": "", "points": 300, "state": "reserved", "discount_cents": 300,
        "payable_cents": 400, "reserved_until": "2026-11-09 10:30:00", "balance": 0,
    }  # fmt: skip
    assert till.told("points/redeem", order_id="S-2")["balance"]["usable"] == 200
    assert till.told("points/rollback", order_id="S-2")["balance"]["usable"] == 500
    back = till.told("points/refund", order_id="S-1", refunded_cents=20_000)
    assert (back["points"], back["taken_back"], back["balance"]["usable"]) == (300, 200, 300)

    acts = ["points.earn", "points.reserve", "points.redeem", "points.roll_back", "points.refund"]
    rows = AuditEvent.objects.filter(act__in=acts).order_by("pk")
    assert [(row.act, row.detail["token"]) for row in rows] == [(act, till.token.prefix) for act in acts]
    assert PointsEvent.objects.first().by == f"api:{till.token.prefix}"  # type: ignore[union-attr]


def test_a_quote_makes_no_customer_and_one_that_nobody_knows_has_nothing(
    here: PointsShop, till: Till
) -> None:
    before = Customer.objects.count()

    assert till.told("points/quote", customer={"member": "C-9"})["usable"] == 0

    assert Customer.objects.count() == before


def test_the_same_key_gets_the_same_answer_and_another_body_is_refused(here: PointsShop, till: Till) -> None:
    body = {"customer": WHO, "order_id": "S-1", "paid_cents": 1_000}
    first, again = till.ask("points/earn", key="k", **body), till.ask("points/earn", key="k", **body)

    assert (again.content, again["Idempotent-Replay"]) == (first.content, "true")
    assert "Idempotent-Replay" not in first
    assert till.told("points/earn", 422, key="k", **body | {"paid_cents": 2_000})["code"] == "key_used"
    assert till.told("points/earn", 400, key="", **body)["code"] == "key_missing"
    assert PointsLot.objects.count() == 1


@pytest.mark.parametrize(
    ("act", "status", "code", "body"),
    [
        ("earn", 400, "field_missing", {"order_id": "S-1", "paid_cents": 1}),
        ("earn", 400, "body_shape", {"customer": WHO, "order_id": "S-1", "paid_cents": -1}),
        ("earn", 400, "body_shape", {"customer": WHO, "order_id": "S-1", "paid_cents": True}),
        ("earn", 400, "body_shape", {"customer": WHO, "order_id": "S 1", "paid_cents": 1}),
        (
            "earn",
            404,
            "customer_unknown",
            {"customer": {"customer_id": "9"}, "order_id": "S-1", "paid_cents": 1},
        ),
        ("refund", 404, "order_unknown", {"order_id": "S-1", "refunded_cents": 1}),
        (
            "reserve",
            409,
            "points_short",
            {"customer": WHO, "order_id": "S-1", "points": 100, "payable_cents": 900},
        ),
        ("reserve", 400, "field_unknown", {"customer": WHO, "coupon": "x"}),
        ("redeem", 409, "no_points_held", {"order_id": "S-1"}),
        ("rollback", 409, "no_points_used", {"order_id": "S-1"}),
    ],
)
def test_what_cannot_be_done_is_told_and_uses_no_key_up(
    here: PointsShop, till: Till, act: str, status: int, code: str, body: dict[str, Any]
) -> None:
    for _ in range(2):
        assert till.told(f"points/{act}", status, key="k", **body)["code"] == code
    assert not PointsEvent.objects.exists()


def test_each_act_needs_its_scope(here: PointsShop, client: Any) -> None:
    for name, scope in SCOPE_OF.items():
        others = tuple(one for one in SCOPES if one != scope)
        till = Till(client, here.shop, others)
        refused = till.told(name.replace(".", "/"), 403)
        assert (refused["code"], scope in json.dumps(refused)) == ("scope_missing", True)
    assert Till(client, here.shop).ask("points/steal").status_code == 404


def test_the_description_names_every_act_and_every_refusal() -> None:
    paths = document()["paths"]
    for name in SCOPE_OF:
        answers = paths[f"/api/v1/{name.replace('.', '/')}"]["post"]["responses"]
        assert {"200", "400", "401", "403", "404", "409", "422", "429"} <= set(answers)
    told = json.dumps(document())
    assert [code for code in STATUSES if code not in told] == []
