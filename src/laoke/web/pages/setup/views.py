"""The offers of a campaign in the back office: all of them, one with its sheet, the sheets as a workbook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext

from laoke.campaigns.models import Campaign
from laoke.campaigns.reconciling import Reconciled, reconcile
from laoke.campaigns.setting_up import OfferPlace, has_back_office, places, wants_reminder
from laoke.money import plain_cents
from laoke.promotions.describing import describe, scope_text
from laoke.promotions.models import OfferReport, SetupState
from laoke.promotions.offers import offer_value
from laoke.promotions.setup import Activity, Tool
from laoke.shops import audit
from laoke.shops.models import Shop
from laoke.shops.open_files import let_go
from laoke.shops.sheets import write_book
from laoke.web import components as ui
from laoke.web import figures, sheets
from laoke.web.access import allowed, clock_of, may_market, shop_of
from laoke.web.nav import SELLING
from laoke.web.pages.campaigns.frame import CampaignFrame, find_campaign, frame_of
from laoke.web.pages.offers.settlement import settling_offers
from laoke.web.pages.setup.forms import NumbersForm, PlaceForm
from laoke.web.pages.setup.tables import (
    MOST_ITEMS,
    causes_table,
    fields_table,
    findings_table,
    items_table,
    offers_table,
    reconciled_table,
    reports_table,
    state_status,
    who_and_when,
)
from laoke.web.pages.setup.told import estimate_notice, orders_facts, report_notices
from laoke.web.pages.setup.words import (
    TOOLS,
    basis_text,
    field_name,
    finding_texts,
    severity_status,
    value_text,
)

MOST_REPORTS = 20


@dataclass(frozen=True)
class SetupHome:
    """The campaign's offers and how far each is; `may_change` shows the buttons. What orders show of offers that have
    begun is worked out after the page is there."""

    frame: CampaignFrame
    notice: ui.Notice | None
    kpis: ui.Kpis | None
    table: ui.Table
    begun: bool
    to_remind: int
    may_change: bool
    settling: ui.TodoList | None


@dataclass(frozen=True)
class Part:
    """One activity to make: its title, its fields, its goods, and how many of them are not shown."""

    title: str
    id: str
    fields: ui.Table
    items: ui.Table | None
    more: int


@dataclass(frozen=True)
class SetupOffer:
    """One offer: what to fill in, what was found, where it stands, and what became of it."""

    frame: CampaignFrame
    place: OfferPlace
    facts: ui.Facts
    notice: ui.Notice | None
    parts: list[Part]
    findings: ui.Table
    form: PlaceForm
    numbers: NumbersForm
    states: list[ui.Action]
    reports: ui.Table
    orders: ui.Facts | None
    causes: ui.Table | None
    notices: list[ui.Notice]
    may_change: bool


@allowed(*SELLING)
def campaign_setup(request: HttpRequest, pk: int) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    campaign = find_campaign(shop, pk)
    found = places(campaign, now)
    page = SetupHome(
        frame_of(request, campaign, "campaign_setup", now),
        platform_notice(shop),
        _kpis(found) if found else None,
        offers_table(campaign, found, now),
        any(one.offer.starts_at <= now for one in found),
        sum(wants_reminder(one, now) for one in found),
        may_market(request),
        settling_offers(one.offer for one in found),
    )
    return render(request, "setup/home.html", {"page": page})


def platform_notice(shop: Shop) -> ui.Notice | None:
    """Said where the tools of the shop's platform are not known."""
    if has_back_office(shop):
        return None
    text = gettext("这家店不在淘宝或天猫。下面按淘宝天猫的后台工具列，别的平台没有查到规则，只能当参考")
    return ui.Notice(text, tone="warn")


def _kpis(found: list[OfferPlace]) -> ui.Kpis:
    def count(state: str) -> figures.Amount:
        return figures.Amount.count(sum(one.setup.state == state for one in found))

    stuck = sum(one.sheet.worst == "bad" for one in found)
    return ui.Kpis(
        [
            ui.Kpi(gettext("要设置"), count(SetupState.TO_DO)),
            ui.Kpi(gettext("已设置"), count(SetupState.DONE)),
            ui.Kpi(gettext("已结束"), count(SetupState.ENDED)),
            ui.Kpi(gettext("后台设不了"), figures.Amount.count(stuck)),
        ]
    )


@allowed(*SELLING)
def campaign_setup_orders(request: HttpRequest, pk: int) -> HttpResponse:
    """What the back office counts beside what orders show; asked for by the page after it is shown."""
    campaign, now = find_campaign(shop_of(request), pk), clock_of(request).now()
    table = reconciled_table(campaign, reconcile(campaign, now))
    return render(request, "setup/orders.html", {"table": table})


def find_place(found: list[OfferPlace], offer_pk: int) -> OfferPlace:
    """The offer of that number among those of the campaign, else 404."""
    place = next((one for one in found if one.offer.pk == offer_pk), None)
    if place is None:
        raise Http404
    return place


@allowed(*SELLING)
def campaign_setup_offer(request: HttpRequest, pk: int, offer_pk: int) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    campaign = find_campaign(shop, pk)
    place = find_place(places(campaign, now), offer_pk)
    return offer_page(request, campaign, place, now)


def offer_page(
    request: HttpRequest,
    campaign: Campaign,
    place: OfferPlace,
    now: datetime,
    *,
    form: PlaceForm | None = None,
    numbers: NumbersForm | None = None,
) -> HttpResponse:
    """One offer's page; with a form that was refused it says so."""
    found = next(one for one in reconcile(campaign, now) if one.offer.pk == place.offer.pk)
    rows = OfferReport.objects.filter(offer=place.offer).select_related("added_by").order_by("-as_of", "-pk")
    refused = any(one is not None and one.errors for one in (form, numbers))
    page = SetupOffer(
        frame_of(request, campaign, "campaign_setup", now),
        place,
        _facts(place, now),
        platform_notice(campaign.shop),
        [
            _part(one, number, len(place.sheet.activities))
            for number, one in enumerate(place.sheet.activities, 1)
        ],
        findings_table(place.sheet.findings),
        form or place_form(place),
        numbers or NumbersForm(initial={"as_of": now}),
        _states(campaign, place),
        reports_table(list(rows[:MOST_REPORTS]), now),
        orders_facts(found, now) if found.orders is not None else None,
        causes_table(found),
        _notices(found, now),
        may_market(request),
    )
    return render(request, "setup/offer.html", {"page": page}, status=422 if refused else 200)


def place_form(place: OfferPlace, data: object = None) -> PlaceForm:
    """The form of where an offer stands, as it is or as it was sent."""
    initial = {
        "activity_id": place.offer.platform_activity_id, "link": place.setup.link,
        "planned_issued": place.setup.planned_issued,
    }  # fmt: skip
    return PlaceForm(data, initial=initial, tool=place.sheet.tool)


def _notices(found: Reconciled, now: datetime) -> list[ui.Notice]:
    told = report_notices(found, now)
    estimate = estimate_notice(found)
    return [*told, *([estimate] if estimate is not None else [])]


def _facts(place: OfferPlace, now: datetime) -> ui.Facts:
    value = offer_value(place.offer)
    when = f"{figures.when(place.offer.starts_at, now)} – {figures.when(place.offer.ends_at, now)}"
    state = ui.Cell(state_status(place.setup)).value
    facts: list[tuple[str, object]] = [
        (gettext("内容"), describe(value)),
        (gettext("适用"), scope_text(value)),
        (gettext("时间"), when),
        (gettext("后台工具"), TOOLS[place.sheet.tool]),
        (gettext("状态"), state),
    ]
    if who := who_and_when(place.setup, now):
        facts.append((gettext("谁在什么时候"), who))
    facts.append((gettext("活动号"), place.offer.platform_activity_id or gettext("还没有填")))
    if place.task is not None:
        facts.append((gettext("提醒"), figures.when(place.task.due_at, now)))
    return ui.Facts(facts)  # type: ignore[arg-type]


def _part(activity: Activity, number: int, all_of_them: int) -> Part:
    title = gettext("照着填")
    if all_of_them > 1:
        title = gettext("第 %(n)s 个活动（共 %(all)s 个）") % {"n": number, "all": all_of_them}
    return Part(
        title, f"part-{number}", fields_table(activity, number), items_table(activity),
        max(0, len(activity.items) - MOST_ITEMS),
    )  # fmt: skip


def _states(campaign: Campaign, place: OfferPlace) -> list[ui.Action]:
    """What may be said of an offer as it stands."""
    url = reverse("campaign_setup_state", args=[campaign.pk, place.offer.pk])
    labels = {
        SetupState.DONE: gettext("后台设好了"),
        SetupState.ENDED: gettext("后台已结束"),
        SetupState.TO_DO: gettext("还要设置"),
    }
    why = "" if place.offer.platform_activity_id else gettext("先记下活动号")
    return [
        ui.Action(
            label, url, "primary" if state == SetupState.DONE else "", method="post",
            hidden=[("state", state.value)], why_not=why if state == SetupState.DONE else "",
        )
        for state, label in labels.items()
        if state != place.setup.state and (state != SetupState.ENDED or place.setup.state == SetupState.DONE)
    ]  # fmt: skip


@allowed(*SELLING)
def campaign_setup_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The sheets of all offers of the campaign as a workbook."""
    shop, now = shop_of(request), clock_of(request).now()
    campaign = find_campaign(shop, pk)
    found = places(campaign, now)
    path = settings.PLACE.exports / f"setup-{campaign.pk}-{request.user.pk}-{now:%Y%m%d-%H%M%S-%f}.xlsx"
    written = write_book(
        path,
        [
            (gettext("要填的"), _fields_head(), _field_rows(found)),
            (gettext("商品"), _items_head(), _item_rows(found)),
            (gettext("检查"), _findings_head(), _finding_rows(found)),
        ],
    )
    audit.record(
        "campaign.setup_file", shop=shop, actor=request.user, at=now,  # type: ignore[arg-type]
        subject=str(campaign.pk), count=written.rows, sha256=written.sha256,
    )  # fmt: skip
    answer = HttpResponse(path.read_bytes(), content_type=sheets.XLSX)
    let_go(path)
    name = gettext("%(name)s 后台设置.xlsx") % {"name": campaign.name}
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return answer


def _fields_head() -> list[str]:
    return [
        gettext("优惠"), gettext("后台工具"), gettext("第几个活动"), gettext("项目"), gettext("后台填"),
        gettext("接口字段"), gettext("接口值"),
    ]  # fmt: skip


def _field_rows(found: list[OfferPlace]) -> Iterator[list[object]]:
    for one in found:
        tool = str(TOOLS[one.sheet.tool])
        if one.sheet.tool in (Tool.NONE, Tool.PLATFORM):
            yield [one.offer.name, tool, "", "", "", "", ""]
        for number, activity in enumerate(one.sheet.activities, 1):
            for field in activity.fields:
                yield [
                    one.offer.name, tool, number, field_name(field), value_text(field), field.api, field.api_value,
                ]  # fmt: skip


def _items_head() -> list[str]:
    return [
        gettext("优惠"),
        gettext("第几个活动"),
        gettext("商品编号"),
        gettext("名称"),
        gettext("活动价（元）"),
    ]


def _item_rows(found: list[OfferPlace]) -> Iterator[list[object]]:
    for one in found:
        for number, activity in enumerate(one.sheet.activities, 1):
            for item in activity.items:
                price = plain_cents(item.cents) if item.cents is not None else ""
                yield [one.offer.name, number, item.product_id, item.title, price]


def _findings_head() -> list[str]:
    return [
        gettext("优惠"), gettext("编号"), gettext("多要紧"), gettext("查到"), gettext("应该"), gettext("怎么办"),
        gettext("依据"),
    ]  # fmt: skip


def _finding_rows(found: list[OfferPlace]) -> Iterator[list[object]]:
    for one in found:
        for finding in one.sheet.findings:
            severity = str(severity_status(finding).text)
            yield [one.offer.name, finding.rule, severity, *finding_texts(finding), basis_text(finding)]
