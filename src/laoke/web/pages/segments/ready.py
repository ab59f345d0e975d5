"""Ready segments: one click counts one, one takes it over. Counted when asked, because a page of them takes a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from laoke.audiences import counting, wording
from laoke.audiences.models import Segment
from laoke.audiences.readings import NotReady, reading_of
from laoke.audiences.ready import FAMILIES, ReadySegment, ready_segments
from laoke.audiences.segments import save_segment
from laoke.audiences.slow_counts import on_page, too_long_text
from laoke.audiences.text import parse
from laoke.shops.models import Shop
from laoke.warehouse.limits import TooLong
from laoke.web import components as ui
from laoke.web.access import MARKETING, allowed, clock_of, may_market, shop_of
from laoke.web.pages.segments.places import LOOKS, tabs


@dataclass(frozen=True)
class Offer:
    """One ready segment as drawn; `taken` is the shop's own of that name."""

    ready: ReadySegment
    sentence: str
    taken: Segment | None


@dataclass(frozen=True)
class ReadyPage:
    """The ready segments by family, and why nothing can be counted yet."""

    tabs: ui.Tabs
    families: list[tuple[Any, list[Offer]]]
    not_ready: str
    may_change: bool


@allowed(*LOOKS)
def ready(request: HttpRequest) -> HttpResponse:
    """All ready segments."""
    shop, now = shop_of(request), clock_of(request).now()
    found, why = _ready(shop, now)
    own = {one.name: one for one in Segment.objects.filter(shop=shop, archived=False)}
    offers = [Offer(one, wording.describe(parse(one.text)), own.get(str(one.name))) for one in found]
    families = [
        (label, [one for one in offers if one.ready.family == key]) for key, label in FAMILIES.items()
    ]
    page = ReadyPage(
        tabs=tabs("segments_ready"),
        families=[(label, given) for label, given in families if given],
        not_ready=why,
        may_change=may_market(request),
    )
    return render(request, "segments/ready.html", {"page": page})


def _ready(shop: Shop, now: datetime) -> tuple[list[ReadySegment], str]:
    try:
        return ready_segments(reading_of(shop, now.date())), ""
    except NotReady as trouble:
        return ready_segments(None), wording.not_ready_text(trouble.code)


def _chosen(request: HttpRequest) -> ReadySegment:
    """The ready segment that was clicked."""
    found, _why = _ready(shop_of(request), clock_of(request).now())
    key = request.POST.get("key", "")
    for one in found:
        if one.key == key:
            return one
    raise Http404


@require_POST
@allowed(*LOOKS)
def ready_count(request: HttpRequest) -> HttpResponse:
    """How many are in a ready segment now."""
    shop, now, one = shop_of(request), clock_of(request).now(), _chosen(request)
    try:
        with on_page():
            counted = counting.count(shop, one.text, now.date())
    except NotReady as trouble:
        return render(request, "segments/ready_count.html", {"why": wording.not_ready_text(trouble.code)})
    except TooLong as slow:
        return render(
            request,
            "segments/ready_count.html",
            {"why": too_long_text(slow, counting.tree_of(shop, one.text))},
        )
    return render(request, "segments/ready_count.html", {"counted": counted})


@require_POST
@allowed(*MARKETING)
def ready_take(request: HttpRequest) -> HttpResponse:
    """Keep a ready segment as the shop's own; one of that name is opened instead."""
    shop, now, one = shop_of(request), clock_of(request).now(), _chosen(request)
    name = str(one.name)
    own = Segment.objects.filter(shop=shop, name=name).first()
    if own is not None and not own.archived:
        messages.info(request, gettext("已经有「%(name)s」了") % {"name": name})
        return redirect("segment", own.pk)
    kept = save_segment(shop, name, one.text, by=request.user, now=now, note=str(one.note), segment=own)  # type: ignore[arg-type]
    messages.success(request, gettext("收下了「%(name)s」，可以照店里的情况改") % {"name": name})
    return redirect(reverse("segment", args=[kept.pk]))
