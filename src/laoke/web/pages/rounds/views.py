"""The list of rounds, one round's page, and the checks that load behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext, ngettext, pgettext

from laoke.audiences.slow_counts import SHOWN, on_page
from laoke.campaigns.advice import say_advice
from laoke.campaigns.checks import Check, RoundChecks, check_round
from laoke.campaigns.models import Round, RoundState
from laoke.campaigns.rounds import RoundStatus, round_status
from laoke.customers.models import Channel
from laoke.dispatch.models import Reply
from laoke.dispatch.planning import Funnel
from laoke.dispatch.text.preview import millis_to_cents
from laoke.shops.joins import clauses, named
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import allowed, clock_of, may_market, shop_of
from laoke.web.nav import SELLING
from laoke.web.pages.campaigns.facts import RoundFigures, round_figures
from laoke.web.pages.campaigns.gantt import day_text
from laoke.web.pages.rounds.finding import find_round
from laoke.web.pages.rounds.forms import ResultForm, TestForm
from laoke.web.pages.rounds.funnels import WhyAnswer, funnel_of, why
from laoke.web.pages.rounds.lists import GivenList, given_lists
from laoke.web.pages.rounds.preview import TextPreview, text_preview
from laoke.web.pages.rounds.progress import ProgressPart, moves, progress_part
from laoke.web.pages.rounds.states import message_status, round_status_word

TEST_CODES = {"test"}
OPEN = (RoundState.DRAFT, RoundState.FROZEN)


@dataclass(frozen=True)
class RoundList:
    """The rounds of all campaigns, the one that goes next on top."""

    table: ui.Table
    filters: ui.Filters
    tabs: ui.Tabs


@dataclass(frozen=True)
class RoundPage:
    """One round. `checks` of a drafted round are loaded behind the page."""

    round: Round
    tag: str
    status: ui.Status
    facts: str
    segment: str
    stepper: ui.Stepper
    progress: ProgressPart | None
    preview: TextPreview | None
    advice: list[str]
    funnel: ui.Funnel | None
    test: TestForm | None
    tested: ui.Status | None
    test_url: str
    actions: list[ui.Action]
    dialogs: list[ui.Dialog]
    may_edit: bool
    is_open: bool
    lists: list[GivenList]
    results: ResultForm | None
    replies: int


@dataclass(frozen=True)
class ChecksPart:
    """What a round lacks, the funnel it would have, and the question before sending."""

    round: Round
    todo: ui.TodoList | None
    fine: ui.TodoList | None
    sub: str
    funnel: ui.Funnel | None
    stepper: ui.Stepper
    launch: ui.Action
    dialog: ui.Dialog | None
    preview: TextPreview | None


@allowed(*SELLING)
def round_list(request: HttpRequest) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    over = request.GET.get("view") == "over"
    ended = Q(state__in=(RoundState.DONE, RoundState.CANCELLED))
    rows = Round.objects.filter(campaign__shop=shop)
    counts = {"open": rows.exclude(ended).count(), "over": rows.filter(ended).count()}
    rows = rows.filter(ended) if over else rows.exclude(ended)
    if wanted := lists.searched(request):
        rows = rows.filter(Q(name__icontains=wanted) | Q(campaign__name__icontains=wanted))
    count = rows.count()
    listing = lists.Listing(
        gettext("轮次"),
        rows.select_related("campaign", "segment"),
        ("-opens_at", "pk") if over else ("opens_at", "pk"),
        columns=[
            ui.Column("round", pgettext("one of a list", "轮次")),
            ui.Column("campaign", pgettext("one of a list", "活动"), "nowrap"),
            ui.Column("segment", gettext("人群"), "nowrap", priority=2, card="hide"),
            ui.Column("channel", gettext("渠道"), "nowrap", priority=2, card="hide"),
            ui.Column("window", gettext("时间"), "nowrap"),
            ui.Column("planned", gettext("计划发"), "num", card="hide"),
            ui.Column("sent", gettext("已发"), "num", card="hide"),
            ui.Column("delivered", gettext("送达率"), "num", priority=3, card="hide"),
            ui.Column("state", gettext("状态"), "nowrap", card="end"),
        ],
        lines=lambda found: _rows(found, now),
    )
    if sheets.wanted(request):
        return listing.sheet(request)
    table = listing.table(
        listing.found(request),
        request,
        empty=ui.Empty(
            gettext("没有要发的轮次") if not over else gettext("还没有发完的轮次"),
            gettext("轮次在活动里排"),
            ui.Action(gettext("看活动"), reverse("campaigns")),
        ),
        order=gettext("发得晚的在前") if over else gettext("先发的在前"),
        count=ngettext("共 %(n)s 轮", "共 %(n)s 轮", count) % {"n": figures.exact(count)},
    )
    tabs = ui.Tabs(
        [
            ui.Tab(gettext("要发的"), reverse("rounds"), not over, figures.exact(counts["open"])),
            ui.Tab(gettext("发过的"), "?view=over", over, figures.exact(counts["over"])),
        ],
        gettext("哪些轮次"),
    )
    filters = lists.filters(request, gettext("轮次名、活动名"), count=count, keep=("view",))
    return render(request, "rounds/list.html", {"page": RoundList(table, filters, tabs)})


def _rows(found: list[Round], now: datetime) -> list[ui.Row]:
    counted = round_figures(found)
    return [_row(row, counted.get(row.pk), now) for row in found]


def _row(row: Round, found: RoundFigures | None, now: datetime) -> ui.Row:
    return ui.Row(
        [
            row.title,
            row.campaign.name,
            ui.Tag(row.segment.name if row.segment else gettext("自己写的条件")),
            row.get_channel_display(),
            f"{day_text(row.opens_at, now)} – {day_text(row.closes_at, now)}",
            figures.exact(found.treated) if found else "",
            figures.exact(found.sent) if found and found.sent else "",
            figures.percent(found.delivered_share) if found and row.channel == Channel.SMS else "",
            round_status_word(row, found.percent if found else None, sent=found.sent if found else 0),
        ],
        id=str(row.pk),
        name=row.name,
        url=reverse("round", args=[row.pk]),
    )


@allowed(*SELLING)
def round_home(request: HttpRequest, pk: int) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    row, may_edit = find_round(shop, pk), may_market(request)
    status = round_status(row, now)
    is_open = row.state in OPEN
    launched = row.occasion is not None and row.occasion.launched_at is not None
    people = status.funnel.treated if status.funnel else 0
    preview = _preview(row, people, request.GET.get("case", "usual"))
    if request.htmx and request.headers.get("HX-Target") == "text-preview":  # type: ignore[attr-defined]
        return render(
            request, "rounds/phone.html", {"preview": preview, "url": reverse("round", args=[row.pk])}
        )
    tested, test_url = last_test(row)
    replies = 0
    if launched and row.occasion is not None:
        replies = Reply.objects.filter(shop=shop, received_at__gte=row.occasion.launched_at).count()
    page = RoundPage(
        row,
        row.get_channel_display(),
        round_status_word(row, sent=status.progress.reached if status.progress else 0),
        f"{day_text(row.opens_at, now)} – {day_text(row.closes_at, now)}",
        row.segment.name if row.segment else row.segment_text,
        _stepper(row, status, None),
        progress_part(status, now) if launched else None,
        preview,
        [say_advice(one) for one in row.advice],
        funnel_of(status.funnel, row) if status.funnel and not is_open else None,
        TestForm() if may_edit and row.state in OPEN and row.channel == Channel.SMS else None,
        tested,
        test_url,
        _actions(row, may_edit),
        _dialogs(row, status, now) if may_edit else [],
        may_edit,
        is_open,
        given_lists(row, now),
        ResultForm() if may_edit and launched and row.channel == Channel.HANDOVER else None,
        replies,
    )
    return render(request, "rounds/detail.html", {"page": page})


def _preview(row: Round, people: int, case: str) -> TextPreview | None:
    if row.channel != Channel.SMS or not row.body:
        return None
    gateway = row.gateway
    return text_preview(
        row.signature,
        row.body,
        kind="marketing",
        provider=gateway.provider if gateway else "default",
        price_millis=gateway.price_millis if gateway else 0,
        people=people,
        case=case,
        values=row.variables,
    )


def last_test(row: Round) -> tuple[ui.Status | None, str]:
    """The state of the last test; while it is on its way the page asks again."""
    if row.test_occasion is None:
        return None, ""
    state = row.test_occasion.messages.values_list("state", flat=True).first()
    if state is None:
        return None, ""
    moving = state in ("planned", "claimed", "sending", "accepted", "unknown")
    return message_status(state), reverse("round_test_state", args=[row.pk]) if moving else ""


def _stepper(row: Round, status: RoundStatus, checks: RoundChecks | None) -> ui.Stepper:
    """人群 内容 检查 试发 发送 回执; checks fill the first four when they are known. A round by lists has no test."""
    launched = row.state not in OPEN and row.occasion is not None
    people = status.funnel.segment if status.funnel else checks.people if checks else None
    missing = {check.code for check in checks.missing} if checks else set()
    others = missing - TEST_CODES
    counts = status.progress.states if status.progress else {}
    done = row.state == RoundState.DONE
    by_list = row.channel == Channel.HANDOVER
    sent = status.progress.reached if status.progress else 0
    # While something moves the card below counts by itself; these are drawn once and would contradict it.
    counted = launched and (bool(sent) if by_list else not moves(row, counts))
    facts = {
        "segment": ngettext("%(n)s 人", "%(n)s 人", people) % {"n": figures.exact(people)}
        if people is not None
        else "",
        "text": gettext("写在平台") if by_list else "",
        "checks": gettext("差 %(n)s 项") % {"n": len(others)}
        if others
        else gettext("齐了")
        if checks
        else "",
        "test": figures.table_day(row.tested_at, row.tested_at) if row.tested_at else "",
        "send": ngettext("%(n)s 人", "%(n)s 人", sent) % {"n": figures.exact(sent)} if counted else "",
        "receipt": gettext("送达 %(n)s") % {"n": figures.exact(counts.get("delivered", 0))}
        if counted
        else "",
    }
    names = [
        ("segment", gettext("人群"), {"segment", "reachable"}),
        ("text", gettext("内容"), {"signature", "text", "opt_out", "template"}),
        ("checks", gettext("检查"), {"gateway", "hours", "quota", "backtest", "launch", "holdout", "cost"}),
        ("test", gettext("试发"), {"test"}),
        ("send", gettext("备名单") if by_list else gettext("发送"), set()),
        ("receipt", gettext("结果") if by_list else gettext("回执"), set()),
    ]
    if by_list:
        names = [step for step in names if step[0] != "test"]
    last = len(names) - 1
    if launched:
        at = last if done or (by_list and sent) else last - 1
    elif checks is None:
        at = 0
    else:
        at = next((number for number, (_, _, codes) in enumerate(names[:-2]) if codes & missing), last - 1)
    return ui.Stepper(
        [
            ui.Step(label, facts[key], "done" if number < at else "current" if number == at else "")
            for number, (key, label, _) in enumerate(names)
        ],
        gettext("这一轮的步骤"),
    )


def _actions(row: Round, may_edit: bool) -> list[ui.Action]:
    if not may_edit:
        return []
    if row.state == RoundState.RUNNING:
        pause = reverse("round_pause", args=[row.pk])
        return [
            ui.Action(gettext("取消余下…"), kind="danger", icon="stop", dialog="cancel"),
            ui.Action(gettext("暂停发送"), pause, "primary", "pause", "post", grow=True),
        ]
    if row.state == RoundState.PAUSED:
        resume = reverse("round_resume", args=[row.pk])
        return [
            ui.Action(gettext("取消余下…"), kind="danger", icon="stop", dialog="cancel"),
            ui.Action(gettext("继续发送"), resume, "primary", "play", "post", grow=True),
        ]
    if row.state == RoundState.FROZEN:
        back = reverse("round_unprepare", args=[row.pk])
        return [ui.Action(gettext("退回去改"), back, "", "back", "post")]
    if row.state == RoundState.DRAFT:
        return [
            ui.Action(gettext("取消这轮…"), kind="quiet", dialog="cancel"),
            ui.Action(gettext("改这一轮"), reverse("round_edit", args=[row.pk]), "", "edit"),
        ]
    return []


def _dialogs(row: Round, status: RoundStatus, now: datetime) -> list[ui.Dialog]:
    if row.state in (RoundState.DONE, RoundState.CANCELLED):
        return []
    counts = status.progress.states if status.progress else {}
    left = sum(counts.get(key, 0) for key in ("planned", "claimed"))
    will = ui.Facts(
        [
            (gettext("轮次"), row.title),
            (
                gettext("还没发的"),
                ngettext("%(n)s 人不再发", "%(n)s 人不再发", left) % {"n": figures.exact(left)},
            ),
            (gettext("已经发出的"), gettext("收不回来，照样收回执")),
            (gettext("能否恢复"), gettext("不能，只能另建一轮")),
        ]
    )
    label = (
        ngettext("取消余下 %(n)s 人", "取消余下 %(n)s 人", left) % {"n": figures.exact(left)}
        if left
        else gettext("取消这一轮")
    )
    return [
        ui.Dialog(
            "cancel",
            gettext("不再发这一轮？"),
            label,
            reverse("round_cancel", args=[row.pk]),
            will,
            danger=True,
        )
    ]


LEADS = {
    "segment": "round_edit",
    "text": "round_edit",
    "templates": "round_edit",
    "window": "round_edit",
}


def lead(check: Check, row: Round) -> ui.Action | None:
    """The link to what mends a check; none for those who may not, or when the place does not exist."""
    target = check.leads_to
    if target in LEADS:
        return ui.Action(gettext("去改"), reverse("round_edit", args=[row.pk]), "quiet", small=True)
    if target == "test":
        return ui.Action(gettext("去试"), "#test", "quiet", small=True)
    if target == "launch":
        url = reverse("campaign_checks", args=[row.campaign_id])
        return ui.Action(gettext("去看"), url, "quiet", small=True)
    if target == "offers":
        offers = "&".join(
            f"offers={pk}" for pk in row.campaign.campaign_offers.values_list("offer_id", flat=True)
        )
        url = f"{reverse('backtests')}?campaign={row.campaign_id}&{offers}"
        return ui.Action(gettext("去回放"), url, "quiet", small=True)
    if target == "holdout":
        url = reverse("campaign_edit", args=[row.campaign_id]) + "#holdout"
        return ui.Action(gettext("去定"), url, "quiet", small=True)
    if target == "consent":
        return ui.Action(
            gettext("记同意的依据"), address("settings_consent", "settings"), "quiet", small=True
        )
    if target == "gateways":
        return ui.Action(gettext("去设通道"), address("settings_gateways", "settings"), "quiet", small=True)
    if target == "handover":
        url = reverse("round_edit", args=[row.pk])
        return ui.Action(gettext("改成名单导出"), url, "quiet", small=True)
    return None


def address(*names: str) -> str:
    """The first of these pages that exists; settings are built from parts."""
    for name in names:
        try:
            return reverse(name)
        except NoReverseMatch:
            continue
    return ""


@allowed(*SELLING)
def round_checks(request: HttpRequest, pk: int) -> HttpResponse:
    """The checks of a drafted round; counting people takes a moment, so the page asks for them after it is shown."""
    shop, now = shop_of(request), clock_of(request).now()
    row, may_edit = find_round(shop, pk), may_market(request)
    with on_page(SHOWN):
        status = round_status(row, now, with_checks=True)
        checks = status.checks or check_round(row, now)
    funnel = checks.funnel
    part = ChecksPart(
        row,
        _todo(checks, row, may_edit, fine=False),
        _todo(checks, row, may_edit, fine=True),
        gettext("%(ok)s 项过，差 %(missing)s 项")
        % {"ok": sum(1 for one in checks.checks if one.state != "missing"), "missing": len(checks.missing)},
        funnel_of(funnel, row) if funnel else None,
        _stepper(row, status, checks),
        _launch(checks, row.channel == Channel.HANDOVER),
        _launch_dialog(row, checks, funnel, now) if checks.ready and funnel and may_edit else None,
        _preview(row, funnel.treated if funnel else 0, "usual"),
    )
    return render(request, "rounds/checks.html", {"part": part, "may_edit": may_edit})


TODO_ICONS = {"ok": ("ok", "ok"), "warning": ("warn", "warn"), "missing": ("bad", "bad")}


def _todo(checks: RoundChecks, row: Round, may_edit: bool, *, fine: bool) -> ui.TodoList | None:
    """What to mend, missing points first; or what is fine."""
    found = [check for check in checks.checks if (check.state == "ok") == fine]
    ordered = sorted(found, key=lambda check: ("missing", "warning", "ok").index(check.state))
    if not ordered:
        return None
    return ui.TodoList(
        [
            ui.Todo(
                check.title,
                check.text,
                *TODO_ICONS[check.state],  # type: ignore[arg-type]
                action=lead(check, row) if may_edit and check.state != "ok" else None,
            )
            for check in ordered
        ]
    )


def _launch(checks: RoundChecks, by_list: bool) -> ui.Action:
    treated = checks.funnel.treated if checks.funnel else 0
    if checks.ready:
        text = (
            ngettext("给 %(n)s 人备名单…", "给 %(n)s 人备名单…", treated)
            if by_list
            else ngettext("发给 %(n)s 人…", "发给 %(n)s 人…", treated)
        )
        label = text % {"n": figures.exact(treated)}
        return ui.Action(label, kind="primary", icon="send", dialog="launch", grow=True)
    why_not = clauses(named(check.title, check.text) for check in checks.missing[:3])
    return ui.Action(gettext("还不能发"), kind="primary", icon="send", why_not=why_not, grow=True)


def _will_get(funnel: Funnel) -> str:
    text = ngettext("%(n)s 人，对照 %(held)s 人不发", "%(n)s 人，对照 %(held)s 人不发", funnel.treated)
    return text % {"n": figures.exact(funnel.treated), "held": figures.exact(funnel.held_out)}


def _launch_dialog(row: Round, checks: RoundChecks, funnel: Funnel, now: datetime) -> ui.Dialog:
    cost = ""
    if checks.preview is not None:
        low, high = (millis_to_cents(millis) for millis in checks.preview.cost_range_millis)
        cost = figures.yuan(high) if low == high else f"{figures.yuan(low)} – {figures.yuan(high)}"
    start = max(row.opens_at, now)
    when = f"{figures.when(start, now)} – {figures.when(row.closes_at, now)}"
    will: list[tuple[str, ui.Component | str]] = [
        (gettext("发给"), _will_get(funnel)),
        (gettext("时间"), when),
        (gettext("花费"), cost if cost else gettext("老客这边不花钱，平台另计")),
        (gettext("能否撤回"), gettext("没发出的能暂停和取消，发出的收不回来")),
    ]  # fmt: skip
    # The number stands in the button whatever its size, so nobody sends to more than they think.
    treated = funnel.treated
    if row.channel == Channel.HANDOVER:
        text = ngettext("定下这 %(n)s 人，再备名单", "定下这 %(n)s 人，再备名单", treated)
    elif start <= now:
        text = ngettext("发给 %(n)s 人", "发给 %(n)s 人", treated)
    else:
        text = ngettext("到点发给 %(n)s 人", "到点发给 %(n)s 人", treated)
    confirm = text % {"n": figures.exact(treated)}
    return ui.Dialog(
        "launch",
        gettext("发「%(name)s」？") % {"name": row.name},
        confirm,
        reverse("round_launch", args=[row.pk]),
        ui.Facts(will),
    )


@allowed(*SELLING)
def round_why(request: HttpRequest, pk: int) -> HttpResponse:
    """查某个人."""
    row = find_round(shop_of(request), pk)
    asked = request.GET.get("who", "").strip()
    answer = why(row, asked) if asked else WhyAnswer("", [])
    return render(request, "rounds/why.html", {"answer": answer})
