"""Points, draws and referrals of a person for the line of time, in the words that a customer would use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from laoke.promotions.rewards import points_rows
from laoke.promotions.rewards.lottery_models import LotteryDraw
from laoke.promotions.rewards.models import PointsEvent
from laoke.promotions.rewards.referral_models import Referral
from laoke.shops.models import Shop
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.components.base import Words
from laoke.web.pages.rewards import lottery_words
from laoke.web.pages.rewards.points import GIVEN_WORDS
from laoke.web.pages.rewards.referrals import REASON_WORDS, STATE_WORDS

# What is said of a move of points, and its sign on the line.
POINTS_TITLES: dict[str, tuple[Words, str]] = {
    points_rows.EARNED: (_("得了 %(n)s 积分"), "plus"),
    points_rows.GIVEN: (_("收到送的 %(n)s 积分"), "plus"),
    points_rows.USED: (_("用了 %(n)s 积分"), "ticket"),
    points_rows.RETURNED: (_("退回 %(n)s 积分"), "plus"),
    points_rows.EXPIRED: (_("%(n)s 积分过期没用"), "clock"),
    points_rows.TAKEN_BACK: (_("退款收回 %(n)s 积分"), "back"),
    points_rows.SETTLED: (_("补了退款欠的 %(n)s 积分"), "back"),
}


class Told(NamedTuple):
    """A moment, when it was, and what tells it from others of its kind."""

    at: datetime
    number: str
    moment: ui.Moment


def of_points(shop: Shop, numbers: Sequence[int], now: datetime, most: int) -> list[Told]:
    """What came, was used, came back and ended. What one order takes of several lots is told once."""
    rows = PointsEvent.objects.filter(shop=shop, customer_id__in=numbers, kind__in=POINTS_TITLES)
    moves: dict[tuple[str, datetime, str, str], list[PointsEvent]] = {}
    for one in rows.exclude(points=0).select_related("lot").order_by("-pk")[:most]:
        moves.setdefault((one.kind, one.at, one.order_id, one.note), []).append(one)
    return [_points(events, now) for events in moves.values()]


def _points(events: Sequence[PointsEvent], now: datetime) -> Told:
    one = events[0]
    title, icon = POINTS_TITLES[one.kind]
    is_given = one.kind == points_rows.GIVEN
    source = str(GIVEN_WORDS.get(one.lot.source, "")) if is_given and one.lot is not None else ""
    # A present or the price of a draw is of no order, though the points may have come of one.
    order = gettext("订单 %(order)s") % {"order": one.order_id} if one.order_id and not one.note else ""
    moment = ui.Moment(
        title % {"n": figures.exact(abs(sum(event.points for event in events)))},
        figures.when(one.at, now),
        note=" · ".join(filter(None, [source, one.note, order])),
        kind="key" if one.kind == points_rows.USED else "",
        icon=icon,
    )
    return Told(one.at, f"{one.pk:019}", moment)


def of_draws(shop: Shop, numbers: Sequence[int], now: datetime, most: int) -> list[Told]:
    """Draws and scratch cards, with what was won and whether it was handed over."""
    rows = LotteryDraw.objects.filter(lottery__shop=shop, customer_id__in=numbers)
    return [_draw(one, now) for one in rows.select_related("lottery", "prize").order_by("-pk")[:most]]


def _draw(one: LotteryDraw, now: datetime) -> Told:
    named = {"lottery": one.lottery.name}
    if one.prize is None:
        said = gettext("在「%(lottery)s」里抽了一次，没中") % named
        moment = ui.Moment(said, figures.when(one.at, now), icon="gift")
    else:
        moment = ui.Moment(
            gettext("在「%(lottery)s」里抽中了%(prize)s") % {**named, "prize": one.prize.title},
            figures.when(one.at, now),
            note=str(lottery_words.STATE_WORDS[one.state]),
            kind="key",
            icon="gift",
        )
    return Told(one.at, f"{one.pk:019}", moment)


def of_referrals(shop: Shop, numbers: Sequence[int], now: datetime, most: int) -> list[Told]:
    """Friends the person brought, and that the person was brought; who the other one is stands nowhere."""
    either = Q(referrer_id__in=numbers) | Q(friend_id__in=numbers)
    told: list[Told] = []
    for one in Referral.objects.filter(either, shop=shop).order_by("-pk")[:most]:
        note = " · ".join(filter(None, [str(STATE_WORDS[one.state]), str(REASON_WORDS.get(one.reason, ""))]))
        for mark, whose, title in (
            ("r", one.referrer_id, gettext("带来了一位朋友")),
            ("f", one.friend_id, gettext("由老客带来")),
        ):
            if whose in numbers:
                moment = ui.Moment(title, figures.when(one.at, now), note=note, icon="people")
                told.append(Told(one.at, f"{mark}{one.pk:019}", moment))
    return told
