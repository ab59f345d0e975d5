"""Pushes of providers: checked by the token in the address, stored by the inbox, answered as the provider demands."""

from __future__ import annotations

import json
from datetime import datetime

from django.core.exceptions import RequestDataTooBig
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from laoke.dispatch.channels.base import Channel, UnreadablePush
from laoke.dispatch.gateways import GatewayRefused, channel_for
from laoke.dispatch.inbox import RECEIPT, REPLY, receive
from laoke.dispatch.models import Gateway, Occasion
from laoke.shops.clock import clock_from_env
from laoke.web.access import open_to_all
from laoke.web.pages.hooks.tokens import gateways_for

TAKEN = {"code": 0, "msg": "接收成功"}
UNREADABLE = {"code": 1, "msg": "读不懂"}
UNKNOWN = {"code": 1, "msg": "没有这个地址"}


@csrf_exempt
@require_POST
@open_to_all
def push(request: HttpRequest, provider: str, token: str) -> HttpResponse:
    """One push. An entry seen before changes nothing, so a provider may repeat as often as it likes."""
    gateways = gateways_for(provider, token)
    if not gateways:
        return JsonResponse(UNKNOWN, status=404)
    try:
        body = request.body
    except RequestDataTooBig:
        return JsonResponse(UNREADABLE, status=413)
    try:
        _take(gateways, body)
    except (UnreadablePush, GatewayRefused):
        return JsonResponse(UNREADABLE, status=400)
    return HttpResponse(json.dumps(TAKEN, ensure_ascii=False), content_type="application/json")


def _take(gateways: list[Gateway], body: bytes) -> None:
    """Reports go to every account the address speaks for, since only the one that sent will know the number; a reply
    goes to the account that wrote last."""
    channels = [(gateway, channel_for(gateway)) for gateway in gateways]
    if _holds_reports(channels[0][1], body):
        for gateway, channel in channels:
            receive(gateway, channel, RECEIPT, body, _now(gateway))
        return
    gateway, channel = channels[0] if len(channels) == 1 else _last_used(channels)
    receive(gateway, channel, REPLY, body, _now(gateway))


def _holds_reports(channel: Channel, body: bytes) -> bool:
    """Reports and replies may come to one address; a push holds one kind only."""
    try:
        return bool(channel.parse_receipts(body))
    except UnreadablePush as trouble:
        return bool(trouble.readable)


def _last_used(channels: list[tuple[Gateway, Channel]]) -> tuple[Gateway, Channel]:
    launched = dict(
        Occasion.objects.filter(gateway__in=[gateway for gateway, _ in channels], launched_at__isnull=False)
        .values_list("gateway")
        .annotate(last=Max("launched_at"))
    )
    known = [pair for pair in channels if pair[0].pk in launched]
    return max(known, key=lambda pair: launched[pair[0].pk]) if known else channels[0]


def _now(gateway: Gateway) -> datetime:
    return clock_from_env(gateway.shop.timezone).now()
