"""Views of the account."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from laoke import __version__
from laoke.shops import audit
from laoke.shops.models import Role, Shop, Staff, User
from laoke.shops.setup import add_shop
from laoke.web import components as ui
from laoke.web.access import SHOP_SESSION_KEY, allowed, clock_of, open_to_all, shop_of, signed_in
from laoke.web.context import THEME_COOKIE
from laoke.web.numbers import row_number
from laoke.web.pages.account.forms import LoginForm, NewShopForm, PasswordForm, ProfileForm
from laoke.web.pages.account.signing import SAY_FROM, Attempt, lock_minutes, try_to_sign_in

YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class LoginPage:
    """What the sign-in page shows."""

    form: LoginForm
    next: str
    shop: str
    version: str
    languages: list[tuple[str, str]]


@dataclass(frozen=True)
class PasswordPage:
    """The page of a new password; `forced` when a one-time password has to go first."""

    form: PasswordForm
    forced: bool


@dataclass(frozen=True)
class ProfilePage:
    """A person's own page."""

    form: ProfileForm
    facts: ui.Facts
    shops: ui.Table | None
    new_shop: NewShopForm | None
    demo_clock_ends: bool


def _next_of(request: HttpRequest) -> str:
    """Where to go afterwards: an address of this site only."""
    wanted = request.POST.get("next", request.GET.get("next", ""))
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe else ""


@open_to_all
@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    next_page = _next_of(request)
    if request.user.is_authenticated:
        return HttpResponseRedirect(next_page or resolve_url(settings.LOGIN_REDIRECT_URL))
    form = LoginForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            attempt = try_to_sign_in(request, **form.cleaned_data)
            if attempt.user is not None:
                return _welcome(request, attempt.user, next_page)
            form.add_error("password", _failure_text(attempt))
        status = 422
    shops = list(Shop.objects.values_list("name", flat=True)[:2])
    page = LoginPage(form, next_page, shops[0] if len(shops) == 1 else "", __version__, settings.LANGUAGES)
    return render(request, "account/login.html", {"page": page}, status=status)


def _failure_text(attempt: Attempt) -> str:
    if attempt.locked:
        return _(
            "试错太多次，这个账号在这台电脑上先锁 %(minutes)s 分钟。店长可以用 laoke user unlock 解开。"
        ) % {"minutes": lock_minutes()}
    if attempt.left <= SAY_FROM:
        return _("账号或密码不对。再错 %(left)s 次会锁 %(minutes)s 分钟。") % {
            "left": attempt.left,
            "minutes": lock_minutes(),
        }
    return _("账号或密码不对。")


def _welcome(request: HttpRequest, user: User, next_page: str) -> HttpResponse:
    login(request, user)
    if user.must_change_password:
        target = reverse("password") + (f"?{urlencode({'next': next_page})}" if next_page else "")
    else:
        target = next_page or resolve_url(settings.LOGIN_REDIRECT_URL)
    return _with_preferences(HttpResponseRedirect(target), user)


def _with_preferences(response: HttpResponse, user: User) -> HttpResponse:
    secure = settings.SESSION_COOKIE_SECURE
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, user.language, max_age=YEAR, samesite="Lax", secure=secure
    )
    if user.theme in ("light", "dark"):
        response.set_cookie(THEME_COOKIE, user.theme, max_age=YEAR, samesite="Lax", secure=secure)
    return response


@open_to_all
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("login")


@open_to_all
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Another language before signing in; afterwards it is a preference of the person."""
    chosen = request.POST.get("language", "")
    response = HttpResponseRedirect(_next_of(request) or reverse("login"))
    if chosen in dict(settings.LANGUAGES):
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, chosen, max_age=YEAR, samesite="Lax")
    return response


@signed_in
@sensitive_post_parameters("old", "new", "again")
@never_cache
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    user = _user(request)
    form = PasswordForm(user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        user.set_password(form.cleaned_data["new"])
        user.must_change_password = False
        user.save(update_fields=["password", "must_change_password"])
        update_session_auth_hash(request, user)
        audit.record(
            "password.change", shop=request.shop, actor=user, at=clock_of(request).now(), subject=user.username  # type: ignore[attr-defined]
        )  # fmt: skip
        messages.success(request, _("密码换好了"))
        return HttpResponseRedirect(_next_of(request) or resolve_url(settings.LOGIN_REDIRECT_URL))
    status = 422 if request.method == "POST" else 200
    page = PasswordPage(form, user.must_change_password)
    return render(request, "account/password.html", {"page": page, "next": _next_of(request)}, status=status)


@signed_in
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    user = _user(request)
    if user.must_change_password:
        return redirect("password")
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=_preferences(user))
    if request.method == "POST" and form.is_valid():
        user.first_name = form.cleaned_data["name"]
        user.language, user.theme = form.cleaned_data["language"], form.cleaned_data["theme"]
        user.save(update_fields=["first_name", "language", "theme"])
        response = _with_preferences(redirect("profile"), user)
        if user.theme == "system":
            response.delete_cookie(THEME_COOKIE, samesite="Lax")
        messages.success(request, _("已存"))
        return response
    return _profile_page(request, user, form, status=422 if request.method == "POST" else 200)


def _profile_page(
    request: HttpRequest,
    user: User,
    form: ProfileForm,
    *,
    new_shop: NewShopForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of a person; whoever runs a shop may add another one there."""
    if new_shop is None and request.role == Role.OWNER:  # type: ignore[attr-defined]
        new_shop = NewShopForm(shop_of(request).owner)
    only_demo = not Shop.objects.filter(is_demo=False).exists()
    page = ProfilePage(form, _facts_of(user), _shops_table(request, user), new_shop, only_demo)
    return render(request, "account/profile.html", {"page": page}, status=status)


def _preferences(user: User) -> dict[str, str]:
    return {"name": user.first_name, "language": user.language, "theme": user.theme}


def _facts_of(user: User) -> ui.Facts:
    last = user.last_login
    return ui.Facts(
        [(_("账号"), user.username), (_("上次登录"), f"{last:%Y-%m-%d %H:%M}" if last else _("第一次"))]
    )


def _shops_table(request: HttpRequest, user: User) -> ui.Table | None:
    jobs = list(Staff.objects.filter(user=user).select_related("shop").order_by("shop_id"))
    if not jobs:
        return None
    rows = []
    for job in jobs:
        here = job.shop == request.shop  # type: ignore[attr-defined]
        act: ui.Component = (
            ui.Status(_("现在看的店"), "ok")
            if here
            else ui.Action(
                _("换到这家"),
                reverse("shop_switch"),
                method="post",
                small=True,
                hidden=[("shop", str(job.shop_id))],
            )
        )
        name = ui.Cell(job.shop.name, extra=ui.Tag(_("示例"), "line") if job.shop.is_demo else "")
        rows.append(ui.Row([name, job.shop.get_platform_display(), job.get_role_display(), act]))
    columns = [
        ui.Column("shop", _("店铺"), "nowrap"),
        ui.Column("platform", _("平台"), card="hide"),
        ui.Column("role", _("角色")),
        ui.Column("act", "", "min", card="end"),
    ]
    return ui.Table(columns, rows, caption=_("店铺"))


@signed_in
@require_http_methods(["GET", "POST"])
def shop_switch(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return redirect(reverse("profile") + "#shops")
    wanted = request.POST.get("shop", "")
    job = Staff.objects.filter(user=_user(request), shop_id=row_number(wanted) or 0).first()
    if job is None:
        raise PermissionDenied
    request.session[SHOP_SESSION_KEY] = job.shop_id
    return redirect(settings.LOGIN_REDIRECT_URL)


@allowed(Role.OWNER)
@require_POST
def shop_add(request: HttpRequest) -> HttpResponse:
    """A new shop of the same owner; the page goes on to its first import."""
    user = _user(request)
    form = NewShopForm(shop_of(request).owner, request.POST)
    if not form.is_valid():
        return _profile_page(
            request, user, ProfileForm(initial=_preferences(user)), new_shop=form, status=422
        )
    shop = add_shop(
        form.cleaned_data["name"], now=clock_of(request).now(), owner=form.owner, by=user,
        platform=form.cleaned_data["platform"], category=form.cleaned_data["category"],
    )  # fmt: skip
    request.session[SHOP_SESSION_KEY] = shop.pk
    messages.success(request, _("%(shop)s 加好了，从导入订单开始") % {"shop": shop.name})
    return redirect("imports")


@signed_in
@require_POST
def session_ping(request: HttpRequest) -> HttpResponse:
    """Someone is still there: the session lives on from now."""
    request.session.modified = True
    return HttpResponse(status=204)


def _user(request: HttpRequest) -> User:
    user = request.user
    if not isinstance(user, User):
        raise PermissionDenied
    return user
