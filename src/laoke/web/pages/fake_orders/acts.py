"""What people do with orders that look fake: confirm, clear, take back, move the line, score anew."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from laoke.insights.fake_orders import flags
from laoke.insights.fake_orders.rules import FLOOR, MOST, RulesRefused
from laoke.shops import jobs
from laoke.web import figures
from laoke.web.access import MARKETING, allowed, clock_of, shop_of
from laoke.web.pages.fake_orders import listing, words


def _back(request: HttpRequest) -> HttpResponse:
    """To the list as it was, at its first page: the rows that were decided about have left it."""
    kept = QueryDict(request.POST.get("query", ""), mutable=True)
    for name in ("after", "before", "export"):
        kept.pop(name, None)
    place = reverse("fake_orders")
    return redirect(f"{place}?{kept.urlencode()}" if kept else place)


def _chosen(request: HttpRequest) -> list[str]:
    """The orders that were ticked, or all that the list's conditions hold for."""
    shop = shop_of(request)
    if request.POST.get("all") == "1":
        given = listing.asked(QueryDict(request.POST.get("query", "")))
        rows = listing.chosen(shop, given, flags.rules_of(shop).threshold)
        return list(rows.values_list("order_id", flat=True))
    return [text.replace("\0", "")[:40] for text in request.POST.getlist("ids")]


@require_POST
@allowed(*MARKETING)
def decide(request: HttpRequest, decision: str) -> HttpResponse:
    """Confirm, clear or take back, many at once."""
    if decision not in words.DECISIONS:
        raise Http404
    chosen = _chosen(request)
    if not chosen:
        messages.error(request, gettext("没有选订单"))
        return _back(request)
    wanted = "" if decision == "undecide" else decision
    changed = flags.decide(
        shop_of(request), chosen, wanted, by=request.user, now=clock_of(request).now()  # type: ignore[arg-type]
    )  # fmt: skip
    said = {
        "confirmed": gettext("确认了 %(n)s 单是刷单，不计入任何数字"),
        "cleared": gettext("排除了 %(n)s 单，照常计入"),
        "undecide": gettext("撤回了 %(n)s 单的决定，重新按分数"),
    }[decision]
    messages.success(request, said % {"n": figures.exact(changed)})
    return _back(request)


@require_POST
@allowed(*MARKETING)
def threshold(request: HttpRequest) -> HttpResponse:
    """Move the line from which an order is suspect."""
    text = request.POST.get("threshold", "")
    wanted = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    try:
        moved = flags.set_threshold(
            shop_of(request), wanted, by=request.user, now=clock_of(request).now()  # type: ignore[arg-type]
        )  # fmt: skip
    except RulesRefused:
        said = gettext("门槛要在 %(low)s 到 %(high)s 之间")
        messages.error(request, said % {"low": FLOOR, "high": MOST})
    else:
        said = gettext("门槛是 %(line)s 分，%(n)s 单换了边")
        messages.success(request, said % {"line": wanted, "n": figures.exact(moved)})
    return _back(request)


@require_POST
@allowed(*MARKETING)
def again(request: HttpRequest) -> HttpResponse:
    """Score all orders anew."""
    now = clock_of(request).now()
    jobs.queue_once("fake_orders", shop=shop_of(request), now=now, by=request.user)  # type: ignore[arg-type]
    messages.success(request, gettext("正在给全部订单重新打分，人定的不动"))
    return _back(request)
