"""What is done with customers: tags, who looks after them, refusals, contacts shown, merges, erasing."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from laoke.audiences.readings import NotReady, reading_of
from laoke.customers import consent, erasure, links, profiles, tags, vault
from laoke.customers.models import EVERY_PURPOSE, Channel, PersonLink, Tag
from laoke.insights import people
from laoke.shops import audit
from laoke.shops.models import Role, Shop, Staff
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import MARKETING, READS, allowed, clock_of, shop_of
from laoke.web.components.base import Words
from laoke.web.numbers import row_number
from laoke.web.pages.customers import listing, words
from laoke.web.pages.customers.profile import MAY_SEE_CONTACTS

TAG_REFUSALS: dict[str, Words] = {
    "empty": _("标签要有名字"),
    "too_long": _("标签最长 30 个字"),
    "needs_reason": _("打上、解除不打扰的标签都要写原因"),
    "ruled": _("这个标签按规则打，不能手工改。要改就改它的规则"),
    "looks": _("不能给人的长相、素质打标签：法律不认这个目的"),
    "no_suppressing": _("已经有同名的标签，它不拦消息。不打扰的标签请换个名字"),
    "erasing": _("正在删除这个人的个人信息，不能再登记"),
}
SHOWN = frozenset({"nick", "name", "phone", "email", "address"})


def _person_or_404(shop: Shop, person_id: int) -> list[int]:
    members = links.customers_of(shop, person_id)
    if not members:
        raise Http404
    return members


def _back(request: HttpRequest, fallback: str) -> HttpResponse:
    """To the page of ours that the act came from."""
    came, ours = request.headers.get("referer", ""), {request.get_host()}
    if came and url_has_allowed_host_and_scheme(came, ours, request.is_secure()):
        parts = urlsplit(came)
        place = parts.path + (f"?{parts.query}" if parts.query else "")
        # Without its host a path like //elsewhere would lead there.
        if url_has_allowed_host_and_scheme(place, ours, request.is_secure()):
            return redirect(place)
    return redirect(fallback)


@require_POST
@allowed(*READS)
def columns(request: HttpRequest) -> HttpResponse:
    """Keep the columns this colleague chose."""
    listing.keep_columns(shop_of(request), request.user, request.POST.getlist("column"))  # type: ignore[arg-type]
    return _back(request, reverse("customers"))


def _chosen(request: HttpRequest) -> list[int]:
    """The persons of a bulk act: those ticked, or everybody the list's conditions hold for."""
    shop = shop_of(request)
    if request.POST.get("all") == "1":
        reading = reading_of(shop, clock_of(request).now().date())
        given = listing.asked(QueryDict(request.POST.get("query", "")))
        wanted = listing.with_people(shop, reading, given, request.user)  # type: ignore[arg-type]
        return people.all_people(reading.reader, shop.pk, reading.as_of_day, wanted)
    ids = [number for text in request.POST.getlist("ids") if (number := row_number(text)) is not None]
    return profiles.persons_of(shop, ids)


@require_POST
@allowed(*MARKETING)
def tag_many(request: HttpRequest) -> HttpResponse:
    """Put one tag on many people."""
    try:
        chosen = _chosen(request)
    except NotReady:
        chosen = []
    if not chosen:
        messages.error(request, gettext("没有选人"))
        return _back(request, reverse("customers"))
    return _set_tag(request, chosen, reverse("customers"))


@require_POST
@allowed(*MARKETING, Role.SERVICE)
def tag_one(request: HttpRequest, person_id: int) -> HttpResponse:
    """Put a tag on one person."""
    _person_or_404(shop_of(request), person_id)
    return _set_tag(request, [person_id], reverse("customer", args=[person_id]))


def _set_tag(request: HttpRequest, chosen: Sequence[int], fallback: str) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    name = request.POST.get("new_tag", "").strip() or request.POST.get("tag", "").strip()
    try:
        tag = tags.make_tag(
            shop, name, now=now, suppresses=request.POST.get("suppresses") == "1", by=request.user,  # type: ignore[arg-type]
        )  # fmt: skip
        reason = request.POST.get("reason", "").strip()[:100]
        new = tags.set_tag(tag, chosen, by=request.user, now=now, reason=reason)  # type: ignore[arg-type]
    except tags.TagRefused as refusal:
        messages.error(request, str(TAG_REFUSALS[refusal.code]))
    else:
        said = gettext("给 %(n)s 人打了「%(tag)s」，%(had)s 人本来就有")
        messages.success(
            request,
            said % {"n": figures.exact(new), "tag": tag.name, "had": figures.exact(len(chosen) - new)},
        )
    return _back(request, fallback)


@require_POST
@allowed(*MARKETING, Role.SERVICE)
def untag_one(request: HttpRequest, person_id: int) -> HttpResponse:
    """Take a tag off one person."""
    shop = shop_of(request)
    _person_or_404(shop, person_id)
    tag = get_object_or_404(Tag, shop=shop, name=request.POST.get("tag", ""))
    if tag.suppresses and request.role not in MARKETING:  # type: ignore[attr-defined]
        raise PermissionDenied
    reason = request.POST.get("reason", "").strip()
    try:
        tags.unset_tag(tag, [person_id], by=request.user, now=clock_of(request).now(), reason=reason)  # type: ignore[arg-type]
    except tags.TagRefused as refusal:
        messages.error(request, str(TAG_REFUSALS[refusal.code]))
    else:
        messages.success(request, gettext("去掉了「%(tag)s」") % {"tag": tag.name})
    return _back(request, reverse("customer", args=[person_id]))


def _staff(request: HttpRequest) -> Staff | None:
    chosen = request.POST.get("in_charge", "")
    return Staff.objects.filter(shop=shop_of(request), pk=row_number(chosen) or 0).first()


@require_POST
@allowed(*MARKETING)
def assign_many(request: HttpRequest) -> HttpResponse:
    """Give many people to one colleague; their importance stays."""
    shop, now = shop_of(request), clock_of(request).now()
    try:
        chosen = _chosen(request)
    except NotReady:
        chosen = []
    staff = _staff(request)
    if not chosen:
        messages.error(request, gettext("没有选人"))
        return _back(request, reverse("customers"))
    done = tags.assign(shop, chosen, in_charge=staff, by=request.user, now=now)  # type: ignore[arg-type]
    said = gettext("%(n)s 人交给 %(name)s") if staff else gettext("%(n)s 人不再有负责人")
    messages.success(request, said % {"n": figures.exact(done), "name": str(staff or "")})
    return _back(request, reverse("customers"))


@require_POST
@allowed(*MARKETING, Role.SERVICE)
def card(request: HttpRequest, person_id: int) -> HttpResponse:
    """Who looks after a person, and how important they are."""
    shop, now = shop_of(request), clock_of(request).now()
    _person_or_404(shop, person_id)
    importance = row_number(request.POST.get("importance", "0"))
    if importance is None or importance > tags.MAX_IMPORTANCE:
        return HttpResponseBadRequest()
    try:
        tags.set_card(
            shop, person_id, now=now, in_charge=_staff(request), importance=importance, by=request.user,  # type: ignore[arg-type]
        )  # fmt: skip
    except tags.TagRefused as refusal:
        messages.error(request, str(TAG_REFUSALS[refusal.code]))
    else:
        messages.success(request, gettext("记下了"))
    return _back(request, reverse("customer", args=[person_id]))


@require_POST
@allowed(*MARKETING, Role.SERVICE)
def refuse(request: HttpRequest, person_id: int) -> HttpResponse:
    """Write down that a person refuses a purpose, or all of them, on a channel."""
    shop, now = shop_of(request), clock_of(request).now()
    _person_or_404(shop, person_id)
    channel, purpose = request.POST.get("channel", ""), request.POST.get("purpose", EVERY_PURPOSE)
    if channel not in Channel.values or purpose not in words.PURPOSES:
        return HttpResponseBadRequest()
    with transaction.atomic():
        consent.opt_out(shop, channel, purpose=purpose, now=now, source="staff", person_id=person_id)
        audit.record(
            "consent.refuse", shop=shop, actor=request.user, at=now, subject=str(person_id), channel=channel,  # type: ignore[arg-type]
            purpose=purpose,
        )  # fmt: skip
    said = gettext("登记了拒绝：%(channel)s，%(purpose)s")
    messages.success(request, said % {"channel": words.CHANNELS[channel], "purpose": words.PURPOSES[purpose]})
    return _back(request, reverse("customer", args=[person_id]))


@require_POST
@allowed(*MAY_SEE_CONTACTS)
def show_contact(request: HttpRequest, person_id: int) -> HttpResponse:
    """One field of the vault in clear: one audit row each time."""
    shop = shop_of(request)
    _person_or_404(shop, person_id)
    field = request.POST.get("field", "")
    if field not in SHOWN:
        return HttpResponseBadRequest()
    value = ""
    for record in profiles.records_of(shop, [person_id]):
        value = vault.show_contact(record, actor=request.user, now=clock_of(request).now(), field=field)  # type: ignore[arg-type]
        if value:
            break
    return render(request, "customers/contact.html", {"value": value, "field": field})


@require_POST
@allowed(*MARKETING)
def decide_link(request: HttpRequest, link_id: int, decision: str) -> HttpResponse:
    """Accept, reject, undo or reopen a merge."""
    shop = shop_of(request)
    decide = {"accept": links.accept, "reject": links.reject, "undo": links.undo, "reopen": links.reopen}.get(
        decision
    )
    if decide is None:
        raise Http404
    link = get_object_or_404(PersonLink, pk=link_id, owner_id=shop.owner_id)
    try:
        decided = decide(link, shop, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    except links.JoinRefused:
        messages.error(request, gettext("其中一位正在删除个人信息，不能再合并或拆开"))
        return _back(request, reverse("customers_links"))
    if not decided:
        messages.error(request, gettext("同事刚刚处理过这一对"))
        return _back(request, reverse("customers_links"))
    _say(request, link, decision)
    return _back(request, reverse("customers_links"))


def _say(request: HttpRequest, link: PersonLink, decision: str) -> None:
    said = {
        "accept": _("合并成一个人，分析里下次重算后生效"),
        "reject": _("记下了：不是同一人"),
        "undo": _("拆开了，退订在两边都还有效"),
        "reopen": _("放回待确认"),
    }[decision]
    opposite = {"accept": "undo", "reject": "reopen"}.get(decision)
    undo_url = reverse("customer_link", args=[link.pk, opposite]) if opposite else ""
    messages.success(request, ui.Toast(said, undo_url=undo_url).render(), extra_tags="component")


@require_POST
@allowed(*MARKETING)
def erase(request: HttpRequest, person_id: int) -> HttpResponse:
    """Begin to erase a person."""
    shop = shop_of(request)
    _person_or_404(shop, person_id)
    try:
        erasure.request_erasure(shop, person_id, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    except erasure.ErasureRefused:
        messages.error(request, gettext("现在没法停下待发的消息，所以没有删。过一会儿再试"))
    else:
        messages.success(request, gettext("开始删除。每一步做完的时间会写在这里"))
    return redirect("customer", person_id)
