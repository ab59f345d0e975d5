"""Views of the bases on which people may be written to: first the count, then the declaration."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from laoke.customers.consent import declare, withdraw_basis, would_cover
from laoke.customers.models import Channel, ConsentBasis, Purpose
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import allowed, clock_of, shop_of
from laoke.web.pages.settings.forms import ConsentForm
from laoke.web.pages.settings.tabs import CHANGES, LOOKS, may_change, tabs


@dataclass(frozen=True)
class ConsentPage:
    """What was declared, and the form for one more; `covered` once it was counted."""

    tabs: ui.Tabs
    filters: ui.Filters
    table: ui.Table
    form: ConsentForm | None
    covered: str
    dialogs: list[ui.Dialog]


@allowed(*LOOKS)
@require_http_methods(["GET", "POST"])
def consent_page(request: HttpRequest) -> HttpResponse:
    if request.method == "POST" and not may_change(request):
        raise PermissionDenied
    shop, now = shop_of(request), clock_of(request).now()
    form = ConsentForm(now.date(), request.POST if request.method == "POST" else None)
    covered, status = "", 200
    if request.method == "POST" and form.is_valid():
        if "declare" in request.POST:
            basis = declare(shop, form.declaration(), by=request.user, now=now)  # type: ignore[arg-type]
            text = ngettext(
                "已登记：%(n)s 人同意%(channel)s用于%(purpose)s",
                "已登记：%(n)s 人同意%(channel)s用于%(purpose)s",
                basis.people,
            ) % {
                "n": figures.exact(basis.people),
                "channel": basis.get_channel_display(),
                "purpose": basis.get_purpose_display(),
            }
            messages.success(request, text)
            return redirect("settings_consent")
        covered = figures.exact(would_cover(shop, form.declaration()))
    elif request.method == "POST":
        status = 422
    bases, may = ConsentBasis.objects.filter(shop=shop, person_id=None), may_change(request)
    if wanted := lists.searched(request):
        bases = bases.filter(Q(wording__icontains=wanted) | Q(proof__icontains=wanted))
    listing = lists.Listing(
        _("同意依据"),
        bases.select_related("declared_by"),
        ("-pk",),
        _columns(),
        lines=lambda rows: [_row(basis, may) for basis in rows],
    )
    if sheets.wanted(request):
        return listing.sheet(request)
    found, count = listing.found(request), bases.count()
    page = ConsentPage(
        tabs(request, "settings_consent"),
        lists.filters(request, _("原话、凭证"), count=count),
        listing.table(
            found,
            request,
            empty=ui.Empty(
                _("还没有登记过"),
                _("导入的买家默认没有同意收营销消息。登记依据之后，才能给他们发。"),
                drawing="lock",
            ),
            order=_("最近的在前"),
            count=_("共 %(n)s 条") % {"n": figures.exact(count)},
        ),
        form if may else None,
        covered,
        [_dialog(basis) for basis in found.rows if basis.withdrawn_at is None] if may else [],
    )
    return render(request, "settings/consent.html", {"page": page}, status=status)


def _columns() -> list[ui.Column]:
    return [
        ui.Column("channel", _("渠道"), "nowrap"),
        ui.Column("purpose", _("目的"), "nowrap"),
        ui.Column("wording", _("原话"), "wrap", card="wide"),
        ui.Column("period", _("收集于"), "nowrap", priority=3, card="hide"),
        ui.Column("proof", _("凭证"), "wrap", priority=3, card="hide"),
        ui.Column("people", _("人数"), "num", label_on_card=_("人")),
        ui.Column("by", _("登记"), "nowrap", priority=2, card="hide"),
        ui.Column("state", _("状态"), card="end"),
        ui.Column("act", "", "min"),
    ]


def _row(basis: ConsentBasis, may: bool) -> ui.Row:
    gone = basis.withdrawn_at is not None
    act = ui.Action(_("收回…"), dialog=f"withdraw-{basis.pk}", small=True) if may and not gone else ""
    until = _("，到 %(day)s") % {"day": basis.expires_on} if basis.expires_on else ""
    return ui.Row(
        [
            basis.get_channel_display(),
            basis.get_purpose_display(),
            ui.Cell(basis.wording, sub=_("版本 %(version)s") % {"version": basis.wording_version}),
            f"{basis.collected_from:%Y-%m-%d} – {basis.collected_to:%Y-%m-%d}",
            basis.proof,
            basis.people,
            ui.Cell(f"{basis.declared_at:%Y-%m-%d}", sub=basis.declared_by.username),
            ui.Status(_("已收回") if gone else _("有效") + until, "" if gone else "ok"),
            act,
        ]
    )


def _dialog(basis: ConsentBasis) -> ui.Dialog:
    return ui.Dialog(
        f"withdraw-{basis.pk}",
        _("收回这条依据？"),
        ngettext("收回 %(n)s 人的同意", "收回 %(n)s 人的同意", basis.people)
        % {"n": figures.exact(basis.people)},
        reverse("settings_consent_withdraw", args=[basis.pk]),
        will=ui.Facts(
            [
                (_("渠道"), Channel(basis.channel).label),
                (_("目的"), Purpose(basis.purpose).label),
                (
                    _("以后"),
                    _("靠它的人不再收营销消息，正在发的轮次也会跳过他们")
                    if basis.purpose == Purpose.MARKETING
                    else _("靠它的人不再算同意过这个目的"),
                ),
                (_("能否撤回"), _("不能，要重新登记")),
            ]
        ),
        danger=True,
    )


@allowed(*CHANGES)
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    basis = get_object_or_404(ConsentBasis, pk=pk, shop=shop_of(request), withdrawn_at=None)
    people = withdraw_basis(basis, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    messages.success(
        request,
        ngettext("已收回 %(n)s 人的同意", "已收回 %(n)s 人的同意", people) % {"n": figures.exact(people)},
    )
    return redirect("settings_consent")
