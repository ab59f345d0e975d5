"""What one customer usually does, as the page shows it: when, how often, at which prices, from where, and when next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from laoke.audiences.readings import Reading
from laoke.insights import habits, people
from laoke.shops.joins import named
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.charts.customers import heat_levels, order_dots
from laoke.web.components.base import Words
from laoke.web.pages.customers import words

# What is read of each order: each column more is unpacked for a whole part of each month's file.
ORDER_COLUMNS = ("order_id", "month", "paid_at", "paid_cents", "coupon_used", "channel", "flag")
# Where on the page the next order stands as one figure.
NEXT = "next-order"
CHANNELS: dict[str, Words] = {"mobile": _("手机"), "pc": _("电脑")}


@dataclass(frozen=True)
class Heat:
    """Orders by weekday and hour as levels 0..4, and by month, with the counts as tables."""

    rows: list[tuple[Words, list[int]]]
    peak: str
    table: ui.Table
    months: list[tuple[int, int]] = field(default_factory=list)
    month_table: ui.Table | None = None


@dataclass(frozen=True)
class ToHabits(ui.Component):
    """Where the habits are to be read."""

    template = "customers/to_habits.html"
    url: str


@dataclass(frozen=True)
class Habits:
    """What the orders tell; each card None where they tell nothing. `next` is the figure that stands above them."""

    dots: ui.ChartCard | None
    heat: Heat | None
    usual: ui.Facts | None
    bought: ui.BarList | None
    next: ui.Kpi


def habits_of(reading: Reading | None, members: Sequence[int], now: datetime) -> Habits:
    """The habits of a person out of the orders of their customers, and the categories of what these hold."""
    orders: list[dict[str, Any]] = []
    categories: list[dict[str, Any]] = []
    if reading is not None:
        orders = people.orders_of(reading.reader, reading.shop_id, members, ORDER_COLUMNS)
        categories = people.categories_of(reading.reader, reading.shop_id, orders)
    paid = paid_orders(orders)
    return Habits(dots(paid, now), heat(paid), usual(paid, now), bought(categories), next_kpi(paid, now))


def paid_orders(orders: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that count: paid, and neither suspect nor confirmed fake."""
    return [
        one for one in orders if one["paid_at"] is not None and one["flag"] not in ("suspect", "confirmed")
    ]


def expected(paid: Sequence[dict[str, Any]]) -> habits.NextOrder | None:
    """When the next order is expected, from the person's own gaps."""
    return habits.next_order(order["paid_at"].date() for order in paid)


def dots(paid: Sequence[dict[str, Any]], now: datetime) -> ui.ChartCard | None:
    """Every order as a dot in time, with the days between which the next is expected."""
    if len(paid) < 2:
        return None
    ordered = sorted(paid, key=lambda order: (order["paid_at"], order["order_id"]))
    rows = [
        ui.Row([f"{order['paid_at']:%Y-%m-%d %H:%M}", figures.cents(order["paid_cents"])])
        for order in reversed(ordered)
    ]
    table = ui.Table(
        [ui.Column("at", _("付款时间")), ui.Column("paid", _("实付（元）"), "num")], rows, caption=_("每一单")
    )
    due = expected(paid)
    option = order_dots(
        [(o["paid_at"].date(), o["paid_cents"]) for o in ordered],
        now.date(),
        gettext("今天"),
        (due.earliest, due.latest, gettext("按自己的节奏该来")) if due else None,
    )
    return ui.ChartCard(
        "dots", _("多久来一次"), option, table,
        label=_("每一单的时间和金额"), sub=_("每个点是一单，大小是金额"), size="sm",
    )  # fmt: skip


def heat(paid: Sequence[dict[str, Any]]) -> Heat | None:
    """When they buy: hours of the week, and months."""
    if not paid:
        return None
    counts = [[0] * 24 for _day in range(7)]
    for order in paid:
        counts[order["paid_at"].weekday()][order["paid_at"].hour] += 1
    by_hour = [sum(row[hour] for row in counts) for hour in range(24)]
    at = max(range(24), key=lambda hour: (by_hour[hour], -hour))
    cells = [
        ui.Row([words.WEEKDAYS[day], gettext("%(hour)s 点") % {"hour": hour}, counts[day][hour]])
        for day in range(7)
        for hour in range(24)
        if counts[day][hour]
    ]
    columns = [ui.Column("day", _("星期")), ui.Column("hour", _("时段")), ui.Column("n", _("单数"), "num")]
    months = habits.by_month(order["paid_at"].date() for order in paid)
    month_rows = [
        ui.Row([gettext("%(n)s月") % {"n": number}, n]) for number, n in enumerate(months, start=1) if n
    ]
    return Heat(
        list(zip(words.WEEKDAYS, heat_levels(counts), strict=True)),
        gettext("最多在 %(from)s – %(to)s 点") % {"from": at, "to": at + 1},
        ui.Table(columns, cells),
        list(enumerate(heat_levels([months])[0], start=1)),
        ui.Table([ui.Column("month", _("月份")), ui.Column("n", _("单数"), "num")], month_rows),
    )


def bought(categories: Sequence[dict[str, Any]], most: int = 6) -> ui.BarList | None:
    """Money by category, for those the shop's product list knows."""
    best = [row for row in categories if row["net_cents"] > 0][:most]
    if not best:
        return None
    total = sum(row["net_cents"] for row in categories if row["net_cents"] > 0)
    return ui.BarList(
        [
            ui.Bar(
                row["category"] or gettext("没有类目"),
                row["net_cents"],
                figures.yuan_short(row["net_cents"]),
                note=figures.percent(row["net_cents"] / total, 0),
                exact=figures.yuan(row["net_cents"]),
            )
            for row in best
        ]
    )


def usual(paid: Sequence[dict[str, Any]], now: datetime) -> ui.Facts | None:
    """Price band, coupons, device, gap, next order: each only as far as the orders tell."""
    if not paid:
        return None
    days = [order["paid_at"].date() for order in paid]
    n, used = len(paid), sum(bool(order["coupon_used"]) for order in paid)
    shown: list[tuple[Words, str]] = [(_("价位"), _band([order["paid_cents"] for order in paid]))]
    coupon = ngettext("%(n)s 单里 %(used)s 单用券", "%(n)s 单里 %(used)s 单用券", n) % {
        "n": figures.exact(n),
        "used": figures.exact(used),
    }
    shown.append((_("用券"), coupon))
    by_channel: dict[str, int] = {}
    for order in paid:
        by_channel[order["channel"]] = by_channel.get(order["channel"], 0) + 1
    told = sorted((item for item in by_channel.items() if item[0]), key=lambda item: (-item[1], item[0]))
    if told:
        said = " · ".join(f"{CHANNELS.get(name, name)} {figures.exact(count)}" for name, count in told)
        shown.append((_("设备"), said))
    shown.append((_("两次之间"), _gap(habits.gaps_of(days))))
    shown.append((_("下次大概"), _next(habits.next_order(days), len(habits.gaps_of(days)), now)))
    return ui.Facts(shown)


def _band(amounts: Sequence[int]) -> str:
    found = habits.middle_half(amounts)
    if found is None:
        return "—"
    low, high = found
    if low == high:
        return figures.yuan(low)
    return gettext("多在 %(low)s – %(high)s") % {"low": figures.yuan(low), "high": figures.yuan(high)}


def _gap(gaps: Sequence[int]) -> str:
    middle = habits.middle(gaps)
    if middle is None:
        return gettext("只在一天买过，还算不出")
    said = gettext("一般 %(middle)s 天，最短 %(low)s 天，最长 %(high)s 天")
    return said % {"middle": middle, "low": min(gaps), "high": max(gaps)}


def _next(due: habits.NextOrder | None, gaps: int, now: datetime) -> str:
    if due is None:
        said = ngettext("只有 %(n)s 段间隔，少于 3 段，说不准", "只有 %(n)s 段间隔，少于 3 段，说不准", gaps)
        return said % {"n": gaps}
    between = gettext("%(from)s 到 %(to)s") % {
        "from": figures.day(due.earliest, now),
        "to": figures.day(due.latest, now),
    }
    share = figures.percent(due.chance, 0)
    basis = ngettext(
        "按自己的 %(n)s 段间隔，%(share)s 的把握", "按自己的 %(n)s 段间隔，%(share)s 的把握", due.gaps
    ) % {"n": due.gaps, "share": share}
    today = now.date()
    if today > due.latest:
        late = (today - due.latest).days
        said = ngettext(
            "%(between)s，已过 %(days)s 天（%(basis)s）", "%(between)s，已过 %(days)s 天（%(basis)s）", late
        )
        return said % {"between": between, "days": figures.exact(late), "basis": basis}
    return gettext("%(between)s（%(basis)s）") % {"between": between, "basis": basis}


def next_kpi(paid: Sequence[dict[str, Any]], now: datetime) -> ui.Kpi:
    """The next order as one figure, for its place among the others."""
    value, note = _next_said(expected(paid), now)
    return ui.Kpi(_("下次大概"), value, note=note, id=NEXT, late=True)


def next_kpi_later(url: str) -> ui.Kpi:
    """The place of the next order until the habits come; without scripts it leads to them."""
    return ui.Kpi(_("下次大概"), "…", note=ToHabits(url), id=NEXT)


def _next_said(due: habits.NextOrder | None, now: datetime) -> tuple[str, str]:
    if due is None:
        return "—", gettext("买得还少，说不准")
    between = figures.day_range(due.earliest, due.latest, now)
    today = now.date()
    if today > due.latest:
        value = ngettext("已过 %(n)s 天", "已过 %(n)s 天", (today - due.latest).days) % {
            "n": figures.exact((today - due.latest).days)
        }
        return value, gettext("本应 %(between)s") % {"between": between}
    if today < due.earliest:
        return ngettext("还有 %(n)s 天", "还有 %(n)s 天", (due.earliest - today).days) % {
            "n": figures.exact((due.earliest - today).days)
        }, between
    return gettext("就这几天"), between


def story(row: dict[str, Any], rfm_days: int, now: datetime) -> ui.Facts:
    """RFM and the stage of life in plain words."""
    last = date(1970, 1, 1) + timedelta(days=row["last_day"])
    since = (now.date() - last).days
    r = ngettext("%(score)s 分：%(n)s 天前最后一次付款", "%(score)s 分：%(n)s 天前最后一次付款", since) % {
        "score": row["r_score"],
        "n": figures.exact(since),
    }
    f = gettext("%(score)s 分：%(days)s 天里有 %(n)s 天买过") % {
        "score": row["f_score"], "days": rfm_days, "n": figures.exact(row["rfm_orders"]),
    }  # fmt: skip
    m = gettext("%(score)s 分：%(days)s 天里净付 %(money)s") % {
        "score": row["m_score"], "days": rfm_days, "money": figures.yuan(row["rfm_cents"]),
    }  # fmt: skip
    stage = named(words.LIFECYCLES[row["lifecycle"]], words.LIFECYCLE_MEANS[row["lifecycle"]])
    kind = row["rfm"]
    shown: list[tuple[Words, str]] = [(_("生命周期"), stage)]
    if kind in words.RFM:
        shown.append((_("RFM 分类"), named(words.RFM[kind], words.RFM_MEANS[kind])))
    return ui.Facts([*shown, (_("R 最近"), r), (_("F 次数"), f), (_("M 金额"), m)])
