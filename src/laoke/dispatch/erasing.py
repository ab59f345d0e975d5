"""What erasing a person asks of the ledger: stop what is not written, say what is under way, forget what is sealed.

The rows of messages stay, with person and arm: they are counts of a review. What could name the person goes.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import DateTimeField, Value
from django.db.models.functions import Coalesce

from laoke.customers.erasure import Traces
from laoke.dispatch.inbox import number_of
from laoke.dispatch.list_files import forget_due
from laoke.dispatch.models import Attempt, HandoverFile, Message, ProviderEvent, Reply
from laoke.dispatch.models import MessageState as S
from laoke.dispatch.states import move
from laoke.shops.models import Shop

UNDER_WAY = (S.CLAIMED, S.SENDING, S.UNKNOWN)
BY = "erasure"


def suppress(people: Sequence[int], now: datetime) -> int:
    """Suppress every message of these persons that is not written yet; how many. Runs in the caller's transaction."""
    waiting = list(
        Message.objects.filter(person_id__in=people, state__in=(S.PLANNED, S.CLAIMED)).values_list(
            "pk", flat=True
        )
    )
    return len(move(waiting, (S.PLANNED, S.CLAIMED), S.SUPPRESSED, at=now, by=BY, reason="erased"))


def has_open_attempts(people: Sequence[int]) -> bool:
    """Whether a message of these persons is claimed, being sent, or of unknown outcome."""
    return Message.objects.filter(person_id__in=people, state__in=UNDER_WAY).exists()


def wipe(people: Sequence[int], now: datetime) -> int:
    """Forget recipients and replies of these persons; how many rows were emptied.

    Reports of their messages keep their key alone, so that a repetition is still known; hand-over lists that name them
    are deleted once this is committed.
    """
    messages = Message.objects.filter(person_id__in=people)
    ProviderEvent.objects.filter(message_id__in=messages.values("pk"), applied_at__isnull=False).update(
        sealed=b""
    )
    _forget_lists(
        messages.exclude(list_number=None).values_list("occasion_id", "list_number").distinct(), now
    )
    attempts = Attempt.objects.filter(message__person_id__in=people)
    emptied = attempts.exclude(sealed_recipient=b"").update(sealed_recipient=b"")
    Message.objects.filter(person_id__in=people).update(contact_digest=None, customer_id=None)
    replies, _ = Reply.objects.filter(person_id__in=people).delete()
    return emptied + replies


def renumber(aliases: dict[int, int]) -> int:
    """Give the emptied messages of erased persons their new number, the same as in the facts; how many.

    Two numbers that fall together may have a message each on one occasion: the second keeps apart under a number of its
    own.
    """
    done = 0
    for old, new in aliases.items():
        messages = Message.objects.filter(person_id=old)
        taken = Message.objects.filter(person_id=new).values_list("occasion_id", flat=True)
        done += messages.exclude(occasion_id__in=list(taken)).update(person_id=new)
        if messages.exists():
            done += messages.update(person_id=secrets.randbelow(2**62) + 2**62)
    return done


def forget_events(shop: Shop, traces: Traces, now: datetime) -> int:
    """Empty reports that no message was found for, where they are of this person's number; how many.

    One that waits to be applied ends with it: an empty report cannot be opened, and would hold up those behind it.
    """
    stray = ProviderEvent.objects.filter(gateway__shop__owner_id=shop.owner_id, message_id=None)
    found = [
        event.pk
        for event in stray.exclude(sealed=b"").select_related("gateway")
        if number_of(event) in traces.digests
    ]
    return ProviderEvent.objects.filter(pk__in=found).update(
        sealed=b"", applied_at=Coalesce("applied_at", Value(now, DateTimeField()))
    )


def _forget_lists(named: Iterable[tuple[int, int | None]], now: datetime) -> None:
    """Have the written files of these lists (occasion, number) deleted once this is committed.

    What they were stays as number, count and hash; one that is open somewhere is tried again later.
    """
    for occasion, number in named:
        # Also one without a path yet: it may be being written at this moment.
        lists = HandoverFile.objects.filter(occasion_id=occasion, number=number or 0)
        lists.update(forget_asked_at=now)
    transaction.on_commit(partial(forget_due, now))
