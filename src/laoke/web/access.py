"""Which shop a request is about and what the user may do there. Every view goes through `allowed`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from laoke.shops.clock import Clock, clock_from_env
from laoke.shops.models import Role, Shop, Staff

SHOP_SESSION_KEY = "shop_id"


class ShopMiddleware:
    """Sets `request.staff`, `request.shop`, `request.role` and `request.clock` for the signed-in user."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.staff = _staff_of(request)  # type: ignore[attr-defined]
        request.shop = request.staff.shop if request.staff else None  # type: ignore[attr-defined]
        request.role = request.staff.role if request.staff else ""  # type: ignore[attr-defined]
        zone = request.shop.timezone if request.shop else "Asia/Shanghai"  # type: ignore[attr-defined]
        request.clock = clock_from_env(zone)  # type: ignore[attr-defined]
        return self.get_response(request)


def _staff_of(request: HttpRequest) -> Staff | None:
    if not request.user.is_authenticated:
        return None
    jobs = list(
        Staff.objects.filter(user=request.user)
        .select_related("shop", "shop__owner", "user")
        .order_by("shop_id")
    )
    chosen = request.session.get(SHOP_SESSION_KEY)
    return next((job for job in jobs if job.shop_id == chosen), jobs[0] if jobs else None)


def shop_of(request: HttpRequest) -> Shop:
    """The shop of this request; `allowed` has made sure that there is one."""
    shop: Shop = request.shop  # type: ignore[attr-defined]
    return shop


def public_url(request: HttpRequest) -> str:
    """Where others reach this installation, without a slash at its end: as set, else where the page was opened."""
    return (settings.PUBLIC_URL or request.build_absolute_uri("/")).rstrip("/")


def clock_of(request: HttpRequest) -> Clock:
    clock: Clock = request.clock  # type: ignore[attr-defined]
    return clock


EVERYONE = frozenset(Role.values)
MARKETING = frozenset({Role.OWNER, Role.OPERATOR})
READS = frozenset({Role.OWNER, Role.OPERATOR, Role.SERVICE, Role.ANALYST, Role.AUDITOR})


def may_market(request: HttpRequest) -> bool:
    """Whether buttons that change something are shown."""
    return request.role in MARKETING  # type: ignore[attr-defined]


def _sign_in_first(request: HttpRequest, *, may_change_password: bool = False) -> HttpResponse | None:
    """Where a request goes that may not be answered yet: to sign in, or to replace a one-time password."""
    if not request.user.is_authenticated:
        if request.headers.get("HX-Request"):
            # A fragment cannot show a sign-in page; the script keeps what was typed and says so.
            return HttpResponse(status=401)
        return redirect_to_login(request.get_full_path())
    if request.user.must_change_password and not may_change_password:
        return redirect("password")
    return None


def open_to_all(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Mark a view that anybody may open without signing in."""
    view.allowed_roles = None  # type: ignore[attr-defined]
    return view


def signed_in(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let a view be used by anyone who has signed in, also without a shop or with a one-time password."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        stopped = _sign_in_first(request, may_change_password=True)
        return view(request, *args, **kwargs) if stopped is None else stopped

    checked.allowed_roles = frozenset(Role.values)  # type: ignore[attr-defined]
    return checked


def allowed(*roles: str) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Let a view be used only by these roles of the current shop.

    A view without this mark is refused by a test that walks every URL.
    """
    permitted = frozenset(str(role) for role in roles)

    def mark(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            stopped = _sign_in_first(request)
            if stopped is not None:
                return stopped
            if request.role not in permitted:  # type: ignore[attr-defined]
                raise PermissionDenied
            return view(request, *args, **kwargs)

        checked.allowed_roles = permitted  # type: ignore[attr-defined]
        return checked

    return mark
