"""Who bought: identities of a batch become customer ids, contacts of the newest order of each become a vault record."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from laoke.customers import contact_columns as columns
from laoke.customers import identities, vault
from laoke.shops.models import Shop

if TYPE_CHECKING:
    import pyarrow as pa

KEY_ROLES = {"nick": "nick", "member_id": "member", "open_uid": "open_uid", "ouid": "ouid", "omid": "omid"}
CONTACT_ROLES = ("nick", "receiver_name", "phone", "email", "address", "ouid", "birthday")
TEXT_ROLES = ("buyer_message", "seller_memo")
SEPARATOR = columns.SEPARATOR
FLUSH_PEOPLE = 150_000
# So many wait until the last row is read: they are sealed beside the writing of facts, which the ledger has no part in.
LAST_PEOPLE = 150_000
REMEMBERED_PEOPLE = 500_000


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
    # Of a list of customers: who it says agreed to messages (that alone is no consent), who refused, and tags.
    # By channel, and 'channel:purpose' where the list names another purpose than marketing.
    agreed: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    tagged: int = 0
    tags_refused: int = 0


class People:
    """Resolves the identities of batch after batch. Every step may be repeated after a crash; with `mending` somebody
    may have crashed before, and what they left halfway is completed."""

    def __init__(
        self,
        shop: Shop,
        now: datetime,
        *,
        stopped: Callable[[], bool] | None = None,
        source: str = "order",
        new_id: Callable[[], int] | None = None,
        mending: bool = False,
    ) -> None:
        self.shop, self.now, self.source, self._new_id = shop, now, source, new_id
        self.counts = PeopleCounts()
        self._stopped, self._mending = stopped, mending
        self._known: dict[tuple[str, ...], dict[str, int | None]] = {}
        self._told: list[pa.Table] = []
        self._flags: list[pa.Table] = []

    def customers_of(self, table: pa.Table, is_order: Any = None) -> pa.Array:
        """The customer id of every row of an identity table, null where no key is usable.

        `is_order` says which rows are orders; the others (goods sent back) are not counted as `keyless` orders.
        """
        import numpy as np
        import pyarrow as pa

        begun = time.perf_counter()
        is_order = np.ones(table.num_rows, dtype=bool) if is_order is None else is_order
        roles = [
            role for role in KEY_ROLES if role in table.column_names and table[role].null_count < len(table)
        ]
        if not roles:
            self.counts.keyless["missing"] += int(is_order.sum())
            return pa.nulls(table.num_rows, pa.int64())
        codes, texts = _distinct(table, roles)
        ids = self._resolve(roles, texts)
        customers = pa.array(ids, pa.int64()).take(pa.array(codes))
        if None in ids:
            empty = np.array([i is None for i in ids], dtype=bool)[codes] & is_order
            masked = np.array([bool(text.strip(SEPARATOR)) for text in texts], dtype=bool)[codes] & empty
            self.counts.keyless["masked"] += int(masked.sum())
            self.counts.keyless["missing"] += int(empty.sum() - masked.sum())
        self.counts.seconds += time.perf_counter() - begun
        return customers

    def _resolve(self, roles: Sequence[str], texts: Sequence[str]) -> list[int | None]:
        """The customers of distinct key rows; those met before in this import are not asked for again."""
        known = self._known.setdefault(tuple(roles), {})
        if len(known) > REMEMBERED_PEOPLE:
            known.clear()
        unknown = [text for text in texts if text not in known]
        if unknown:
            sets = _key_sets([KEY_ROLES[role] for role in roles], unknown)
            found = identities.resolve(
                self.shop, sets, now=self.now, new_id=self._new_id, stopped=self._stopped
            )
            known.update(zip(unknown, found.ids, strict=True))
            self.counts.new += len(found.new_customers)
            self.counts.joined += found.joined
            self.counts.erased += found.erased
        return [known[text] for text in texts]

    def note_contacts(self, table: pa.Table, customers: pa.Array, created: pa.ChunkedArray) -> None:
        """Remember the contact of each customer's newest order; `created` is microseconds since 1970."""
        import pyarrow as pa
        import pyarrow.compute as pc

        begun = time.perf_counter()
        absent = pa.nulls(table.num_rows, pa.string())
        if "member_id" in table.column_names:
            # A shop without nicks knows its people by number: that is what lists and pages show of them.
            named = (
                pc.coalesce(table["nick"], table["member_id"])
                if "nick" in table.column_names
                else table["member_id"]
            )
            table = table.drop_columns([n for n in ("nick",) if n in table.column_names]).append_column(
                "nick", named
            )
        told = pa.table(
            {
                "customer_id": customers,
                "seen_micros": pc.cast(created, pa.int64()),
                **{role: table[role] if role in table.column_names else absent for role in CONTACT_ROLES},
            }
        )
        self._told.append(_newest(told.filter(pc.is_valid(customers))))
        self.counts.seconds += time.perf_counter() - begun
        if sum(part.num_rows for part in self._told) >= 2 * FLUSH_PEOPLE + LAST_PEOPLE:
            self._told = [_newest(pa.concat_tables(self._told))]
            if self._told[0].num_rows >= FLUSH_PEOPLE + LAST_PEOPLE:
                self.store(all_but=LAST_PEOPLE)

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

    def store(self, all_but: int = 0) -> None:
        """Seal the remembered contacts; `all_but` so many stay remembered."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if not self._told:
            return
        begun = time.perf_counter()
        told = _newest(pa.concat_tables(self._told)).combine_chunks()
        self._told = [told.slice(told.num_rows - all_but).combine_chunks()] if all_but else []
        told = told.slice(0, told.num_rows - all_but)
        text = {role: pc.fill_null(told[role].combine_chunks(), "") for role in CONTACT_ROLES}
        text["phone"] = columns.clean_phones(text["phone"])
        self._flags.append(_flags(told["customer_id"], text, demo=self.shop.is_demo))
        found = pa.table(
            {
                "customer_id": told["customer_id"],
                "nick": text["nick"],
                "name": text["receiver_name"],
                "phone": text["phone"],
                "email": text["email"],
                "address": text["address"],
                "oaid": pa.repeat(pa.scalar(""), told.num_rows),
                "ouid": text["ouid"],
                "birthday": text["birthday"],
                "seen_micros": told["seen_micros"],
            }
        )
        stored = vault.store_contact_columns(
            self.shop, found, source=self.source, stopped=self._stopped, mending=self._mending
        )
        self.counts.contacts_new += stored.new
        self.counts.contacts_changed += stored.changed
        self.counts.contacts_unchanged += stored.unchanged
        self.counts.seconds += time.perf_counter() - begun

    def flags(self) -> pa.Table:
        """Which keys and contacts each customer has, without any of them. Nobody is resolved after that."""
        import pyarrow as pa

        self._known.clear()  # room for the last contacts, and for the facts that are written meanwhile
        self.store()
        if not self._flags:
            return _flags(
                pa.array([], pa.int64()), dict.fromkeys(CONTACT_ROLES, pa.array([], pa.string())), demo=False
            )
        return _last(pa.concat_tables(self._flags))


def _key_sets(kinds: Sequence[str], texts: Sequence[str]) -> list[identities.KeySet]:
    """The usable keys of distinct key rows."""
    if len(kinds) == 1:
        return identities.single_keys(kinds[0], [text.partition(SEPARATOR)[0] for text in texts])
    return [identities.usable_keys(dict(zip(kinds, text.split(SEPARATOR), strict=False))) for text in texts]


def _flags(customers: pa.Array, text: dict[str, pa.Array], *, demo: bool) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pa.table(
        {
            "customer_id": customers,
            "has_nick": pc.and_(pc.not_equal(text["nick"], ""), pc.invert(columns.is_masked(text["nick"]))),
            "phone_state": columns.phone_states(text["phone"], demo=demo),
            "has_email": pc.equal(columns.email_states(text["email"]), "valid"),
            "birthday": text["birthday"],
        }
    )


def _newest(told: pa.Table) -> pa.Table:
    """The row of each customer's latest order; of several at one moment the first."""
    import numpy as np
    import pyarrow as pa

    customers, seen = told["customer_id"].to_numpy(), told["seen_micros"].to_numpy()
    order = np.lexsort((-seen, customers))  # a stable sort: rows of one moment keep their order
    return told.take(pa.array(order[_begins(customers[order])]))


def _last(flags: pa.Table) -> pa.Table:
    """The row of each customer that was noted last."""
    import numpy as np
    import pyarrow as pa

    customers = flags["customer_id"].to_numpy()[::-1]
    order = np.argsort(customers, kind="stable")
    return flags.take(pa.array(len(customers) - 1 - order[_begins(customers[order])]))


def _begins(ordered: Any) -> Any:
    """Where a new value begins in an ordered array."""
    import numpy as np

    return np.concatenate(([True], ordered[1:] != ordered[:-1])) if len(ordered) else np.zeros(0, bool)


def _distinct(table: pa.Table, roles: Sequence[str]) -> tuple[Any, list[str]]:
    """The distinct key rows as text, parts set apart by a separator, and for every row the number of its own."""
    import pyarrow as pa
    import pyarrow.compute as pc

    keys = [pc.fill_null(table[role], "") for role in roles]
    joined = keys[0] if len(keys) == 1 else pc.binary_join_element_wise(*keys, SEPARATOR)
    encoded = pa.chunked_array([joined] if isinstance(joined, pa.Array) else joined.chunks).combine_chunks()
    encoded = encoded.dictionary_encode()
    return encoded.indices.to_numpy(zero_copy_only=False), encoded.dictionary.to_pylist()
