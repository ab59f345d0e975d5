"""The words of refunds and parcels as the page of an order shows them, and the address of an order."""

from __future__ import annotations

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from laoke.web.components.base import Words

REFUND_KINDS: dict[str, Words] = {"money": _("仅退款"), "goods": _("退货退款")}
PARCELS: dict[str, Words] = {
    "shipped": _("已发出"),
    "in_transit": _("运输中"),
    "arrived_city": _("到了收货城市"),
    "out_for_delivery": _("派送中"),
    "signed": _("已签收"),
    "exception": _("异常"),
}
CLOSED = ("closed_unpaid", "closed_refunded")


def order_url(order_id: str) -> str:
    """Where an order is shown."""
    return f"{reverse('order')}?{urlencode({'no': order_id})}"
