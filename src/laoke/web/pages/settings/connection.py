"""Views of the shop's connection to its platform: how far it is, what is wrong in words, and what the owner can do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
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

from laoke.intake.models import Connection, ConnectionState
from laoke.intake.top import connections
from laoke.intake.top.call import GATEWAY
from laoke.intake.top.words import REFUSALS, refusal_text, trouble_detail, trouble_text
from laoke.shops.models import Shop
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import allowed, clock_of, shop_of
from laoke.web.components.base import Words
from laoke.web.components.words import State
from laoke.web.pages.settings.forms import SessionForm, TopForm
from laoke.web.pages.settings.streams import streams
from laoke.web.pages.settings.tabs import CHANGES, LOOKS, may_change, tabs

SHAPES: dict[str, State] = {
    ConnectionState.ACTIVE: "ok",
    ConnectionState.PAUSED: "",
    ConnectionState.SIGN_IN: "warn",
    ConnectionState.STOPPED: "bad",
}
DONE: dict[str, Words] = {
    "pause": gettext_lazy("已暂停"),
    "resume": gettext_lazy("接着拉"),
    "forget": gettext_lazy("已忘掉，拉来的订单还在"),
}


@dataclass(frozen=True)
class ConnectionPage:
    """The connection of the shop, or the form that makes one."""

    tabs: ui.Tabs
    note: ui.Notice | None
    facts: ui.Facts | None
    streams: ui.Table | None
    form: TopForm | None
    session: SessionForm | None
    turn: ui.Action | None
    forget: ui.Dialog | None


@allowed(*LOOKS)
@sensitive_post_parameters("secret", "session")
@require_http_methods(["GET", "POST"])
def connection_page(request: HttpRequest) -> HttpResponse:
    shop, may = shop_of(request), may_change(request)
    if request.method == "POST" and not may:
        raise PermissionDenied
    connection = Connection.objects.filter(shop=shop).select_related("shop").first()
    form = TopForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _connected(request, form):
        messages.success(request, _("接上了，后台开始拉最近三个月的订单"))
        return redirect("settings_connection")
    page = _page(request, connection, form if may and connection is None and not shop.is_demo else None)
    return render(
        request, "settings/connection.html", {"page": page}, status=422 if request.method == "POST" else 200
    )


def _connected(request: HttpRequest, form: TopForm) -> bool:
    data = form.cleaned_data
    try:
        connections.connect(
            shop_of(request), app_key=data["app_key"], secret=data["secret"], session=data["session"],
            by=request.user, now=clock_of(request).now(), gateway=data["gateway"] or GATEWAY,  # type: ignore[arg-type]
        )  # fmt: skip
    except connections.ConnectionRefused as refused:
        form.add_error(None, refusal_text(refused.code, refused.params))
        return False
    return True


def _page(
    request: HttpRequest, connection: Connection | None, form: TopForm | None, session: SessionForm | None = None
) -> ConnectionPage:  # fmt: skip
    now, may = clock_of(request).now(), may_change(request)
    room = tabs(request, "settings_connection")
    if connection is None:
        return ConnectionPage(room, _unconnected(shop_of(request), may), None, None, form, None, None, None)
    paused = connection.state in (ConnectionState.PAUSED, ConnectionState.STOPPED)
    act, label = ("resume", _("继续")) if paused else ("pause", _("暂停"))
    signed_out = connection.state == ConnectionState.SIGN_IN
    return ConnectionPage(
        room,
        _trouble(connection),
        _facts(connection, now),
        streams(connection, now),
        None,
        (session or SessionForm()) if may else None,
        ui.Action(label, reverse(f"settings_connection_{act}"), method="post")
        if may and not signed_out
        else None,
        _forget(connection) if may else None,
    )


def _unconnected(shop: Shop, may: bool) -> ui.Notice | None:
    if shop.is_demo:
        return ui.Notice(str(REFUSALS["demo_shop"]))
    return None if may else ui.Notice(_("还没有接平台。店长可以在这里接上。"))


def _trouble(connection: Connection) -> ui.Notice | None:
    if connection.trouble:
        tone = "warn" if connection.state == ConnectionState.ACTIVE else "bad"
        return ui.Notice(
            trouble_text(connection.trouble), _("上次没有拉完，已经存下的都在"), tone,  # type: ignore[arg-type]
            code=trouble_detail(connection.trouble),
        )  # fmt: skip
    if connection.is_loopback:
        return ui.Notice(_("这是演练：订单是本机编出来的，不是平台上的。"), tone="warn")
    return None


def _facts(connection: Connection, now: datetime) -> ui.Facts:
    waits = connection.state == ConnectionState.ACTIVE
    return ui.Facts(
        [
            (_("状态"), ui.Status(connection.get_state_display(), SHAPES[connection.state])),
            ("App Key", connection.app_key),
            (_("App Secret 和 session"), _("加密保存，不显示")),
            (_("上次拉完"), figures.when(connection.pulled_at, now)),
            (_("下次"), figures.when(connection.next_pull_at, now) if waits else figures.NOTHING),
            (_("接上"), figures.when(connection.created_at, now)),
        ]
    )


def _forget(connection: Connection) -> ui.Dialog:
    will = ui.Facts(
        [
            (_("会删掉"), _("App Secret、session、拉到哪")),
            (_("会留下"), _("已经拉来的订单和客户")),
        ]
    )
    return ui.Dialog(
        "forget", _("忘掉这个连接？"), _("忘掉"), reverse("settings_connection_forget"), will, danger=True
    )  # fmt: skip


@allowed(*CHANGES)
@sensitive_post_parameters("session")
@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    connection = get_object_or_404(Connection, shop=shop_of(request))
    form = SessionForm(request.POST)
    if not form.is_valid() or not _signed_in(request, connection, form):
        page = _page(request, connection, None, form)
        return render(request, "settings/connection.html", {"page": page}, status=422)
    messages.success(request, _("换上了新的授权，接着拉"))
    return redirect("settings_connection")


def _signed_in(request: HttpRequest, connection: Connection, form: SessionForm) -> bool:
    session = form.cleaned_data["session"]
    try:
        connections.sign_in(connection, session, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    except connections.ConnectionRefused as refused:
        form.add_error(None, refusal_text(refused.code, refused.params))
        return False
    return True


@allowed(*CHANGES)
@require_POST
def turn(request: HttpRequest, act: str) -> HttpResponse:
    """Pause, resume or forget."""
    connection = get_object_or_404(Connection, shop=shop_of(request))
    acts: dict[str, Callable[..., Any]] = {
        "pause": connections.pause, "resume": connections.resume, "forget": connections.forget,
    }  # fmt: skip
    acts[act](connection, by=request.user, now=clock_of(request).now())
    messages.success(request, str(DONE[act]))
    return redirect("settings_connection")
