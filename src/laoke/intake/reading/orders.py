"""Rows of which each is one order, as the `orders` table wants them.

The rules: what came in (`paid_cents`) and went back (`refunded_cents`), what 交易关闭 means, how a file without
a status column tells one. They are written down for people in docs/reference/layouts.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from laoke.intake.reading import statuses
from laoke.intake.reading.batches import ReadingSummary, StagedBatch
from laoke.intake.reading.cells import EMPTY, OK
from laoke.intake.reading.columns import nothing, time_columns, timestamps, within
from laoke.intake.reading.places import (
    NOWHERE,
    Place,
    begins_with_province,
    place_of,
    province_name,
    province_of,
    short_city,
)
from laoke.intake.reading.records import Chunk, Codes, Numbers, States
from laoke.intake.reading.roles import ADDRESS_HEAD, IDENTITY_ROLES, UNKEPT_ROLES
from laoke.intake.reading.verdicts import LARGEST_COUNT, Mask, Verdict

if TYPE_CHECKING:
    import pyarrow as pa

_TIMES = ("created_at", "paid_at", "shipped_at", "finished_at", "modified_at")
_MONEY = (
    "total", "paid", "refunded", "goods", "postage", "deposit", "balance", "settled", "seller_discount",
    "platform_discount", "outstanding",
)  # fmt: skip
ORDER_TIMES, ORDER_MONEY = _TIMES, _MONEY
_SIGNED = frozenset({"seller_discount", "platform_discount"})


class OrderRows:
    """One chunk on its way to a batch: its parsed columns and the verdict on each row."""

    def __init__(self, chunk: Chunk, until: int | None) -> None:
        self.chunk = chunk
        self.times = {role: chunk.times(role) for role in _TIMES if chunk.layout.has(role)}
        self.money = {role: chunk.decimals(role, 2) for role in _MONEY if chunk.layout.has(role)}
        self.ids = chunk.texts("order_id")
        self.created = self.times["created_at"][0]
        self.counts, self.count_states = self._parsed("item_count", 0)
        self.verdict = Verdict(chunk)
        self.total = self._total()
        self.told = self._status_told()
        self._judge(until)
        self._settle()

    def latest(self) -> int:
        """The latest readable time of all rows, 0 when there is none."""
        return max(int(micros[states == OK].max(initial=0)) for micros, states in self.times.values())

    def _parsed(self, role: str, places: int) -> tuple[Numbers, States]:
        if self.chunk.layout.has(role):
            return self.chunk.decimals(role, places)
        return np.zeros(self.chunk.rows, np.int64), np.full(self.chunk.rows, EMPTY, np.uint8)

    def _cents(self, role: str) -> Numbers:
        found = self.money.get(role)
        return found[0] if found else np.zeros(self.chunk.rows, np.int64)

    def _total(self) -> Numbers:
        """总金额; where the file or the cell has none, what was paid."""
        if "total" not in self.money:
            return self._cents("paid")
        cents, states = self.money["total"]
        return np.where(states == EMPTY, self._cents("paid"), cents)

    def _status_told(self) -> Codes:
        """What the status column says; NOT_TOLD where there is none."""
        if not self.chunk.layout.has("status"):
            return np.full(self.chunk.rows, statuses.NOT_TOLD, np.int32)
        told = self._codes_of("status")
        if self.chunk.layout.has("fulfilment"):  # a shop system tells payment and shipping in two columns
            sent = self._codes_of("fulfilment")
            known = (sent == statuses.PARTLY_SHIPPED) | (sent == statuses.SHIPPED)
            told = np.where((told == statuses.PAID) & known, sent, told)
        return told

    def _codes_of(self, role: str) -> Codes:
        codes, words = self.chunk.distinct(role)
        return np.array([statuses.status_code(word) for word in words], np.int32)[codes]

    def _judge(self, until: int | None) -> None:
        verdict = self.verdict
        verdict.check_shape(self.times["created_at"][1])
        verdict.check_ids("order_id", self.ids)
        for role, (_, states) in self.times.items():
            verdict.check_time(role, states, required=role == "created_at")
        for role, (cents, states) in self.money.items():
            verdict.check_money(role, cents, states, signed=role in _SIGNED)
        unreadable = np.zeros(self.chunk.rows, np.bool_)
        sources = [self.money[role][1] for role in ("total", "paid") if role in self.money]
        missing = np.all([states == EMPTY for states in sources], axis=0)
        verdict.reject(missing, "money_missing", "total" if "total" in self.money else "paid")
        for states in sources:
            unreadable |= (states != OK) & (states != EMPTY)
            if sources[0] is states:
                verdict.count_money(self.total, (states == OK) | ((states == EMPTY) & ~missing))
        if self.chunk.layout.has("item_count"):
            strange = (self.count_states != OK) & (self.count_states != EMPTY)
            verdict.reject(strange | (self.counts > LARGEST_COUNT), "count_unreadable", "item_count")
            verdict.reject(self.counts < 0, "negative_count", "item_count")
        if self.chunk.layout.has("status"):
            verdict.reject(self.told == statuses.UNKNOWN, "status_unknown", "status")
        verdict.hold_back(self.created, until)

    def _settle(self) -> None:
        """Status, time of payment, and the money that came in and went back."""
        refunded = self._cents("refunded")
        tells_paid = "paid" in self.money
        due = np.maximum(self.total - self._cents("outstanding"), 0)
        actual = self._cents("paid") if tells_paid else due
        told = self.told.copy()
        if "paid_at" in self.times:
            self.paid_at, states = self.times["paid_at"]
            self.is_paid = states == OK
            told[(told == statuses.CLOSED) & self.is_paid] = statuses.CLOSED_REFUNDED
            self._pay_by_status(told)
        else:
            told[(told == statuses.CLOSED) & ((refunded > 0) | self._reason_tells_refund())] = (
                statuses.CLOSED_REFUNDED
            )
        told[told == statuses.CLOSED] = statuses.CLOSED_UNPAID
        if "paid_at" not in self.times:
            self.paid_at = self.created
            self.is_paid = (told != statuses.UNPAID) & (told != statuses.CLOSED_UNPAID) & (self.total > 0)
        silent = told == statuses.NOT_TOLD
        told[silent] = self._status_from_money(actual, refunded)[silent]
        told[told == statuses.UNKNOWN] = statuses.UNPAID
        self.status = told
        # The export shows what is left after a refund: 118.70 paid + 17.85 refunded of 136.55 due means 136.55 came in.
        left_over = tells_paid & (actual + refunded == self.total)
        came_in = np.where(left_over, self.total, np.maximum(actual, refunded))
        # Closed after payment and no refund told: what came in went back whole.
        told_paid = (actual > 0) & tells_paid
        no_refund = (told == statuses.CLOSED_REFUNDED) & (refunded == 0)
        whole = no_refund & ~(told_paid & ("refunded" in self.money))
        came_in = np.where(whole & ~told_paid, due, came_in)
        self.paid = np.where(self.is_paid, came_in, 0)
        self.refunded = np.where(self.is_paid, np.where(whole, came_in, refunded), 0)

    def _pay_by_status(self, told: Codes) -> None:
        """Where a layout leaves the time of payment out of orders that its status calls paid (cash on delivery), they
        count as paid when placed."""
        if self.chunk.layout.rows.get("paid_told_by") != "status":
            return
        paid = (told >= statuses.PAID) & (told <= statuses.FINISHED) | (told == statuses.CLOSED_REFUNDED)
        self.paid_at = np.where(paid & ~self.is_paid, self.created, self.paid_at)
        self.is_paid = self.is_paid | paid

    def _status_from_money(self, actual: Numbers, refunded: Numbers) -> Codes:
        """For a file without status: unpaid, paid, finished once the shop got its money, refunded in full."""
        code = np.where(self.is_paid, statuses.PAID, statuses.UNPAID).astype(np.int32)
        code[self.is_paid & (self._cents("settled") > 0)] = statuses.FINISHED
        full = (refunded > 0) & (refunded >= np.where(self.total > 0, self.total, actual))
        code[self.is_paid & full] = statuses.CLOSED_REFUNDED
        return code

    def _reason_tells_refund(self) -> Mask:
        if not self.chunk.layout.has("close_reason"):
            return np.zeros(self.chunk.rows, np.bool_)
        codes, words = self.chunk.distinct("close_reason")
        return np.array([statuses.tells_refund(word) for word in words], np.bool_)[codes]

    def table(self, seen_at: int, first_row: int) -> pa.Table:
        """Every row, accepted or not, in the columns of the `orders` contract."""
        import pyarrow as pa

        rows = self.chunk.rows
        place = self._places()
        columns: dict[str, Any] = {
            "order_id": self.ids,
            "status": _words(self.status, statuses.STATUSES),
            **time_columns("created", self.created, None),
            **time_columns("paid", self.paid_at, self.is_paid),
        }
        for role in ("shipped_at", "finished_at", "modified_at"):
            columns[role] = nothing(rows, pa.timestamp("us"))
            if role in self.times:
                micros, states = self.times[role]
                columns[role] = timestamps(micros, states == OK)
        money = {"goods": self._goods(), "total": self.total, "paid": self.paid, "refunded": self.refunded}
        for name in ("postage", "seller_discount", "platform_discount", "deposit", "balance"):
            money[name] = self._cents(name)
        columns.update({f"{name}_cents": pa.array(cents) for name, cents in money.items()})
        columns["item_count"] = pa.array(within(self.counts, LARGEST_COUNT).astype(np.int32))
        columns["channel"] = self._chosen("channel", statuses.channel_of)
        for name, codes, words in place:
            columns[name] = _words(codes, words)
        columns["coupon_used"] = pa.array(self._coupon_used())
        columns["close_reason"] = self._chosen("close_reason", lambda word: word[:200])
        columns["memo_flag"] = pa.array(self._memo_flags())
        columns["titles"] = self._titles()
        columns["seen_at"] = timestamps(np.full(rows, seen_at, np.int64), None)
        columns["state_rank"] = pa.array(np.array(statuses.RANKS, np.int8)[self.status])
        columns["row_no"] = pa.array(np.arange(first_row, first_row + rows, dtype=np.int64))
        return pa.table(columns)

    def _goods(self) -> Numbers:
        """货款; without that column, what was due less postage."""
        if "goods" in self.money:
            return self._cents("goods")
        goods: Numbers = np.maximum(self.total - self._cents("postage"), 0)
        return goods

    def _chosen(self, role: str, meaning: Any) -> Any:
        import pyarrow as pa

        if not self.chunk.layout.has(role):
            return pa.repeat(pa.scalar(""), self.chunk.rows)
        codes, words = self.chunk.distinct(role)
        return _words(codes, [meaning(word) for word in words])

    def _coupon_used(self) -> Mask:
        used = self._cents("platform_discount") > 0
        if self.chunk.layout.has("coupon_used"):
            codes, words = self.chunk.distinct("coupon_used")
            used = used | np.array([statuses.is_yes(word) for word in words], np.bool_)[codes]
        return used

    def _memo_flags(self) -> Any:
        if not self.chunk.layout.has("memo_flag"):
            return np.zeros(self.chunk.rows, np.int8)
        codes, words = self.chunk.distinct("memo_flag")
        return np.array([statuses.flag_of(word) for word in words], np.int8)[codes]

    def _titles(self) -> Any:
        import pyarrow as pa
        import pyarrow.compute as pc

        if not self.chunk.layout.has("titles"):
            return pa.repeat(pa.scalar(""), self.chunk.rows)
        titles = self.chunk.texts("titles")
        # a table's text has at most 4,000 bytes
        longest = pc.max(pc.binary_length(titles)).as_py() or 0
        return pc.utf8_slice_codeunits(titles, 0, 1000) if longest > 4000 else titles

    def _places(self) -> list[tuple[str, Codes, list[str]]]:
        """Codes and words of province, city, district: from columns of their own, else from the address."""
        chunk = self.chunk
        given = {
            role: chunk.distinct(role) for role in ("province", "city", "district") if chunk.layout.has(role)
        }
        if given or not chunk.layout.has("address"):
            none = (np.zeros(chunk.rows, np.int32), [""])
            named = []
            for role, name in (("province", province_name), ("city", short_city), ("district", str)):
                codes, words = given.get(role, none)
                named.append((role, codes, [name(word)[:40] for word in words]))
            return named
        codes, places = self._places_of_addresses()
        return [
            (part, codes, [getattr(place, part) for place in places])
            for part in ("province", "city", "district")
        ]

    def _places_of_addresses(self) -> tuple[Codes, list[Place]]:
        """First by province alone: an address that names none may be anything and is not looked into further."""
        codes, words = self.chunk.heads("address", ADDRESS_HEAD)
        firsts = {word.partition(" ")[0] for word in words}
        if not any(map(province_of, firsts)) and not any(map(begins_with_province, firsts)):
            return np.zeros(self.chunk.rows, np.int32), [NOWHERE]
        return codes, [place_of(word) for word in words]


def order_batch(
    chunk: Chunk, *, seen_at: int, until: int | None, first_row: int, summary: ReadingSummary
) -> StagedBatch:
    """The batch of one chunk; adds its rows and sums to `summary`."""
    import pyarrow as pa

    rows = OrderRows(chunk, until)
    accepted = rows.verdict.accepted
    rows.verdict.add_to(summary, rows.created)
    summary.latest_micros = max(summary.latest_micros, rows.latest())
    summary.paid_cents += int(rows.paid[accepted].sum())
    summary.refunded_cents += int(rows.refunded[accepted].sum())
    summary.orders += int(accepted.sum())
    table, identities = rows.table(seen_at, first_row), identity_table(chunk, first_row)
    if not accepted.all():
        mask = pa.array(accepted)
        table, identities = table.filter(mask), identities.filter(mask)
    return StagedBatch(table, None, None, identities, rows.verdict.quarantined())


def identity_table(chunk: Chunk, first_row: int) -> pa.Table:
    """What tells who bought, by row_no: text, null where the cell is empty, or the column is missing or not kept."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns: dict[str, Any] = {
        "row_no": pa.array(np.arange(first_row, first_row + chunk.rows, dtype=np.int64))
    }
    unkept = UNKEPT_ROLES if chunk.layout.grain == "order" else frozenset()
    for role in IDENTITY_ROLES:
        present = chunk.layout.has(role) and role not in unkept
        columns[role] = chunk.texts(role, nullable=True) if present else nothing(chunk.rows, pa.string())
    if chunk.layout.has("alipay_account") and not chunk.layout.has("email"):
        # an Alipay account is an e-mail address or a phone number
        account = columns["alipay_account"]
        columns["email"] = pc.if_else(pc.match_substring(account, "@"), account, pa.scalar(None, pa.string()))
    return pa.table(columns)


def _words(codes: Any, words: Any) -> pa.Array:
    import pyarrow as pa

    return pa.array(list(words), pa.string()).take(pa.array(codes))
