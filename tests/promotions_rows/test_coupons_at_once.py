"""Fifty at the same moment, each in a thread and with a connection of its own: no limit is overrun, nothing is lost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from laoke.promotions.coupons import calls, moves
from laoke.promotions.coupons.bodies import Caller
from laoke.promotions.coupons.codes import shown_code
from laoke.promotions.coupons.refusals import CouponRefused
from laoke.promotions.models import Coupon, CouponCall, CouponEvent, CouponIssue
from laoke.promotions.rewards.refusals import RewardRefused
from laoke.shops.setup import add_shop
from laoke.shops.tokens import make_token
from tests.promotions_rows.coupon_shop import ANNA, BEN, FACE, NOW, CouponShop, in_order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(500)]

MANY = 50


@pytest.fixture
def here(home: Path) -> CouponShop:
    return CouponShop.of(add_shop("书店", now=NOW))


def at_once(work: Callable[[int], object], many: int = MANY) -> Counter[str]:
    """What became of `work(0)` … `work(many - 1)`, all begun together: 'done', the code of a refusal, or an error."""
    together, ends = Barrier(many), []

    def one(number: int) -> None:
        try:
            together.wait()
            work(number)
            ends.append("done")
        except (CouponRefused, RewardRefused) as refusal:
            ends.append(refusal.code)
        except Exception as error:  # noqa: BLE001 - a thread's error must reach the test
            ends.append(repr(error))
        finally:
            connection.close()

    threads = [Thread(target=one, args=[number]) for number in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(ends)


def test_a_budget_for_twenty_pays_for_twenty_of_fifty(here: CouponShop) -> None:
    issue = here.issue(budget_cents=20 * FACE + FACE // 2)
    coupons = [here.claimed(issue, (ANNA, BEN)[number % 2]) for number in range(MANY)]

    def use(number: int) -> None:
        here.reserved(coupons[number], (ANNA, BEN)[number % 2], f"A-{number}")
        moves.redeem(coupons[number], order_id=f"A-{number}", now=NOW, by="t")

    assert at_once(use) == {"done": 20, "budget_used_up": 30}
    assert CouponIssue.objects.get(pk=issue.pk).taken_cents == 20 * FACE
    assert Coupon.objects.filter(issue=issue, state="redeemed").count() == 20
    in_order(issue)


def test_one_code_is_used_by_one_of_fifty_orders(here: CouponShop) -> None:
    issue = here.issue()
    [coupon] = here.codes(issue, 1)

    assert at_once(lambda number: here.reserved(coupon, None, f"A-{number}")) == {"done": 1, "reserved": 49}
    assert CouponEvent.objects.filter(coupon=coupon, kind="reserved").count() == 1
    in_order(issue)


def test_fifty_claims_take_what_is_there_and_no_more(here: CouponShop) -> None:
    short, each = here.issue(total_limit=30), here.issue(per_person_limit=3)

    assert at_once(lambda number: here.claimed(short, (ANNA, BEN)[number % 2])) == {
        "done": 30, "issue_used_up": 20,
    }  # fmt: skip
    assert at_once(lambda number: here.claimed(each, ANNA)) == {"done": 3, "person_limit": 47}
    assert (short.coupons.count(), each.coupons.count()) == (30, 3)
    in_order(short)
    in_order(each)


def test_uses_of_one_person_over_two_issues_stay_within_the_offers_limit(home: Path) -> None:
    here = CouponShop.of(add_shop("书店", now=NOW), per_person=2)
    first, second = here.issue(), here.issue()
    coupons = [here.claimed((first, second)[number % 2]) for number in range(20)]

    assert at_once(lambda number: here.reserved(coupons[number], ANNA, f"A-{number}"), 20) == {
        "done": 2, "use_limit": 18,
    }  # fmt: skip
    in_order(first)
    in_order(second)


def test_uses_and_roll_backs_beside_each_other_lose_no_cent(here: CouponShop) -> None:
    issue = here.issue(budget_cents=MANY * FACE)
    coupons = [here.claimed(issue) for _ in range(MANY)]

    def use(number: int) -> None:
        here.reserved(coupons[number], ANNA, f"A-{number}")
        if number % 2:
            moves.roll_back(coupons[number], order_id=f"A-{number}", now=NOW, by="t")
        else:
            moves.redeem(coupons[number], order_id=f"A-{number}", now=NOW, by="t")

    assert at_once(use) == {"done": MANY}
    assert CouponIssue.objects.get(pk=issue.pk).taken_cents == MANY // 2 * FACE
    in_order(issue)


def test_the_same_request_fifty_times_is_done_once_and_answered_alike(here: CouponShop) -> None:
    issue = here.issue()
    coupon = here.claimed(issue)
    here.reserved(coupon)
    token, _ = make_token(here.shop, name="ERP", scopes=["coupons:use"], days=9, by=None, now=NOW)
    caller = Caller(token, NOW)
    body = {"code": shown_code(coupon.code), "order_id": "A-1"}
    answers = []

    def send(number: int) -> None:
        sent = body if number else body | {"order_id": "A-2"}
        answers.append(json.dumps(calls.once(caller, "redeem", "k", json.dumps(sent).encode(), sent)[0]))

    ends = at_once(send)
    # The one with another order is refused, either way; it never takes the key from the others.
    assert ends["done"] == MANY - 1 and ends["other_order"] + ends["key_used"] == 1
    assert len(set(answers)) == 1
    assert CouponEvent.objects.filter(coupon=coupon, kind="redeemed").count() == 1
    assert CouponCall.objects.count() == 1


def test_one_order_asks_for_twenty_coupons_of_one_layer_at_once_and_keeps_one(here: CouponShop) -> None:
    coupons = [here.claimed(here.issue()) for _ in range(20)]
    token, _ = make_token(here.shop, name="ERP", scopes=["coupons:use"], days=9, by=None, now=NOW)
    caller = Caller(token, NOW)
    line = {"line_id": "1", "product_id": "P1", "unit_price_cents": 30_000}
    given = {"order_id": "A-1", "customer": {"customer_id": str(ANNA)}, "basket": {"lines": [line]}}

    def keep(number: int) -> None:
        body = given | {"code": coupons[number].code}
        calls.once(caller, "reserve", f"k{number}", json.dumps(body).encode(), body)

    assert at_once(keep, 20) == {"done": 1, "coupon_second": 19}
    assert list(Coupon.objects.filter(order_id="A-1").values_list("cents", flat=True)) == [FACE]


def test_the_coupons_of_an_order_are_found_by_an_index(here: CouponShop) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert moves.kept_for(here.shop, "A-1", NOW) == []
    with connection.cursor() as cursor:
        is_postgres = connection.vendor == "postgresql"
        if is_postgres:
            cursor.execute("SET enable_seqscan = off")
        cursor.execute(f"EXPLAIN {'' if is_postgres else 'QUERY PLAN'} {asked[-1]['sql']}")
        assert "coupon_order" in str(cursor.fetchall())
        if is_postgres:
            cursor.execute("RESET enable_seqscan")
