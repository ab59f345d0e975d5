"""The overview's cards, built from figures."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from laoke.shops.joins import clauses
from laoke.web import charts, figures
from laoke.web import components as ui
from laoke.web.charts.overview import daily_sales, day_label, heat_levels
from laoke.web.components.base import Words
from laoke.web.figures import Amount
from laoke.web.pages.overview.figures import GROUPS, LIFECYCLES, Day, LeftOut, Repurchase, Sales, Standing
from laoke.web.pages.overview.periods import BASES, Period

LIFECYCLE_NAMES: dict[str, Words] = {
    "new_customer": gettext_lazy("新客"),
    "active": gettext_lazy("活跃"),
    "silent": gettext_lazy("沉默"),
    "dormant": gettext_lazy("沉睡"),
    "nearly_lost": gettext_lazy("预流失"),
    "lost": gettext_lazy("流失"),
}
# Grey is who has left, blue who is still here.
LIFECYCLE_KEYS = {"dormant": "c0", "nearly_lost": "c0", "lost": "c0"}
GROUP_NAMES: dict[str, Words] = {
    "loyal": gettext_lazy("忠诚"),
    "active": gettext_lazy("活跃"),
    "ordinary": gettext_lazy("一般"),
}
GROUP_KEYS = {"loyal": "c1", "active": "c3", "ordinary": "c0"}
WEEKDAYS: tuple[Words, ...] = (
    gettext_lazy("周一"),
    gettext_lazy("周二"),
    gettext_lazy("周三"),
    gettext_lazy("周四"),
    gettext_lazy("周五"),
    gettext_lazy("周六"),
    gettext_lazy("周日"),
)


def headline(
    now: Sales,
    before: Sales,
    weeks: list[Sales],
    again: tuple[Repurchase, Repurchase],
    reach: tuple[int, int],
    period: Period,
    with_fakes: bool = False,
) -> ui.Kpis:
    """The six figures of the period with their change. `reach` is persons reachable by SMS, and all persons."""
    basis = str(BASES[period.basis])
    paid_hint = (
        _("买家付的钱，退款没有扣；含疑似刷单。%(hint)s")
        if with_fakes
        else _("买家付的钱，退款没有扣；不含疑似刷单。%(hint)s")
    )
    hint = _("小图是近 12 周，每周一点")

    def spark(values: list[float | None]) -> list[float]:
        return [value or 0.0 for value in values]

    return ui.Kpis(
        [
            ui.Kpi(
                _("支付金额"),
                Amount.money(now.paid_cents),
                _ratio(now.paid_cents, before.paid_cents, basis),
                spark=spark([week.paid_cents for week in weeks]),
                hint=paid_hint % {"hint": hint},
            ),
            ui.Kpi(
                _("支付买家"),
                Amount.count(now.buyers, _("人")),
                _ratio(now.buyers, before.buyers, basis),
                spark=spark([week.buyers for week in weeks]),
                hint=hint,
            ),
            ui.Kpi(
                _("客单价"),
                Amount.money(now.cents_per_buyer),
                _ratio(now.cents_per_buyer, before.cents_per_buyer, basis),
                spark=spark([week.cents_per_buyer for week in weeks]),
                hint=_("认得出买家的支付金额 ÷ 支付买家。%(hint)s") % {"hint": hint},
            ),
            ui.Kpi(
                _("老客成交占比"),
                Amount.share(now.old_share),
                _points(now.old_share, before.old_share, basis),
                spark=spark([week.old_share for week in weeks]),
                hint=_("这段时间之前就买过的人付的 ÷ 全部支付金额，没有买家的订单也算在全部里。%(hint)s")
                % {"hint": hint},
            ),
            *_standing(again, reach),
        ]
    )


def _standing(again: tuple[Repurchase, Repurchase], reach: tuple[int, int]) -> list[ui.Kpi]:
    """The two figures that do not follow the chosen period."""
    reachable, people = reach
    return [
        ui.Kpi(
            _("90 天复购率"),
            Amount.share(again[0].rate),
            _points(again[0].rate, again[1].rate, str(BASES["year"])),
            hint=_("90 天里买过的人，有多少在两天以上买过；同一天的单算一次"),
        ),
        ui.Kpi(
            _("可短信触达"),
            Amount.count(reachable, _("人")),
            note=_("占客户 %(share)s") % {"share": figures.percent(reachable / people if people else None)},
            hint=_("同意收营销短信、号码可用、没有退订"),
        ),
    ]


def _ratio(now: int | None, before: int | None, basis: str) -> ui.Delta:
    if now is None or not before:
        return ui.Delta(None, _("没有可比的"), "")
    change = now / before - 1
    return ui.Delta(change, figures.percent(abs(change)), basis)


def _points(now: float | None, before: float | None, basis: str) -> ui.Delta:
    if now is None or before is None:
        return ui.Delta(None, _("没有可比的"), "")
    change = now - before
    return ui.Delta(round(change, 6), figures.points(abs(change)), basis)


def sales_card(
    days: list[Day], suspects: int, span: charts.Span | None, with_fakes: bool = False
) -> ui.ChartCard:
    """Daily money with its table; `suspects` are the orders of these days that are suspected or known to be fake."""
    columns = [
        ui.Column("day", _("日期"), "nowrap"),
        ui.Column("old", _("老客（元）"), "num"),
        ui.Column("new", _("新客（元）"), "num"),
        ui.Column("unknown", _("没有客户（元）"), "num", priority=2, card="hide"),
        ui.Column("last", _("去年同期（元）"), "num", priority=2),
    ]
    rows = [
        ui.Row(
            [
                day_label(day.day),
                *(
                    figures.cents(value)
                    for value in (day.old_cents, day.new_cents, day.unknown_cents, day.year_before_cents)
                ),
            ]
        )
        for day in days
    ]
    foot = [
        _("合计"),
        *(
            figures.cents(sum(getattr(day, name) for day in days))
            for name in ("old_cents", "new_cents", "unknown_cents", "year_before_cents")
        ),
    ]
    sub = []
    if suspects:
        said = (
            ngettext("含疑似刷单 %(n)s 单", "含疑似刷单 %(n)s 单", suspects)
            if with_fakes
            else ngettext("不含疑似刷单 %(n)s 单", "不含疑似刷单 %(n)s 单", suspects)
        )
        sub.append(said % {"n": figures.exact(suspects)})
    if any(day.holds_leap_day for day in days):
        sub.append(_("去年 2 月 29 日的记在 28 日"))
    legend = [(pgettext("buyers", "老客"), "c1", ""), (pgettext("buyers", "新客"), "c1-soft", "")]
    if any(day.unknown_cents for day in days):
        legend.append((_("没有客户"), "c8", ""))
    if any(day.year_before_cents for day in days):
        legend.append((_("去年同期"), "c0", "dash"))
    return ui.ChartCard(
        "sales",
        _("每日支付金额"),
        daily_sales(days, span),
        ui.Table(columns, rows, caption=_("每日支付金额"), foot=foot, tall=True),
        label=ngettext(
            "%(n)s 天里每天的支付金额，按老客和新客分", "%(n)s 天里每天的支付金额，按老客和新客分", len(days)
        )
        % {"n": len(days)},
        sub=clauses(sub),
        legend=ui.Legend(legend),
    )


def lifecycle_bars(standing: Standing) -> ui.BarList:
    """Persons by stage of life with their change."""
    bars = []
    for name in LIFECYCLES:
        people = standing.now.get(name, 0)
        note: ui.Component | str = ""
        if standing.change is not None:
            change = standing.change[name]
            note = ui.Delta(change, figures.exact(abs(change)) if change else _("没变"))
        bars.append(
            ui.Bar(
                LIFECYCLE_NAMES[name],
                people,
                figures.wan(people),
                note=note,
                key=LIFECYCLE_KEYS.get(name, "c1"),
                exact=ngettext("%(n)s 人", "%(n)s 人", people) % {"n": figures.exact(people)},
            )
        )
    return ui.BarList(bars)


def group_bar(groups: dict[str, int]) -> ui.StackBar:
    """The three groups in one bar."""
    parts = [
        ui.Part(GROUP_NAMES[name], groups.get(name, 0), figures.wan(groups.get(name, 0)), GROUP_KEYS[name])
        for name in GROUPS
    ]
    return ui.StackBar(parts, label=_("三大分组"))


def heat_of(hours: dict[tuple[int, int], int]) -> list[tuple[Words, list[tuple[int, str]]]]:
    """Rows of the heat map: weekday, and per hour the level with what it says."""
    counts = [hours.get((weekday, hour), 0) for weekday in range(7) for hour in range(24)]
    levels = heat_levels(counts)
    rows = []
    for weekday, name in enumerate(WEEKDAYS):
        cells = []
        for hour in range(24):
            at = weekday * 24 + hour
            said = ngettext(
                "%(weekday)s %(hour)s 点，%(n)s 单", "%(weekday)s %(hour)s 点，%(n)s 单", counts[at]
            ) % {
                "weekday": name,
                "hour": hour,
                "n": figures.exact(counts[at]),
            }
            cells.append((levels[at], said))
        rows.append((name, cells))
    return rows


def busiest(hours: dict[tuple[int, int], int]) -> str:
    """The hours of a day in which most is paid, in words."""
    by_hour = [sum(hours.get((weekday, hour), 0) for weekday in range(7)) for hour in range(24)]
    total = sum(by_hour)
    if not total:
        return ""
    start = max(range(22), key=lambda hour: sum(by_hour[hour : hour + 3]))
    share = sum(by_hour[start : start + 3]) / total
    return _("%(first)s:00 – %(last)s:00 付款最多，占 %(share)s") % {
        "first": start,
        "last": start + 3,
        "share": figures.percent(share),
    }


def data_until_text(last: date, now: datetime) -> str:
    """A sentence when the figures are as of a day long gone; what ends yesterday is as new as it can be."""
    if last >= now.date() - timedelta(days=1):
        return ""
    return _("数据只到 %(day)s，下面按那一天看。导入新的订单就会往前走") % {"day": figures.day(last, now)}


def fakes_text(fakes: LeftOut, with_fakes: bool) -> str:
    """Which figures are shown and how much they differ by: the orders of the period that look fake."""
    said = (
        _("现在的数字含疑似和已确认的刷单 %(n)s 单、%(money)s；客户分组不含")
        if with_fakes
        else _("现在的数字不含疑似和已确认的刷单 %(n)s 单、%(money)s")
    )
    return said % {"n": figures.exact(fakes.orders), "money": figures.yuan_short(fakes.paid_cents)}
