"""Lotteries over the API: what is promised is shown, a draw is done once for its key, and at the end all is told."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from laoke.promotions.rewards import fair_draws, lotteries
from laoke.promotions.rewards.lottery_models import LotteryDraw
from laoke.shops.models import AuditEvent
from laoke.shops.setup import add_shop
from tests.promotions_rows.lottery_shop import END, POINTS, SEED, LotteryShop
from tests.promotions_rows.points_shop import ANNA, NOW
from tests.web_api.test_points import Till

pytestmark = pytest.mark.django_db

WHO = {"customer_id": str(ANNA)}


@pytest.fixture
def here(home: Any, db: None, monkeypatch: pytest.MonkeyPatch) -> LotteryShop:
    monkeypatch.setenv("LAOKE_NOW", f"={NOW:%Y-%m-%d %H:%M}")
    return LotteryShop.of(add_shop("书店", now=NOW))


@pytest.fixture
def till(here: LotteryShop, client: Any) -> Till:
    return Till(client, here.shop)


def test_a_draw_is_done_once_for_its_key_and_its_proof_is_told_at_the_end(
    here: LotteryShop, till: Till
) -> None:
    lottery = here.open(prizes=[dataclasses.replace(POINTS, odds_ppm=1_000_000)])
    body = {"lottery": str(lottery.pk), "customer": WHO, "text": "芝麻开门"}

    first, again = till.ask("lotteries/draw", key="k", **body), till.ask("lotteries/draw", key="k", **body)

    assert (again.content, again["Idempotent-Replay"]) == (first.content, "true")
    assert json.loads(first.content) == {
        "lottery": str(lottery.pk), "number": 1, "customer_id": str(ANNA), "commitment": lottery.commitment,
        "text_sha256": (text := hashlib.sha256("芝麻开门".encode()).hexdigest()), "state": "given",
        "link": (link := fair_draws.link(lottery.commitment, 1, text, 0)),
        "prize": {
            "place": 0, "title": "10 积分", "kind": "points", "value_cents": 10, "points": 10, "code": None,
        },
    }  # fmt: skip
    assert (LotteryDraw.objects.count(), here.points.usable()) == (1, 10)
    assert AuditEvent.objects.get(act="lottery.draw").detail == {
        "number": 1, "token": till.token.prefix, "link": link,
    }  # fmt: skip

    with CaptureQueriesContext(connection) as asked:
        shown = till.told("lotteries/show", lottery=str(lottery.pk))
    # Whoever shows the page of a running lottery reads none of its draws, however many there are.
    assert not any("promotions_lotterydraw" in one["sql"] for one in asked.captured_queries)
    assert (shown["seed"], shown["draws"], shown["drawn"], shown["left"]) == (None, None, 1, [39])
    assert shown["link"] == link
    assert shown["terms"]["prizes"][0]["odds_ppm"] == 1_000_000
    lotteries.end(lottery, by=None, now=END)
    told = till.told("lotteries/show", lottery=str(lottery.pk))
    assert told["seed"] == SEED.hex()
    assert fair_draws.verify(told).is_fair
    assert "customer" not in json.dumps(told)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"lottery": "999", "customer": WHO}, 404, "lottery_unknown"),
        ({"customer": WHO}, 400, "field_missing"),
        ({"lottery": "L"}, 400, "field_missing"),
        ({"lottery": "L", "customer": WHO, "text": 7}, 400, "body_shape"),
        ({"lottery": "L", "customer": WHO, "text": "长" * 101}, 422, "text_too_long"),
        ({"lottery": "L", "customer": WHO, "seed": "x"}, 400, "field_unknown"),
    ],
)
def test_a_draw_that_cannot_be_is_told_so(
    here: LotteryShop, till: Till, body: dict[str, Any], status: int, code: str
) -> None:
    lottery = here.open()
    sent = {name: str(lottery.pk) if value == "L" else value for name, value in body.items()}

    assert till.told("lotteries/draw", status, **sent)["code"] == code
    assert not LotteryDraw.objects.exists()


def test_a_draft_is_nothing_to_a_system_and_a_limit_is(here: LotteryShop, till: Till) -> None:
    draft, lottery = here.draft(), here.open(per_person_limit=1)

    assert till.told("lotteries/show", 404, lottery=str(draft.pk))["code"] == "lottery_unknown"
    till.told("lotteries/draw", lottery=str(lottery.pk), customer=WHO)
    assert till.told("lotteries/draw", 409, lottery=str(lottery.pk), customer=WHO)["code"] == "lottery_person"
