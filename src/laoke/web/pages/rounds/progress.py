"""A round on its way: how many were taken, delivered, failed or unknown, its speed and cost. Asks for itself again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from laoke.campaigns.models import Round, RoundState
from laoke.campaigns.rounds import RoundStatus, round_status
from laoke.customers.models import Channel
from laoke.dispatch.models import MessageState
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import allowed, clock_of, shop_of
from laoke.web.nav import SELLING
from laoke.web.pages.rounds.finding import find_round

# How long reports may come in after the last message: then the page stops asking.
SETTLED = ("delivered", "undelivered", "no_receipt", "given_up", "rejected", "handed_over")


@dataclass(frozen=True)
class ProgressPart:
    """The card of progress. `polls` keeps it asking every second."""

    round: Round
    reached: str
    treated: str
    bar: ui.StackBar
    facts: list[tuple[str, str]]
    note: str
    unknown: int
    polls: bool
    waiting: str


def moves(row: Round, counts: Mapping[str, int]) -> bool:
    """Whether the figures of a launched round still change by themselves, so that its card asks again and again."""
    waiting_receipts = counts.get("accepted", 0) + counts.get("unknown", 0)
    return row.state == RoundState.RUNNING or (row.state != RoundState.CANCELLED and waiting_receipts > 0)


def progress_part(status: RoundStatus, now: datetime) -> ProgressPart | None:
    """The figures of a launched round; None before."""
    row, found = status.round, status.progress
    if found is None or row.occasion is None or row.occasion.launched_at is None:
        return None
    counts = found.states
    handed = row.channel == Channel.HANDOVER
    failed = counts.get("undelivered", 0) + counts.get("rejected", 0)
    unknown = counts.get("unknown", 0) + counts.get("given_up", 0)
    accepted = counts.get("accepted", 0) + counts.get("no_receipt", 0) + counts.get("handed_over", 0)
    taken = counts.get("delivered", 0) + accepted + failed + unknown
    open_now = sum(counts.get(key, 0) for key in ("planned", "claimed", "sending"))
    dropped = sum(counts.get(key, 0) for key in ("suppressed", "cancelled", "expired"))
    parts = [
        _part(gettext("已送达"), counts.get("delivered", 0), "ok"),
        _part(gettext("已交名单") if handed else gettext("已受理，等回执"), accepted, "c1-soft"),
        _part(gettext("没送到"), failed, "bad"),
        _part(gettext("结果未知"), unknown, "warn"),
        _part(gettext("不再发"), dropped, "c0"),
        _part(gettext("还没备名单") if handed else gettext("还没发"), open_now, "sunken"),
    ]
    return ProgressPart(
        row,
        figures.exact(taken),
        figures.exact(found.treated),
        ui.StackBar(
            [part for part in parts if part.value],
            gettext("名单的进度") if handed else gettext("发送进度"),
            tall=True,
        ),
        _facts(status, open_now, failed, taken, told=counts.get("delivered", 0) + failed),
        gettext("每个人只有一条记录：就算现在断电，重新启动后也不会漏发或重发。"),
        counts.get(MessageState.UNKNOWN, 0),
        moves(row, counts),
        _waiting(row, now),
    )


def _part(label: str, value: int, key: str) -> ui.Part:
    return ui.Part(label, value, figures.exact(value), key)


def _facts(
    status: RoundStatus, open_now: int, failed: int, taken: int, *, told: int
) -> list[tuple[str, str]]:
    """What stands beside the bar. Of messages nobody has told anything of, no share failed or arrived."""
    facts = []
    speed = status.per_minute
    if speed and status.round.state == RoundState.RUNNING:
        facts.append((gettext("速度"), gettext("%(n)s 条/分") % {"n": figures.exact(round(speed))}))
        if open_now:
            facts.append((gettext("余下约"), figures.duration(60 * open_now / speed)))
    if status.progress is not None and status.round.channel == Channel.SMS:
        cost = -(-status.progress.cost_millis // 10)
        facts.append((gettext("已计费"), figures.yuan(cost)))
        facts.append((gettext("条数"), figures.exact(status.progress.segments)))
    if told:
        facts.append((gettext("没送到的占"), figures.percent(failed / taken)))
    return facts


def _waiting(row: Round, now: datetime) -> str:
    """Why nothing moves although it runs."""
    if row.state == RoundState.PAUSED and row.occasion is not None:
        reason = row.occasion.pause_reason
        return gettext("已暂停：%(why)s") % {"why": reason} if reason else gettext("已暂停")
    if row.state == RoundState.RUNNING and row.opens_at > now:
        if row.channel == Channel.HANDOVER:
            return gettext("%(when)s 起能备名单") % {"when": figures.when(row.opens_at, now)}
        return gettext("%(when)s 开始发") % {"when": figures.when(row.opens_at, now)}
    return ""


@allowed(*SELLING)
def round_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The card alone. When the round's state is not the one the page shows, or nothing moves any more, the page is
    loaded anew."""
    row, now = find_round(shop_of(request), pk), clock_of(request).now()
    part = progress_part(round_status(row, now), now)
    if part is None or not part.polls or request.GET.get("state", row.state) != row.state:
        answer = HttpResponse(status=204)
        answer["HX-Refresh"] = "true"
        return answer
    return render(request, "rounds/progress.html", {"part": part})
