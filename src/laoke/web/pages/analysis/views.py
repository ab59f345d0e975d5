"""The analysis of all customers on one page. Every figure says of which day it is, every chart has its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from laoke.audiences.readings import NotReady, Reading, reading_of
from laoke.insights import analysis as figures_of
from laoke.insights.analysis import Gaps, Month, Movement, Part, Rfm
from laoke.insights.refresh import cut_points
from laoke.shops.models import Shop
from laoke.warehouse.features import CutPoints
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import allowed, clock_of, shop_of
from laoke.web.charts.analysis import month_bars, stage_bars
from laoke.web.charts.customers import heat_levels
from laoke.web.components.base import Component, Words
from laoke.web.nothing_yet import nothing_yet
from laoke.web.pages.analysis.demand import MONTHS
from laoke.web.pages.analysis.frame import LOOKS, tabs
from laoke.web.pages.analysis.repurchase import gaps_block
from laoke.web.pages.customers import words
from laoke.web.pages.customers.habits import Heat
from laoke.web.pages.customers.listing import day_of

YEARS = 3


@dataclass(frozen=True)
class GridCell:
    """One cell of the RFM grid: how many, how dark, where its people are listed."""

    persons: int
    share: str
    level: int
    url: str
    title: str


@dataclass(frozen=True)
class AnalysisPage:
    """All customers of a shop as of a day. `grid` holds the rows R 5 to 1, each with F 1 to 5."""

    as_of: date
    tabs: ui.Tabs
    payers: int
    kpis: ui.Kpis
    grid: list[tuple[int, list[GridCell]]]
    classes: ui.Table
    stages: ui.ChartCard
    groups: ui.StackBar
    groups_table: ui.Table
    cuts: ui.Facts
    gaps: Component | None
    week: Heat | None
    week_tip: str
    months: ui.ChartCard | None
    proven: str


@allowed(*LOOKS)
def analysis(request: HttpRequest) -> HttpResponse:
    """The page; before the first features it says what to wait for."""
    shop, now = shop_of(request), clock_of(request).now()
    try:
        reading = reading_of(shop, now.date())
    except NotReady as trouble:
        empty = nothing_yet(trouble.code, request.role)  # type: ignore[attr-defined]
        return render(request, "customers/none.html", {"title": _("客户分析"), "empty": empty})
    return render(request, "analysis/page.html", {"page": _page(shop, reading, now)})


def _page(shop: Shop, reading: Reading, now: datetime) -> AnalysisPage:
    reader, key = reading.reader, (reading.shop_id, reading.as_of_day)
    rfm = figures_of.rfm(reader, *key)
    stages, groups = figures_of.stages(reader, *key), figures_of.groups(reader, *key)
    first = figures_of.first_day(reader, reading.shop_id)
    span = (reading.shop_id, first if first is not None else reading.as_of_day, reading.as_of_day)
    gaps, week = figures_of.gaps(reader, *span), figures_of.week(reader, *span)
    best = figures_of.best_hours(week)
    return AnalysisPage(
        as_of=reading.as_of,
        tabs=tabs("analysis"),
        payers=rfm.persons,
        kpis=_kpis(reading, rfm, groups, gaps),
        grid=_grid(rfm),
        classes=_classes(rfm),
        stages=_stages(stages, figures_of.movement(reader, *key), now),
        groups=_groups(groups),
        groups_table=_parts_table(groups, words.GROUPS, _("分组"), "group3"),
        cuts=_cuts(cut_points(shop)),
        gaps=gaps_block(gaps).card("") if gaps.total else None,
        week=_week(week) if best else None,
        week_tip=_tip(best),
        months=_months(figures_of.months(reader, *span)),
        proven=figures.day_range(day_of(first), reading.as_of, now) if first is not None else "",
    )


def _kpis(reading: Reading, rfm: Rfm, groups: Sequence[Part], gaps: Gaps) -> ui.Kpis:
    loyal = next((part.persons for part in groups if part.name == "loyal"), 0)
    loyal_net = next((part.net_cents for part in groups if part.name == "loyal"), 0)
    never = reading.people - rfm.persons
    median = gaps.quantile(0.5)
    each = rfm.net_cents // rfm.persons if rfm.persons else None
    return ui.Kpis(
        [
            ui.Kpi(
                _("买过的客户"), figures.Amount.count(rfm.persons, _("人")),
                note=gettext("另有 %(n)s 人下过单没付款") % {"n": figures.exact(never)} if never else "",
            ),
            ui.Kpi(
                _("忠诚客户占"), figures.Amount.share(loyal / rfm.persons if rfm.persons else None),
                note=_of_net(loyal_net, rfm),
            ),
            ui.Kpi(_("人均净付"), figures.Amount.money(each), note=gettext("买过的人，全部时间")),
            ui.Kpi(
                _("回头的间隔"), figures.Amount.count(median, _("天")) if median is not None else "—",
                note=gettext("一半的回头在这之内") if median is not None else gettext("还没有人买第二次"),
            ),
        ]
    )  # fmt: skip


def _of_net(net_cents: int, rfm: Rfm) -> str:
    share = figures.percent(net_cents / rfm.net_cents) if rfm.net_cents > 0 else ""
    return gettext("净付的 %(share)s") % {"share": share} if share else ""


def _grid(rfm: Rfm) -> list[tuple[int, list[GridCell]]]:
    most = max((cell.persons for cell in rfm.cells), default=0) or 1
    rows = []
    for score in (5, 4, 3, 2, 1):
        cells = []
        for cell in sorted((one for one in rfm.cells if one.r_score == score), key=lambda one: one.f_score):
            level = 0 if not cell.persons else min(4, 1 + cell.persons * 4 // (most + 1))
            url = f"{reverse('customers')}?r_score={cell.r_score}&f_score={cell.f_score}"
            share = figures.percent(cell.persons / rfm.persons) if rfm.persons else ""
            title = ngettext("%(n)s 人，净付 %(net)s", "%(n)s 人，净付 %(net)s", cell.persons) % {
                "n": figures.exact(cell.persons),
                "net": figures.yuan(cell.net_cents),
            }
            cells.append(GridCell(cell.persons, share, level, url if cell.persons else "", title))
        rows.append((score, cells))
    return rows


def _classes(rfm: Rfm) -> ui.Table:
    rows = [
        ui.Row(
            [
                words.RFM[one.rfm],
                one.persons,
                figures.percent(one.persons / rfm.persons) if rfm.persons else "",
                figures.cents(one.net_cents),
                figures.percent(one.net_cents / rfm.net_cents) if rfm.net_cents > 0 else "",
                figures.cents(one.net_cents // one.persons) if one.persons else "",
            ],
            url=f"{reverse('customers')}?rfm={one.rfm}",
        )
        for one in rfm.classes
    ]
    columns = [
        ui.Column("class", _("分类"), "nowrap"),
        ui.Column("persons", _("人数"), "num", card="end"),
        ui.Column("share", _("占人数"), "num", card="hide"),
        ui.Column("net", _("净付（元）"), "num", label_on_card="¥"),
        ui.Column("net_share", _("占净付"), "num", card="end"),
        ui.Column("each", _("人均（元）"), "num", card="hide", priority=2),
    ]
    each = figures.cents(rfm.net_cents // rfm.persons) if rfm.persons else "—"
    foot: list[Any] = [
        _("合计"),
        rfm.persons,
        "100%",
        figures.cents(rfm.net_cents),
        "100%",
        each,
    ]
    return ui.Table(columns, rows, caption=_("八类客户"), foot=foot)


def _stages(stages: Sequence[Part], moved: Movement | None, now: datetime) -> ui.ChartCard:
    found = {part.name: part for part in stages}
    rows = []
    for name, label in words.LIFECYCLES.items():
        part = found.get(name, Part(name, 0, 0))
        came = moved.into(name) if moved else ""
        left = moved.out_of(name) if moved else ""
        url = f"{reverse('customers')}?lifecycle={name}"
        rows.append(ui.Row([label, part.persons, figures.cents(part.net_cents), came, left], url=url))
    columns = [
        ui.Column("stage", _("阶段")),
        ui.Column("persons", _("人数"), "num"),
        ui.Column("net", _("净付（元）"), "num"),
        ui.Column("came", _("进来"), "num"),
        ui.Column("left", _("离开"), "num"),
    ]
    since = gettext("进来和离开，和 %(day)s 比") % {"day": figures.day(moved.since, now)} if moved else ""
    counts = [found[name].persons if name in found else 0 for name in words.LIFECYCLES]
    return ui.ChartCard(
        "stages", _("生命周期"), stage_bars(list(words.LIFECYCLES.values()), counts, _("人数")),
        ui.Table(columns, rows, caption=_("生命周期"), cards=False), label=_("各阶段的人数"), sub=since,
        foot=_moves(moved),
    )  # fmt: skip


def _moves(moved: Movement | None) -> str:
    """The movements that matter most, in a sentence."""
    if moved is None:
        return gettext("还没有更早的月末数据，下个月起能看到谁在移动")
    cooled = sum(
        n
        for (before, after), n in moved.moves.items()
        if before in ("new_customer", "active") and after == "silent"
    )
    back = sum(
        n for (before, after), n in moved.moves.items()
        if before in ("silent", "dormant", "nearly_lost", "lost") and after == "active"
    )  # fmt: skip
    new = sum(
        n for (before, after), n in moved.moves.items() if before in ("none", "prospect") and after != before
        and after != "prospect"
    )  # fmt: skip
    said = gettext("新来 %(new)s 人，变沉默 %(cooled)s 人，沉默以后又回来 %(back)s 人")
    return said % {"new": figures.exact(new), "cooled": figures.exact(cooled), "back": figures.exact(back)}


def _groups(groups: Sequence[Part]) -> ui.StackBar:
    found = {part.name: part.persons for part in groups}
    parts = [
        ui.Part(label, found.get(name, 0), figures.wan(found.get(name, 0)), key)
        for (name, label), key in zip(words.GROUPS.items(), ("c1", "c3", "c0"), strict=True)
    ]
    return ui.StackBar(parts, _("三大分组"))


def _parts_table(parts: Sequence[Part], names: dict[str, Words], head: Words, condition: str) -> ui.Table:
    persons, net = sum(part.persons for part in parts), sum(part.net_cents for part in parts)
    found = {part.name: part for part in parts}
    rows = []
    for name, label in names.items():
        part = found.get(name, Part(name, 0, 0))
        cells = [
            label,
            part.persons,
            figures.percent(part.persons / persons) if persons else "",
            figures.cents(part.net_cents),
            figures.percent(part.net_cents / net) if net > 0 else "",
        ]
        rows.append(ui.Row(cells, url=f"{reverse('customers')}?{condition}={name}"))
    columns = [
        ui.Column("name", head),
        ui.Column("persons", _("人数"), "num", card="end"),
        ui.Column("share", _("占人数"), "num", card="hide"),
        ui.Column("net", _("净付（元）"), "num", label_on_card="¥"),
        ui.Column("net_share", _("占净付"), "num", card="end"),
    ]
    return ui.Table(columns, rows, caption=head)


def _cuts(cuts: CutPoints) -> ui.Facts:
    """The lines the shop draws, as they were used."""
    by: dict[str, Words] = {"mean": _("高于全体平均"), "median": _("高于一半的人"), "fixed": _("过固定的线")}
    high = by[cuts.high_by]
    scores: dict[str, Words] = {
        "quintile": _("按排名分五等"),
        "fixed": _("按固定的线"),
        "lines": _("按学来的线"),
    }
    score = scores[cuts.score_by]
    fixed = gettext("最近 %(r)s 天内买过、买过 %(f)s 次、净付 %(m)s") % {
        "r": cuts.r_high_days, "f": cuts.f_high_orders, "m": figures.yuan(cuts.m_high_cents),
    }  # fmt: skip
    return ui.Facts(
        [
            (_("R、F、M 打分"), score),
            (_("算高的条件"), fixed if cuts.high_by == "fixed" else high),
            (_("F 和 M 看多久"), gettext("%(n)s 天") % {"n": cuts.rfm_days}),
            (_("活跃"), gettext("%(n)s 天内买过；只买过一次的是新客") % {"n": cuts.active_days}),
            (_("沉默"), gettext("%(a)s – %(b)s 天没来") % {"a": cuts.active_days + 1, "b": cuts.silent_days}),
            (
                _("沉睡"),
                gettext("%(a)s – %(b)s 天没来") % {"a": cuts.silent_days + 1, "b": cuts.dormant_days},
            ),
            (
                _("预流失"),
                gettext("%(a)s – %(b)s 天没来") % {"a": cuts.dormant_days + 1, "b": cuts.nearly_lost_days},
            ),
            (
                _("流失"),
                ngettext("超过 %(n)s 天没来", "超过 %(n)s 天没来", cuts.nearly_lost_days)
                % {"n": cuts.nearly_lost_days},
            ),
            (
                _("忠诚"),
                ngettext("买过 %(n)s 天以上", "买过 %(n)s 天以上", cuts.loyal_orders)
                % {"n": cuts.loyal_orders},
            ),
        ]
    )


def _week(week: list[list[int]]) -> Heat:
    columns = [ui.Column("day", _("星期")), *(ui.Column(f"h{hour}", str(hour), "num") for hour in range(24))]
    rows = [ui.Row([words.WEEKDAYS[day], *counts]) for day, counts in enumerate(week)]
    table = ui.Table(columns, rows, caption=_("按星期和钟点的付款单数"), cards=False, stick_first=True)
    return Heat(
        list(zip(words.WEEKDAYS, heat_levels(week), strict=True)), gettext("按星期和钟点的付款单数"), table
    )


def _tip(best: tuple[int, float] | None) -> str:
    if best is None:
        return ""
    hour, share = best
    said = gettext("%(from)s – %(to)s 点付款最多，占 %(share)s。提醒放在这之前")
    return said % {"from": hour, "to": hour + 3, "share": figures.percent(share)}


def _months(found: Sequence[Month]) -> ui.ChartCard | None:
    if not found:
        return None
    by_year: dict[int, dict[int, Month]] = {}
    for one in found:
        by_year.setdefault(one.year, {})[one.month] = one
    years = sorted(by_year)[-YEARS:]
    drawn = [(y, [by_year[y][m].orders if m in by_year[y] else None for m in range(1, 13)]) for y in years]
    rows = [
        ui.Row([f"{one.year}-{one.month:02d}", one.orders, figures.cents(one.net_cents)])
        for one in reversed(found)
    ]
    columns = [
        ui.Column("month", _("月份")),
        ui.Column("orders", _("付款单数"), "num"),
        ui.Column("net", _("净付（元）"), "num"),
    ]
    marks = ("c0", "c1-soft", "c1")[-len(years) :]
    return ui.ChartCard(
        "months",
        _("哪些月份卖得多"),
        month_bars(MONTHS, drawn),
        ui.Table(columns, rows, caption=_("每月"), cards=False),
        label=_("每个月的付款单数，按年比较"),
        legend=ui.Legend([(str(year), key, "") for year, key in zip(years, marks, strict=True)]),
    )
