"""What providers push back: every receipt and reply is stored once, applied once, and may come before the answer.

A refusal (R, 退订) is committed with the event itself: the next write of attempts sees it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple

from laoke.customers import consent
from laoke.customers.contacts import mask_phone
from laoke.customers.models import Channel as Medium
from laoke.customers.sealing import (
    Sealer,
    VaultError,
    contact_digest,
    digest_parts,
    digests,
    json_bytes,
    keys,
    open_all,
    open_sealed,
    seal,
)
from laoke.dispatch.channels.base import Channel, Receipt, Reply, UnreadablePush
from laoke.dispatch.failpoints import passing
from laoke.dispatch.models import Gateway, Message, Occasion, ProviderEvent
from laoke.dispatch.models import MessageState as S
from laoke.dispatch.models import Reply as ReplyRow
from laoke.dispatch.recording import REOPENED_BY_TRUTH, effects_are_real, mark_dead
from laoke.dispatch.sets import among, executed, listed, pairs_table, rows, stamp, transacted
from laoke.dispatch.states import move
from laoke.dispatch.text.gateways import rules_of
from laoke.dispatch.text.opt_out import read_reply
from laoke.shops import dirty
from laoke.shops.bulk import few_collections, insert_many, is_sqlite
from laoke.warehouse.replies import REPLIES

RECEIPT, REPLY = "receipt", "reply"
APPLY_AT_ONCE = 1_000


def receive(gateway: Gateway, channel: Channel, kind: str, body: bytes, now: datetime) -> int:
    """Store the entries of one pushed body; how many were new. Replies are applied at once, receipts by a worker.

    Raises
    ------
    UnreadablePush
        when nothing in the body could be read; entries that could are stored before.
    """
    parse = channel.parse_receipts if kind == RECEIPT else channel.parse_replies
    trouble: UnreadablePush | None = None
    entries: Sequence[Any]
    try:
        entries = parse(body)
    except UnreadablePush as error:
        trouble, entries = error, error.readable
    new = transacted(lambda: _store(gateway, kind, entries, now))
    passing("inbox.stored")
    if trouble is not None and not entries:
        raise trouble
    return new


_EVENT = "dispatch_providerevent (gateway_id, kind, event_key, sealed, key_id, received_at)"


def _store(gateway: Gateway, kind: str, entries: Sequence[Receipt | Reply], now: datetime) -> int:
    """Keep the entries that are new; how many."""
    events = _sealed_events(gateway, kind, entries, now)
    if kind == RECEIPT:
        new = insert_many(_EVENT, events, "ON CONFLICT DO NOTHING")
    else:
        new = sum(
            _store_reply(gateway, entry, event, now) for entry, event in zip(entries, events, strict=True)
        )
    passing("inbox.before_commit")
    return new


def _sealed_events(
    gateway: Gateway, kind: str, entries: Sequence[Receipt | Reply], now: datetime
) -> list[tuple[Any, ...]]:
    sealer = Sealer()
    named = digests(
        keys().index.current, [digest_parts("event", str(gateway.pk), kind, entry.event_key) for entry in entries]
    )  # fmt: skip
    sealed = sealer.seal_all(
        [json_bytes(_plain(entry)) for entry in entries],
        [event_bound_to(gateway.pk, kind, key).encode() for key in named],
    )
    at = stamp(now)
    return [
        (gateway.pk, kind, key, content, sealer.key_id, at)
        for key, content in zip(named, sealed, strict=True)
    ]


def _store_reply(gateway: Gateway, reply: Receipt | Reply, event: tuple[Any, ...], now: datetime) -> bool:
    """Store one reply and apply it, whether it is new."""
    new = rows(
        f"INSERT INTO {_EVENT} VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id", event
    )
    if new and isinstance(reply, Reply):
        _apply_reply(gateway, reply, now)
        # What was written stands in the reply now, which an erasure finds by its person; the event keeps its key only.
        ProviderEvent.objects.filter(pk=new[0][0]).update(applied_at=now, sealed=b"")
    return bool(new)


def _plain(entry: Receipt | Reply) -> dict[str, Any]:
    content = {one.name: getattr(entry, one.name) for one in fields(entry)}
    if entry.at is not None:
        content["at"] = entry.at.isoformat()
    return content


def _apply_reply(gateway: Gateway, reply: Reply, now: datetime) -> None:
    shop = gateway.shop
    number = contact_digest("phone", reply.address)
    people = consent.persons_of_contact(number)
    read = read_reply(reply.content)
    opts_out = read.opts_out and effects_are_real(shop, gateway)
    if opts_out:
        consent.opt_out(
            shop, Medium.SMS, now=now, source="reply", contact_digest=number, words=reply.content[:20],
            person_id=people[0] if len(people) == 1 else None,
        )  # fmt: skip
    sealed, key_id = seal({"text": reply.content}, reply_bound_to(shop.pk))
    kept = ReplyRow.objects.create(
        shop=shop, person_id=people[0] if people else None, channel=gateway.channel,
        contact_mask=mask_phone(reply.address), sealed_text=sealed, key_id=key_id, is_opt_out=opts_out,
        received_at=now, handled_at=now if opts_out else None,
    )  # fmt: skip
    if people:
        dirty.mark(shop.pk, REPLIES.name, [kept.pk])


def reply_text(reply: ReplyRow) -> str:
    """What a person wrote, in clear; the caller's page writes the audit row."""
    return str(open_sealed(reply.sealed_text, reply.key_id, reply_bound_to(reply.shop_id))["text"])


def apply_events(now: datetime, by: str, limit: int = APPLY_AT_ONCE) -> int:
    """Apply stored receipts that wait, each once; how many."""

    def work() -> int:
        # A row that another worker holds is applied there; SQLite has one writer at a time anyway.
        skip = "" if is_sqlite() else " FOR UPDATE SKIP LOCKED"
        waiting = rows(
            "SELECT id, gateway_id, event_key, sealed, key_id FROM dispatch_providerevent "
            f"WHERE applied_at IS NULL AND kind = %s ORDER BY id LIMIT %s{skip}",
            [RECEIPT, limit],
        )
        matched = _apply_receipts(_received([_Event(*row) for row in waiting]), by, now)
        _mark_applied([row[0] for row in waiting], matched, now)
        if waiting:
            passing("apply.before_commit")
        return len(waiting)

    with few_collections():
        applied = transacted(work)
    if applied:
        passing("apply.after")
    return applied


class _Event(NamedTuple):
    """A stored report as its row has it."""

    id: int
    gateway_id: int
    key: str
    sealed: bytes
    key_id: str


def _mark_applied(events: Sequence[int], matched: Mapping[int, int], now: datetime) -> None:
    """Each event is applied once, with the message that it was about, if there is one: {event: message}."""
    if events:
        table, params = pairs_table([(event, matched.get(event)) for event in events])
        executed(
            "UPDATE dispatch_providerevent SET applied_at = %s, message_id = p.second "
            f"FROM {table} WHERE dispatch_providerevent.id = p.first",
            [stamp(now), *params],
        )


def _matched(receipts: Sequence[_Received]) -> list[tuple[_Received, _Found]]:
    """Each receipt with its message, found by (our id of the call, number), else by (the provider's id, number)."""
    by_out = _messages_of("out_id", receipts)
    left = [r for r in receipts if (r.gateway_id, r.out_id, r.number) not in by_out]
    by_provider = _messages_of("provider_id", left)
    pairs = []
    for receipt in receipts:
        found = by_out.get((receipt.gateway_id, receipt.out_id, receipt.number)) or by_provider.get(
            (receipt.gateway_id, receipt.provider_id, receipt.number)
        )
        if found is not None:
            pairs.append((receipt, found))
    return pairs


class _Found(NamedTuple):
    """The message that a report is about."""

    message: int
    occasion: int


def _messages_of(column: str, receipts: Sequence[_Received]) -> dict[tuple[Any, ...], _Found]:
    ids = {given for receipt in receipts if (given := getattr(receipt, column))}
    if not ids:
        return {}
    found = rows(
        f"SELECT b.gateway_id, b.{column}, m.contact_digest, m.id, m.occasion_id FROM dispatch_batch b "
        "JOIN dispatch_attempt a ON a.batch_id = b.id JOIN dispatch_message m ON m.id = a.message_id "
        f"WHERE {among(f'b.{column}')} AND {among('m.contact_digest')}",
        [listed(sorted(ids)), listed(sorted({r.number for r in receipts}))],
    )
    return {
        (gateway, key, number): _Found(message, occasion) for gateway, key, number, message, occasion in found
    }


def event_bound_to(gateway_id: int, kind: str, key: str) -> str:
    """What a stored event is sealed for."""
    return f"event|{gateway_id}|{kind}|{key}"


def reply_bound_to(shop_id: int) -> str:
    """What the text of a reply is sealed for."""
    return f"reply|{shop_id}"


def number_of(event: ProviderEvent) -> str:
    """The digest of the number that a stored event is about; '' for one that does not open."""
    try:
        bound_to = event_bound_to(event.gateway_id, event.kind, event.event_key)
        return contact_digest("phone", str(open_sealed(event.sealed, event.key_id, bound_to)["address"]))
    except (VaultError, KeyError):
        return ""


@dataclass(frozen=True)
class Verdict:
    """What a report says of messages: the same for all of a group."""

    status: str
    reason: str
    code: str = ""
    segments: int | None = None
    dead_contact: bool = False
    opt_out: bool = False


class _Received(NamedTuple):
    event_id: int
    gateway_id: int
    number: str
    out_id: str
    provider_id: str
    verdict: Verdict


def _received(events: Sequence[_Event]) -> list[_Received]:
    contents = open_all(
        (bytes(event.sealed), event.key_id, event_bound_to(event.gateway_id, RECEIPT, event.key))
        for event in events
    )
    numbers = digests(
        keys().index.current, [digest_parts("phone", content["address"]) for content in contents]
    )
    # A push of hundreds of reports says two or three different things.
    verdicts: dict[tuple[Any, ...], Verdict] = {}
    received = []
    for event, number, one in zip(events, numbers, contents, strict=True):
        said = _said(one)
        verdict = verdicts.get(said) or verdicts.setdefault(said, Verdict(*said))
        received.append(
            _Received(event.id, event.gateway_id, number, one["out_id"], one["provider_id"], verdict)
        )
    return received


def _said(content: Mapping[str, Any]) -> tuple[Any, ...]:
    """The fields of a `Verdict`."""
    return (
        content["status"], content["reason"] or content["code"], content["code"], content["segments"],
        content["dead_contact"], content["opt_out"],
    )  # fmt: skip


def _apply_receipts(receipts: Sequence[_Received], by: str, now: datetime) -> dict[int, int]:
    """Move what the reports are about; {event: message}."""
    matched = _matched(receipts)
    if not matched:
        return {}
    _attempts_were_taken(matched, now)
    known = Occasion.objects.select_related("shop", "gateway").in_bulk(
        {found.occasion for _, found in matched}
    )
    groups: dict[tuple[int, Verdict], list[int]] = defaultdict(list)
    for receipt, found in matched:
        groups[found.occasion, receipt.verdict].append(found.message)
    for (occasion_id, verdict), ids in groups.items():
        report_deliveries(known[occasion_id], sorted(ids), verdict, by=by, now=now)
    return {receipt.event_id: found.message for receipt, found in matched}


def _attempts_were_taken(matched: Sequence[tuple[_Received, _Found]], now: datetime) -> None:
    """A report about a call proves that the call was taken, whatever was known of it."""
    out_ids = sorted({receipt.out_id for receipt, _ in matched if receipt.out_id})
    rows(
        "UPDATE dispatch_attempt SET outcome = 'accepted', settled_at = %s, next_query_at = NULL "
        f"WHERE {among('message_id')} AND outcome <> 'accepted' AND batch_id IN "
        f"(SELECT id FROM dispatch_batch WHERE {among('out_id')}) RETURNING id",
        [stamp(now), listed(sorted({found.message for _, found in matched})), listed(out_ids)],
    )


# Where a report usually meets a message, the most frequent first.
AWAITING_REPORT: tuple[str, ...] = (S.ACCEPTED, S.SENDING, S.UNKNOWN, S.NO_RECEIPT)


def report_deliveries(
    occasion: Occasion,
    ids: Sequence[int],
    verdict: Verdict,
    *,
    by: str,
    now: datetime,
    usual: Sequence[str] = AWAITING_REPORT,
) -> list[int]:
    """A report says what became of messages; those that moved. Call it within a transaction.

    It may come before the answer of the call, and after someone judged otherwise: it is true all the same.
    """
    if verdict.status not in ("delivered", "undelivered"):
        return []
    delivered = verdict.status == "delivered"
    after = S.DELIVERED if delivered else S.UNDELIVERED
    why = "" if delivered else verdict.reason
    moved = move(ids, usual, after, at=now, by=by, reason=why, sets=", look_at = NULL")
    late = () if S.HANDED_OVER in usual else REOPENED_BY_TRUTH
    moved += move(
        sorted(set(ids) - set(moved)), late, after, at=now, by=by, reason=why,
        sets=", look_at = NULL, lease_token = lease_token + 1, sent_at = COALESCE(sent_at, %s)",
        set_params=[stamp(now)],
    )  # fmt: skip
    if moved:
        _correct_cost(occasion, moved, verdict.segments, delivered=delivered)
    if verdict.dead_contact:
        mark_dead(occasion, ids, verdict.code, now)
    if verdict.opt_out:
        for message in ids:
            _carrier_opt_out(occasion, message, verdict.code, now)
    return moved


def _correct_cost(occasion: Occasion, ids: Sequence[int], segments: int | None, *, delivered: bool) -> None:
    """The report's billed segments win over ours; a gateway that bills on delivery bills nothing for a failure."""
    gateway = occasion.gateway
    if gateway is None:
        return
    if not delivered and rules_of(gateway.provider).billing == "on_delivery":
        Message.objects.filter(pk__in=ids).update(cost_millis=0)
    elif segments is not None:
        executed(
            f"UPDATE dispatch_message SET segments = %s, cost_millis = %s WHERE {among('id')} AND segments <> %s",
            [segments, segments * gateway.price_millis, listed(ids), segments],
        )


def _carrier_opt_out(occasion: Occasion, message_id: int, code: str, now: datetime) -> None:
    """The carrier's own blacklist: the person has refused there."""
    number = Message.objects.values_list("contact_digest", flat=True).get(pk=message_id)
    if number and effects_are_real(occasion.shop, occasion.gateway):
        known = consent.refused_contacts(occasion.shop_id, occasion.channel, [number])
        if known.get(number) != "opted_out":
            consent.opt_out(
                occasion.shop, occasion.channel, now=now, source="carrier", contact_digest=number, words=code
            )
