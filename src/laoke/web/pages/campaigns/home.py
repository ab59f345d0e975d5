"""A campaign's home: its steps, sales against the target, rounds, tasks due next, offers, what is still missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext, pgettext

from laoke.audiences.slow_counts import SHOWN, on_page
from laoke.campaigns.checks import check_round
from laoke.campaigns.finding import campaign_tasks
from laoke.campaigns.models import Campaign, CampaignOffer, CampaignState, PriceSheet, Round, RoundState
from laoke.campaigns.summary import basis_text
from laoke.campaigns.targets import DaySales
from laoke.customers.models import Channel
from laoke.promotions.describing import describe
from laoke.promotions.offers import offer_value
from laoke.shops.joins import clauses, listed, named
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import EVERYONE, allowed, clock_of, may_market, shop_of
from laoke.web.charts.campaigns import sales_against_target
from laoke.web.figures import Amount
from laoke.web.nav import SELLING
from laoke.web.pages.campaigns.deposits import deposit_moments
from laoke.web.pages.campaigns.facts import RoundFigures, round_figures, sales_of
from laoke.web.pages.campaigns.frame import CampaignFrame, find_campaign, frame_of, stepper
from laoke.web.pages.campaigns.gantt import day_text
from laoke.web.pages.campaigns.tasks import task_status
from laoke.web.pages.offers.comparisons import kept_with
from laoke.web.pages.rounds.states import round_status_word
from laoke.work.models import Task
from laoke.work.tasks import OPEN_STATES

NEXT_TASKS = 6


@dataclass(frozen=True)
class CampaignHome:
    """Everything on the page; `unchecked` are rounds whose missing points load one by one."""

    frame: CampaignFrame
    stepper: ui.Stepper
    kpis: ui.Kpis
    rounds: ui.Table
    tasks: ui.Table
    sales: ui.ChartCard
    phases: ui.Timeline
    offers: ui.TodoList
    missing: ui.TodoList
    unchecked: list[Round]
    holdout: str
    holdout_signed: bool
    prices: ui.Action | None
    launch_checked: bool
    comparisons: ui.TodoList | None


@allowed(*EVERYONE)
def campaign_home(request: HttpRequest, pk: int) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    campaign = find_campaign(shop, pk)
    rounds = list(campaign.rounds.select_related("segment", "occasion", "offer", "gateway"))
    tasks = list(campaign_tasks(campaign))
    links = list(campaign.campaign_offers.select_related("offer", "backtest").order_by("pk"))
    sold = sales_of(campaign, now)
    targets = dict(campaign.targets.values_list("day", "cents"))
    counted = round_figures(rounds)
    sells = request.role in SELLING  # type: ignore[attr-defined]
    page = CampaignHome(
        frame_of(request, campaign, "campaign", now),
        stepper(campaign, _step_facts(campaign, rounds, links, now)),
        _kpis(campaign, sold, targets, counted, now),
        _round_table(campaign, rounds, counted, now, sells),
        _task_table(tasks, now),
        _sales_card(campaign, sold, targets, now),
        _phases(campaign, links, now, sells),
        _offers(links, sells),
        _missing(campaign, tasks, links, now, sells),
        [row for row in rounds if row.state in (RoundState.DRAFT, RoundState.FROZEN)] if sells else [],
        f"{float(campaign.holdout_percent):g}%",
        bool(campaign.holdout_signed_by and campaign.holdout_reason),
        _prices(request, campaign) if sells else None,
        sells and campaign.state not in (CampaignState.REVIEW, CampaignState.CANCELLED),
        kept_with(shop, campaign, now, 5) if sells else None,
    )
    return render(request, "campaigns/home.html", {"page": page})


def _step_facts(
    campaign: Campaign, rounds: list[Round], links: list[CampaignOffer], now: datetime
) -> dict[str, str]:
    live = [row for row in rounds if row.state != RoundState.CANCELLED]
    ready = sum(1 for row in live if row.state != RoundState.DRAFT)
    seen = sum(1 for link in links if link.backtest_id)
    days = (campaign.ends_at - campaign.starts_at).days
    facts = {
        CampaignState.IDEA: figures.day(campaign.created_at, now),
        CampaignState.PLANNING: ngettext("%(n)s 轮", "%(n)s 轮", len(live)) % {"n": len(live)},
        CampaignState.PRICING: gettext("回放 %(seen)s / %(all)s") % {"seen": seen, "all": len(links)},
        CampaignState.READY: gettext("备好 %(ready)s / %(all)s") % {"ready": ready, "all": len(live)},
        CampaignState.REVIEW: gettext("%(day)s起") % {"day": figures.day(campaign.ends_at, now)},
    }
    if campaign.starts_at <= now < campaign.ends_at:
        facts[CampaignState.RUNNING] = gettext("第 %(n)s 天 / %(all)s 天") % {
            "n": (now - campaign.starts_at).days + 1,
            "all": days,
        }
    else:
        facts[CampaignState.RUNNING] = gettext("%(day)s 活动日") % {
            "day": figures.table_day(campaign.day, now)
        }
    return {str(key): value for key, value in facts.items()}


def _kpis(
    campaign: Campaign,
    sold: dict[date, DaySales],
    targets: dict[date, int],
    counted: dict[int, RoundFigures],
    now: datetime,
) -> ui.Kpis:
    paid = sum(day.paid_cents for day in sold.values())
    due = sum(cents for day, cents in targets.items() if day < now.date())
    past = sum(day.paid_cents for when, day in sold.items() if when < now.date())
    change = past / due - 1 if due else None
    delta = None
    if change is not None:
        delta = ui.Delta(change, figures.percent(abs(change)), gettext("比到昨天的目标"))
    begun = campaign.starts_at <= now
    sent = sum(one.sent for one in counted.values())
    cost = sum(one.cost_millis for one in counted.values())
    orders = sum(day.orders for day in sold.values())
    return ui.Kpis(
        [
            ui.Kpi(gettext("目标"), Amount.money(campaign.target_cents), note=basis_text(campaign)),
            ui.Kpi(
                gettext("已成交"),
                Amount.money(paid if begun else None),
                delta,
                note="" if begun else gettext("%(day)s 开始") % {"day": figures.day(campaign.starts_at, now)},
            ),
            ui.Kpi(gettext("订单"), Amount.count(orders if begun else None, gettext("单"))),
            ui.Kpi(
                gettext("已触达"),
                Amount.count(sent, gettext("人")),
                note=gettext("短信花费 %(cost)s") % {"cost": figures.yuan(-(-cost // 10))},
            ),
        ]
    )


def _round_table(
    campaign: Campaign, rounds: list[Round], counted: dict[int, RoundFigures], now: datetime, sells: bool
) -> ui.Table:
    rows = []
    for row in rounds:
        found = counted.get(row.pk)
        rows.append(
            ui.Row(
                [
                    ui.Cell(row.title),
                    ui.Tag(row.segment.name if row.segment else gettext("自己写的条件")),
                    row.get_channel_display(),
                    f"{day_text(row.opens_at, now)} – {day_text(row.closes_at, now)}",
                    figures.exact(found.treated) if found else "",
                    figures.exact(found.sent) if found and found.sent else "",
                    figures.percent(found.delivered_share) if found and row.channel == Channel.SMS else "",
                    figures.exact(found.held_out) if found else "",
                    round_status_word(row, found.percent if found else None, sent=found.sent if found else 0),
                ],
                id=str(row.pk),
                name=row.name,
                url=reverse("round", args=[row.pk]) if sells else "",
            )
        )
    return ui.Table(
        columns=[
            ui.Column("round", pgettext("one of a list", "轮次")),
            ui.Column("segment", gettext("人群"), "nowrap"),
            ui.Column("channel", gettext("渠道"), "nowrap", priority=2, card="hide"),
            ui.Column("window", gettext("时间"), "nowrap"),
            ui.Column("planned", gettext("计划发"), "num", card="hide"),
            ui.Column("sent", gettext("已发"), "num", card="hide"),
            ui.Column("delivered", gettext("送达率"), "num", priority=3, card="hide"),
            ui.Column("held", gettext("对照"), "num", priority=3, card="hide"),
            ui.Column("state", gettext("状态"), "nowrap", card="end"),
        ],
        rows=rows,
        caption=gettext("轮次"),
        empty=ui.Empty(gettext("还没有轮次")),
    )


def _task_table(tasks: list[Task], now: datetime) -> ui.Table:
    still = sorted((task for task in tasks if task.state in OPEN_STATES), key=lambda task: task.due_at)
    return ui.Table(
        columns=[
            ui.Column("task", pgettext("one of a list", "任务")),
            ui.Column("role", gettext("环节"), "nowrap", priority=2, card="hide"),
            ui.Column("who", gettext("负责人"), "nowrap"),
            ui.Column("due", gettext("到期"), "nowrap"),
            ui.Column("fails", gettext("若出问题"), "wrap", priority=3, card="hide"),
            ui.Column("state", gettext("状态"), "nowrap", card="end"),
        ],
        rows=[
            ui.Row(
                [
                    task.title,
                    ui.Tag(task.get_role_display()),
                    ui.Who(str(task.in_charge)) if task.in_charge else "",
                    ui.Cell(figures.when(task.due_at, now), tone="warn" if task.due_at < now else ""),
                    task.if_it_fails,
                    task_status(task, now),
                ],
                id=str(task.pk),
                url=reverse("task", args=[task.pk]),
            )
            for task in still[:NEXT_TASKS]
        ],
        caption=gettext("接下来的任务"),
        empty=ui.Empty(gettext("没有要办的任务")),
    )


def _sales_card(
    campaign: Campaign, sold: dict[date, DaySales], targets: dict[date, int], now: datetime
) -> ui.ChartCard:
    first = campaign.starts_at.date()
    last = (campaign.ends_at - timedelta(seconds=1)).date()
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    paid = {day: found.paid_cents for day, found in sold.items()}
    table = ui.Table(
        columns=[
            ui.Column("day", gettext("日子"), "nowrap"),
            ui.Column("target", gettext("目标（元）"), "num"),
            ui.Column("paid", gettext("成交（元）"), "num"),
            ui.Column("orders", gettext("订单"), "num"),
        ],
        rows=[
            ui.Row(
                [
                    figures.table_day(day, now),
                    figures.cents(targets.get(day)),
                    figures.cents(paid.get(day, 0)) if day <= now.date() else "",
                    figures.exact(sold[day].orders) if day in sold else "",
                ]
            )
            for day in days
        ],
        caption=gettext("每天的成交和目标"),
        cards=False,
        foot=[
            gettext("合计"),
            figures.cents(sum(targets.values()) if targets else None),
            figures.cents(sum(paid.values())),
            "",
        ],
    )
    empty = None
    if not targets and not paid:
        empty = ui.Empty(gettext("还没有目标，也没有成交"), basis_text(campaign))
    return ui.ChartCard(
        "sales",
        gettext("每天的成交和目标"),
        sales_against_target(days, targets, paid, now.date()),
        table,
        gettext("活动期间每天的支付金额和目标"),
        legend=ui.Legend([(gettext("成交"), "c1", ""), (gettext("目标"), "c0", "dash")]),
        empty=empty,
    )


def _phases(campaign: Campaign, links: list[CampaignOffer], now: datetime, sells: bool) -> ui.Timeline:
    moments = deposit_moments(links, now, sells=sells)
    for phase in campaign.phases.all():
        current = phase.starts_at <= now < phase.ends_at
        moment = ui.Moment(
            phase.name,
            figures.day_range(phase.starts_at, phase.ends_at - timedelta(seconds=1), now),
            text=phase.goal,
            kind="key" if current else "sale" if phase.starts_at.date() == campaign.day else "",
            icon="check" if phase.ends_at <= now else "",
            url=reverse("campaign_phase", args=[campaign.pk, phase.pk]),
        )
        moments.append((phase.starts_at, moment))
    return ui.Timeline([moment for _at, moment in sorted(moments, key=lambda one: one[0])])


def verdict_of(link: CampaignOffer) -> ui.Tag:
    """What the backtest said of a campaign's offer, in one word."""
    test = link.backtest
    if test is None:
        return ui.Tag(gettext("没回放过"), "warn")
    if test.created_at < link.offer.updated_at:
        return ui.Tag(gettext("改过，重放"), "warn")
    result = test.result
    if result.get("refused"):
        return ui.Tag(gettext("订单太少"), "warn")
    if result["loss_orders_after"] is None:
        return ui.Tag(gettext("成本未知"), "warn")
    if result["loss_orders_after"]:
        return ui.Tag(
            ngettext("会亏 %(n)s 单", "会亏 %(n)s 单", result["loss_orders_after"])
            % {"n": figures.exact(result["loss_orders_after"])},
            "bad",
        )
    return ui.Tag(gettext("不亏"), "ok")


def _offers(links: list[CampaignOffer], sells: bool) -> ui.TodoList:
    return ui.TodoList(
        [
            ui.Todo(
                link.offer.name,
                describe(offer_value(link.offer)),
                icon="ticket" if link.offer.mechanic == "shop_coupon" else "gift",
                value=verdict_of(link),
                url=reverse("offer", args=[link.offer_id]) if sells else "",
            )
            for link in links
        ],
        gettext("没有优惠，也可以不降价"),
    )


def _prices(request: HttpRequest, campaign: Campaign) -> ui.Action | None:
    """The campaign's price sheet, or the way to one for those who may make it."""
    sheet = PriceSheet.objects.filter(campaign=campaign).first()
    if sheet is not None:
        return ui.Action(gettext("价格表"), reverse("price_sheet", args=[sheet.pk]), "quiet", small=True)
    if not may_market(request):
        return None
    url = f"{reverse('price_new')}?campaign={campaign.pk}"
    return ui.Action(gettext("建价格表"), url, "quiet", "plus", small=True)


def _missing(
    campaign: Campaign, tasks: list[Task], links: list[CampaignOffer], now: datetime, sells: bool
) -> ui.TodoList:
    """Points of the campaign itself; those of its rounds follow one by one."""
    items = []
    late = [task for task in tasks if task.state in OPEN_STATES and task.due_at < now]
    if late:
        text = ngettext("%(n)s 件任务晚了", "%(n)s 件任务晚了", len(late)) % {"n": len(late)}
        note = listed(task.title for task in late[:3])
        items.append(_todo(text, note, reverse("tasks") + "?view=late", gettext("去看")))
    unassigned = [task for task in tasks if task.state in OPEN_STATES and task.in_charge_id is None]
    if unassigned:
        text = ngettext("%(n)s 件任务没有负责人", "%(n)s 件任务没有负责人", len(unassigned)) % {
            "n": len(unassigned)
        }
        url = reverse("campaign_tasks", args=[campaign.pk])
        items.append(_todo(text, gettext("一件事只有一个人负责"), url, gettext("去定")))
    unseen = [
        link for link in links if link.backtest is None or link.backtest.created_at < link.offer.updated_at
    ]
    if unseen and sells:
        query = "&".join(f"offers={link.offer_id}" for link in links)
        url = f"{reverse('backtests')}?campaign={campaign.pk}&{query}"
        text = ngettext(
            "%(n)s 个优惠没在过去的订单上试过", "%(n)s 个优惠没在过去的订单上试过", len(unseen)
        ) % {"n": len(unseen)}
        items.append(_todo(text, listed(link.offer.name for link in unseen), url, gettext("去回放")))
    if campaign.target_cents is None:
        items.append(
            _todo(
                gettext("没有目标"),
                basis_text(campaign),
                reverse("campaign_edit", args=[campaign.pk]),
                gettext("去定"),
            )
        )
    empty = gettext("目标、优惠、任务都齐了") if not items else ""
    return ui.TodoList(items, empty)


def _todo(text: str, note: str, url: str, label: str) -> ui.Todo:
    return ui.Todo(text, note, "warn", "warn", ui.Action(label, url, "quiet", small=True))


@allowed(*SELLING)
def round_missing(request: HttpRequest, pk: int) -> HttpResponse:
    """What one round still lacks; asked for by the home after it is shown, since it counts people."""
    shop, now = shop_of(request), clock_of(request).now()
    row = get_object_or_404(
        Round.objects.select_related("campaign__shop", "gateway", "segment", "offer", "snapshot", "occasion"),
        campaign__shop=shop,
        pk=pk,
    )
    with on_page(SHOWN):
        missing = check_round(row, now).missing
    name = row.title
    url = reverse("round", args=[row.pk])
    if not missing:
        items = [ui.Todo(gettext("轮 %(name)s 可以发了") % {"name": name}, icon="ok", tone="ok", url=url)]
    else:
        lacks = ngettext("轮 %(name)s 差 %(n)s 项", "轮 %(name)s 差 %(n)s 项", len(missing))
        text = lacks % {"name": name, "n": len(missing)}
        note = clauses(named(check.title, check.text) for check in missing[:2])
        items = [_todo(text, note, url, gettext("去补"))]
    return render(request, "campaigns/missing.html", {"items": ui.TodoList(items)})
