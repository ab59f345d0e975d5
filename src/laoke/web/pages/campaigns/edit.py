"""Changing a campaign: its facts, its day, its holdout, phases, targets, offers, a further round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from laoke.campaigns import editing
from laoke.campaigns.models import Campaign, Phase, Target
from laoke.campaigns.planning import default_signature
from laoke.campaigns.refusals import CampaignRefused
from laoke.campaigns.summary import basis_text
from laoke.campaigns.targets import PPM
from laoke.customers.models import Channel
from laoke.dispatch.models import Gateway
from laoke.promotions.models import Offer
from laoke.shops.joins import listed, named
from laoke.shops.models import Shop
from laoke.web import figures
from laoke.web.access import MARKETING, allowed, clock_of, shop_of
from laoke.web.numbers import row_number
from laoke.web.pages.campaigns.forms import (
    CampaignFactsForm,
    HoldoutForm,
    PhaseForm,
    RoundNewForm,
    ShiftForm,
    TargetForm,
)
from laoke.web.pages.campaigns.frame import CampaignFrame, find_campaign, frame_of
from laoke.web.pages.campaigns.words import sentence_of

Refused = (CampaignRefused, editing.WindowRefused)


@dataclass(frozen=True)
class DayTarget:
    """The target of a day with its factors, and the field that changes it."""

    target: Target
    conversion: str
    form: TargetForm


@dataclass(frozen=True)
class CampaignEdit:
    """Everything of a campaign that is not a round or a task."""

    frame: CampaignFrame
    facts: CampaignFactsForm
    shift: ShiftForm
    holdout: HoldoutForm
    targets: list[DayTarget]
    basis: str
    offers: list[Offer]
    others: list[Offer]


@dataclass(frozen=True)
class PhasePage:
    """One phase."""

    frame: CampaignFrame
    phase: Phase
    form: PhaseForm


@dataclass(frozen=True)
class RoundNewPage:
    """A round that does not exist yet."""

    frame: CampaignFrame
    form: RoundNewForm


@allowed(*MARKETING)
def campaign_edit(request: HttpRequest, pk: int) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    campaign = find_campaign(shop, pk)
    part = request.POST.get("part", "")
    posted = {name: request.POST if part == name else None for name in ("facts", "shift", "holdout")}
    facts = CampaignFactsForm(posted["facts"], shop=shop, initial=CampaignFactsForm.initial_of(campaign))
    shift = ShiftForm(posted["shift"], initial={"day": campaign.day})
    holdout = HoldoutForm(
        posted["holdout"],
        initial={"percent": f"{float(campaign.holdout_percent):g}", "reason": campaign.holdout_reason},
    )
    forms = {"facts": facts, "shift": shift, "holdout": holdout}
    saved = False
    if request.method == "POST" and part in forms and forms[part].is_valid():
        saves: dict[str, Callable[[HttpRequest, Campaign, Any], bool]] = {
            "facts": _save_facts,
            "shift": _save_shift,
            "holdout": _save_holdout,
        }
        saved = saves[part](request, campaign, forms[part])
    elif request.method == "POST" and part == "target":
        saved = _save_target(request, campaign)
    if saved:
        return redirect("campaign_edit", campaign.pk)
    used = [link.offer for link in campaign.campaign_offers.select_related("offer").order_by("pk")]
    page = CampaignEdit(
        frame_of(request, campaign, "campaign", now),
        facts,
        shift,
        holdout,
        [
            DayTarget(
                row, share(row), TargetForm(initial={"cents": row.cents}, auto_id=f"target_{row.pk}_%s")
            )
            for row in campaign.targets.order_by("day")
        ],
        basis_text(campaign),
        used,
        list(
            Offer.objects.filter(shop=shop, archived=False)
            .exclude(pk__in=[row.pk for row in used])
            .order_by("-pk")[:50]
        ),
    )
    wrong = any(form.errors for form in forms.values() if form.is_bound)
    return render(request, "campaigns/edit.html", {"page": page}, status=422 if wrong else 200)


def _save_facts(request: HttpRequest, campaign: Campaign, form: CampaignFactsForm) -> bool:
    try:
        editing.edit_campaign(campaign, by=request.user, now=clock_of(request).now(), **form.cleaned_data)  # type: ignore[arg-type]
    except CampaignRefused as refused:
        form.add_error("name", sentence_of(refused))
        return False
    messages.success(request, gettext("已存"))
    return True


def _save_shift(request: HttpRequest, campaign: Campaign, form: ShiftForm) -> bool:
    now = clock_of(request).now()
    try:
        outside = editing.shift_campaign(campaign, form.cleaned_data["day"], by=request.user, now=now)  # type: ignore[arg-type]
    except CampaignRefused as refused:
        form.add_error("day", sentence_of(refused))
        return False
    if outside:
        names = listed(row.title for row in outside)
        messages.warning(
            request,
            gettext("已挪到 %(day)s，这些轮次不在可发时段，要改：%(names)s")
            % {"day": campaign.day, "names": names},
        )
    else:
        messages.success(
            request, gettext("已挪到 %(day)s，阶段、轮次、任务、优惠一起挪了") % {"day": campaign.day}
        )
    return True


def _save_holdout(request: HttpRequest, campaign: Campaign, form: HoldoutForm) -> bool:
    data = form.cleaned_data
    try:
        editing.set_holdout(
            campaign,
            data["percent"],
            by=request.user,  # type: ignore[arg-type]
            reason=data["reason"],
            now=clock_of(request).now(),
        )
    except CampaignRefused as refused:
        form.add_error("reason" if refused.code == "holdout_reason" else "percent", sentence_of(refused))
        return False
    messages.success(request, gettext("对照改为 %(percent)s%%") % {"percent": f"{data['percent']:g}"})
    return True


def _save_target(request: HttpRequest, campaign: Campaign) -> bool:
    target = get_object_or_404(Target, campaign=campaign, pk=_number(request.POST.get("target")))
    form = TargetForm(request.POST)
    if not form.is_valid():
        messages.error(request, named(target.day, " ".join(map(str, form.errors["cents"]))))
        return True
    editing.set_target(target, form.cleaned_data["cents"], by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    messages.success(request, gettext("%(day)s 的目标已改") % {"day": target.day})
    return True


def share(target: Target) -> str:
    """Buyers per visitor as percent; nothing where traffic is not known."""
    return "" if target.conversion_ppm is None else figures.percent(target.conversion_ppm / PPM, 2)


def _number(text: str | None) -> int:
    number = row_number(text or "")
    if number is None:
        raise Http404
    return number


@require_POST
@allowed(*MARKETING)
def campaign_offers(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an offer into the campaign or out of it."""
    shop, now = shop_of(request), clock_of(request).now()
    campaign = find_campaign(shop, pk)
    offer = get_object_or_404(Offer, shop=shop, pk=_number(request.POST.get("offer")))
    if request.POST.get("act") == "drop":
        editing.drop_offer(campaign, offer, by=request.user, now=now)  # type: ignore[arg-type]
        messages.success(request, gettext("已从活动里拿掉「%(name)s」") % {"name": offer.name})
    else:
        editing.use_offer(campaign, offer, by=request.user, now=now)  # type: ignore[arg-type]
        messages.success(request, gettext("活动用上了「%(name)s」") % {"name": offer.name})
    return redirect("campaign_edit", campaign.pk)


@allowed(*MARKETING)
def campaign_phase(request: HttpRequest, pk: int, phase_pk: int) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    campaign = find_campaign(shop, pk)
    phase = get_object_or_404(Phase.objects.select_related("campaign"), campaign=campaign, pk=phase_pk)
    form = PhaseForm(request.POST or None, initial={"starts_at": phase.starts_at, "ends_at": phase.ends_at})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            editing.move_phase(phase, data["starts_at"], data["ends_at"], by=request.user, now=now)  # type: ignore[arg-type]
        except CampaignRefused as refused:
            form.add_error("ends_at", sentence_of(refused))
        else:
            messages.success(request, gettext("「%(name)s」的日子已改") % {"name": phase.name})
            return redirect("campaign_calendar", campaign.pk)
    page = PhasePage(frame_of(request, campaign, "campaign_calendar", now), phase, form)
    return render(request, "campaigns/phase.html", {"page": page}, status=422 if form.errors else 200)


def ways_of(shop: Shop) -> list[tuple[str, str]]:
    """How a round may go: by each gateway that works, or as a list."""
    gateways = Gateway.objects.filter(shop=shop, stopped_reason="").order_by("pk")
    if shop.is_demo:
        gateways = gateways.filter(is_loopback=True)
    ways = [(f"gateway-{row.pk}", f"{Channel(row.channel).label} · {row.name}") for row in gateways]
    return [*ways, ("handover", str(Channel.HANDOVER.label))]


def way_of(shop: Shop, way: str) -> tuple[str, Gateway | None]:
    """The channel and gateway that a way names."""
    if way == "handover":
        return Channel.HANDOVER, None
    gateway = get_object_or_404(Gateway, shop=shop, pk=_number(way.removeprefix("gateway-")))
    return gateway.channel, gateway


@allowed(*MARKETING)
def campaign_round_new(request: HttpRequest, pk: int) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    campaign = find_campaign(shop, pk)
    number = 1 + max(campaign.rounds.values_list("number", flat=True), default=0)
    start = campaign.starts_at.replace(hour=10, minute=0)
    initial = {"key": str(number), "opens_at": start, "closes_at": start.replace(hour=12)}
    form = RoundNewForm(request.POST or None, ways=ways_of(shop), initial=initial)

    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        channel, gateway = way_of(shop, data["way"])
        if campaign.rounds.filter(key=data["key"]).exists():
            form.add_error("key", gettext("已有一轮用了这个编号"))
        else:
            try:
                row = editing.add_round(
                    campaign, key=data["key"], name=data["name"], number=number, channel=channel, gateway=gateway,
                    segment_text=data["segment_text"], body=data["body"], opens_at=data["opens_at"],
                    closes_at=data["closes_at"], by=request.user, now=now, signature=default_signature(shop),  # type: ignore[arg-type]
                )  # fmt: skip
            except editing.WindowRefused as refused:
                form.add_error("opens_at", refused.message)
            except CampaignRefused as refused:
                form.add_error("segment_text", sentence_of(refused))
            else:
                messages.success(request, gettext("已加一轮"))
                return redirect("round", row.pk)
    page = RoundNewPage(frame_of(request, campaign, "campaign", now), form)
    return render(request, "campaigns/round_new.html", {"page": page}, status=422 if form.errors else 200)
