"""Views of the tokens with which the shop's own systems send facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from laoke.shops.models import ApiToken, Shop
from laoke.shops.tokens import is_live, make_token, revoke
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import allowed, clock_of, public_url, shop_of
from laoke.web.pages.settings.forms import TokenForm
from laoke.web.pages.settings.scopes import scopes_named
from laoke.web.pages.settings.tabs import CHANGES, LOOKS, may_change, tabs

SOON_DAYS = 14


@dataclass(frozen=True)
class TokensPage:
    """All tokens of the shop, those that have ended last; `once` is a new one's text, in this answer only."""

    tabs: ui.Tabs
    table: ui.Table
    form: TokenForm | None
    made: ApiToken | None
    once: str
    address: str
    dialogs: list[ui.Dialog]


@allowed(*LOOKS)
@never_cache
@require_http_methods(["GET", "POST"])
def tokens_page(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return _page(request, TokenForm())
    if not may_change(request):
        raise PermissionDenied
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    data = form.cleaned_data
    made, once = make_token(
        shop_of(request), name=data["name"], scopes=data["scopes"], days=data["days"],
        by=request.user, now=clock_of(request).now(),  # type: ignore[arg-type]
    )  # fmt: skip
    return _page(request, TokenForm(), made, once)


def _page(
    request: HttpRequest, form: TokenForm, made: ApiToken | None = None, once: str = "", status: int = 200
) -> HttpResponse:
    shop, now, may = shop_of(request), clock_of(request).now(), may_change(request)
    found = _tokens(shop, now)
    live = [token for token in found if is_live(token, now)]
    page = TokensPage(
        tabs(request, "settings_tokens"),
        _table(found, now, may),
        form if may else None,
        made,
        once,
        f"{public_url(request)}/api/v1/",
        [_dialog(token) for token in live] if may else [],
    )
    return render(request, "settings/tokens.html", {"page": page}, status=status)


def _tokens(shop: Shop, now: datetime) -> list[ApiToken]:
    found = ApiToken.objects.filter(shop=shop).select_related("created_by").order_by("-pk")
    return sorted(found, key=lambda token: not is_live(token, now))


def _table(found: list[ApiToken], now: datetime, may: bool) -> ui.Table:
    columns = [
        ui.Column("name", _("令牌"), "wrap"),
        ui.Column("scopes", _("能做什么"), "wrap", card="wide"),
        ui.Column("used", _("上次用"), "nowrap", label_on_card=_("上次用")),
        ui.Column("expires", _("到期"), "nowrap", label_on_card=_("到期")),
        ui.Column("state", _("状态"), card="end"),
        *([ui.Column("act", "", "min")] if may else []),
    ]
    rows = [
        ui.Row(
            [
                ui.Cell(token.name, sub=f"lk_{token.prefix}…"),
                ui.Cell(scopes_named(token.scopes), tone="muted"),
                figures.when(token.last_used_at, now) if token.last_used_at else _("还没用过"),
                figures.day(token.expires_at, now),
                _state(token, now),
                *([_end(token, now)] if may else []),
            ]
        )
        for token in found
    ]
    empty = ui.Empty(
        _("还没有令牌"), _("店里自己的系统（ERP、仓库、自建商城）要把订单发过来时，先给它建一个。")
    )
    return ui.Table(columns, rows, caption=_("接口令牌"), empty=empty)


def _state(token: ApiToken, now: datetime) -> ui.Status:
    if token.revoked_at is not None:
        return ui.Status(_("已停用"), "")
    if token.expires_at <= now:
        return ui.Status(_("已过期"), "bad")
    left = (token.expires_at - now).days
    if left < SOON_DAYS:
        return ui.Status(ngettext("还剩 %(n)s 天", "还剩 %(n)s 天", left) % {"n": left}, "warn")
    return ui.Status(_("可用"), "ok")


def _end(token: ApiToken, now: datetime) -> ui.Action | str:
    if not is_live(token, now):
        return ""
    return ui.Action(_("停用…"), kind="quiet", dialog=f"revoke-{token.pk}", small=True)


def _dialog(token: ApiToken) -> ui.Dialog:
    return ui.Dialog(
        f"revoke-{token.pk}",
        _("停用“%(name)s”？") % {"name": token.name},
        _("停用"),
        reverse("settings_token_revoke", args=[token.pk]),
        text=_("用它的系统马上发不进来，不能再启用。已经收下的批次照样写完。"),
        danger=True,
    )


@allowed(*CHANGES)
@require_POST
def revoke_page(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(ApiToken.objects.select_related("shop"), pk=pk, shop=shop_of(request))
    if revoke(token, by=request.user, now=clock_of(request).now()):  # type: ignore[arg-type]
        messages.success(request, _("“%(name)s”停用了") % {"name": token.name})
    return redirect("settings_tokens")
