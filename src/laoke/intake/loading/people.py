"""Who bought: identities of a batch become customer ids, contacts of the newest order of each become a vault record."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from laoke.customers import identities, vault
from laoke.customers.contacts import clean_phone, email_state, is_masked, mobile_state
from laoke.customers.vault import Contact
from laoke.shops.models import Shop

if TYPE_CHECKING:
    import pyarrow as pa

KEY_ROLES = {"nick": "nick", "member_id": "member", "ouid": "ouid", "omid": "omid"}
CONTACT_ROLES = ("nick", "receiver_name", "phone", "email", "address", "ouid", "birthday")
TEXT_ROLES = ("buyer_message", "seller_memo")
FLUSH_PEOPLE = 200_000


@dataclass
class PeopleCounts:
    """What an import said of people. `keyless` are orders without any usable key, by reason."""

    new: int = 0
    joined: int = 0
    erased: int = 0
    contacts_new: int = 0
    contacts_changed: int = 0
    contacts_unchanged: int = 0
    keyless: dict[str, int] = field(default_factory=lambda: {"missing": 0, "masked": 0})
    seconds: float = 0.0


class People:
    """Resolves the identities of batch after batch. Every step may be repeated after a crash."""

    def __init__(
        self, shop: Shop, now: datetime, *, stopped: Callable[[], bool] | None = None, source: str = "order"
    ) -> None:
        self.shop, self.now, self.source = shop, now, source
        self.counts = PeopleCounts()
        self._stopped = stopped
        self._known: dict[str, int | None] = {}
        self._newest: dict[int, tuple[int, tuple[Any, ...]]] = {}
        self._flags: dict[int, tuple[bool, str, bool, str]] = {}

    def customers_of(self, table: pa.Table) -> pa.Array:
        """The customer id of every row of an identity table, null where no key is usable."""
        import numpy as np
        import pyarrow as pa

        begun = time.perf_counter()
        roles = [
            role for role in KEY_ROLES if role in table.column_names and table[role].null_count < len(table)
        ]
        if not roles:
            self.counts.keyless["missing"] += table.num_rows
            return pa.nulls(table.num_rows, pa.int64())
        codes, rows = _distinct(table, roles)
        ids = self._resolve(roles, rows)
        customers = pa.array(ids, pa.int64()).take(pa.array(codes))
        empty = np.array([i is None for i in ids], dtype=bool)[codes]
        if empty.any():
            masked = np.array([any(row) for row in rows], dtype=bool)[codes] & empty
            self.counts.keyless["masked"] += int(masked.sum())
            self.counts.keyless["missing"] += int(empty.sum() - masked.sum())
        self.counts.seconds += time.perf_counter() - begun
        return customers

    def _resolve(self, roles: Sequence[str], rows: Sequence[tuple[str, ...]]) -> list[int | None]:
        names = ["\x1f".join((*roles, *row)) for row in rows]
        unknown = [n for n, name in enumerate(names) if name not in self._known]
        if unknown:
            kinds = [KEY_ROLES[role] for role in roles]
            sets = [identities.usable_keys(dict(zip(kinds, rows[n], strict=True))) for n in unknown]
            found = identities.resolve(self.shop, sets, now=self.now, stopped=self._stopped)
            for n, customer in zip(unknown, found.ids, strict=True):
                self._known[names[n]] = customer
            self.counts.new += len(found.new_customers)
            self.counts.joined += found.joined
            self.counts.erased += found.erased
        return [self._known[name] for name in names]

    def note_contacts(self, table: pa.Table, customers: pa.Array, created: pa.ChunkedArray) -> None:
        """Remember the contact of each customer's newest order; `created` is microseconds since 1970."""
        import pyarrow as pa
        import pyarrow.compute as pc

        begun = time.perf_counter()
        present = [role for role in CONTACT_ROLES if role in table.column_names]
        known = pa.table(
            {
                "customer": customers,
                "created": pc.cast(created, pa.int64()),
                "row": pa.array(range(len(customers))),
            }
        ).filter(pc.is_valid(customers))
        # Newest first, so the first row of each customer is the one to keep.
        known = known.sort_by([("customer", "ascending"), ("created", "descending"), ("row", "ascending")])
        first = known.group_by("customer", use_threads=False).aggregate(
            [("created", "first"), ("row", "first")]
        )
        chosen = table.select(present).take(first["row_first"])
        columns = [
            chosen[role].to_pylist() if role in present else [None] * len(chosen) for role in CONTACT_ROLES
        ]
        newest = self._newest
        for customer, at, values in zip(
            first["customer"].to_pylist(),
            first["created_first"].to_pylist(),
            zip(*columns, strict=True),
            strict=True,
        ):
            before = newest.get(customer)
            if before is None or before[0] < at:
                newest[customer] = (at, values)
        self.counts.seconds += time.perf_counter() - begun
        if len(newest) >= FLUSH_PEOPLE:
            self.store()

    def note_texts(self, table: pa.Table, order_ids: pa.ChunkedArray, customers: pa.Array) -> None:
        """Seal what buyers wrote and what the shop noted beside an order."""
        import pyarrow.compute as pc

        begun = time.perf_counter()
        present = [role for role in TEXT_ROLES if role in table.column_names]
        if present:
            told = pc.is_valid(table[present[0]])
            for role in present[1:]:
                told = pc.or_(told, pc.is_valid(table[role]))
            columns = [table[role].filter(told).to_pylist() for role in present]
            texts = [
                (order, customer, {role: text for role, text in zip(present, row, strict=True) if text})
                for order, customer, row in zip(
                    order_ids.filter(told).to_pylist(), customers.filter(told).to_pylist(),
                    zip(*columns, strict=True), strict=True,
                )
            ]  # fmt: skip
            if texts:
                vault.store_order_texts(self.shop, texts)
        self.counts.seconds += time.perf_counter() - begun

    def store(self) -> None:
        """Seal the remembered contacts."""
        begun = time.perf_counter()
        contacts = []
        for customer, (at, (nick, name, phone, email, address, ouid, birthday)) in self._newest.items():
            phone = clean_phone(phone)
            email = email or ""
            contacts.append(
                Contact(
                    customer,
                    nick or "",
                    name or "",
                    phone,
                    email,
                    address or "",
                    "",
                    ouid or "",
                    birthday or "",
                    at,
                )
            )
            self._flags[customer] = (
                bool(nick) and not is_masked(nick or ""),
                mobile_state(phone, demo=self.shop.is_demo),
                email_state(email) == "valid",
                birthday or "",
            )
        self._newest = {}
        stored = vault.store_contacts(self.shop, contacts, source=self.source, stopped=self._stopped)
        self.counts.contacts_new += stored.new
        self.counts.contacts_changed += stored.changed
        self.counts.contacts_unchanged += stored.unchanged
        self.counts.seconds += time.perf_counter() - begun

    def flags(self) -> pa.Table:
        """Which keys and contacts each customer has, without any of them."""
        import pyarrow as pa

        self.store()
        ids = list(self._flags)
        nick, phone, email, birthday = zip(*self._flags.values(), strict=True) if ids else ((), (), (), ())
        return pa.table(
            {
                "customer_id": pa.array(ids, pa.int64()),
                "has_nick": pa.array(nick, pa.bool_()),
                "phone_state": pa.array(phone, pa.string()),
                "has_email": pa.array(email, pa.bool_()),
                "birthday": pa.array(birthday, pa.string()),
            }
        )


def _distinct(table: pa.Table, roles: Sequence[str]) -> tuple[Any, list[tuple[str, ...]]]:
    """The distinct key rows, and for every row the number of its own."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = [pc.fill_null(table[role], "") for role in roles]
    joined = columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, "\x1f")
    encoded = pa.chunked_array([joined] if isinstance(joined, pa.Array) else joined.chunks).combine_chunks()
    encoded = encoded.dictionary_encode()
    rows = [tuple(text.split("\x1f")) for text in encoded.dictionary.to_pylist()]
    return encoded.indices.to_numpy(zero_copy_only=False), rows
