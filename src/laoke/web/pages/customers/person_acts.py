"""What is done with one person: joined with another, a consent given or taken back, their data handed out."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from laoke.customers import consent, links, notes
from laoke.customers.models import Channel, PersonNote, Purpose
from laoke.shops.models import Role, Shop
from laoke.shops.open_files import let_go
from laoke.web.access import MARKETING, allowed, clock_of, shop_of
from laoke.web.components.base import Words
from laoke.web.pages.customers import own_data, words
from laoke.web.pages.customers.agreements import FAULTS, REFUSALS, GivenForm
from laoke.web.pages.customers.finding import persons_named

JOIN_REFUSALS: dict[str, Words] = {
    "unknown": _("没有这个人了，刷新页面再看"),
    "same": _("本来就是同一个人"),
    "no_reason": _("写上凭什么知道是同一个人"),
    "erasing": _("其中一位正在删除个人信息，不能合并"),
}


NOTE_REFUSALS: dict[str, Words] = {
    "empty": _("写点什么再记"),
    "too_long": _("一笔最长 1000 字，分几笔记"),
    "erasing": _("正在删除这个人的个人信息，不能再登记"),
}


def _known(shop: Shop, person_id: int) -> None:
    if not links.customers_of(shop, person_id):
        raise Http404


def _named(channel: str, purpose: str) -> dict[str, Words]:
    return {"channel": words.CHANNELS[channel], "purpose": words.PURPOSES[purpose]}


@require_POST
@allowed(*MARKETING)
def join(request: HttpRequest, person_id: int) -> HttpResponse:
    """Join another person with this one by hand."""
    shop, now = shop_of(request), clock_of(request).now()
    _known(shop, person_id)
    found = persons_named(shop, request.POST.get("other", "")[:100], now)
    if len(found) != 1:
        said = gettext("找到 %(n)s 位，要正好一位才能合并。写全会员名、手机号、订单号或客户号")
        messages.error(request, said % {"n": len(found)})
        return redirect("customer", person_id)
    why = request.POST.get("why", "")
    try:
        links.join_by_hand(shop, person_id, found[0], why=why, by=request.user, now=now)  # type: ignore[arg-type]
    except links.JoinRefused as refused:
        messages.error(request, str(JOIN_REFUSALS[refused.code]))
        return redirect("customer", person_id)
    messages.success(request, gettext("合并成一个人，分析里下次重算后生效"))
    return redirect("customer", min(person_id, found[0]))


@require_POST
@allowed(*MARKETING)
def give(request: HttpRequest, person_id: int) -> HttpResponse:
    """Write down one person's consent."""
    shop, now = shop_of(request), clock_of(request).now()
    _known(shop, person_id)
    form = GivenForm(request.POST)
    if not form.is_valid():
        field = form.fields[next(iter(form.errors))]
        messages.error(request, gettext("没有登记：「%(field)s」没有填对") % {"field": field.label})
        return redirect("customer", person_id)
    again = form.cleaned_data["asked_again"]
    try:
        given = consent.give(
            shop, person_id, form.declaration(), by=request.user, now=now, asked_again=again  # type: ignore[arg-type]
        )  # fmt: skip
    except consent.DeclarationRefused as refused:
        messages.error(request, str(FAULTS[refused.code]))
    except consent.ConsentRefused as refused:
        messages.error(request, str(REFUSALS[refused.code]))
    else:
        said = gettext("登记了：%(channel)s可以用于%(purpose)s")
        messages.success(request, said % _named(given.channel, given.purpose))
    return redirect("customer", person_id)


@require_POST
@allowed(*MARKETING, Role.SERVICE)
def take(request: HttpRequest, person_id: int) -> HttpResponse:
    """Take one person's consent to a purpose on a channel back."""
    shop, now = shop_of(request), clock_of(request).now()
    _known(shop, person_id)
    channel, purpose = request.POST.get("channel", ""), request.POST.get("purpose", "")
    if channel not in Channel.values or purpose not in Purpose.values:
        return HttpResponseBadRequest()
    if consent.withdraw(shop, person_id, channel, purpose, by=request.user, now=now):  # type: ignore[arg-type]
        said = gettext("收回了：%(channel)s以后不再用于%(purpose)s")
        messages.success(request, said % _named(channel, purpose))
    return redirect("customer", person_id)


@require_POST
@allowed(*MARKETING, Role.SERVICE)
def note(request: HttpRequest, person_id: int) -> HttpResponse:
    """Write something down about a person."""
    shop, now = shop_of(request), clock_of(request).now()
    _known(shop, person_id)
    try:
        notes.add(shop, person_id, request.POST.get("text", ""), by=request.user, now=now)  # type: ignore[arg-type]
    except notes.NoteRefused as refused:
        messages.error(request, str(NOTE_REFUSALS[refused.code]))
    else:
        messages.success(request, gettext("记下了"))
    return redirect("customer", person_id)


@require_POST
@allowed(*MARKETING)
def remove_note(request: HttpRequest, note_id: int) -> HttpResponse:
    """Delete a note."""
    shop, now = shop_of(request), clock_of(request).now()
    row = get_object_or_404(PersonNote, shop=shop, pk=note_id)
    notes.remove(shop, note_id, by=request.user, now=now)  # type: ignore[arg-type]
    messages.success(request, gettext("删掉了"))
    return redirect("customer", row.person_id)


@require_POST
@allowed(*MARKETING)
def hand_out(request: HttpRequest, person_id: int) -> HttpResponse:
    """Everything held of one person as a zip of JSON and Excel."""
    shop, now = shop_of(request), clock_of(request).now()
    members = links.customers_of(shop, person_id)
    if not members:
        raise Http404
    path = own_data.write(shop, person_id, members, by=request.user, now=now)  # type: ignore[arg-type]
    body = path.read_bytes()
    let_go(path)
    answer = HttpResponse(body, content_type="application/zip")
    name = gettext("个人信息") + f"-{person_id}-{now:%Y%m%d}.zip"
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return answer
