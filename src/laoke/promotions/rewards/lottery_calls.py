"""What the shop's own system asks about lotteries: what is promised and what was drawn, and one draw for a customer."""

from __future__ import annotations

from laoke.promotions.coupons.bodies import Body, Caller, Json, customer_of, only, text_of
from laoke.promotions.coupons.calls import Act
from laoke.promotions.coupons.codes import shown_code
from laoke.promotions.coupons.refusals import CouponRefused
from laoke.promotions.rewards import lotteries, lottery_draws
from laoke.promotions.rewards.lottery_models import Lottery, LotteryDraw
from laoke.promotions.rewards.refusals import RewardRefused
from laoke.shops import audit


def show(caller: Caller, body: Body) -> Json:
    """What is promised, the hash that binds it, what is left of each prize; after the end the seed and every draw.

    Raises
    ------
    CouponRefused, RewardRefused
    """
    only(body, "lottery")
    lottery = _lottery(caller, body)
    told = lotteries.published(lottery) if lottery.seed else lotteries.head(lottery) | {"draws": None}
    left = [one.stock - one.given for one in lottery.prizes.order_by("place")]
    return told | {"left": left}


def draw(caller: Caller, body: Body) -> Json:
    """One draw for a customer, with a text of their own choice."""
    only(body, "lottery", "customer", "text")
    lottery = _lottery(caller, body)
    text = text_of(body, "text") if "text" in body else ""
    customer_id = customer_of(caller, body, make=True)
    if customer_id is None:
        raise CouponRefused("field_missing", field="customer")
    found = lottery_draws.draw(lottery, customer_id, text, now=caller.now, by=caller.name)
    audit.record(
        "lottery.draw", shop=caller.shop, actor=None, at=caller.now, subject=str(lottery.pk), number=found.number,
        token=caller.token.prefix, link=found.link,
    )  # fmt: skip
    return _told(lottery, found, customer_id)


ACTS: dict[str, Act] = {"lotteries.draw": draw}


def _told(lottery: Lottery, found: LotteryDraw, customer_id: int) -> Json:
    prize = found.prize
    return {
        "lottery": str(lottery.pk),
        "number": found.number,
        "customer_id": str(customer_id),
        "text_sha256": found.text_sha256,
        "link": found.link,
        "commitment": lottery.commitment,
        "state": found.state,
        "prize": None
        if prize is None
        else {
            "place": prize.place,
            "title": prize.title,
            "kind": prize.kind,
            "value_cents": prize.value_cents,
            "points": prize.points,
            "code": shown_code(found.coupon.code) if found.coupon else None,
        },
    }


def _lottery(caller: Caller, body: Body) -> Lottery:
    text = text_of(body, "lottery")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    found = Lottery.objects.select_related("shop").filter(
        shop=caller.shop, pk=number, published_at__isnull=False
    )
    if (lottery := found.first()) is None:
        raise RewardRefused("lottery_unknown")
    return lottery
