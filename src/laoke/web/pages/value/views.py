"""The page of customer value: which model and why, how it did in the hold-out, its parameters, and what it tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from laoke.audiences.readings import NotReady, Reading, reading_of
from laoke.customers import profiles
from laoke.insights.models import ValueReport
from laoke.insights.value import BANDS, JOB, spend_bands, top_customers
from laoke.shops import jobs
from laoke.shops.models import Job, Shop
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import MARKETING, allowed, clock_of, may_market, shop_of
from laoke.web.charts.value import bands, calibration
from laoke.web.nav import SELLING
from laoke.web.nothing_yet import nothing_yet
from laoke.web.pages.customers.listing import title_of
from laoke.web.pages.value import words
from laoke.web.pages.value.card import orders_text

TOP = 20
MOST_REPEATS = 7  # the last row of the hold-out's table by purchases holds more too


@dataclass(frozen=True)
class ValuePage:
    """Everything the page shows; without a usable way only `why` and `refusals`."""

    as_of: date
    held_out: str
    why: str
    refusals: list[tuple[Any, str]]
    kpis: ui.Kpis | None
    models: ui.Table | None
    by_frequency: ui.ChartCard | None
    by_forecast: ui.ChartCard | None
    parameters: ui.Table | None
    fit_note: str
    spread: ui.ChartCard | None
    top: ui.Table | None
    running: ui.Progress | None
    may_change: bool


@allowed(*SELLING)
def value(request: HttpRequest) -> HttpResponse:
    """The page; before the first computation it says what to wait for."""
    shop, now = shop_of(request), clock_of(request).now()
    may_change = may_market(request)
    running = _running(shop)
    try:
        reading = reading_of(shop, now.date())
    except NotReady as trouble:
        empty = nothing_yet(trouble.code, request.role)  # type: ignore[attr-defined]
        return render(request, "customers/none.html", {"title": _("客户价值"), "empty": empty})
    report = ValueReport.objects.filter(shop=shop).first()
    if report is None:
        return render(
            request,
            "value/waiting.html",
            {"empty": _waiting(shop), "running": running, "may_change": may_change},
        )
    return render(
        request, "value/page.html", {"page": _page(shop, reading, report, now, running, may_change)}
    )


@require_POST
@allowed(*MARKETING)
def again(request: HttpRequest) -> HttpResponse:
    """Value the customers anew."""
    now = clock_of(request).now()
    jobs.queue_once(JOB, shop=shop_of(request), now=now, by=request.user)  # type: ignore[arg-type]
    messages.success(request, gettext("正在重新计算客户价值，算完这里就换成新的"))
    return redirect("value")


def _running(shop: Shop) -> ui.Progress | None:
    job = jobs.under_way(JOB, shop=shop)
    if job is None:
        return None
    return ui.Progress(_("正在计算客户价值"), 100.0 * job.done / job.total if job.total else 0.0)


def _waiting(shop: Shop) -> ui.Empty:
    failed = Job.objects.filter(shop=shop, kind=JOB).order_by("-pk").first()
    if failed is not None and failed.state == "failed":
        return ui.Empty(_("上次没有算成"), _("可以再算一次；还不行就看看「设置」里的体检"))
    return ui.Empty(_("还没有算过"), _("导入订单以后自动计算，一般几分钟内就好"))


def _page(
    shop: Shop,
    reading: Reading,
    report: ValueReport,
    now: datetime,
    running: ui.Progress | None,
    may_change: bool,
) -> ValuePage:
    found = report.report
    chosen = _chosen(found)
    told = report.model != ""
    return ValuePage(
        as_of=report.as_of_day,
        held_out=_held_out(found, now),
        why=_why(found, chosen),
        refusals=[(words.model(row["model"]), words.refusal(row)) for row in found["refusals"]],
        kpis=_kpis(found) if told else None,
        models=_models(found) if told else None,
        by_frequency=_by_frequency(chosen) if chosen else None,
        by_forecast=_by_forecast(chosen) if chosen else None,
        parameters=_parameters(found) if told and (found["fit"] or found["amounts"]) else None,
        fit_note=_fit_note(found) if told else "",
        spread=_spread(reading) if told else None,
        top=_top(shop, reading) if told else None,
        running=running,
        may_change=may_change,
    )


def _chosen(found: dict[str, Any]) -> dict[str, Any] | None:
    """The hold-out of the model that is used; where none is, that of each customer's own rate."""
    if not found["model"]:
        return None
    for trial in found["trials"]:
        if trial["model"] == found["model"]:
            return dict(trial["score"])
    return dict(found["own_rate"])


def _held_out(found: dict[str, Any], now: datetime) -> str:
    if "held_out_from" not in found:
        return ""
    since = figures.day(date.fromisoformat(found["held_out_from"]), now)
    return gettext("拿 %(day)s以后的 %(n)s 天检验") % {"day": since, "n": figures.exact(found["horizon"])}


def _why(found: dict[str, Any], chosen: dict[str, Any] | None) -> str:
    """Which way is used and why, in a sentence or two."""
    if chosen is None:
        return gettext("现在还说不出客户价值，原因见下")
    if found["model"] == "rates":
        return gettext(
            "没有一个模型通得过检验，所以照实用同类客户的回购率：和每位客户买过一样多次、隔了一样久的人，后来平均买了多少"
        )
    numbers = {
        "model": words.model(found["model"]), "forecast": figures.exact(round(chosen["forecast"])),
        "actual": figures.exact(chosen["actual"]),
        "missed": figures.percent(chosen["forecast"] / chosen["actual"] - 1) if chosen["actual"] else "—",
        "inside": figures.percent(chosen["inside"], 0),
    }  # fmt: skip
    return (
        gettext(
            "用 %(model)s：站在检验期之前，它给后来真实发生的结果的可能最大。它说会有 %(forecast)s 单，"
            "实际 %(actual)s 单（差 %(missed)s）；说九成的人会落在各自的范围里，实际 %(inside)s"
        )
        % numbers
    )


def _kpis(found: dict[str, Any]) -> ui.Kpis:
    year = found["totals"][-1]
    alive = found["alive"]
    spend = found["spend"]
    checked = ""
    if spend["forecast"] is not None and spend["actual"]:
        checked = gettext("检验期说 %(told)s，实际 %(came)s") % {
            "told": figures.yuan_short(round(spend["forecast"] * 100)),
            "came": figures.yuan_short(round(spend["actual"] * 100)),
        }
    of_all = gettext("买过的 %(n)s 人里") % {"n": figures.exact(found["customers"])}
    return ui.Kpis(
        [
            ui.Kpi(_("老客一年内预计花"), figures.Amount.money(year["cents"]), note=checked),
            ui.Kpi(
                _("预计再买"), figures.Amount.count(round(year["orders"]), _("次")),
                note=gettext("一年内，同一天算一次"),
            ),
            ui.Kpi(
                _("还是客户的"),
                figures.Amount.count(round(alive), _("人")) if alive is not None else "—",
                note=of_all if alive is not None else gettext("回购率说不出谁还在"),
            ),
            ui.Kpi(
                _("最值钱的一成"), figures.Amount.share(found["best_tenth"]), note=gettext("占全部预计金额")
            ),
        ]
    )  # fmt: skip


def _models(found: dict[str, Any]) -> ui.Table:
    """Every way that was tried, side by side."""
    rows = [
        _model_row(trial["model"], trial["score"], found["model"], trial["refusal"])
        for trial in found["trials"]
    ]
    rows.append(_model_row("own", found["own_rate"], "", None))
    columns = [
        ui.Column("model", _("办法"), "wrap"),
        ui.Column("forecast", _("说有几单"), "num", label_on_card=_("说有几单")),
        ui.Column("missed", _("差"), "num", label_on_card=_("差")),
        ui.Column("error", _("每人平均差几单"), "num", priority=2, card="hide"),
        ui.Column("score", _("可能（平均对数）"), "num", card="hide"),
        ui.Column("inside", _("落在范围里"), "num", priority=2, label_on_card=_("落在范围里")),
        ui.Column("state", _("用不用"), "nowrap", card="end"),
    ]
    return ui.Table(columns, rows, caption=_("各种办法在检验期里"))


def _model_row(name: str, score: dict[str, Any] | None, used: str, refusal: dict[str, Any] | None) -> ui.Row:
    label = ui.Cell(words.model(name), sub=words.ABOUT[name]) if name != "own" else _("照各人原来的快慢")
    state: Any = ui.Tag(_("在用"), "ok") if name == used else _("没通过") if refusal else _("备选")
    if name == "own":
        state = _("对比用")
    if score is None:
        return ui.Row([label, "—", "—", "—", "—", "—", state])
    missed = figures.percent(score["forecast"] / score["actual"] - 1) if score["actual"] else "—"
    return ui.Row(
        [
            label, figures.exact(round(score["forecast"])), missed, f"{score['mean_absolute_error']:.3f}",
            f"{score['score']:.4f}", figures.percent(score["inside"], 0), state,
        ]
    )  # fmt: skip


CALIBRATION_COLUMNS = (
    ui.Column("customers", _("人数"), "num"),
    ui.Column("actual", _("实际（次/人）"), "num"),
    ui.Column("forecast", _("预计（次/人）"), "num"),
)


def _calibration(
    id: str, title: Any, head: Any, names: list[str], rows: list[dict[str, Any]], sub: str
) -> ui.ChartCard:
    labels = (_("实际"), _("预计"))
    option = calibration(
        names, [row["actual"] for row in rows], [row["forecast"] for row in rows], labels=labels
    )
    lines = [
        ui.Row([name, row["customers"], f"{row['actual']:.3f}", f"{row['forecast']:.3f}"])
        for name, row in zip(names, rows, strict=True)
    ]
    table = ui.Table([ui.Column("group", head), *CALIBRATION_COLUMNS], lines, caption=title, cards=False)
    legend = ui.Legend([(labels[0], "c1-soft", ""), (labels[1], "c1", "line")])
    return ui.ChartCard(
        id, title, option, table, label=_("检验期里每组客户平均买几次，实际和预计"), sub=sub, legend=legend
    )


def _by_frequency(score: dict[str, Any]) -> ui.ChartCard:
    rows = score["by_frequency"]
    names = [
        gettext("%(n)s 次以上") % {"n": MOST_REPEATS}
        if row["low"] == MOST_REPEATS
        else str(round(row["low"]))
        for row in rows
    ]
    return _calibration(
        "by-frequency", _("按之前回头的次数"), _("之前回头"), names, rows, gettext("线贴着柱顶，就是说得准")
    )


def _by_forecast(score: dict[str, Any]) -> ui.ChartCard:
    rows = score["by_forecast"]
    names = [str(place) for place in range(1, len(rows) + 1)]
    return _calibration(
        "by-forecast", _("按预计从低到高分十组"), _("组"), names, rows, gettext("右边实际也高，就是分得开")
    )


def _parameters(found: dict[str, Any]) -> ui.Table:
    rows = [
        ui.Row([
            ui.Cell(f"{one['name']} · {words.model(fit['model'])}", sub=words.PARAMETERS[one["name"]]),
            words.parameter_number(one["value"]), f"± {words.parameter_number(one['error'])}",
        ])
        for fit in (found["fit"], found["amounts"]) if fit
        for one in fit["parameters"]
    ]  # fmt: skip
    columns = [
        ui.Column("name", _("参数"), "wrap"),
        ui.Column("value", _("值"), "num"),
        ui.Column("error", _("标准误"), "num"),
    ]
    return ui.Table(columns, rows, caption=_("参数"), cards=False)


def _fit_note(found: dict[str, Any]) -> str:
    fit = found["fit"]
    if not fit:
        return ""
    return gettext("%(n)s 位客户，%(groups)s 种不同的经历；对数似然 %(loglik)s，走了 %(steps)s 步") % {
        "n": figures.exact(fit["customers"]), "groups": figures.exact(fit["groups"]),
        "loglik": f"{fit['loglik']:,.1f}", "steps": fit["evaluations"],
    }  # fmt: skip


def _spread(reading: Reading) -> ui.ChartCard:
    found = {row["band"]: row for row in spend_bands(reading.reader, reading.shop_id)}
    lines = [figures.exact(cents // 100) for cents in BANDS]
    names = [
        gettext("不到 %(n)s") % {"n": lines[0]},
        *(f"{low}–{high}" for low, high in pairwise(lines)),
        gettext("%(n)s 以上") % {"n": lines[-1]},
    ]
    persons = [found[at]["persons"] if at in found else 0 for at in range(len(names))]
    money = [found[at]["spend_cents"] if at in found else 0 for at in range(len(names))]
    whole = sum(money)
    rows = [
        ui.Row([name, n, figures.cents(cents), figures.percent(cents / whole) if whole else ""])
        for name, n, cents in zip(names, persons, money, strict=True)
    ]
    columns = [
        ui.Column("band", _("一年内预计花（元）")),
        ui.Column("persons", _("人数"), "num"),
        ui.Column("spend", _("预计合计（元）"), "num"),
        ui.Column("share", _("占比"), "num"),
    ]
    return ui.ChartCard(
        "spread", _("预计金额怎么分布"), bands(names, persons, _("人数")),
        ui.Table(columns, rows, caption=_("预计金额怎么分布"), cards=False),
        label=_("按一年内预计花多少，各有多少人"), sub=gettext("元"),
    )  # fmt: skip


def _top(shop: Shop, reading: Reading) -> ui.Table:
    found = top_customers(reading.reader, reading.shop_id, TOP)
    masks = profiles.masks_of(shop, [row["person_id"] for row in found])
    rows = []
    for row in found:
        title = title_of(row["person_id"], masks.get(row["person_id"], profiles.Masks()))
        high = row["spend_365_high"]
        between = (
            figures.NOTHING
            if high is None
            else f"{figures.cents(row['spend_365_low'])} – {figures.cents(high)}"
        )
        rows.append(
            ui.Row(
                [
                    title, figures.percent(row["p_alive"], 0), orders_text(row["orders_365"]),
                    figures.cents(row["spend_365"]), between,
                ],
                url=reverse("customer", args=[row["person_id"]]),
            )
        )  # fmt: skip
    columns = [
        ui.Column("who", pgettext_lazy("one of a list", "客户")),
        ui.Column("alive", _("还是客户"), "num"),
        ui.Column("orders", _("一年内预计次数"), "num", card="hide"),
        ui.Column("spend", _("一年内预计（元）"), "num", label_on_card="¥"),
        ui.Column("between", _("九成在"), "num", card="hide", priority=2),
    ]
    return ui.Table(columns, rows, caption=_("预计花得最多的客户"))
