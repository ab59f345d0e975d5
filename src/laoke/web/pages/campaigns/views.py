"""The list of campaigns and a new one from a playbook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext, pgettext

from laoke.campaigns.models import Campaign, RoundState
from laoke.campaigns.planning import plan
from laoke.campaigns.playbook import Playbook, playbook, playbook_names
from laoke.campaigns.refusals import CampaignRefused
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import EVERYONE, MARKETING, allowed, clock_of, may_market, shop_of
from laoke.web.pages.campaigns.forms import CampaignForm
from laoke.web.pages.campaigns.frame import span_text, state_tag
from laoke.web.pages.campaigns.words import sentence_of


@dataclass(frozen=True)
class CampaignList:
    """All campaigns, the latest day first."""

    table: ui.Table
    filters: ui.Filters
    new: ui.Action | None


@dataclass(frozen=True)
class CampaignNew:
    """The form for a new campaign beside what its playbooks bring."""

    form: CampaignForm
    playbooks: list[tuple[Playbook, str]]


@allowed(*EVERYONE)
def campaign_list(request: HttpRequest) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    rows = Campaign.objects.filter(shop=shop)
    if wanted := lists.searched(request):
        rows = rows.filter(Q(name__icontains=wanted) | Q(theme__icontains=wanted))
    count = rows.count()
    listing = lists.Listing(
        gettext("活动"),
        rows.select_related("in_charge__user").annotate(
            round_count=Count("rounds", distinct=True),
            done_count=Count("rounds", filter=Q(rounds__state=RoundState.DONE), distinct=True),
        ),
        ("-day", "-pk"),
        columns=[
            ui.Column("name", pgettext("one of a list", "活动")),
            ui.Column("day", gettext("活动日"), "nowrap"),
            ui.Column("span", gettext("起止"), "nowrap", priority=2, card="hide"),
            ui.Column("target", gettext("目标（元）"), "num", label_on_card="¥"),
            ui.Column("rounds", gettext("轮次"), "nowrap", priority=2, card="hide"),
            ui.Column("who", gettext("负责人"), "nowrap", priority=3, card="hide"),
            ui.Column("state", gettext("状态"), "nowrap", card="end"),
        ],
        lines=lambda found: [_row(row, now) for row in found],
    )
    if sheets.wanted(request):
        return listing.sheet(request)
    new = None
    if may_market(request):
        new = ui.Action(gettext("新建活动"), reverse("campaign_new"), "primary", "plus", grow=True)
    table = listing.table(
        listing.found(request),
        request,
        empty=ui.Empty(
            gettext("还没有活动"),
            gettext("选一个玩法和日子，阶段、轮次、任务和目标就都排好了，再按你的店改"),
            new,
        ),
        order=gettext("活动日晚的在前"),
        count=gettext("共 %(n)s 个") % {"n": figures.exact(count)},
    )
    filters = lists.filters(request, gettext("活动名、主题"), count=count)
    return render(request, "campaigns/list.html", {"page": CampaignList(table, filters, new)})


def _row(row: Campaign, now: datetime) -> ui.Row:
    done, every = row.done_count, row.round_count  # type: ignore[attr-defined]
    text = ngettext("发完 %(done)s / %(all)s 轮", "发完 %(done)s / %(all)s 轮", every)
    rounds = text % {"done": done, "all": every}
    return ui.Row(
        [
            ui.Cell(row.name, sub=row.theme),
            figures.table_day(row.day, now),
            span_text(row, now),
            figures.cents(row.target_cents),
            rounds,
            ui.Who(str(row.in_charge)) if row.in_charge else "",
            state_tag(row),
        ],
        id=str(row.pk),
        name=row.name,
        url=reverse("campaign", args=[row.pk]),
    )


@allowed(*MARKETING)
def campaign_new(request: HttpRequest) -> HttpResponse:
    clock = clock_of(request)
    form = CampaignForm(request.POST or None, initial={"playbook": request.GET.get("playbook")})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = plan(
                playbook(data["playbook"]),
                data["day"],
                shop_of(request),
                name=data["name"] or None,
                by=request.user,  # type: ignore[arg-type]
                clock=clock,
            )
        except CampaignRefused as refused:
            form.add_error("day" if refused.code == "day_past" else "name", sentence_of(refused))
        else:
            messages.success(request, gettext("排好了，每一行都能改"))
            return redirect("campaign", made.pk)
    known = [(playbook(key), _brings(playbook(key))) for key in playbook_names()]
    return render(
        request, "campaigns/new.html", {"page": CampaignNew(form, known)}, status=422 if form.errors else 200
    )


def _brings(book: Playbook) -> str:
    return gettext("%(phases)s 个阶段、%(rounds)s 轮触达、%(tasks)s 件任务、%(offers)s 个优惠") % {
        "phases": len(book.phases),
        "rounds": len(book.rounds),
        "tasks": len(book.tasks),
        "offers": len(book.offers),
    }
