"""The view of how the facts keep: one answer, what is missing, what came from where, what contradicts, how large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Max, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from laoke.insights.coverage import Gap
from laoke.insights.data_health import (
    COMPARISONS,
    WAITS,
    Comparison,
    KindCoverage,
    Source,
    comparison,
    coverage,
    newest,
    sources,
    waiting,
)
from laoke.intake.models import ImportState, QuarantinedRow
from laoke.intake.reading.messages import profile_title
from laoke.intake.reading.profiles import profiles
from laoke.shops import catalog, jobs
from laoke.shops.joins import listed
from laoke.shops.models import CatalogEntry, Role, Shop
from laoke.shops.uploads import size_text
from laoke.warehouse.engine import Reader
from laoke.warehouse.sizes import table_sizes
from laoke.warehouse.store import Warehouse
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import MARKETING, allowed, clock_of, shop_of
from laoke.web.charts.imports import days_with_gaps
from laoke.web.pages.data.words import COMPARED, GAPS, WAITING, kind_name, table_name
from laoke.web.pages.imports.results import reason_text

SEES = (Role.OWNER, Role.OPERATOR, Role.ANALYST, Role.AUDITOR)
SHOWN_SOURCES = 4
SHOWN_GAPS = 200


@dataclass(frozen=True)
class HealthPage:
    """Everything there is to say of a shop's data."""

    answer: str
    headline: ui.Kpis
    chart: ui.ChartCard | None
    gaps: ui.Table
    kinds: ui.Table
    quarantine: ui.Table
    differences: ui.TodoList
    tables: ui.Table | None
    repairs: ui.TodoList | None


@allowed(*SEES)
@require_GET
def health(request: HttpRequest) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    entry = catalog.current()
    reader = Reader(settings.PLACE.warehouse, entry.versions if entry else {})
    found = coverage(shop, reader)
    compared = [comparison(shop, reader, name) for name in COMPARISONS]
    waits = waiting(shop, reader)
    page = HealthPage(
        answer=_answer(found, compared),
        headline=_headline(found, compared, waits, shop, now),
        chart=_chart(found),
        gaps=_gaps(found, now),
        kinds=_kinds(found, shop, now),
        quarantine=_quarantine(shop, now),
        differences=_differences(compared, waits),
        tables=_tables(entry, shop, now) if entry else None,
        repairs=_repairs(request, shop) if entry else None,
    )
    return render(request, "imports/health.html", {"page": page})


def _answer(found: Sequence[KindCoverage], compared: Sequence[Comparison]) -> str:
    if not found:
        return _("还没有数据")
    missing = sum(one.missing_days for one in found if one.kind == "order")
    differ = sum(one.count for one in compared)
    if missing:
        return ngettext("订单缺 %(n)s 天", "订单缺 %(n)s 天", missing) % {"n": figures.exact(missing)}
    if differ:
        return ngettext("订单不缺天，有 %(n)s 处对不上", "订单不缺天，有 %(n)s 处对不上", differ) % {
            "n": figures.exact(differ)
        }
    return _("订单不缺天，都对得上")


def _headline(
    found: Sequence[KindCoverage], compared: Sequence[Comparison], waits: dict[str, tuple[int, int]], shop: Shop,
    now: datetime,
) -> ui.Kpis:  # fmt: skip
    last = newest(found)
    aside = QuarantinedRow.objects.filter(run__shop=shop).count()
    missing = {one.kind: one.missing_days for one in found}
    others = sum(missing.values()) - missing.get("order", 0)
    note = (
        ngettext("别的数据缺 %(n)s 天", "别的数据缺 %(n)s 天", others) % {"n": figures.exact(others)}
        if others
        else ""
    )
    return ui.Kpis(
        [
            ui.Kpi(_("订单"), figures.exact(sum(one.rows for one in found if one.kind == "order"))),
            ui.Kpi(_("订单到"), figures.table_day(last, now)),
            ui.Kpi(_("订单缺几天"), figures.exact(missing.get("order", 0)), note=note),
            ui.Kpi(_("对不上的"), figures.exact(sum(one.count for one in compared))),
            ui.Kpi(_("隔离着的行"), figures.exact(aside)),
            ui.Kpi(_("没有买家的订单"), figures.exact(waits.get("orders_without_customer", (0, 0))[0])),
        ]
    )


def _chart(found: Sequence[KindCoverage]) -> ui.ChartCard | None:
    orders = next((one for one in found if one.kind == "order"), None)
    if orders is None:
        return None
    option, rows = days_with_gaps(orders.counts, orders.gaps)
    table = ui.Table(
        [ui.Column("day", _("下单时间"), "nowrap"), ui.Column("orders", _("订单"), "num")],
        [ui.Row([name, figures.exact(count)]) for name, count in rows],
        caption=_("每天的订单"),
        tall=True,
    )
    return ui.ChartCard(
        "orders_by_day",
        _("每天的订单"),
        option,
        table,
        label=_("每天有多少订单，缺的日子标出来"),
        sub=_("疑似刷单的也在内；有底色的是缺的日子"),
    )


def _gaps(found: Sequence[KindCoverage], now: datetime) -> ui.Table:
    """What is missing, the newest first; orders before the rest."""
    lines: list[tuple[bool, date, str, Gap]] = [
        (one.kind == "order", gap.last, one.kind, gap) for one in found for gap in one.gaps
    ]
    lines.sort(key=lambda line: (line[0], line[1]), reverse=True)
    rows = [_gap_row(kind, gap, now) for _orders, _last, kind, gap in lines[:SHOWN_GAPS]]
    return ui.Table(
        [
            ui.Column("kind", _("什么"), "nowrap"),
            ui.Column("days", _("哪几天"), "nowrap", card="end"),
            ui.Column("n", _("天数"), "num", label_on_card=_("天")),
            ui.Column("usual", _("前后每天"), "num", label_on_card=_("前后每天")),
            ui.Column("why", _("为什么、怎么补"), "wrap", card="wide"),
        ],
        rows,
        caption=_("缺的日子"),
        empty=ui.Empty(_("不缺"), _("每一天都有文件说到")),
        tall=True,
    )


def _gap_row(kind: str, gap: Gap, now: datetime) -> ui.Row:
    why, advice = GAPS[gap.kind]
    days = figures.table_day(gap.first, now)
    if gap.last != gap.first:
        days = figures.day_range(gap.first, gap.last, now)
    usual = figures.exact(round(gap.usual)) if gap.usual else ""
    return ui.Row([kind_name(kind), days, figures.exact(gap.days), usual, ui.Cell(str(why), sub=str(advice))])


def _kinds(found: Sequence[KindCoverage], shop: Shop, now: datetime) -> ui.Table:
    """What came when from where."""
    came = sources(shop)
    rows = []
    for one in found:
        mine = came.get(one.kind, [])
        last = max((source.newest for source in mine), default=None)
        rows.append(
            ui.Row(
                [
                    ui.Cell(kind_name(one.kind), sub=_sources(mine)),
                    figures.exact(one.rows),
                    figures.day_range(one.first, one.last, now),
                    figures.exact(sum(source.imports for source in mine)) if mine else "",
                    figures.when(last, now) if last else "",
                    ui.Cell(figures.exact(one.missing_days), tone="warn" if one.missing_days else "muted"),
                ]
            )
        )
    return ui.Table(
        [
            ui.Column("kind", _("什么"), "wrap"),
            ui.Column("rows", _("行"), "num", label_on_card=_("行")),
            ui.Column("days", _("从哪天到哪天"), "nowrap", card="wide"),
            ui.Column("imports", _("几次导入"), "num", priority=2, card="hide"),
            ui.Column("last", _("最近一次"), "nowrap", priority=2, label_on_card=_("最近")),
            ui.Column("missing", _("缺几天"), "num", label_on_card=_("缺")),
        ],
        rows,
        caption=_("来了哪些数据"),
        empty=ui.Empty(_("还没有数据"), _("从千牛导出订单报表，选进来就开始。")),
    )


def _sources(came: Sequence[Source]) -> str:
    """Which exports they came as, the most frequent first."""
    titles: dict[str, int] = {}
    for source in came:
        profile = profiles().get(source.profile)
        title = profile_title(profile) if profile else _("按指定的列")
        titles[title] = titles.get(title, 0) + source.imports
    ordered = sorted(titles, key=lambda title: -titles[title])
    more = _("等") if len(ordered) > SHOWN_SOURCES else ""
    return listed(ordered[:SHOWN_SOURCES]) + more


def _quarantine(shop: Shop, now: datetime) -> ui.Table:
    groups = (
        QuarantinedRow.objects.filter(run__shop=shop)
        .values("reason")
        .annotate(rows=Count("pk"), cents=Sum("cents"), files=Count("run", distinct=True), newest=Max("run"))
        .order_by("-rows")
    )
    rows = []
    for group in groups:
        example = (
            QuarantinedRow.objects.defer("sealed").filter(run=group["newest"], reason=group["reason"]).first()
        )
        url = f"{reverse('import_rows', args=[group['newest']])}?reason={group['reason']}"
        rows.append(
            ui.Row(
                [
                    reason_text(example) if example else group["reason"],
                    figures.exact(group["rows"]),
                    figures.cents(group["cents"]),
                    figures.exact(group["files"]),
                    ui.Action(_("看最近的"), url, small=True),
                ]
            )
        )
    return ui.Table(
        [
            ui.Column("reason", _("原因和怎么修"), "wrap", card="wide"),
            ui.Column("rows", _("行"), "num", label_on_card=_("行")),
            ui.Column("money", _("金额（元）"), "num"),
            ui.Column("files", _("几个文件"), "num", priority=2, card="hide"),
            ui.Column("look", "", "min"),
        ],
        rows,
        caption=_("隔离的行"),
        empty=ui.Empty(_("没有隔离的行"), _("读到的都进来了")),
    )


def _differences(compared: Sequence[Comparison], waits: dict[str, tuple[int, int]]) -> ui.TodoList:
    items = []
    for one in compared:
        words = COMPARED[one.name]
        if not one.count:
            continue
        url = reverse("imports_health_differences", args=[one.name])
        value = _("%(n)s 处，差 %(money)s") % {
            "n": figures.exact(one.count),
            "money": figures.yuan(one.cents),
        }
        look = ui.Action(_("看"), url, small=True)
        items.append(ui.Todo(str(words.title), str(words.advice), "warn", "warn", look, value))
    for name, (title, advice) in WAITING.items():
        rows, orders = waits.get(name, (0, 0))
        if rows:
            value = ngettext("%(n)s 行，%(orders)s 单", "%(n)s 行，%(orders)s 单", rows) % {
                "n": figures.exact(rows),
                "orders": figures.exact(orders),
            }
            look = ui.Action(_("看"), _waiting_url(name), small=True)
            items.append(ui.Todo(str(title), str(advice), "info", "", look, value))
    if not items:
        items.append(ui.Todo(_("都对得上"), _("订单、商品行、退款、动账和每日报表说的一样"), "ok", "ok"))
    return ui.TodoList(items)


def _waiting_url(name: str) -> str:
    if name in WAITS:
        return reverse("imports_health_waits", args=[name])
    return reverse("imports_health_nameless")


def _repairs(request: HttpRequest, shop: Shop) -> ui.TodoList | None:
    """What a person can do about what stands above, each with its button."""
    if request.role not in MARKETING:  # type: ignore[attr-defined]
        return None
    under_way = _("正在重算") if jobs.under_way("features", shop=shop) else ""
    repairs = [
        (
            _("再导一次"),
            _("补缺的日子、改好的行、换成更新的导出；同一份文件再导一次什么都不变"),
            ui.Action(_("导入文件"), reverse("import_new"), small=True),
        ),
        (
            _("撤回一次导入"),
            _("点开那次导入，撤回：所有表退回到它之前的版本；先说清楚会一起退掉什么"),
            ui.Action(_("选一次导入"), f"{reverse('imports')}?state={ImportState.DONE}", small=True),
        ),
        (
            _("重算客户特征"),
            _("从订单重新算每位客户的次数、金额、分组；平时每次导入后自己更新"),
            ui.Action(
                _("重算"), reverse("imports_health_recount"), method="post", small=True, why_not=under_way
            ),
        ),
        (
            _("表坏了"),
            _("在装老客的电脑上运行 laoke doctor：说清楚哪张表好到哪个版本，加 --repair 修好"),
            ui.Action(_("看保养"), reverse("settings_upkeep"), small=True),
        ),
    ]
    return ui.TodoList([ui.Todo(text, note, action=action) for text, note, action in repairs])


def _tables(entry: CatalogEntry, shop: Shop, now: datetime) -> ui.Table:
    """The tables of the installation: all its shops share them."""
    written = _written(entry)
    rows = [
        ui.Row(
            [
                ui.Cell(table_name(one.table), sub=one.table),
                figures.exact(one.rows),
                size_text(one.bytes),
                figures.exact(one.files),
                figures.exact(one.version),
                figures.when(written.get(one.table), now),
            ]
        )
        for one in table_sizes(Warehouse(settings.PLACE.warehouse), entry.versions)
    ]
    return ui.Table(
        [
            ui.Column("table", _("表"), "nowrap"),
            ui.Column("rows", _("行"), "num", label_on_card=_("行")),
            ui.Column("size", _("大小"), "num"),
            ui.Column("files", _("文件"), "num", priority=2, label_on_card=_("文件")),
            ui.Column("version", _("版本"), "num", priority=2, label_on_card=_("版本")),
            ui.Column("written", _("最近写入"), "nowrap", priority=3, card="end"),
        ],
        rows,
        caption=_("事实表"),
    )


def _written(entry: CatalogEntry) -> dict[str, datetime]:
    """When the present version of each table first stood in the catalog, as far back as a week goes."""
    found = dict.fromkeys(entry.versions, entry.created_at)
    since = entry.created_at - timedelta(days=7)
    recent = CatalogEntry.objects.filter(pk__lt=entry.pk, created_at__gte=since).order_by("-pk")
    going = set(found)
    for versions, at in recent.values_list("versions", "created_at").iterator():
        going = {table for table in going if versions.get(table) == entry.versions[table]}
        for table in going:
            found[table] = at
        if not going:
            break
    return found


@allowed(*MARKETING)
@require_POST
def recount(request: HttpRequest) -> HttpResponse:
    shop = shop_of(request)
    jobs.queue_once("features", shop=shop, now=clock_of(request).now(), by=request.user)  # type: ignore[arg-type]
    messages.success(request, _("排上了，后台马上重算"))
    return redirect("imports_health")
