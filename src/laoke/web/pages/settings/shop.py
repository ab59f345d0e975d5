"""Views of what a shop decides for itself: its name and hours, where groups begin, how often people are written to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from laoke.dispatch.gates import Caps
from laoke.dispatch.gateways import shop_window
from laoke.dispatch.list_files import kept_days
from laoke.insights.refresh import cut_points
from laoke.shops import choices, jobs
from laoke.shops.models import Shop
from laoke.warehouse.features import DEFAULT_CUT_POINTS
from laoke.web import components as ui
from laoke.web.access import EVERYONE, allowed, clock_of, shop_of
from laoke.web.pages.settings.forms import CutsForm, ReachForm, ShopForm
from laoke.web.pages.settings.tabs import LOOKS, may_change, tabs


@dataclass(frozen=True)
class FormPage:
    """A room of the settings with one form; `facts` instead of it for those who may only look."""

    tabs: ui.Tabs
    title: str
    lead: str
    form: forms.Form
    may: bool
    facts: ui.Facts | None = None


def _show(request: HttpRequest, page: FormPage) -> HttpResponse:
    status = 422 if request.method == "POST" else 200
    return render(request, "settings/form.html", {"page": page}, status=status)


def _must_change(request: HttpRequest) -> None:
    if request.method == "POST" and not may_change(request):
        raise PermissionDenied


@allowed(*EVERYONE)
@require_http_methods(["GET", "POST"])
def shop_page(request: HttpRequest) -> HttpResponse:
    _must_change(request)
    shop = shop_of(request)
    window = shop.settings.get("marketing_hours", ["08:00", "20:00"])
    start = {
        "name": shop.name,
        "category": shop.category,
        "sms_signature": shop.settings.get("sms_signature", ""),
        "opens": window[0],
        "closes": window[1],
        "handover_days": kept_days(shop),
    }
    form = ShopForm(request.POST if request.method == "POST" else None, initial=start)
    if request.method == "POST" and form.is_valid():
        data, now, by = form.cleaned_data, clock_of(request).now(), request.user
        taken = Shop.objects.filter(owner=shop.owner_id, name=data["name"]).exclude(pk=shop.pk).exists()
        if taken:
            form.add_error("name", _("已有叫这个名字的店"))
        else:
            choices.rename(shop, name=data["name"], category=data["category"], by=by, now=now)  # type: ignore[arg-type]
            hours = [f"{data['opens']:%H:%M}", f"{data['closes']:%H:%M}"]
            chosen = {
                "sms_signature": data["sms_signature"],
                "marketing_hours": hours,
                "handover_days": data["handover_days"],
            }
            choices.change(shop, chosen, by=by, now=now)  # type: ignore[arg-type]
            messages.success(request, _("已存"))
            return redirect("settings")
    page = FormPage(tabs(request, "settings"), _("店铺"), "", form, may_change(request), _shop_facts(shop))
    return _show(request, page)


def _shop_facts(shop: Shop) -> ui.Facts:
    window = shop_window(shop)
    return ui.Facts(
        [
            (_("店名"), shop.name),
            (_("平台"), shop.get_platform_display()),
            (_("类目"), shop.category or "—"),
            (_("币种"), shop.currency),
            (_("时区"), shop.timezone),
            (_("营销时段"), str(window)),
            (_("短信签名"), shop.settings.get("sms_signature") or "—"),
            (_("名单文件留几天"), str(kept_days(shop))),
        ]
    )


@allowed(*LOOKS)
@require_http_methods(["GET", "POST"])
def cuts_page(request: HttpRequest) -> HttpResponse:
    _must_change(request)
    shop = shop_of(request)
    known = asdict(cut_points(shop))
    start = {name: value for name, value in known.items() if name in CutsForm.base_fields}
    start["m_high_cents"] = Decimal(known["m_high_cents"]) / 100
    form = CutsForm(request.POST if request.method == "POST" else None, initial=start)
    if request.method == "POST" and form.is_valid():
        now = clock_of(request).now()
        chosen = asdict(form.cut_points()) | {
            name: list(known[name]) for name in ("r_cuts", "f_cuts", "m_cuts", "m_lines")
        }
        chosen["score_by"] = known["score_by"]
        if choices.change(shop, {"cut_points": chosen}, by=request.user, now=now):  # type: ignore[arg-type]
            jobs.queue("features", shop=shop, now=now, by=request.user)  # type: ignore[arg-type]
            messages.success(request, _("已存，客户正在重新分组"))
        return redirect("settings_cuts")
    lead = _(
        "默认 %(active)s / %(silent)s / %(dormant)s / %(lost)s 天。改了以后，所有页面和人群都按新的算。"
    ) % {
        "active": DEFAULT_CUT_POINTS.active_days,
        "silent": DEFAULT_CUT_POINTS.silent_days,
        "dormant": DEFAULT_CUT_POINTS.dormant_days,
        "lost": DEFAULT_CUT_POINTS.nearly_lost_days,
    }
    facts = ui.Facts([(str(field.label), str(start[name])) for name, field in form.fields.items()])
    page = FormPage(tabs(request, "settings_cuts"), _("客户分组"), lead, form, may_change(request), facts)
    return _show(request, page)


@allowed(*LOOKS)
@require_http_methods(["GET", "POST"])
def reach_page(request: HttpRequest) -> HttpResponse:
    _must_change(request)
    shop = shop_of(request)
    holdout = str(shop.settings.get("standing_holdout_percent", "0"))
    start = {**asdict(Caps.of(shop)), "standing_holdout_percent": holdout}
    form = ReachForm(request.POST if request.method == "POST" else None, initial=start)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        chosen = {
            "caps": {name: data[name] for name in ("day", "week", "month")},
            "standing_holdout_percent": str(data["standing_holdout_percent"]),
        }
        choices.change(shop, chosen, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
        messages.success(request, _("已存"))
        return redirect("settings_reach")
    lead = _("一个人收到的营销消息，所有渠道和活动加在一起算。订单通知不算在内。")
    facts = ui.Facts([(str(field.label), str(start[name])) for name, field in form.fields.items()])
    page = FormPage(tabs(request, "settings_reach"), _("频次与对照"), lead, form, may_change(request), facts)
    return _show(request, page)
