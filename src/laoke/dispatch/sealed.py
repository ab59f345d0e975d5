"""What dispatch keeps sealed, for a change of keys."""

from __future__ import annotations

from laoke.customers.resealing import SealedKind
from laoke.dispatch.gateways import secret_bound_to
from laoke.dispatch.inbox import event_bound_to, reply_bound_to
from laoke.dispatch.models import Attempt, Gateway, Message, MessageState, ProviderEvent, Reply
from laoke.dispatch.recipients import recipient_bound_to
from laoke.dispatch.sending import TEST_KIND

SEALED_HERE = (
    SealedKind(Gateway, "sealed_secret", lambda row: secret_bound_to(row.shop_id, row.name)),
    SealedKind(
        Attempt,
        "sealed_recipient",
        lambda row: recipient_bound_to(row.message.occasion.shop_id, row.message_id),
        related=("message__occasion",),
    ),
    SealedKind(ProviderEvent, "sealed", lambda row: event_bound_to(row.gateway_id, row.kind, row.event_key)),
    SealedKind(Reply, "sealed_text", lambda row: reply_bound_to(row.shop_id)),
)


def tests_under_way() -> int:
    """Messages to one's own number that are not sent yet: their number stands sealed on the occasion."""
    waiting = (MessageState.PLANNED, MessageState.CLAIMED, MessageState.SENDING)
    return Message.objects.filter(occasion__kind=TEST_KIND, state__in=waiting).count()
