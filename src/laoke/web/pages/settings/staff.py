"""Views of who works in the shop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from laoke.shops.models import Role, Shop, Staff
from laoke.shops.staff import StaffRefused, dismiss, give_role, hire, reset_password
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import allowed, clock_of, shop_of
from laoke.web.pages.settings.forms import HireForm
from laoke.web.pages.settings.tabs import CHANGES, LOOKS, may_change, tabs

REFUSALS = {
    "last_owner": gettext_lazy("这是最后一位店长，先让别人当店长"),
    "self": gettext_lazy("不能对自己做这件事，换密码在账号页"),
    "user_exists": gettext_lazy("已有这个账号，换一个"),
    "username": gettext_lazy("账号用 2 到 50 个字母、数字或 . _ - @ +"),
    "elsewhere": gettext_lazy("这个账号还在别的店主那里用，让本人自己换密码"),
}
DUTIES = {
    Role.OWNER: gettext_lazy("什么都能做，登记同意依据、改设置只有店长"),
    Role.OPERATOR: gettext_lazy("导入、人群、活动、发送"),
    Role.SERVICE: gettext_lazy("看客户、回消息"),
    Role.DESIGNER: gettext_lazy("看活动和任务"),
    Role.WAREHOUSE: gettext_lazy("看活动和任务"),
    Role.ANALYST: gettext_lazy("看全部数字，不能发送"),
    Role.AUDITOR: gettext_lazy("看全部和审计记录，不能改"),
}


@dataclass(frozen=True)
class StaffRow:
    """One colleague with what may be done about them."""

    staff: Staff
    name: ui.Who
    last: str
    duty: str
    waits: bool
    closed: bool
    me: bool


@dataclass(frozen=True)
class StaffPage:
    """Everyone who works in the shop."""

    tabs: ui.Tabs
    rows: list[StaffRow]
    roles: list[tuple[str, str]]
    form: HireForm | None
    may: bool
    once: ui.Notice | None
    dialogs: list[ui.Dialog]


@allowed(*LOOKS)
@never_cache
@require_http_methods(["GET", "POST"])
def staff_page(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return _page(request, HireForm())
    if not may_change(request):
        raise PermissionDenied
    form = HireForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            staff, once = hire(
                shop_of(request), data["username"], name=data["name"], role=data["role"],
                by=request.user, now=clock_of(request).now(),  # type: ignore[arg-type]
            )  # fmt: skip
        except StaffRefused as refused:
            form.add_error("username", str(REFUSALS[refused.code]))
        else:
            return _page(request, HireForm(), _once(staff, once))
    return _page(request, form, status=422)


def _once(staff: Staff, once: str) -> ui.Notice:
    """The one-time password: shown in this answer only, stored nowhere."""
    name = staff.user.username
    if not once:
        return ui.Notice(_("用原来的密码登录就行。"), _("%(name)s 可以进这家店了") % {"name": name}, "ok")
    title = _("%(name)s 的一次性密码：%(once)s") % {"name": name, "once": once}
    return ui.Notice(_("只显示这一次，离开这页就没有了。登录后会要求换掉。"), title, "ok")


def _page(
    request: HttpRequest, form: HireForm, once: ui.Notice | None = None, status: int = 200
) -> HttpResponse:
    shop, now, may = shop_of(request), clock_of(request).now(), may_change(request)
    rows = _rows(shop, now, request)
    page = StaffPage(
        tabs(request, "settings_staff"),
        rows,
        [(value, str(label)) for value, label in Role.choices],
        form if may else None,
        may,
        once,
        [_dialog(row.staff) for row in rows if not row.me] if may else [],
    )
    return render(request, "settings/staff.html", {"page": page}, status=status)


def _rows(shop: Shop, now: datetime, request: HttpRequest) -> list[StaffRow]:
    found = Staff.objects.filter(shop=shop).select_related("user").order_by("pk")
    return [
        StaffRow(
            staff,
            ui.Who(str(staff), staff.user.username),
            figures.when(staff.user.last_login, now) if staff.user.last_login else _("还没登录过"),
            str(DUTIES[Role(staff.role)]),
            staff.user.must_change_password,
            not staff.user.is_active,
            staff.user_id == request.user.pk,
        )
        for staff in found
    ]


def _dialog(staff: Staff) -> ui.Dialog:
    return ui.Dialog(
        f"dismiss-{staff.pk}",
        _("让 %(name)s 离开这家店？") % {"name": staff},
        _("移除"),
        reverse("settings_staff_dismiss", args=[staff.pk]),
        text=_("马上不能再进这家店。做过的事留在审计里，负责的任务要另外指派。"),
        danger=True,
    )


def _staff(request: HttpRequest, pk: int) -> Staff:
    return get_object_or_404(Staff.objects.select_related("user", "shop"), pk=pk, shop=shop_of(request))


@allowed(*CHANGES)
@require_POST
def role(request: HttpRequest, pk: int) -> HttpResponse:
    staff, wanted = _staff(request, pk), request.POST.get("role", "")
    if wanted not in Role.values:
        messages.error(request, _("没有这个角色"))
        return redirect("settings_staff")
    try:
        give_role(staff, wanted, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
        messages.success(request, _("%(name)s 现在是%(role)s") % {"name": staff, "role": Role(wanted).label})
    except StaffRefused as refused:
        messages.error(request, str(REFUSALS[refused.code]))
    return redirect("settings_staff")


@allowed(*CHANGES)
@never_cache
@require_POST
def password(request: HttpRequest, pk: int) -> HttpResponse:
    staff = _staff(request, pk)
    try:
        once = reset_password(staff, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    except StaffRefused as refused:
        messages.error(request, str(REFUSALS[refused.code]))
        return redirect("settings_staff")
    return _page(request, HireForm(), _once(staff, once))


@allowed(*CHANGES)
@require_POST
def dismiss_page(request: HttpRequest, pk: int) -> HttpResponse:
    staff = _staff(request, pk)
    try:
        dismiss(staff, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
        messages.success(request, _("已移除"))
    except StaffRefused as refused:
        messages.error(request, str(REFUSALS[refused.code]))
    return redirect("settings_staff")
