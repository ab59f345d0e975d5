"""What people do with set-up sheets: note where an offer stands and how far it is, type numbers in, be reminded."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST

from laoke.campaigns.setting_up import mark, places, remind
from laoke.promotions.models import SetupState
from laoke.promotions.setup.links import SetupRefused
from laoke.promotions.setups import Counts, add_report, save_setup
from laoke.web.access import MARKETING, allowed, clock_of, shop_of
from laoke.web.pages.campaigns.frame import find_campaign
from laoke.web.pages.setup.forms import NumbersForm
from laoke.web.pages.setup.views import find_place, offer_page, place_form
from laoke.web.pages.setup.words import refusal_text


@require_POST
@allowed(*MARKETING)
def campaign_setup_place(request: HttpRequest, pk: int, offer_pk: int) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    campaign = find_campaign(shop, pk)
    place = find_place(places(campaign, now), offer_pk)
    form = place_form(place, request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            save_setup(
                place.offer, link=data["link"], activity_id=data["activity_id"],
                planned_issued=data.get("planned_issued"), by=request.user, now=now,  # type: ignore[arg-type]
            )  # fmt: skip
        except SetupRefused as refused:
            form.add_error("activity_id" if refused.code == "activity_id" else "link", refusal_text(refused))
        else:
            messages.success(request, gettext("已记下"))
            return redirect("campaign_setup_offer", campaign.pk, place.offer.pk)
    return offer_page(request, campaign, place, now, form=form)


@require_POST
@allowed(*MARKETING)
def campaign_setup_state(request: HttpRequest, pk: int, offer_pk: int) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    campaign = find_campaign(shop, pk)
    place = find_place(places(campaign, now), offer_pk)
    state = request.POST.get("state", "")
    try:
        mark(campaign, place.offer, state, by=request.user, now=now)  # type: ignore[arg-type]
    except SetupRefused as refused:
        messages.error(request, refusal_text(refused))
    else:
        said = {
            SetupState.DONE: gettext("已标成设好，提醒的任务也算做完"),
            SetupState.ENDED: gettext("已标成结束"),
            SetupState.TO_DO: gettext("已标成还要设置"),
        }
        messages.success(request, said[SetupState(state)])
    return redirect("campaign_setup_offer", campaign.pk, place.offer.pk)


@require_POST
@allowed(*MARKETING)
def campaign_setup_numbers(request: HttpRequest, pk: int, offer_pk: int) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    campaign = find_campaign(shop, pk)
    place = find_place(places(campaign, now), offer_pk)
    form = NumbersForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        counts = Counts(data["issued"], data["taken"], data["used"])
        try:
            add_report(place.offer, counts, data["as_of"], by=request.user, now=now)  # type: ignore[arg-type]
        except SetupRefused as refused:
            form.add_error("as_of" if refused.code == "report_future" else None, refusal_text(refused))
        else:
            messages.success(request, gettext("已记下后台的数"))
            return redirect("campaign_setup_offer", campaign.pk, place.offer.pk)
    return offer_page(request, campaign, place, now, numbers=form)


@require_POST
@allowed(*MARKETING)
def campaign_setup_remind(request: HttpRequest, pk: int) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    campaign = find_campaign(shop, pk)
    made = remind(campaign, places(campaign, now), by=request.user, now=now)  # type: ignore[arg-type]
    if made:
        text = ngettext("排进执行表 %(n)s 件", "排进执行表 %(n)s 件", made) % {"n": made}
        messages.success(request, text)
    else:
        messages.info(request, gettext("没有要提醒的：都设好了，或已经在执行表里"))
    return redirect("campaign_setup", campaign.pk)
