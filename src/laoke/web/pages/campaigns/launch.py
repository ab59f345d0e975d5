"""The launch checks of a campaign: what forbids it, what should be read, who signed, and what the pages say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext, pgettext
from django.views.decorators.http import require_GET, require_POST

from laoke.audiences.tokens import quoted
from laoke.campaigns import launching
from laoke.campaigns.launch import GROUPS, RULES, Finding, Protection, Signed, Weighed, group_of
from laoke.campaigns.launch_words import (
    PARTS,
    complexity_text,
    finding_text,
    group_text,
    leads_to,
    signed_text,
    source_text,
)
from laoke.campaigns.launching import Launch, check_launch, may_sign
from laoke.campaigns.models import Campaign
from laoke.campaigns.refusals import CampaignRefused
from laoke.shops.joins import clauses, named
from laoke.shops.models import Role
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import MARKETING, allowed, clock_of, shop_of
from laoke.web.nav import SELLING
from laoke.web.numbers import row_number
from laoke.web.pages.campaigns.frame import CampaignFrame, find_campaign, frame_of
from laoke.web.pages.campaigns.was_evidence import was_evidence
from laoke.web.pages.campaigns.words import sentence_of

MOST_ITEMS = 20
# A filter that names more products is no longer read by anybody.
MOST_NAMED = 10


@dataclass(frozen=True)
class Point:
    """One finding as the page shows it; `state` is what a signature is for."""

    text: str
    basis: str
    state: str
    action: ui.Action | None
    signed: str = ""
    number: int = 0


@dataclass(frozen=True)
class ProtectedPart:
    """Who bought lately for more: how many by item, and the way to them."""

    note: str
    table: ui.Table
    people: ui.Action | None


@dataclass(frozen=True)
class ChecksPage:
    """All launch checks of one campaign."""

    frame: CampaignFrame
    summary: str
    blocks: list[Point]
    signed: list[Point]
    warnings: list[Point]
    lapsed: list[str]
    looked_at: ui.TodoList
    complexity: str
    parts: ui.Facts
    words: str
    protected: ProtectedPart | None
    was: ui.Table | None
    may_sign: bool
    longest: int
    longest_words: int


@require_GET
@allowed(*SELLING)
def campaign_checks(request: HttpRequest, pk: int) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    campaign = find_campaign(shop, pk)
    found = check_launch(campaign, now)
    page = _page(request, campaign, found, frame_of(request, campaign, "campaign_checks", now))
    return render(request, "campaigns/checks.html", {"page": page})


def _page(request: HttpRequest, campaign: Campaign, found: Launch, frame: CampaignFrame) -> ChecksPage:
    weighed, may_edit = found.weighed, frame.may_edit
    return ChecksPage(
        frame,
        gettext("%(blocks)s 项不能上，%(warnings)s 项要看，一共查 %(rules)s 条")
        % {"blocks": len(weighed.blocks), "warnings": len(weighed.warnings), "rules": len(RULES)},
        [_point(campaign, one, may_edit) for one in weighed.blocks],
        [_point(campaign, one, may_edit, signed) for one, signed in weighed.signed],
        [_point(campaign, one, may_edit) for one in weighed.warnings],
        [_lapsed(one) for one in weighed.lapsed],
        _looked_at(weighed),
        complexity_text(found.complexity),
        ui.Facts([(gettext(PARTS[part]), figures.exact(points)) for part, points in found.complexity.parts]),
        launching.page_words(campaign),
        _protected(found.plan.protection),
        was_evidence(campaign.shop, found.plan, clock_of(request).now()),
        may_sign(request.role),  # type: ignore[attr-defined]
        launching.LONGEST_REASON,
        launching.LONGEST_WORDS,
    )


def _point(campaign: Campaign, finding: Finding, may_edit: bool, signed: Signed | None = None) -> Point:
    return Point(
        finding_text(finding),
        f"{finding.rule.number} · {source_text(finding.rule)}",
        finding.state,
        _lead(campaign, finding, may_edit),
        signed_text(signed) if signed else "",
        signed.number if signed else 0,
    )


def _lapsed(signed: Signed) -> str:
    return (
        f"{RULES[signed.code].number} · {signed_text(signed)}"
        if signed.code in RULES
        else signed_text(signed)
    )


def _lead(campaign: Campaign, finding: Finding, may_edit: bool) -> ui.Action | None:
    """The page where a finding is mended or seen."""
    target, _, number = leads_to(finding).partition(":")
    urls = {
        "sheet": ("price_sheet", number), "offer": ("offer", number), "offers": ("campaign_edit", campaign.pk),
        "edit": ("campaign_edit", campaign.pk),
    }  # fmt: skip
    if target in ("said", "protection"):
        return ui.Action(gettext("去看"), f"#{target}", "quiet", small=True)
    if target not in urls or (target in ("offers", "edit") and not may_edit):
        return None
    name, key = urls[target]
    if not str(key).isdigit():
        return None
    return ui.Action(
        gettext("去改") if may_edit else gettext("去看"), reverse(name, args=[key]), "quiet", small=True
    )


def _looked_at(weighed: Weighed) -> ui.TodoList:
    """Every group of rules with how it came out: what was looked at is shown also where nothing was found."""
    open_blocks = {id(one) for one in weighed.blocks}
    items = []
    for group, _ in GROUPS:
        found = [one for one, _ in weighed.findings if group_of(one.code) == group]
        bad = sum(id(one) in open_blocks for one in found)
        tone: Literal["ok", "warn", "bad"]
        if bad:
            note, tone = ngettext("%(n)s 项不能上", "%(n)s 项不能上", bad) % {"n": bad}, "bad"
        elif found:
            note, tone = ngettext("%(n)s 项要看", "%(n)s 项要看", len(found)) % {"n": len(found)}, "warn"
        else:
            note, tone = gettext("没有问题"), "ok"
        items.append(ui.Todo(group_text(group), note, tone, tone))
    return ui.TodoList(items)


def _protected(found: Protection | None) -> ProtectedPart | None:
    if found is None:
        return None
    days = {"first": found.first_day.isoformat(), "last": found.last_day.isoformat()}
    note = gettext("看了 %(first)s 到 %(last)s 付款、没退光的订单，只算认得出的买家") % days
    table = ui.Table(
        columns=[
            ui.Column("item", pgettext("one of a list", "商品")),
            ui.Column("price", gettext("活动价（元）"), "num", card="hide"),
            ui.Column("highest", gettext("最高买过（元）"), "num", priority=2, card="hide"),
            ui.Column("people", gettext("人"), "num", label_on_card=gettext("人")),
            ui.Column("units", gettext("件"), "num", priority=2, card="hide"),
            ui.Column("cents", gettext("差价（元）"), "num", card="end"),
        ],
        rows=[
            ui.Row(
                [
                    one.title, figures.cents(one.price_cents), figures.cents(one.highest_cents),
                    figures.exact(one.people), figures.exact(one.units), figures.cents(one.cents),
                ]
            )
            for one in found.items[:MOST_ITEMS]
        ],
        caption=gettext("刚按高价买过的人"),
        empty=ui.Empty(gettext("没有人按更高的价买过这些商品")),
        foot=_sums(found) if found.items else (),
    )  # fmt: skip
    return ProtectedPart(note, table, _people(found))


def _sums(found: Protection) -> list[str]:
    units, cents = figures.exact(found.units), figures.cents(found.cents)
    return [gettext("合计"), figures.NOTHING, figures.NOTHING, figures.exact(found.people), units, cents]


def _people(found: Protection) -> ui.Action | None:
    """The segment of those who bought these items in these days, at whatever price."""
    if not found.items:
        return None
    days = f"in {found.first_day}..{found.last_day}"
    titles = list(dict.fromkeys(one.title for one in found.items))
    text = " or ".join(f"bought_product({quoted(title)}, {days})" for title in titles[:MOST_NAMED])
    url = f"{reverse('segment_new')}?{urlencode({'text': text})}"
    return ui.Action(gettext("看买过的人"), url, "quiet", small=True)


@require_GET
@allowed(*SELLING)
def campaign_checks_short(request: HttpRequest, pk: int) -> HttpResponse:
    """Some lines for the campaign's home; asked for after it is shown, since deals are looked up."""
    shop, now = shop_of(request), clock_of(request).now()
    campaign = find_campaign(shop, pk)
    weighed = check_launch(campaign, now).weighed
    url = reverse("campaign_checks", args=[campaign.pk])
    items = [_short(weighed, url)]
    items += [
        ui.Todo(named(one.rule.number, finding_text(one)), signed_text(signed), "warn", "warn", url=url)
        for one, signed in weighed.signed
    ]
    return render(request, "campaigns/missing.html", {"items": ui.TodoList(items)})


def _short(weighed: Weighed, url: str) -> ui.Todo:
    see = ui.Action(gettext("去看"), url, "quiet", small=True)
    if blocks := weighed.blocks:
        text = ngettext("上线检查有 %(n)s 项不能上", "上线检查有 %(n)s 项不能上", len(blocks)) % {
            "n": len(blocks)
        }
        note = clauses(named(one.rule.number, finding_text(one)) for one in blocks[:2])
        return ui.Todo(text, note, "bad", "bad", see)
    if warnings := weighed.warnings:
        text = ngettext("上线检查有 %(n)s 项要看", "上线检查有 %(n)s 项要看", len(warnings)) % {
            "n": len(warnings)
        }
        note = clauses(named(one.rule.number, finding_text(one)) for one in warnings[:2])
        return ui.Todo(text, note, "warn", "warn", see)
    return ui.Todo(gettext("上线检查没有问题"), icon="ok", tone="ok", url=url)


@require_POST
@allowed(Role.OWNER)
def campaign_check_sign(request: HttpRequest, pk: int) -> HttpResponse:
    """The owner lets one block pass, as it was shown."""
    campaign = find_campaign(shop_of(request), pk)
    state, reason = request.POST.get("state", ""), request.POST.get("reason", "")
    try:
        launching.sign(campaign, state, reason, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    except CampaignRefused as refused:
        messages.error(request, sentence_of(refused))
    else:
        messages.success(request, gettext("已签字放行；查的内容一变就不算数"))
    return redirect("campaign_checks", campaign.pk)


@require_POST
@allowed(Role.OWNER)
def campaign_check_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a signature back."""
    campaign = find_campaign(shop_of(request), pk)
    number = row_number(request.POST.get("number", "")) or 0
    try:
        launching.withdraw(campaign, number, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    except CampaignRefused as refused:
        messages.error(request, sentence_of(refused))
    else:
        messages.success(request, gettext("签字已收回"))
    return redirect("campaign_checks", campaign.pk)


@require_POST
@allowed(*MARKETING)
def campaign_page_words(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what the shop's pages say of the campaign."""
    campaign = find_campaign(shop_of(request), pk)
    words = request.POST.get("words", "")
    try:
        launching.set_page_words(campaign, words, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    except CampaignRefused as refused:
        messages.error(request, sentence_of(refused))
    else:
        messages.success(request, gettext("已存，检查带上了这些字"))
    return redirect("campaign_checks", campaign.pk)
