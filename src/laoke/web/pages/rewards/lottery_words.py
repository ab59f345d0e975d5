"""A lottery in words: its state, what is promised, each prize, each draw, and whether all of it was fair."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext, ngettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from laoke.promotions.describing import audience_text
from laoke.promotions.rewards import lotteries, lottery_draws
from laoke.promotions.rewards.fair_draws import ODDS_BASE, SCRATCH, Verdict, Wrong
from laoke.promotions.rewards.lottery_models import Lottery, LotteryDraw, LotteryPrize
from laoke.shops.joins import clauses, listed
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.components.base import Words
from laoke.web.pages.offers.coupon_pages import by_told, token_names
from laoke.web.pages.rewards.points import customer_link

KIND_WORDS: dict[str, Words] = {"lottery": _("抽奖"), "scratch": _("刮刮卡")}
PRIZE_WORDS: dict[str, Words] = {
    lotteries.GOODS: _("实物"), lotteries.POINTS: _("积分"), lotteries.COUPON: _("自有券"),
}  # fmt: skip
STATE_WORDS: dict[str, Words] = {
    lottery_draws.NONE: _("没中"), lottery_draws.DUE: _("要兑"), lottery_draws.GIVEN: _("兑了"),
    lottery_draws.FORGONE: _("资料已删"),
}  # fmt: skip
# Of a link on a page: enough to find one's own.
LINK_SHOWN = 12
STATE_TONES = {lottery_draws.DUE: "warn", lottery_draws.GIVEN: "ok"}


def status_of(lottery: Lottery, now: datetime) -> ui.Status:
    """Where it stands now."""
    if lottery.published_at is None:
        return ui.Status(gettext("草稿"), "")
    if lottery.over_at is not None or lotteries.is_through(lottery, now):
        return ui.Status(gettext("已结束"), "ok")
    return (
        ui.Status(gettext("未开始"), "") if lottery.starts_at > now else ui.Status(gettext("进行中"), "run")
    )


def list_columns() -> list[ui.Column]:
    return [
        ui.Column("name", gettext("名称")),
        ui.Column("kind", gettext("抽法"), "nowrap", priority=2, card="hide"),
        ui.Column("from", gettext("从"), "nowrap", priority=3, card="hide"),
        ui.Column("to", gettext("到"), "nowrap", priority=2),
        ui.Column("drawn", gettext("抽了"), "num"),
        ui.Column("state", gettext("状态"), "nowrap", card="end"),
    ]


def list_rows(found: Sequence[Lottery], now: datetime) -> list[ui.Row]:
    return [
        ui.Row(
            [
                one.name, str(KIND_WORDS[one.kind]), figures.when(one.starts_at, now), figures.when(one.ends_at, now),
                figures.exact(one.drawn), status_of(one, now),
            ],
            id=str(one.pk), url=reverse("lottery", args=[one.pk]),
        )
        for one in found
    ]  # fmt: skip


def kpis(lottery: Lottery) -> ui.Kpis:
    """Draws, what was won and what is still to be handed over, what all prizes are worth."""
    found = LotteryDraw.objects.filter(lottery=lottery).values("state").annotate(n=Count("pk"))
    by_state = {row["state"]: row["n"] for row in found}
    prizes = list(lottery.prizes.all())
    won = sum(one.given for one in prizes)
    worth = sum(one.given * one.value_cents for one in prizes)
    all_worth = figures.yuan(sum(one.stock * one.value_cents for one in prizes))
    drawn = figures.exact(lottery.drawn)
    if lottery.cards:
        drawn = gettext("%(n)s / %(all)s") % {"n": drawn, "all": figures.exact(lottery.cards)}
    share = figures.percent(won / lottery.drawn) if lottery.drawn else "—"
    return ui.Kpis(
        [
            ui.Kpi(_("抽了"), drawn),
            ui.Kpi(_("中了"), figures.exact(won), note=gettext("占 %(share)s") % {"share": share}),
            ui.Kpi(_("要兑的"), figures.exact(by_state.get(lottery_draws.DUE, 0))),
            ui.Kpi(
                _("送出的价值"), figures.yuan(worth), note=gettext("全送出是 %(all)s") % {"all": all_worth}
            ),
        ]
    )


def facts(lottery: Lottery, now: datetime) -> ui.Facts:
    """What the law wants told before it begins."""
    day = gettext("，每天 %(n)s 次") % {"n": lottery.per_day_limit} if lottery.per_day_limit else ""
    cost = (
        ngettext("%(n)s 积分", "%(n)s 积分", lottery.cost_points) % {"n": figures.exact(lottery.cost_points)}
        if lottery.cost_points
        else gettext("免费")
    )
    told: list[tuple[Words, Any]] = [
        (_("抽法"), KIND_WORDS[lottery.kind]),
        (_("主办单位"), lottery.organiser),
        (_("从"), figures.when(lottery.starts_at, now)),
        (_("到"), figures.when(lottery.ends_at, now)),
        (_("每人限抽"), gettext("%(n)s 次") % {"n": lottery.per_person_limit} + day),
        (_("抽一次"), cost),
    ]
    if lottery.cards:
        told.append((_("总张数"), figures.exact(lottery.cards)))
    if only := drawers(lottery):
        told.append((_("谁能抽"), only))
    if lottery.over_reason:
        at = figures.when(lottery.over_at, now)
        told.append((_("提前结束"), gettext("%(at)s，%(why)s") % {"at": at, "why": lottery.over_reason}))
    told.append((_("接口里的编号"), str(lottery.pk)))
    return ui.Facts(told)


def drawers(lottery: Lottery) -> str:
    """For whom the coupons among its prizes are, where that is not everybody: nobody else can draw; else ""."""
    offers = [one.issue.offer for one in lottery.prizes.select_related("issue__offer") if one.issue]
    only = {offer.terms["audience"] for offer in offers if offer.terms.get("audience")}
    if not only:
        return ""
    return gettext("只有%(who)s：奖品里的券别人用不了") % {"who": listed(map(audience_text, sorted(only)))}


def odds_text(lottery: Lottery, prize: LotteryPrize) -> str:
    """The stated chance of one draw to win it; of cards, that of the whole pile."""
    share = prize.stock / lottery.cards if lottery.kind == SCRATCH else prize.odds_ppm / ODDS_BASE
    return figures.percent(share, 4 if share < 0.001 else 2)


def prizes_table(lottery: Lottery) -> ui.Table:
    """Odds and stock of each prize, and how many are left."""
    return ui.Table(
        [
            ui.Column("title", pgettext_lazy("one of a list", "奖品")),
            ui.Column("kind", _("是什么"), "nowrap", priority=2),
            ui.Column("value", _("值"), "num"),
            ui.Column("odds", _("中奖概率"), "num", label_on_card=_("中奖概率")),
            ui.Column("stock", _("数量"), "num", label_on_card=_("数量")),
            ui.Column("given", _("送出"), "num", priority=2, card="hide"),
            ui.Column("left", _("还剩"), "num", card="end", label_on_card=_("还剩")),
        ],
        [
            ui.Row(
                [
                    one.title, PRIZE_WORDS[one.kind], figures.yuan(one.value_cents), odds_text(lottery, one),
                    figures.exact(one.stock), figures.exact(one.given), figures.exact(one.stock - one.given),
                ]
            )
            for one in lottery.prizes.order_by("place")
        ],
        caption=_("奖品、概率和数量"),
    )  # fmt: skip


def proof(lottery: Lottery, now: datetime) -> ui.Facts | None:
    """What binds the shop; None for a draft."""
    if lottery.published_at is None:
        return None
    seed = lottery.seed or gettext("结束时公开")
    return ui.Facts(
        [
            (_("公布于"), figures.when(lottery.published_at, now)),
            (_("公布的摘要"), lottery.commitment),
            (_("种子"), seed),
            (_("最近一抽的链"), lottery.link or "—"),
        ]
    )


def draw_columns() -> list[ui.Column]:
    return [
        ui.Column("number", gettext("第几抽"), "num", label_on_card=gettext("第几抽")),
        ui.Column("at", gettext("时间"), "nowrap", priority=2),
        ui.Column("who", pgettext("one of a list", "客户"), "nowrap", priority=2),
        ui.Column("prize", pgettext("one of a list", "奖品")),
        ui.Column("state", gettext("状态"), "nowrap", card="end"),
        ui.Column("by", gettext("谁"), "nowrap", priority=3, card="hide"),
        ui.Column(
            "link",
            gettext("链"),
            "nowrap",
            priority=3,
            card="hide",
            hint=gettext("抽的人拿到的凭证的前几位，接着上一抽算出来"),
        ),
        ui.Column("act", "", "min", card="wide"),
        ui.Column("instead", "", "min", card="wide"),
    ]


def draw_rows(found: Sequence[LotteryDraw], now: datetime, may: bool) -> list[ui.Row]:
    tokens = token_names(one.by for one in found)
    return [
        ui.Row(
            [
                figures.exact(one.number),
                figures.when(one.at, now),
                customer_link(one.customer_id),
                ui.Cell(one.prize.title if one.prize else "—", sub=one.reason),
                ui.Status(STATE_WORDS[one.state], STATE_TONES.get(one.state, "")),  # type: ignore[arg-type]
                by_told(one.by, tokens),
                one.link[:LINK_SHOWN] or "—",
                _act(one) if may and one.state == lottery_draws.DUE else "",
                _instead(one) if may and one.state == lottery_draws.DUE and one.reason else "",
            ],
            id=str(one.pk),
        )
        for one in found
    ]


def _act(one: LotteryDraw) -> ui.Action:
    assert one.prize is not None  # what is due has one
    is_goods = one.prize.kind == lotteries.GOODS
    label = _("交给客户了") if is_goods else _("再发一次")
    hidden = [("note", gettext("交给客户了"))] if is_goods else []
    url = reverse("lottery_settle", args=[one.lottery_id, one.number])
    return ui.Action(label, url, method="post", small=True, hidden=hidden)


def _instead(one: LotteryDraw) -> ui.Action:
    """The way out where a prize cannot be given any more: the customer got something else."""
    said = gettext("换成别的给了客户")
    url = reverse("lottery_settle", args=[one.lottery_id, one.number])
    return ui.Action(said, url, method="post", small=True, hidden=[("note", said)])


def verdict_notice(verdict: Verdict) -> ui.Notice:
    """Whether the draws are what the seed makes them, and the first ones that are not."""
    if verdict.is_fair:
        told = [
            ngettext(
                "%(n)s 抽全部和种子算的一样，种子和公布的摘要对得上",
                "%(n)s 抽全部和种子算的一样，种子和公布的摘要对得上",
                verdict.draws,
            )
            % {"n": figures.exact(verdict.draws)}
        ]
        if verdict.unlinked:
            told.append(
                ngettext(
                    "前 %(n)s 抽是有链以前抽的，没有接上",
                    "前 %(n)s 抽是有链以前抽的，没有接上",
                    verdict.unlinked,
                )
                % {"n": figures.exact(verdict.unlinked)}
            )
        return ui.Notice(clauses(told), tone="ok")
    parts = [] if verdict.seed_matches else [gettext("种子或规则和公布的摘要对不上")]
    parts += [_wrong(one) for one in verdict.wrong]
    return ui.Notice(clauses(parts), tone="bad")


def _wrong(one: Wrong) -> str:
    if one.code == "number":
        return gettext("第 %(n)s 抽的编号不对") % {"n": one.number}
    if one.code == "link":
        return gettext("第 %(n)s 抽没有接着上一抽") % {"n": one.number}
    return gettext("第 %(n)s 抽记的奖品和算的不一样") % {"n": one.number}
