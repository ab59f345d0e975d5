"""When a shop is bought from, and which goods and categories sell more or less than before."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from laoke.insights import demand
from laoke.insights.demand import Averages, Demand, Times, Windows
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import allowed
from laoke.web.charts.heat import heat_map
from laoke.web.components.base import Words
from laoke.web.components.tables import CellValue
from laoke.web.pages.analysis.blocks import Block
from laoke.web.pages.analysis.frame import LOOKS, Asked, Figures, Seg, View, choice, respond
from laoke.web.pages.customers.words import WEEKDAYS
from laoke.web.pages.overview.periods import day_number

MONTHS: tuple[Words, ...] = (
    _("1月"), _("2月"), _("3月"), _("4月"), _("5月"), _("6月"), _("7月"), _("8月"), _("9月"), _("10月"), _("11月"),
    _("12月"),
)  # fmt: skip
HOURS = [str(hour) for hour in range(24)]
WINDOWS: dict[str, Words] = {"30": _("近 30 天"), "90": _("近 90 天")}
SHOWN, MOST_GOODS = 12, 5_000
TRENDS: dict[str, ui.Status] = {
    "rising": ui.Status(_("在涨"), "ok"),
    "falling": ui.Status(_("在跌"), "warn"),
    "steady": ui.Status(_("看不出变化"), "run"),
    "few": ui.Status(_("单太少，看不出"), ""),
}


@allowed(*LOOKS)
def page(request: HttpRequest) -> HttpResponse:
    """Demand by time, and by goods."""
    return respond(request, VIEW)


def _figures(asked: Asked) -> Figures:
    chosen = asked.choice("days", list(WINDOWS), "30")
    times = demand.times(asked.reading.reader, asked.shop.pk, **asked.span.params())
    blocks = [_week(times), _month_hours(times), _month_weekdays(times)]
    seg = Seg(_("和之前比多少天"), choice(asked.request, "days", WINDOWS, chosen))
    return Figures(_kpis(times), blocks, [seg])


def _later(asked: Asked) -> list[Block]:
    windows = Windows(day_number(asked.last), int(asked.choice("days", list(WINDOWS), "30")))
    reader, shop = asked.reading.reader, asked.shop.pk
    first = day_number(asked.first_known)
    by_category = demand.categories(reader, shop, windows)
    goods = demand.goods(reader, shop, windows, MOST_GOODS)
    return [
        _categories(by_category, windows, first),
        _moving(goods, windows, first, rising=True),
        _moving(goods, windows, first, rising=False),
    ]


def _kpis(times: Times) -> ui.Kpis:
    days = sum(times.days.values())
    by_hour, by_weekday, by_month = times.sums()
    total = times.total

    def busiest(sums: Sequence[int], names: Sequence[Words]) -> tuple[str, str]:
        if not total:
            return "—", ""
        at = max(range(len(sums)), key=lambda place: (sums[place], -place))
        return str(names[at]), gettext("占 %(share)s") % {"share": figures.percent(sums[at] / total)}

    hour, hour_note = busiest(by_hour, [gettext("%(n)s 点") % {"n": n} for n in range(24)])
    weekday, weekday_note = busiest(by_weekday, WEEKDAYS)
    month, month_note = busiest(by_month, MONTHS)
    each = figures.Amount.count(round(total / days, 1) if days else None, _("单"))
    return ui.Kpis(
        [
            ui.Kpi(
                _("平均每天"),
                each,
                note=ngettext("共 %(n)s 单", "共 %(n)s 单", total) % {"n": figures.exact(total)},
            ),
            ui.Kpi(_("付款最多的钟点"), hour, note=hour_note),
            ui.Kpi(_("付款最多的星期"), weekday, note=weekday_note),
            ui.Kpi(_("付款最多的月份"), month, note=month_note),
        ]
    )


def _week(times: Times) -> Block:
    return _heat(
        "week", _("星期 × 钟点"), list(WEEKDAYS), HOURS, times.week(), times,
        _("一周里平均每个这样的钟点付几单"), "c12",
    )  # fmt: skip


def _month_hours(times: Times) -> Block:
    return _heat(
        "month_hours", _("月份 × 钟点"), list(MONTHS), HOURS, times.hours_of_months(), times,
        _("这个月里平均每天这个钟点付几单"), "c8",
    )  # fmt: skip


def _month_weekdays(times: Times) -> Block:
    return _heat(
        "month_weekdays", _("月份 × 星期"), list(MONTHS), list(WEEKDAYS), times.weekdays_of_months(), times,
        _("这个月里平均每个这样的星期付几单"), "c4",
    )  # fmt: skip


def _heat(
    id: str,
    title: Words,
    rows: Sequence[Words],
    columns: Sequence[Words],
    cells: Averages,
    times: Times,
    sub: Words,
    cls: str,
) -> Block:
    heads = [
        ui.Column("row", _("星期") if len(rows) == len(WEEKDAYS) else _("月份")),
        *(ui.Column(f"c{at}", name, "num") for at, name in enumerate(columns)),
    ]
    lines = [
        ui.Row([name, *("" if cell is None else figures.exact(round(cell, 2)) for cell in line)])
        for name, line in zip(rows, cells, strict=True)
    ]
    table = ui.Table(heads, lines, caption=title, cards=False, stick_first=True)
    rounded = [[None if cell is None else round(cell, 3) for cell in line] for line in cells]
    empty = None if times.total else ui.Empty(_("这些天没有付款的单"))
    return Block(
        id, title, table, heat_map(rows, columns, rounded), label=sub, sub=sub,
        size="lg" if len(rows) > 7 else "", empty=empty, cls=cls,
    )  # fmt: skip


def _categories(found: Sequence[Demand], windows: Windows, first: int) -> Block:
    rows = [
        ui.Row([one.category or _("没有类目"), *_compared(one, windows, first)]) for one in found
    ]  # fmt: skip
    columns = [ui.Column("category", pgettext_lazy("one of a list", "类目")), *_compared_columns()]
    empty = ui.Empty(_("这些天没有付款的单"))
    table = ui.Table(columns, rows, caption=_("各类目涨跌"), empty=empty)
    return Block("categories", _("各类目涨跌"), table, sub=_sub(windows, first), foot=_how())


def _moving(goods: Sequence[Demand], windows: Windows, first: int, *, rising: bool) -> Block:
    """The goods that sell more, or less, than chance explains: those that stand out most first."""
    wanted = "rising" if rising else "falling"
    known = windows.knows_before(first)
    moved = sorted(
        (one for one in goods if known and one.trend() == wanted), key=lambda one: (-abs(one.z()), one.title)
    )
    title = _("在涨的款") if rising else _("在跌的款")
    nothing = ui.Empty(
        (_("没有哪款明显在涨") if rising else _("没有哪款明显在跌"))
        if known
        else _("上一期没有数据，还比不了")
    )
    columns = [
        ui.Column("title", pgettext_lazy("one of a list", "商品")),
        ui.Column("category", pgettext_lazy("one of a list", "类目"), "nowrap", priority=3, card="hide"),
        *_compared_columns(),
    ]

    def table(shown: Sequence[Demand]) -> ui.Table:
        rows = [_goods_row(one, windows, first) for one in shown]
        return ui.Table(columns, rows, caption=title, empty=nothing)

    said = ngettext("%(n)s 款", "%(n)s 款", len(moved)) % {"n": figures.exact(len(moved))}
    if len(moved) > SHOWN:
        said = ngettext(
            "%(n)s 款，这里是变化最大的 %(shown)s 款", "%(n)s 款，这里是变化最大的 %(shown)s 款", len(moved)
        ) % {
            "n": figures.exact(len(moved)),
            "shown": SHOWN,
        }
    return Block(
        wanted, title, table(moved[:SHOWN]), sub=_sub(windows, first), foot=said if moved else "",
        whole=lambda: table(sorted(goods, key=lambda one: -one.z() if rising else one.z())),
    )  # fmt: skip


def _goods_row(one: Demand, windows: Windows, first: int) -> ui.Row:
    name = one.title or one.product_id or gettext("没有名称")
    category: Words = one.category or _("没有类目")
    return ui.Row([ui.Cell(name, sub=one.product_id), category, *_compared(one, windows, first)])


def _compared_columns() -> list[ui.Column]:
    return [
        ui.Column("trend", _("涨跌"), "nowrap", card="end"),
        ui.Column("orders", _("这期单数"), "num"),
        ui.Column("before", _("上期单数"), "num"),
        ui.Column("change", _("比上期"), "num"),
        ui.Column("year", _("去年同期单数"), "num", priority=2, card="hide"),
        ui.Column("year_change", _("比去年"), "num", priority=2, card="hide"),
        ui.Column("units", _("件数"), "num", priority=3, card="hide"),
        ui.Column("paid", _("付款（元）"), "num", label_on_card="¥"),
    ]


def _compared(one: Demand, windows: Windows, first: int) -> list[CellValue]:
    before, year = windows.knows_before(first), windows.knows_year_before(first)
    return [
        TRENDS[one.trend()] if before else "",
        one.orders,
        one.orders_before if before else "",
        _change(one.orders, one.orders_before) if before else "",
        one.orders_year_before if year else "",
        _change(one.orders, one.orders_year_before) if year else "",
        one.units,
        figures.cents(one.paid_cents),
    ]


def _change(now: int, before: int) -> CellValue:
    if not before:
        return _("新有的") if now else ""
    share = now / before - 1
    return ("+" if share > 0 else "") + figures.percent(share)


def _sub(windows: Windows, first: int) -> str:
    said = gettext("近 %(n)s 天，和再往前 %(n)s 天、去年同样的天比") % {"n": windows.days}
    if not windows.knows_before(first):
        return gettext("近 %(n)s 天；更早没有数据，比不了") % {"n": windows.days}
    if not windows.knows_year_before(first):
        return gettext("近 %(n)s 天，和再往前 %(n)s 天比；去年没有数据") % {"n": windows.days}
    return said


def _how() -> str:
    return gettext("涨跌：差别大到碰巧出现的机会不到百分之一才算；两期合起来不到 %(n)s 单的不判") % {
        "n": demand.LEAST_ORDERS
    }


VIEW = View("analysis_demand", _("需求"), _figures, _later)
