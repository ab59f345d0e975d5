"""Looking somebody up by the Wangwang id they gave (P1.4): attach their WeChat and phone, label them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from laoke.customers import attaching, links, profiles, tags
from laoke.customers.models import Tag
from laoke.insights import people
from laoke.shops import audit
from laoke.shops.models import Role, Shop
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import MARKETING, allowed, clock_of, shop_of
from laoke.web.components.base import Words
from laoke.web.pages.customers import words
from laoke.web.pages.customers.acts import TAG_REFUSALS
from laoke.web.pages.customers.listing import day_of, title_of
from laoke.web.pages.customers.profile import reading_or_none

REFUSALS: dict[str, Words] = {
    "phone": _("手机号不对：要 11 位，不带星号"),
    "wecom": _("外部联系人号不对：最长 64 位，不带空格"),
    "other": _("这个微信号已经记在另一位客户上了。要是同一个人，先在客户页上合并"),
    "erasing": _("正在删除这个人的个人信息，不能再登记"),
}


@dataclass(frozen=True)
class LookupPage:
    """What was asked and who was found."""

    nick: str = ""
    asked: bool = False
    person: int = 0
    title: str = ""
    facts: ui.Facts | None = None
    tags: list[str] = field(default_factory=list)
    choices: list[Tag] = field(default_factory=list)
    may_change: bool = True


@allowed(*MARKETING, Role.SERVICE)
@require_http_methods(["GET", "POST"])
def lookup(request: HttpRequest) -> HttpResponse:
    """The form, and whom the id belongs to. The id is posted, so that it stands in no address."""
    shop, now = shop_of(request), clock_of(request).now()
    nick = request.POST.get("nick", "").strip()[:100]
    if not nick:
        return render(request, "customers/lookup.html", {"page": LookupPage()})
    found = profiles.find_people(shop, nick)
    audit.record(
        "contact.search", shop=shop, actor=request.user, at=now, count=len(found), by_part=False  # type: ignore[arg-type]
    )  # fmt: skip
    page = _found(shop, nick, found[0], now) if len(found) == 1 else LookupPage(nick, asked=True)
    return render(request, "customers/lookup.html", {"page": page})


def _found(shop: Shop, nick: str, person: int, now: datetime) -> LookupPage:
    masks = profiles.masks_of(shop, [person]).get(person, profiles.Masks())
    reading = reading_or_none(shop, now)
    row = people.features_of(reading.reader, shop.pk, person, reading.as_of_day) if reading else None
    facts: list[tuple[Words, str]] = [(_("手机"), masks.phone or "—")]
    if row and row["orders"]:
        facts += [
            (_("生命周期"), str(words.LIFECYCLES[row["lifecycle"]])),
            (_("购买天数"), figures.exact(row["orders"])),
            (_("累计净付"), figures.yuan(row["net_cents"])),
            (_("最近付款"), figures.day(day_of(row["last_day"]), now)),
        ]
    choices = Tag.objects.filter(shop=shop, rule="", suppresses=False).order_by("name")
    return LookupPage(
        nick, True, person, title_of(person, masks), ui.Facts(facts),
        profiles.tags_of(shop, [person]).get(person, []), list(choices),
    )  # fmt: skip


@require_POST
@allowed(*MARKETING, Role.SERVICE)
def attach(request: HttpRequest, person_id: int) -> HttpResponse:
    """Attach what the person told, and the labels that were ticked."""
    shop, now = shop_of(request), clock_of(request).now()
    members = links.customers_of(shop, person_id)
    if not members:
        raise Http404
    wecom, phone = request.POST.get("wecom", "").strip(), request.POST.get("phone", "").strip()
    try:
        if wecom or phone:
            attaching.attach(shop, person_id, wecom=wecom, phone=phone, by=request.user, now=now)  # type: ignore[arg-type]
        for tag in Tag.objects.filter(shop=shop, name__in=request.POST.getlist("tag"), suppresses=False):
            tags.set_tag(tag, [person_id], by=request.user, now=now, reason=gettext("加微信时"))  # type: ignore[arg-type]
    except attaching.AttachRefused as refused:
        messages.error(request, str(REFUSALS[refused.code]))
    except tags.TagRefused as refusal:
        messages.error(request, str(TAG_REFUSALS[refusal.code]))
    else:
        messages.success(request, gettext("记下了"))
    return redirect("customer", person_id)
