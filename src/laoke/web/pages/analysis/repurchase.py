"""Who comes back: the share that bought again within so many days, the gaps between purchases, cohorts by month."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from laoke.insights import analysis, repurchase
from laoke.insights.analysis import Gaps
from laoke.insights.repurchase import Cohort, Curve, Triangle, month_name
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import allowed
from laoke.web.charts.analysis import cohort_map, gap_columns, gap_names, return_curve
from laoke.web.components.tables import CellValue
from laoke.web.pages.analysis.blocks import Block
from laoke.web.pages.analysis.frame import LOOKS, Asked, Figures, View, respond
from laoke.web.pages.overview.periods import day_number

GAP_WIDTH, GAP_BARS = 30, 13
MILESTONES = (30, 60, 90, 180, 365, 730)
HEADLINES = (30, 90, 180, 365)
COHORTS_SHOWN, MONTHS_SHOWN = 24, 12


@allowed(*LOOKS)
def page(request: HttpRequest) -> HttpResponse:
    """Repurchase."""
    return respond(request, VIEW)


def _figures(asked: Asked) -> Figures:
    reader, shop = asked.reading.reader, asked.shop.pk
    waits = repurchase.second_purchases(reader, shop, **asked.span.params(), as_of_day=day_number(asked.last))
    found = repurchase.curve([*waits[False], *waits[True]])
    gaps = analysis.gaps(reader, shop, **asked.span.params())
    return Figures(_kpis(found), [_curve(found, asked), gaps_block(gaps)])


def _later(asked: Asked) -> list[Block]:
    span = asked.span
    return [
        _triangle(
            repurchase.cohorts(asked.reading.reader, asked.shop.pk, span.first, span.last, asked.last), asked
        )
    ]


def _kpis(found: Curve) -> ui.Kpis:
    kpis = []
    for days in HEADLINES:
        point = found.at(days)
        label = gettext("%(n)s 天内再买") % {"n": days}
        if point is None:
            kpis.append(ui.Kpi(label, "—", note=gettext("看满这么久的人还太少")))
            continue
        kpis.append(ui.Kpi(label, figures.Amount.share(point.share), note=between(point)))
    return ui.Kpis(kpis)


def between(point: repurchase.Point) -> str:
    """The interval of a share in words."""
    if point.low is None or point.high is None or not point.came_back:
        return gettext("还在看 %(n)s 人") % {"n": figures.exact(point.watched)}
    return gettext("95%% 在 %(low)s – %(high)s，还在看 %(n)s 人") % {
        "low": figures.percent(point.low),
        "high": figures.percent(point.high),
        "n": figures.exact(point.watched),
    }


def _curve(found: Curve, asked: Asked) -> Block:
    rows = []
    for days in MILESTONES:
        point = found.at(days)
        if point is None:
            rows.append(ui.Row([days, "", "", found.watched_on(days), _come_back(found, days)]))
            continue
        interval = (
            "" if point.low is None or point.high is None or not point.came_back
            else f"{figures.percent(point.low)} – {figures.percent(point.high)}"
        )  # fmt: skip
        rows.append(
            ui.Row([days, figures.percent(point.share), interval, point.watched, point.came_back])
        )  # fmt: skip
    columns = [
        ui.Column("days", _("第一次买后（天）"), "num"),
        ui.Column("share", _("再买的占"), "num", card="end"),
        ui.Column("interval", _("95% 区间"), "num"),
        ui.Column("watched", _("还在看的人"), "num", hint=_("看满这么久、之前还没再买的人")),
        ui.Column("back", _("已再买的人"), "num"),
    ]
    table = ui.Table(columns, rows, caption=_("多久以内再买"))
    sub = ngettext(
        "这些天里第一次买的 %(n)s 人，看到 %(day)s",
        "这些天里第一次买的 %(n)s 人，看到 %(day)s",
        found.persons,
    ) % {
        "n": figures.exact(found.persons),
        "day": figures.day(asked.last, asked.now),
    }
    foot = gettext(
        "刚来的人还没有多少时间回头：每一天只拿那天还在看的人作分母，看的人少于 %(n)s 就不往下画"
    ) % {"n": repurchase.LEAST_WATCHED}
    enough = any(found.at(days) is not None for days in (1, *MILESTONES))
    empty = None if enough else ui.Empty(_("第一次买的人还太少"), _("换一段更长的时间看。"))
    return Block(
        "curve", _("多久以内再买"), table, return_curve([(_("再买的占"), found)]),
        label=_("第一次买后多少天内再买的占比"), sub=sub, foot=foot, empty=empty, cls="c6",
    )  # fmt: skip


def _come_back(found: Curve, days: int) -> int:
    return max((point.came_back for point in found.points if point.days <= days), default=0)


def gaps_block(gaps: Gaps) -> Block:
    """The gaps between purchases as a card; none says so."""
    counts = gaps.by_width(GAP_WIDTH, GAP_BARS)
    more = gettext("%(n)s 天以上") % {"n": GAP_WIDTH * (GAP_BARS - 1) + 1}
    median = gaps.quantile(0.5)
    rows = [
        ui.Row([name, n, figures.percent(n / gaps.total) if gaps.total else ""])
        for name, n in zip(gap_names(GAP_BARS, GAP_WIDTH, more), counts, strict=True)
    ]
    columns = [
        ui.Column("days", _("间隔（天）")),
        ui.Column("n", _("次数"), "num"),
        ui.Column("share", _("占比"), "num"),
    ]
    told = gettext("一半在 %(half)s 天内，八成在 %(most)s 天内，九成在 %(nearly)s 天内") % {
        "half": median, "most": gaps.quantile(0.8), "nearly": gaps.quantile(0.9),
    }  # fmt: skip
    option = gap_columns(
        counts, GAP_WIDTH, median, label=_("次数"), median_label=gettext("一半在此前"), more=more
    )
    table = ui.Table(columns, rows, caption=_("隔多久再买"), cards=False)
    return Block(
        "gaps", _("隔多久再买"), table, option, label=_("两次购买之间的天数"),
        sub=gettext("%(n)s 次回头") % {"n": figures.exact(gaps.total)}, foot=told if gaps.total else "",
        empty=None if gaps.total else ui.Empty(_("还没有人买第二次")), cls="c6",
    )  # fmt: skip


def _triangle(found: Triangle, asked: Asked) -> Block:
    shown = found.cohorts[-COHORTS_SHOWN:]
    months = min(MONTHS_SHOWN, max((found.seen(one) for one in shown), default=0))
    sub = gettext("按第一次买的月份；格子是之后第几个月里又买的人占多少")
    foot = gettext("数据从 %(day)s 开始，更早就来过的老客也会算成那时的新客") % {
        "day": figures.day(asked.first_known, asked.now)
    }
    if not found.is_over:
        foot = (
            gettext("%(month)s 还没过完，表里带 * 的格子还会涨。") % {"month": month_name(found.last_month)}
            + foot
        )
    empty = None if shown and months else ui.Empty(_("月份还不够，下个月再看"))
    return Block(
        "cohorts", _("各月新客后来的回头"), _cohort_table(found, shown, months),
        cohort_map(found, shown, months), label=sub, sub=sub, size="lg", foot=foot, empty=empty,
        whole=lambda: _cohort_table(found, found.cohorts, max(map(found.seen, found.cohorts), default=0)),
    )  # fmt: skip


def _cohort_table(found: Triangle, shown: tuple[Cohort, ...], months: int) -> ui.Table:
    columns = [
        ui.Column("month", _("第一次买")),
        ui.Column("persons", _("人数"), "num"),
        *(ui.Column(f"m{n}", gettext("第 %(n)s 月") % {"n": n}, "num") for n in range(1, months + 1)),
    ]
    rows = [
        ui.Row([month_name(one.first_month), one.size, *(_cell(found, one, n) for n in range(1, months + 1))])
        for one in shown
    ]
    means: list[CellValue] = [
        figures.percent(share) if (share := found.mean(n)) is not None else "" for n in range(1, months + 1)
    ]
    foot: list[CellValue] = [_("合计"), sum(one.size for one in found.cohorts), *means]
    return ui.Table(
        columns,
        rows,
        caption=_("各月新客后来的回头"),
        foot=foot if rows else [],
        cards=False,
        stick_first=True,
    )


def _cell(found: Triangle, one: Cohort, later: int) -> CellValue:
    if later > found.seen(one):
        return ui.Cell("", tone="muted")
    share = figures.percent(one.share(later))
    title = gettext("%(n)s 人") % {"n": figures.exact(one.persons.get(later, 0))}
    return ui.Cell(share if found.whole(one, later) else share + " *", title=title)


VIEW = View("analysis_repurchase", _("复购"), _figures, _later)
