"""The list of price sheets, and one sheet: its figures, its ladder, its items with what speaks against them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, pgettext

from laoke.campaigns.models import PriceSheet, PriceVersion
from laoke.money import FULL_BP
from laoke.promotions.ladder import ADVISED, Expected, Role, expected, shares
from laoke.shops.joins import named
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import allowed, clock_of, may_market, shop_of
from laoke.web.charts.prices import COLOURS, MOST_BARS, on_ladder, price_ladder, role_name
from laoke.web.nav import SELLING
from laoke.web.pages.campaigns.frame import span_text
from laoke.web.pages.prices.item_table import item_table, ladder_table
from laoke.web.pages.prices.reading import Reading, find_sheet, read_sheet, version_of
from laoke.web.pages.prices.words import rate_text

MOST_VERSIONS = 20


@dataclass(frozen=True)
class PriceList:
    """The price sheets of the shop, newest first."""

    table: ui.Table
    filters: ui.Filters
    new: ui.Action | None


@dataclass(frozen=True)
class PricePage:
    """One sheet at one version."""

    reading: Reading
    facts: list[str]
    notices: list[ui.Notice]
    kpis: ui.Kpis
    chart: ui.ChartCard
    shares: ui.Table
    tabs: ui.Tabs
    table: ui.Table
    terms: ui.Facts
    versions: ui.Table
    may_edit: bool
    may_change: bool
    put_away: ui.Action


@allowed(*SELLING)
def price_list(request: HttpRequest) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    wanted, archived = lists.searched(request), request.GET.get("archived") == "1"
    rows = PriceSheet.objects.filter(shop=shop, archived=archived).select_related("campaign")
    if wanted:
        rows = rows.filter(name__icontains=wanted)
    count = rows.count()
    listing = lists.Listing(
        gettext("价格表"),
        rows,
        ("-pk",),
        columns=[
            ui.Column("name", gettext("价格表")),
            ui.Column("campaign", pgettext("one of a list", "活动"), "nowrap"),
            ui.Column("starts", gettext("活动价开始"), "nowrap"),
            ui.Column("items", gettext("商品"), "num", card="hide"),
            ui.Column("version", gettext("版本"), "num", priority=2, card="hide"),
            ui.Column("at", gettext("改于"), "nowrap", card="end"),
        ],
        lines=lambda found: _rows(found, now),
    )
    if sheets.wanted(request):
        return listing.sheet(request)
    new = None
    if may_market(request):
        new = ui.Action(gettext("新建价格表"), reverse("price_new"), "primary", "plus")
    empty = ui.Empty(
        gettext("没有收起的价格表") if archived else gettext("还没有价格表"),
        gettext("把活动里的商品、成本和活动价放在一张表里，先看哪件会亏、哪个价说不过去"),
        None if archived else new,
    )
    table = listing.table(
        listing.found(request),
        request,
        empty=empty,
        order=gettext("新的在前"),
        count=gettext("共 %(n)s 张") % {"n": figures.exact(count)},
    )
    other = ui.Action(
        gettext("在用的") if archived else gettext("收起的"),
        lists.without_place(request, archived=None if archived else "1"),
        small=True,
    )
    filters = lists.filters(
        request, gettext("价格表的名字"), count=count, keep=("archived",), actions=[other]
    )
    return render(request, "prices/list.html", {"page": PriceList(table, filters, new)})


def _rows(found: list[PriceSheet], now: datetime) -> list[ui.Row]:
    top = PriceVersion.objects.filter(sheet=OuterRef("sheet")).order_by("-number").values("number")[:1]
    newest_of = {
        version.sheet_id: version
        for version in PriceVersion.objects.filter(sheet__in=found, number=Subquery(top))
    }
    return [
        ui.Row(
            [
                one.name,
                one.campaign.name if one.campaign else "",
                figures.when(one.starts_at, now),
                figures.exact(len(newest_of[one.pk].items)),
                figures.exact(newest_of[one.pk].number),
                figures.when(one.updated_at, now),
            ],
            id=str(one.pk),
            url=reverse("price_sheet", args=[one.pk]),
        )
        for one in found
    ]


@allowed(*SELLING)
def price_sheet(request: HttpRequest, pk: int) -> HttpResponse:
    now = clock_of(request).now()
    sheet = find_sheet(request, pk)
    reading = read_sheet(sheet, *version_of(request, sheet), now.date())
    may = may_market(request)
    sums = expected(reading.priced)
    page = PricePage(
        reading,
        _facts(reading, now),
        _notices(reading, sums, now, may),
        _kpis(reading, sums),
        _chart(reading),
        _shares(reading),
        _tabs(request, reading),
        item_table(request, reading, now, may=may and reading.is_newest),
        _terms(reading),
        _versions(reading, now),
        may,
        may and reading.is_newest,
        _put_away(sheet),
    )
    return render(request, "prices/sheet.html", {"page": page})


def _facts(reading: Reading, now: datetime) -> list[str]:
    version = reading.version
    by = f"{_who(version)} " if version.created_by else ""
    found = [
        gettext("%(when)s 开始用活动价") % {"when": figures.when(reading.sheet.starts_at, now)},
        gettext("第 %(n)s 版，%(by)s%(when)s")
        % {"n": version.number, "by": by, "when": figures.when(version.created_at, now)},
    ]
    if reading.facts.until is not None:
        found.append(gettext("订单到 %(day)s") % {"day": figures.day(reading.facts.until, now)})
    return found


def _notices(reading: Reading, sums: Expected, now: datetime, may: bool) -> list[ui.Notice]:
    facts, found = reading.facts, []
    if not reading.is_newest:
        restore = ui.Action(
            gettext("用回这一版"), reverse("price_restore", args=[reading.sheet.pk]), method="post",
            hidden=[("number", str(reading.version.number))],
        )  # fmt: skip
        text = gettext("这是第 %(n)s 版，后来改过；现在的订单和对手价照新的算。") % {
            "n": reading.version.number
        }
        found.append(ui.Notice(text, gettext("旧的一版"), "warn", action=restore if may else None))
    campaign, starts_at = reading.sheet.campaign, reading.sheet.starts_at
    if campaign is not None and not campaign.starts_at <= starts_at < campaign.ends_at:
        text = gettext("活动是 %(days)s，活动价却从 %(when)s 开始，看的成交不是活动前的。")
        said = {"days": span_text(campaign, now), "when": figures.when(starts_at, now)}
        change = ui.Action(gettext("改开始时间"), reverse("price_edit", args=[reading.sheet.pk]))
        found.append(ui.Notice(text % said, gettext("不在活动里"), "warn", action=change if may else None))
    if facts.until is None:
        found.append(
            ui.Notice(gettext("没有订单，比不出最低成交价和上次的销量。"), gettext("还没有导入订单"), "warn")
        )
    elif (reading.sheet.starts_at.date() - facts.until).days > 7:
        text = gettext("订单只到 %(day)s，开始前 7 天的成交还看不到。到时再导入一次订单，再看一遍。")
        found.append(ui.Notice(text % {"day": figures.day(facts.until, now)}, gettext("基准价还不全")))
    if facts.unsplit:
        text = gettext("上次同期有 %(n)s 单没有明细、又不止一件，没有算进成交价和销量。")
        found.append(ui.Notice(text % {"n": figures.exact(facts.unsplit)}))
    if sums.without_cost:
        text = gettext("卖过的 %(all)s 件里有 %(n)s 件没写成本，没有算进毛利。")
        found.append(
            ui.Notice(text % {"all": figures.exact(sums.items), "n": figures.exact(sums.without_cost)})
        )
    return found


def _kpis(reading: Reading, sums: Expected) -> ui.Kpis:
    warned = sum(bool(reading.warned(one)) for one in reading.priced)
    bad = sum(reading.is_bad(one) for one in reading.priced)
    margin = sums.margin_cents
    share = (
        ""
        if not margin or not sums.sales_cents or sums.without_cost
        else figures.percent(margin / sums.sales_cents)
    )
    then = gettext("按上次同期的 %(n)s 件") % {"n": figures.exact(sums.units)}
    sold = sums.units > 0
    return ui.Kpis(
        [
            ui.Kpi(
                gettext("商品"),
                figures.Amount.count(len(reading.items), gettext("件")),
                note=gettext("%(n)s 件有提醒") % {"n": figures.exact(warned)},
            ),
            ui.Kpi(
                gettext("这个价不行的"),
                figures.Amount.count(bad, gettext("件")),
                note=gettext("会亏，或划线价没有依据"),
            ),
            ui.Kpi(
                gettext("预计成交"),
                figures.Amount.money(sums.sales_cents if sold else None),
                note=then if sold else gettext("上次同期没有卖过"),
            ),
            ui.Kpi(
                gettext("预计毛利"),
                figures.Amount.money(margin),
                note=named(gettext("毛利率"), share) if share else gettext("成本已知的商品"),
            ),
        ]
    )  # fmt: skip


def _chart(reading: Reading) -> ui.ChartCard:
    drawn = on_ladder(reading.priced)
    roles = [role for role in COLOURS if any(one.item.role is role for one in drawn)]
    sub = gettext("一组一组，组里从便宜到贵；红线是底价")
    if len(reading.priced) > MOST_BARS:
        sub = gettext("卖得最多的 %(n)s 件，一组一组，组里从便宜到贵；红线是底价") % {"n": MOST_BARS}
    return ui.ChartCard(
        "ladder",
        gettext("价格阶梯"),
        price_ladder(drawn),
        ladder_table(reading.priced),
        gettext("每件商品的活动价，按角色分颜色，和它的底价"),
        sub=sub,
        legend=ui.Legend([(role_name(role), COLOURS[role], "") for role in roles]),
        empty=None if drawn else ui.Empty(gettext("表里还没有商品")),
    )


def _shares(reading: Reading) -> ui.Table:
    count, whole = len(reading.items), sum(ADVISED.values())
    found = shares(reading.items)
    return ui.Table(
        columns=[
            ui.Column("role", gettext("角色")),
            ui.Column("count", gettext("件数"), "num"),
            ui.Column("share", gettext("占"), "num"),
            ui.Column("advised", gettext("建议"), "num", hint=gettext("3 件引流、3 件性价比、3 件正常、1 件形象")),
            ui.Column("advised_share", gettext("建议占"), "num"),
        ],
        rows=[
            ui.Row(
                [
                    role_name(one.role),
                    ui.Cell(figures.exact(one.count), tone=_tone(one.count, one.advised)),
                    figures.percent(one.count / count if count else None, 0),
                    figures.exact(one.advised),
                    figures.percent(ADVISED.get(one.role, 0) / whole if isinstance(one.role, Role) else 0, 0),
                ]
            )
            for one in found
        ],
        caption=gettext("各角色的件数"),
        cards=False,
    )  # fmt: skip


def _tone(count: int, advised: int) -> str:
    return "" if count == advised else "warn"


def _tabs(request: HttpRequest, reading: Reading) -> ui.Tabs:
    counts = {
        "all": len(reading.priced),
        "warned": sum(bool(reading.warned(one)) for one in reading.priced),
        "bad": sum(reading.is_bad(one) for one in reading.priced),
    }
    names = {"all": gettext("全部"), "warned": gettext("有提醒的"), "bad": gettext("不行的")}
    current = request.GET.get("view", "all")
    return ui.Tabs(
        [
            ui.Tab(
                names[key], lists.without_place(request, view=key), key == current, figures.exact(counts[key])
            )
            for key in names
        ],
        gettext("哪些商品"),
    )


def _terms(reading: Reading) -> ui.Facts:
    terms = reading.terms
    steps = gettext("%(least)s 到 %(most)s，到形象款 %(anchor)s") % {
        "least": rate_text(terms.closest_bp),
        "most": rate_text(terms.widest_bp),
        "anchor": rate_text(terms.anchor_bp),
    }
    period = reading.facts.period
    return ui.Facts(
        [
            (gettext("每件邮费"), figures.yuan(terms.postage_cents)),
            (gettext("平台扣点"), rate_text(terms.fee_bp)),
            (gettext("想要的毛利率"), rate_text(terms.margin_bp)),
            (gettext("还要留给成本和邮费"), _room(terms.fee_bp + terms.margin_bp)),
            (gettext("相邻两档差"), steps),
            (gettext("上次同期"), f"{period[0]:%Y-%m-%d} – {period[1]:%Y-%m-%d}" if period else figures.NOTHING),
        ]
    )  # fmt: skip


def _room(taken_bp: int) -> str:
    """The share of the price that fee and wanted margin leave."""
    return gettext("售价的 %(share)s") % {"share": rate_text(FULL_BP - taken_bp)}


def _versions(reading: Reading, now: datetime) -> ui.Table:
    here = reverse("price_sheet", args=[reading.sheet.pk])
    found = (
        reading.sheet.versions.select_related("created_by").defer("items").order_by("-number")[:MOST_VERSIONS]
    )
    return ui.Table(
        columns=[
            ui.Column("number", gettext("版本")),
            ui.Column("how", gettext("怎么来的")),
            ui.Column("at", gettext("什么时候"), "nowrap"),
        ],
        rows=[
            ui.Row(
                [
                    ui.Cell(figures.exact(one.number), tone="b" if one.pk == reading.version.pk else ""),
                    ui.Cell(_how(one), sub=_who(one)),
                    figures.when(one.created_at, now),
                ],
                url=f"{here}?version={one.number}",
            )
            for one in found
        ],
        caption=gettext("版本"),
        cards=False,
    )  # fmt: skip


def _who(version: PriceVersion) -> str:
    who = version.created_by
    return who.get_full_name() or who.username if who else ""


def _how(version: PriceVersion) -> str:
    if version.restored:
        return gettext("用回第 %(n)s 版") % {"n": version.restored}
    if version.file_name:
        return version.file_name
    return gettext("新建") if version.number == 1 else gettext("在页面上改")


def _put_away(sheet: PriceSheet) -> ui.Action:
    return ui.Action(
        gettext("放回列表") if sheet.archived else gettext("收起"),
        reverse("price_archive", args=[sheet.pk]),
        "quiet",
        method="post",
        hidden=[("archived", "0" if sheet.archived else "1")],
    )
