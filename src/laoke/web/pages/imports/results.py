"""Views of what became of a file: sums that add up, what changed, rows put aside, what comes next."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_GET, require_POST

from laoke.customers.models import Purpose
from laoke.insights.orders import states_of_import
from laoke.intake.loading.quarantine import KEPT_DAYS, as_csv, reasons_of
from laoke.intake.models import ImportRun, ImportState, QuarantinedRow
from laoke.intake.reading.kinds import FACT_KINDS
from laoke.intake.reading.messages import profile_title, role_name, row_is
from laoke.intake.reading.profiles import profiles
from laoke.intake.reading.roles import ORDER_GRAINS
from laoke.intake.sent.wording import reason_told
from laoke.shops import catalog
from laoke.shops.joins import clauses
from laoke.shops.models import JobState, Role
from laoke.shops.uploads import size_text
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import MARKETING, allowed, clock_of, may_market, shop_of
from laoke.web.charts.imports import orders_by_day
from laoke.web.numbers import row_number
from laoke.web.pages.customers.words import ORDER_STATES
from laoke.web.pages.imports import undoing
from laoke.web.pages.imports.forms import FilesForm
from laoke.web.pages.imports.progress import failure_text, is_over
from laoke.web.pages.imports.words import refusal_text, sent_by
from laoke.web.pages.orders.words import order_url
from laoke.web.pages.overview.periods import day_of
from laoke.web.pages.overview.places import place

SEES = (Role.OWNER, Role.OPERATOR, Role.ANALYST, Role.AUDITOR)
ORDERS_SHOWN = 10
TELLS_PEOPLE = (*ORDER_GRAINS, "customer")
# Terms of the sum with their colours, in the order in which they stand.
PARTS = {"accepted": "c1", "unchanged": "c0", "quarantined": "bad", "held_back": "c2"}


@dataclass(frozen=True)
class SumPart:
    """A term of the sum: rows and money."""

    label: str
    key: str
    rows: int
    money: str


@dataclass(frozen=True)
class ResultPage:
    """What became of one file."""

    title: str
    tag: ui.Tag | None
    facts: list[str]
    trouble: ui.Notice | None
    read: SumPart | None
    parts: list[SumPart]
    bar: ui.StackBar | None
    sum_line: str
    changes: ui.Table | None
    days: ui.ChartCard | None
    orders: ui.Table | None
    reasons: ui.Table | None
    quarantined: int
    quarantine_note: str
    download_url: str
    mend_form: FilesForm | None
    people: ui.Facts | None
    keyless_note: str
    columns: ui.Table | None
    next_steps: ui.TodoList | None
    undo: ui.Action | None


def _run(request: HttpRequest, pk: int) -> ImportRun:
    return get_object_or_404(
        ImportRun.objects.select_related("job", "shop", "token"), pk=pk, shop=shop_of(request)
    )


@allowed(*SEES)
@require_GET
def result(request: HttpRequest, pk: int) -> HttpResponse:
    run, now = _run(request, pk), clock_of(request).now()
    may = may_market(request)
    if run.finished_at is None and run.job is not None and not is_over(run.job) and may:
        return redirect("import_running", run.job_id)
    page = _page(run, now, may)
    return render(request, "imports/result.html", {"page": page, "run": run})


def _page(run: ImportRun, now: datetime, may: bool) -> ResultPage:
    done = run.state == ImportState.DONE
    rows = run.quarantined.count()
    sums = _parts(run) if done else []
    balanced = done and _adds_up(run)
    return ResultPage(
        title=_title(run, balanced),
        tag=ui.Tag(_("行数与金额守恒"), "ok", "check") if balanced else None,
        facts=_facts(run, now),
        trouble=_trouble(run) or _undoing(run),
        read=SumPart(_("文件里读到"), "", run.counts.get("read", 0), figures.yuan(run.money.get("read")))
        if done
        else None,
        parts=sums,
        bar=_bar(sums) if sums else None,
        sum_line=_sum_line(run) if balanced else "",
        changes=_changes(run, now) if done else None,
        days=_days(run) if done and run.grain in ORDER_GRAINS else None,
        orders=_orders(run) if done and run.grain in (*ORDER_GRAINS, "refund") else None,
        reasons=_reasons(run, rows) if rows else None,
        quarantined=rows,
        quarantine_note=_quarantine_note(run, rows),
        download_url=reverse("import_quarantine", args=[run.pk]) if rows and may else "",
        mend_form=FilesForm(auto_id="mend_%s") if rows and may else None,
        people=_people(run) if done and run.grain in TELLS_PEOPLE and run.detail.get("people") else None,
        keyless_note=_keyless(run) if run.grain in ORDER_GRAINS else "",
        columns=_columns(run) if run.mapping or run.profile else None,
        next_steps=_next(run, rows, may) if done else None,
        undo=ui.Action(_("撤回这次导入"), reverse("import_undo", args=[run.pk]))
        if done and may and not undoing.is_under_way(run)
        else None,
    )


def _title(run: ImportRun, balanced: bool) -> str:
    if run.state == ImportState.DONE:
        return _("导入完成，全部对得上") if balanced else _("导入完成")
    if run.state == ImportState.REFUSED:
        return _("没有导入")
    return str(ImportState(run.state).label)


def _facts(run: ImportRun, now: datetime) -> list[str]:
    encoding = str(run.detail.get("encoding") or "").upper()
    profile = profiles().get(run.profile)
    title = profile_title(profile) if profile else ""
    if run.profile == "mapping" and run.token is None:
        title = _("按指定的列")
    kind = row_is(run.grain) if run.grain not in ORDER_GRAINS and not profile else ""
    parts = [size_text(run.file_size), encoding, title, kind]
    facts = [run.file_name, " · ".join(part for part in parts if part)]
    if run.token is not None:
        facts.append(sent_by(run.token))
    if run.finished_at is not None:
        spent = (run.finished_at - run.created_at).total_seconds()
        facts.append(
            _("%(when)s 开始，用时 %(spent)s")
            % {"when": figures.when(run.created_at, now), "spent": figures.duration(spent)}
        )
    return facts


def _trouble(run: ImportRun) -> ui.Notice | None:
    if run.state == ImportState.REFUSED:
        again = ui.Action(_("换个文件"), reverse("import_new"), small=True)
        return ui.Notice(refusal_text(run), _("文件没有导入，已有的数据没有变"), "bad", action=again)
    if run.state == ImportState.CANCELLED:
        return ui.Notice(_("没有导入任何数据。"), _("已取消"), "warn")
    if run.state == ImportState.UNDONE:
        again = ui.Action(_("再导一次"), reverse("import_new"), small=True)
        told = _("数据退回到了这次导入之前，它的订单不再算。认出的客户还在。")
        return ui.Notice(told, _("已撤回"), "warn", action=again)
    if run.state != ImportState.DONE:
        return ui.Notice(
            _("写完之前页面上看不到它的数据。中断了就再导一次同一个文件，会接着做完。"),
            _("还没导完"),
            "warn",
        )
    return None


def _undoing(run: ImportRun) -> ui.Notice | None:
    """That it is being taken back, or why that could not be done."""
    job = undoing.last_try(run)
    if job is None or job.state == JobState.DONE:
        return None
    if job.state == JobState.FAILED:
        return ui.Notice(failure_text(job), _("没有撤回"), "bad")
    return ui.Notice(_("后台正在做，做完这一页会写着已撤回。"), _("正在撤回"), "")


def _adds_up(run: ImportRun) -> bool:
    return all(
        "read" in given and given["read"] == sum(given.get(name, 0) for name in PARTS)
        for given in (run.counts, run.money)
    )


def _parts(run: ImportRun) -> list[SumPart]:
    labels = {
        "accepted": _("接受"),
        "unchanged": _("未变"),
        "quarantined": _("隔离"),
        "held_back": _("截止后未导"),
    }
    return [
        SumPart(labels[name], key, run.counts[name], figures.yuan(run.money.get(name)))
        for name, key in PARTS.items()
        if name in run.counts and (name != "held_back" or run.counts[name])
    ]


def _bar(parts: list[SumPart]) -> ui.StackBar:
    shown = [
        ui.Part(part.label, part.rows, figures.exact(part.rows), part.key) for part in parts if part.rows
    ]
    return ui.StackBar(shown, label=_("每部分的行数"), tall=True, legend=False)


def _sum_line(run: ImportRun) -> str:
    """The sum in money, when there is more than one term, and what could not be counted."""
    terms = [figures.yuan(run.money[name]) for name in PARTS if run.money.get(name)]
    parts = []
    if len(terms) > 1:
        sums = {"read": figures.yuan(run.money["read"]), "terms": " + ".join(terms)}
        parts.append(_("%(read)s = %(terms)s，按%(role)s算。") % {**sums, "role": _summed(run)})
    unreadable = run.detail.get("money_unreadable", 0)
    if unreadable:
        parts.append(
            ngettext(
                "隔离行里有 %(n)s 行金额读不懂，按 0 计。",
                "隔离行里有 %(n)s 行金额读不懂，按 0 计。",
                unreadable,
            )
            % {"n": figures.exact(unreadable)}
        )
    return "".join(parts)


def _summed(run: ImportRun) -> str:
    """What of each row the sums add up."""
    kind = FACT_KINDS.get(run.grain)
    if kind is None:
        return _("订单总金额")
    return _("收入减支出") if run.grain == "money_move" else role_name(kind.money)


def _changes(run: ImportRun, now: datetime) -> ui.Table:
    counts, money, detail = run.counts, run.money, run.detail
    span = ""
    if detail.get("first_created") and detail.get("last_created"):
        first, last = (datetime.fromisoformat(detail[name]) for name in ("first_created", "last_created"))
        span = figures.day_range(first, last, now)
        if run.grain in ORDER_GRAINS:
            span = _("文件里的订单下于 %(range)s") % {"range": span}
    columns = [
        ui.Column("what", _("变化")),
        ui.Column("rows", _("行"), "num", label_on_card=_("行")),
        ui.Column("money", _("金额（元）"), "num"),
        ui.Column("note", _("说明"), "wrap", card="wide"),
    ]
    said = {
        "new": (_("新订单"), span),
        "changed": (_("状态或金额更新"), _("旧的状态留在订单历史里")),
        "unchanged": (_("没有变化"), _("以前导过，内容一样或更旧")),
    }
    if run.grain not in ORDER_GRAINS:
        said = {
            "new": (_("新的"), _("文件说的是 %(range)s") % {"range": span} if span else ""),
            "changed": (_("有更新"), _("以这份文件为准；文件没有的列不动")),
            "unchanged": (_("没有变化"), _("以前导过，或同一份文件里后面还有一行")),
        }
    rows = [
        ui.Row(
            [
                label,
                counts.get(name, 0),
                figures.cents(money.get(name)),
                ui.Cell(note, tone="muted"),
            ]
        )
        for name, (label, note) in said.items()
        if name in counts
    ]
    if not rows:
        rows = [ui.Row([_("接受"), counts.get("accepted", 0), figures.cents(money.get("accepted")), ""])]
    if run.grain == "refund" and detail["orders"].get("changed"):
        note = _("这些单的退款金额或状态随之更新")
        rows.append(ui.Row([_("影响的订单"), detail["orders"]["changed"], "", ui.Cell(note, tone="muted")]))
    if detail.get("waiting"):
        note = _("先等着，订单导进来就对上")
        rows.append(ui.Row([_("订单还没导入的"), detail["waiting"], "", ui.Cell(note, tone="muted")]))
    if run.grain in ORDER_GRAINS and detail.get("paid_cents") is not None:
        rows.append(ui.Row([_("其中买家实付"), "", figures.cents(detail["paid_cents"]), ""]))
        rows.append(ui.Row([_("其中退款"), "", figures.cents(-detail.get("refunded_cents", 0)), ""]))
    return ui.Table(columns, rows, caption=_("改变了什么"))


def _days(run: ImportRun) -> ui.ChartCard | None:
    from laoke.warehouse.engine import Reader

    entry = catalog.current()
    if entry is None:
        return None
    reader = Reader(settings.PLACE.warehouse, entry.versions)
    found = reader.query("import_days", shop_id=run.shop_id, import_id=run.pk).to_pylist()
    if not found:
        return None
    option, rows = orders_by_day([(day_of(row["day"]), row["orders"]) for row in found])
    table = ui.Table(
        [ui.Column("day", _("下单时间"), "nowrap"), ui.Column("orders", _("订单"), "num")],
        [ui.Row([name, orders]) for name, orders in rows],
        caption=_("订单落在哪几天"),
        foot=[_("合计"), sum(orders for _name, orders in rows)],
        tall=True,
    )
    return ui.ChartCard(
        "byday",
        _("这次写入的订单落在哪几天"),
        option,
        table,
        label=_("这次写入的订单按下单时间"),
        sub=_("后来的导入又改过的不算在内"),
        size="sm",
    )


def _orders(run: ImportRun) -> ui.Table | None:
    """Some of the orders that the file told a state of, each with the way to its history."""
    from laoke.warehouse.engine import Reader

    entry = catalog.current()
    if entry is None:
        return None
    reader = Reader(settings.PLACE.warehouse, entry.versions)
    found = states_of_import(reader, run.shop_id, run.pk, ORDERS_SHOWN)
    columns = [
        ui.Column("order", pgettext("one of a list", "订单"), "nowrap"),
        ui.Column("state", _("状态"), "nowrap", card="end"),
        ui.Column("paid", _("实付（元）"), "num", label_on_card=_("实付")),
        ui.Column("back", _("退款（元）"), "num", label_on_card=_("退款")),
    ]
    rows = [
        ui.Row(
            [
                row["order_id"],
                ORDER_STATES[row["status"]],
                figures.cents(row["paid_cents"]),
                figures.cents(row["refunded_cents"]),
            ],
            url=order_url(row["order_id"]),
            name=row["order_id"],
        )
        for row in found
    ]
    return ui.Table(columns, rows, caption=_("这次看到的订单")) if rows else None


def _reasons(run: ImportRun, total: int) -> ui.Table:
    reasons = reasons_of(run)
    columns = [
        ui.Column("reason", _("原因和怎么修"), "wrap"),
        ui.Column("rows", _("行"), "num", label_on_card=_("行")),
        ui.Column("money", _("金额（元）"), "num"),
        ui.Column("look", "", "min"),
    ]
    rows = []
    for one in reasons:
        url = f"{reverse('import_rows', args=[run.pk])}?reason={one.first.reason}"
        rows.append(
            ui.Row(
                [
                    ui.Cell(
                        reason_text(one.first),
                        sub=_("如第 %(line)s 行") % {"line": figures.exact(one.first.line)},
                    ),
                    one.rows,
                    figures.cents(one.cents),
                    ui.Action(
                        ngettext("看 %(n)s 行", "看 %(n)s 行", one.rows) % {"n": figures.exact(one.rows)},
                        url,
                        small=True,
                    ),
                ]
            )
        )
    foot: list[Any] = [
        _("合计"),
        total,
        figures.cents(sum(one.cents for one in reasons)),
        "",
    ]
    return ui.Table(columns, rows, caption=_("隔离的行"), foot=foot, roomy=True)


def reason_text(row: QuarantinedRow) -> str:
    """Why a row was put aside; a reason of an older version that has no sentence shows its code."""
    return reason_told(row.reason, row.params)


def _quarantine_note(run: ImportRun, rows: int) -> str:
    expected = run.counts.get("quarantined", 0)
    if rows < expected:
        return ngettext(
            "有 %(n)s 行隔离超过 %(days)s 天，已删除",
            "有 %(n)s 行隔离超过 %(days)s 天，已删除",
            expected - rows,
        ) % {
            "n": figures.exact(expected - rows),
            "days": KEPT_DAYS,
        }
    return _("没有进入任何统计，修好后可再次导入；%(days)s 天后删除") % {"days": KEPT_DAYS}


def _people(run: ImportRun) -> ui.Facts:
    people = run.detail["people"]
    keyless = sum(people.get("keyless", {}).values())
    facts: list[tuple[str, str]] = [
        (_("新客户"), figures.exact(people.get("new", 0))),
        (_("合并到已有的人"), figures.exact(people.get("joined", 0))),
        (
            _("联系方式 新 / 更新"),
            f"{people.get('contacts_new', 0):,} / {people.get('contacts_changed', 0):,}",
        ),
    ]
    if run.grain in ORDER_GRAINS:
        facts.append((_("没有客户标识的订单"), figures.exact(keyless)))
    else:
        facts += _said_of_people(people)
    if people.get("erased"):
        facts.append((_("已注销、不再识别的人"), figures.exact(people["erased"])))
    return ui.Facts(facts)


def _said_of_people(people: dict[str, Any]) -> list[tuple[str, str]]:
    """Of a list of customers: tags, refusals, and agreements, which count for nothing before they are declared."""
    facts = [(_("打上的标签"), figures.exact(people.get("tagged", 0)))]
    if people.get("tags_refused"):
        facts.append((_("没有用的标签（太长、太多或法律不认）"), figures.exact(people["tags_refused"])))
    if people.get("refused"):
        facts.append((_("文件里写着退订，已登记"), figures.exact(people["refused"])))
    labels = {"sms": _("文件里写着愿意收短信"), "email": _("文件里写着愿意收邮件")}
    for key, count in sorted(people.get("agreed", {}).items()):
        channel, _colon, purpose = key.partition(":")
        label = labels[channel]
        if purpose:
            named = dict(Purpose.choices).get(purpose, _("目的写得认不出"))
            label = _("%(agreed)s（%(purpose)s）") % {"agreed": label, "purpose": named}
        said = _("%(n)s 位；有凭证的，到设置里登记同意才算") % {"n": figures.exact(count)}
        facts.append((label, said))
    return facts


def _keyless(run: ImportRun) -> str:
    keyless = run.detail.get("people", {}).get("keyless", {})
    parts = []
    if keyless.get("masked"):
        parts.append(
            ngettext(
                "%(n)s 单的昵称被平台打了星号，认不出是谁",
                "%(n)s 单的昵称被平台打了星号，认不出是谁",
                keyless["masked"],
            )
            % {"n": figures.exact(keyless["masked"])}
        )
    if keyless.get("missing"):
        parts.append(
            ngettext(
                "%(n)s 单没有昵称、会员号这些能认人的列",
                "%(n)s 单没有昵称、会员号这些能认人的列",
                keyless["missing"],
            )
            % {"n": figures.exact(keyless["missing"])}
        )
    if not parts:
        return ""
    return clauses(parts) + _("。这些单照样计入销售，只是不算到哪位客户头上。")


def _columns(run: ImportRun) -> ui.Table | None:
    from laoke.intake.reading.profiles import recognise

    mapping: dict[str, str] = run.mapping
    header = run.detail.get("header") or []
    if not mapping and run.profile in profiles():
        fitting = [one for one in recognise(header) if one.profile.id == run.profile]
        mapping = fitting[0].mapping if fitting else {}
    if not mapping:
        return None
    rows = [ui.Row([name, role_name(role)]) for role, name in mapping.items()]
    columns = [ui.Column("header", _("文件里的列"), "nowrap"), ui.Column("role", _("当作"))]
    return ui.Table(columns, rows, caption=_("列是这样认的"), tall=True)


def _next(run: ImportRun, quarantined: int, may: bool) -> ui.TodoList:
    new = run.detail.get("people", {}).get("new", 0)
    items = []
    customers, consent = place("customers"), place("settings_consent")
    if run.counts.get("accepted") and run.grain in (*ORDER_GRAINS, "refund"):
        look = ui.Action(_("看客户"), customers, small=True) if customers else None
        items.append(ui.Todo(_("客户分组已更新"), icon="ok", tone="ok", action=look))
    if new and may:
        text = ngettext("%(n)s 位新客户还没有营销同意", "%(n)s 位新客户还没有营销同意", new) % {
            "n": figures.exact(new)
        }
        act = ui.Action(_("登记依据"), consent, small=True) if consent else None
        items.append(ui.Todo(text, _("登记依据之前，只能发订单通知"), icon="warn", tone="warn", action=act))
    if quarantined:
        text = ngettext("%(n)s 行没读进来", "%(n)s 行没读进来", quarantined) % {
            "n": figures.exact(quarantined)
        }
        items.append(ui.Todo(text, _("下载、改好、再导一次，不会重复"), icon="warn", tone="warn"))
    items.append(
        ui.Todo(_("看店铺总览"), icon="info", action=ui.Action(_("打开"), reverse("overview"), small=True))
    )
    return ui.TodoList(items)


@dataclass(frozen=True)
class RowsPage:
    """Rows of an import that were put aside, by line."""

    title: str
    table: ui.Table
    filters: ui.Filters


@allowed(*SEES)
@require_GET
def rows(request: HttpRequest, pk: int) -> HttpResponse:
    run = _run(request, pk)
    found = run.quarantined.defer("sealed")
    reason = request.GET.get("reason", "").replace("\0", "")
    chips = []
    if reason:
        found = found.filter(reason=reason)
        example = found.first()
        label = reason_text(example) if example else reason
        chips.append(ui.Chip(_("原因"), label, lists.without_place(request, reason=None)))
    if wanted := lists.searched(request):
        line = row_number(wanted)
        found = found.none() if line is None else found.filter(line=line)
    columns = [
        ui.Column("line", _("行号"), "num"),
        ui.Column("reason", _("原因和怎么修"), "wrap", card="wide"),
        ui.Column("money", _("金额（元）"), "num", card="end"),
    ]
    listing = lists.Listing(
        _("隔离的行"),
        found,
        ("line", "pk"),
        columns,
        lines=lambda rows: [ui.Row([row.line, reason_text(row), figures.cents(row.cents)]) for row in rows],
    )
    if sheets.wanted(request):
        return listing.sheet(request)
    count = found.count()
    table = listing.table(
        listing.found(request),
        request,
        empty=ui.Empty(_("没有这样的行")),
        order=_("按行号"),
        count=_("共 %(n)s 行") % {"n": figures.exact(count)},
    )
    filters = lists.filters(request, _("行号"), count=count, keep=("reason",), chips=chips)
    page = RowsPage(_("隔离的行"), table, filters)
    return render(request, "imports/rows.html", {"page": page, "run": run})


@allowed(*MARKETING)
@require_POST
def download(request: HttpRequest, pk: int) -> HttpResponse:
    """The rows put aside, to be mended and imported again; one audit row tells who took them."""
    run = _run(request, pk)
    if not run.quarantined.exists():
        raise Http404
    text = as_csv(run, actor=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    # The mark of UTF-8 lets Excel show the Chinese; the reader knows it.
    response = HttpResponse(
        codecs.BOM_UTF8 + text.encode("utf-8", "replace"), content_type="text/csv; charset=utf-8"
    )
    stem = run.file_name.rsplit(".", 1)[0]
    response["Content-Disposition"] = content_disposition_header(
        True, _("%(name)s-隔离.csv") % {"name": stem}
    )
    response["Cache-Control"] = "no-store"
    return response
