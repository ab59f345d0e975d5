"""Sealing records anew with the current vault key, a slice at a time, beside whoever reads and writes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import Model

from laoke.customers import notes, review_texts, trade
from laoke.customers.models import OrderText, PersonNote, ReviewText, TradeContact, VaultRecord
from laoke.customers.sealing import Sealer, open_text
from laoke.customers.vault import SCHEMA, bound_to
from laoke.shops.bulk import write_in_batches

AT_ONCE = 5_000


@dataclass(frozen=True)
class SealedKind:
    """A table with sealed rows: the column, and what the record of a row is bound to."""

    model: type[Model]
    column: str
    bound: Callable[[Any], str]
    related: tuple[str, ...] = ()  # what `bound` follows

    @property
    def name(self) -> str:
        return str(self.model._meta.db_table)


SEALED_HERE = (
    SealedKind(VaultRecord, "sealed", lambda row: bound_to(row.shop_id, row.customer_id)),
    SealedKind(OrderText, "sealed", lambda row: f"order|{row.shop_id}|{row.order_id}|{SCHEMA}"),
    SealedKind(ReviewText, "sealed", review_texts.bound_to),
    SealedKind(PersonNote, "sealed", notes.bound_to),
    SealedKind(TradeContact, "sealed", trade.bound_to),
)


def sealed_with(kinds: Sequence[SealedKind], key_id: str) -> dict[str, int]:
    """How many records of each table are sealed with that key; tables without any are left out."""
    counts = {kind.name: _rows(kind).filter(key_id=key_id).count() for kind in kinds}
    return {name: count for name, count in counts.items() if count}


def reseal(kinds: Sequence[SealedKind], old: str) -> int:
    """Seal every record that `old` sealed with the current key; how many. May be killed and run again.

    A row that changes meanwhile is left as its writer made it: the update names the bytes that were read.
    """
    sealer, done = Sealer(), 0
    for kind in kinds:
        last = 0
        while rows := list(_rows(kind).filter(key_id=old, pk__gt=last).order_by("pk")[:AT_ONCE]):
            last = rows[-1].pk
            done += write_in_batches(rows, partial(_seal_anew, kind, sealer))
    return done


def _rows(kind: SealedKind) -> Any:
    rows = kind.model._default_manager.exclude(**{kind.column: b""})
    return rows.select_related(*kind.related) if kind.related else rows


def _seal_anew(kind: SealedKind, sealer: Sealer, rows: Sequence[Any]) -> None:
    for row in rows:
        before, bound = bytes(getattr(row, kind.column)), kind.bound(row)
        plain = open_text(before, row.key_id, bound)
        untouched = kind.model._default_manager.filter(pk=row.pk, key_id=row.key_id, **{kind.column: before})
        untouched.update(**{kind.column: sealer.seal(plain, bound), "key_id": sealer.key_id})
