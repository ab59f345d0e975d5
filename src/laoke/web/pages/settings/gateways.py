"""Views of the accounts through which messages go out, and of the rehearsal that reaches nobody."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from laoke.dispatch.gateways import GatewayRefused, make_gateway, make_loopback_gateway, release_gateway
from laoke.dispatch.models import Gateway
from laoke.shops import audit
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import allowed, clock_of, public_url, shop_of
from laoke.web.pages.overview.places import place
from laoke.web.pages.settings.forms import AliyunForm, HoursForm
from laoke.web.pages.settings.tabs import CHANGES, LOOKS, may_change, tabs

REFUSALS = {
    "demo_needs_loopback": gettext_lazy("示例店只能用演练网关，不会发给真人"),
    "loopback_differs": gettext_lazy("这个地址是本机的演练地址，用“建演练网关”"),
    "settings": gettext_lazy("这些设置连不上，检查 AccessKey"),
    "no_provider": gettext_lazy("没有这个服务商"),
}


@dataclass(frozen=True)
class GatewaysPage:
    """All accounts of the shop."""

    tabs: ui.Tabs
    table: ui.Table
    form: AliyunForm | None
    loopback: ui.Action | None
    drill: str


@allowed(*LOOKS)
@sensitive_post_parameters("secret")
@require_http_methods(["GET", "POST"])
def gateways_page(request: HttpRequest) -> HttpResponse:
    shop, may = shop_of(request), may_change(request)
    if request.method == "POST" and not may:
        raise PermissionDenied
    form = AliyunForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _made(request, form):
        messages.success(request, _("网关建好了，先发一条测试短信给自己"))
        return redirect("settings_gateways")
    found = list(Gateway.objects.filter(shop=shop).order_by("pk"))
    loops = any(gateway.is_loopback for gateway in found)
    page = GatewaysPage(
        tabs(request, "settings_gateways"),
        _table(found),
        form if may and not shop.is_demo else None,
        ui.Action(_("建演练网关"), reverse("settings_gateway_loopback"), method="post")
        if may and not loops
        else None,
        _drill_text(shop.is_demo, found),
    )
    status = 422 if request.method == "POST" else 200
    return render(request, "settings/gateways.html", {"page": page}, status=status)


def _drill_text(is_demo: bool, found: list[Gateway]) -> str:
    if is_demo:
        return _("这是示例店：消息只到本机的演练网关，不会发给任何人。")
    if found and all(gateway.is_loopback for gateway in found):
        return _("现在是演练：只有演练网关，消息不会发给顾客。接上服务商后才真的发。")
    return ""


def _made(request: HttpRequest, form: AliyunForm) -> bool:
    data, shop = form.cleaned_data, shop_of(request)
    if Gateway.objects.filter(shop=shop, name=data["name"]).exists():
        form.add_error("name", _("已有叫这个名字的网关"))
        return False
    try:
        make_gateway(
            shop, name=data["name"], provider="aliyun", settings={"access_key": data["access_key"]},
            secrets={"secret": data["secret"]}, now=clock_of(request).now(), by=request.user,  # type: ignore[arg-type]
            opens_at=data["opens_at"], closes_at=data["closes_at"], price_millis=form.price_millis(),
            quota_left=data["quota_left"],
        )  # fmt: skip
    except GatewayRefused as refused:
        form.add_error(None, str(REFUSALS[refused.code]))
        return False
    return True


def _table(found: list[Gateway]) -> ui.Table:
    columns = [
        ui.Column("name", _("网关"), "nowrap"),
        ui.Column("channel", _("渠道"), "nowrap", card="hide"),
        ui.Column("hours", _("可发时段"), "nowrap", label_on_card=""),
        ui.Column("price", _("每条（元）"), "num", priority=2, card="hide"),
        ui.Column("quota", _("余量（条）"), "num", label_on_card=_("余")),
        ui.Column("state", _("状态"), card="end"),
    ]
    rows = [
        ui.Row(
            [
                ui.Cell(gateway.name, extra=ui.Tag(_("演练"), "warn") if gateway.is_loopback else ""),
                gateway.get_channel_display(),
                f"{gateway.opens_at:%H:%M} – {gateway.closes_at:%H:%M}",
                f"{Decimal(gateway.price_millis) / 1000:.3f}",
                figures.exact(gateway.quota_left),
                ui.Status(_("停了：%(reason)s") % {"reason": gateway.stopped_reason}, "bad")
                if gateway.stopped_reason
                else ui.Status(_("可用"), "ok"),
            ],
            url=reverse("settings_gateway", args=[gateway.pk]),
        )
        for gateway in found
    ]
    empty = ui.Empty(_("还没有网关"), _("接上短信服务商，或先建一个演练网关试一遍。"))
    return ui.Table(columns, rows, caption=_("网关"), empty=empty)


@dataclass(frozen=True)
class GatewayPage:
    """One account."""

    tabs: ui.Tabs
    gateway: Gateway
    facts: ui.Facts
    form: HoursForm | None
    stopped: ui.Notice | None


@allowed(*LOOKS)
@require_http_methods(["GET", "POST"])
def gateway_page(request: HttpRequest, pk: int) -> HttpResponse:
    gateway = get_object_or_404(Gateway, pk=pk, shop=shop_of(request))
    may = may_change(request)
    if request.method == "POST" and not may:
        raise PermissionDenied
    start = {
        "opens_at": gateway.opens_at,
        "closes_at": gateway.closes_at,
        "price": Decimal(gateway.price_millis) / 1000,
        "quota_left": gateway.quota_left,
    }
    form = HoursForm(request.POST if request.method == "POST" else None, initial=start)
    if request.method == "POST" and form.is_valid():
        _change(request, gateway, form)
        messages.success(request, _("已存"))
        return redirect("settings_gateway", gateway.pk)
    stopped = None
    if gateway.stopped_reason:
        url = reverse("settings_gateway_release", args=[gateway.pk])
        act = ui.Action(_("已解决，放行"), url, method="post", small=True) if may else None
        title = _("这个网关停了：%(reason)s") % {"reason": gateway.stopped_reason}
        stopped = ui.Notice(_("没发完的都留着。到服务商那里解决后放行，会接着发。"), title, "bad", action=act)
    page = GatewayPage(
        tabs(request, "settings_gateways"),
        gateway,
        _facts(request, gateway, may),
        form if may else None,
        stopped,
    )
    status = 422 if request.method == "POST" else 200
    return render(request, "settings/gateway.html", {"page": page}, status=status)


def _change(request: HttpRequest, gateway: Gateway, form: HoursForm) -> None:
    data: dict[str, Any] = form.cleaned_data
    before = {
        "hours": [f"{gateway.opens_at:%H:%M}", f"{gateway.closes_at:%H:%M}"],
        "price_millis": gateway.price_millis,
        "quota_left": gateway.quota_left,
    }
    # Only what stands in the form: the worker writes the quota and the trouble of the same row.
    Gateway.objects.filter(pk=gateway.pk).update(
        opens_at=data["opens_at"],
        closes_at=data["closes_at"],
        price_millis=form.price_millis(),
        **({"quota_left": data["quota_left"]} if "quota_left" in form.changed_data else {}),
    )
    audit.record(
        "gateway.change", shop=gateway.shop, actor=request.user, at=clock_of(request).now(),  # type: ignore[arg-type]
        subject=gateway.name, before=before,
    )  # fmt: skip


def _facts(request: HttpRequest, gateway: Gateway, may: bool) -> ui.Facts:
    facts: list[tuple[str, ui.Component | str]] = [
        (_("服务商"), gateway.provider),
        (_("渠道"), gateway.get_channel_display()),
        (_("会不会真发"), _("不会，只到本机") if gateway.is_loopback else _("会，发给顾客")),
        ("AccessKey ID", str(gateway.settings.get("access_key", "—"))),
        ("AccessKey Secret", _("加密保存，不显示")),
    ]
    hook = gateway.settings.get("hook")
    if may and hook:
        path = place("hook", gateway.provider, hook)
        if path:
            facts.append((_("回执和回复推到"), f"{public_url(request)}{path}"))
    return ui.Facts(facts)


@allowed(*CHANGES)
@require_POST
def loopback(request: HttpRequest) -> HttpResponse:
    make_loopback_gateway(shop_of(request), now=clock_of(request).now(), by=request.user)  # type: ignore[arg-type]
    messages.success(request, _("演练网关建好了"))
    return redirect("settings_gateways")


@allowed(*CHANGES)
@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    gateway = get_object_or_404(Gateway, pk=pk, shop=shop_of(request))
    release_gateway(gateway, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    messages.success(request, _("已放行，没发完的接着发"))
    return redirect("settings_gateway", pk)
