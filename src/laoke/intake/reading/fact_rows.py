"""Rows of which each is one fact that is no order, as the table of its kind wants them (`kinds.py`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from laoke.intake.reading.batches import ReadingSummary, StagedBatch
from laoke.intake.reading.cells import EMPTY, OK, UNREADABLE, decimal_units, time_micros
from laoke.intake.reading.columns import nothing, timestamps, within
from laoke.intake.reading.fact_words import WORDS
from laoke.intake.reading.kinds import ALL, FACT_KINDS, KEY_ROLES, FactColumn, FactKind
from laoke.intake.reading.orders import identity_table
from laoke.intake.reading.records import Chunk, Numbers, States
from laoke.intake.reading.roles import PRICE_PLACES
from laoke.intake.reading.verdicts import LARGEST_CENTS, LARGEST_COUNT, Mask, Verdict, lengths

if TYPE_CHECKING:
    import pyarrow as pa

_DAY = 86_400_000_000
_LONGEST_KEY = 200


class FactRows:
    """One chunk on its way to a batch: its parsed roles and the verdict on each row."""

    def __init__(self, chunk: Chunk, kind: FactKind, until: int | None) -> None:
        self.chunk, self.kind = chunk, kind
        self.verdict = Verdict(chunk)
        self._parsed: dict[str, tuple[Numbers, States]] = {}
        self._words: dict[str, pa.Array] = {}
        self.times = self._times()
        self._judge()
        if kind.time:
            self.verdict.hold_back(self.times[kind.time][0], until)

    def has(self, role: str) -> bool:
        return self.chunk.layout.has(role)

    def _times(self) -> dict[str, tuple[Numbers, States]]:
        roles = [column.role for column in self.kind.columns if column.how in ("day", "time")]
        found = {role: self.chunk.times(role) for role in roles if self.has(role)}
        if self.has("booked_day"):
            self._complete_times("booked_day", *found["booked_at"])
        return found

    def _complete_times(self, day_role: str, micros: Numbers, states: States) -> None:
        """A clock time whose day stands in a column of its own."""
        for row in np.flatnonzero(states == UNREADABLE):
            day, clock = self.chunk.cell(day_role, int(row)), self.chunk.cell("booked_at", int(row))
            micros[row], states[row] = time_micros(f"{day} {clock}")

    def numbers(self, role: str, places: int = 2) -> tuple[Numbers, States]:
        """The role's numbers; zeros and EMPTY where the file has no such column."""
        if role not in self._parsed:
            absent = (np.zeros(self.chunk.rows, np.int64), np.full(self.chunk.rows, EMPTY, np.uint8))
            self._parsed[role] = self.chunk.decimals(role, places) if self.has(role) else absent
        return self._parsed[role]

    def _judge(self) -> None:
        verdict, kind = self.verdict, self.kind
        verdict.check_shape(self._marks())
        if kind.grain == "customer":
            verdict.reject(~self._named(), "nobody_named")
        alone = {group[0] for group in kind.required if len(group) == 1}
        for column in kind.columns:
            if self.has(column.role):
                self._judge_column(column, needed=column.role in alone)
        self._judge_more()
        self._count_money()

    def _marks(self) -> States:
        """The states of what every row of the kind has; a row without it may be a total or a remark."""
        if self.kind.grain == "customer":
            return np.where(self._named(), OK, EMPTY).astype(np.uint8)
        if self.kind.time:
            return self.times[self.kind.time][1]
        return self.chunk.plain_ids(self.kind.columns[0].role)

    def _named(self) -> Mask:
        """Rows with a key that names somebody: a masked one does not."""
        import pyarrow.compute as pc

        named = np.zeros(self.chunk.rows, np.bool_)
        for role in filter(self.has, KEY_ROLES):
            keys = self.chunk.texts(role)
            masked = pc.match_substring(keys, "*").to_numpy(zero_copy_only=False)
            named |= (lengths(keys) > 0) & ~masked
        return named

    def _judge_column(self, column: FactColumn, *, needed: bool) -> None:
        verdict, role = self.verdict, column.role
        if column.how == "id":
            verdict.check_ids(role, self.chunk.texts(role), needed=needed)
        elif column.how == "key":
            verdict.reject(lengths(self.chunk.texts(role)) > _LONGEST_KEY, "id_too_long", role)
        elif column.how in ("day", "time"):
            verdict.check_time(role, self.times[role][1], required=needed)
        elif column.how == "cents":
            cents, states = self.numbers(role)
            if needed:
                verdict.reject(states == EMPTY, "money_missing", role)
            verdict.check_money(role, cents, states)
        elif column.how == "count":
            self._judge_count(role, needed=needed)
        elif column.how == "word":
            unknown = self._word_column(role).is_null().to_numpy(zero_copy_only=False)
            verdict.reject(unknown, "word_unknown", role)

    def _judge_count(self, role: str, *, needed: bool) -> None:
        counts, states = self.numbers(role, 0)
        strange = (states != OK) & ((states != EMPTY) | needed)
        self.verdict.reject(strange | (counts > LARGEST_COUNT), "count_unreadable", role)
        self.verdict.reject(counts < 0, "negative_count", role)

    def _judge_more(self) -> None:
        for role in self.kind.more_roles:
            if not self.has(role) or role == "booked_day":
                continue
            if role == "unit_price":
                price, states = self.numbers(role, PRICE_PLACES)
                self.verdict.reject(states == EMPTY, "money_missing", role)
                self.verdict.check_money(role, price // 100, states)
            elif role in _RATES:
                values, states = self.rates(role)
                self.verdict.reject((states == UNREADABLE) | (values > _RATES[role]), "rate_unreadable", role)
                self.verdict.reject(values < 0, "rate_unreadable", role)
            else:
                cents, states = self.numbers(role)
                self.verdict.check_money(role, cents, states, signed=role == "amount")

    def _count_money(self) -> None:
        """What each row adds to the file's sum: the role the kind names, of a movement income less expense."""
        if self.kind.grain == "item":
            self.verdict.count_money(*self._item_money())
        elif self.kind.grain == "money_move":
            income, expense = self.income_and_expense()
            self.verdict.count_money(income - expense, np.ones(self.chunk.rows, np.bool_))
        elif self.kind.money and self.has(self.kind.money):
            cents, states = self.numbers(self.kind.money)
            self.verdict.count_money(cents, (states == OK) | (states == EMPTY))

    def _item_money(self) -> tuple[Numbers, Mask]:
        """Of an item what was paid for it, where the file tells; else its price by its pieces."""
        paid, told = self.numbers("paid")
        price, readable = self.numbers("unit_price", PRICE_PLACES)
        pieces, counted = self.numbers("quantity", 0)
        worth = pieces * ((price + 50) // 100)
        beyond = np.abs(pieces.astype(float) * price) > LARGEST_CENTS * 100
        self.verdict.reject(beyond, "money_too_large", "unit_price")
        return np.where(told == OK, paid, worth), (told == OK) | (
            (readable == OK) & (counted == OK) & ~beyond
        )

    def income_and_expense(self) -> tuple[Numbers, Numbers]:
        """Of money movements: two columns, or one whose sign tells which way it went."""
        amount = self.numbers("amount")[0]
        income = self.numbers("income")[0] + np.maximum(amount, 0)
        return income, self.numbers("expense")[0] + np.maximum(-amount, 0)

    def rates(self, role: str) -> tuple[Numbers, States]:
        """Averages in hundredths, shares in hundredths of a percent, by the distinct texts."""
        codes, texts = self.chunk.distinct(role)
        parsed = [_share(text) if role in _SHARES else _average(text) for text in texts]
        values = np.array([value for value, _ in parsed], np.int64)
        return values[codes], np.array([state for _, state in parsed], np.uint8)[codes]

    def _word_column(self, role: str) -> pa.Array:
        import pyarrow as pa

        if role not in self._words:
            codes, words = self.chunk.distinct(role)
            meant = pa.array([WORDS[role](word) for word in words], pa.string())
            self._words[role] = meant.take(pa.array(codes))
        return self._words[role]

    def table(self, first_row: int) -> pa.Table:
        """Every row, accepted or not, in the columns of the kind's table that the file tells or that are worked out."""
        import pyarrow as pa

        columns: dict[str, Any] = {column.name: self._column(column) for column in self.kind.columns}
        columns |= {name: _DERIVED[name].made(self) for name in sorted(self.kind.derived & set(_DERIVED))}
        columns["row_no"] = pa.array(np.arange(first_row, first_row + self.chunk.rows, dtype=np.int64))
        return pa.table(columns)

    def _column(self, column: FactColumn) -> Any:
        import pyarrow as pa
        import pyarrow.compute as pc

        from laoke.warehouse.contracts import CONTRACTS

        role, rows = column.role, self.chunk.rows
        declared = CONTRACTS[self.kind.table].by_name[column.name]
        if not self.has(role):
            return _blank(column, declared, rows)
        if column.how in ("id", "key", "text"):
            texts = pc.utf8_slice_codeunits(self.chunk.texts(role), 0, column.most)
            return pc.if_else(pc.equal(texts, ""), ALL, texts) if column.how == "key" else texts
        if column.how == "word":
            return _meant(self._word_column(role), declared)
        if column.how == "time":
            micros, states = self.times[role]
            return timestamps(micros, states == OK if declared.nullable else None)
        if column.how == "day":
            return pa.array(within(self.times[role][0] // _DAY, LARGEST_COUNT).astype(np.int32))
        values, states = self.numbers(role, 2 if column.how == "cents" else 0)
        given = pa.array(within(values, LARGEST_COUNT).astype(np.int32) if column.how == "count" else values)
        return pc.if_else(pa.array(states == OK), given, None) if declared.nullable else given


def _meant(words: pa.Array, declared: Any) -> Any:
    """The words of a row that is put aside have no meaning; any will do then."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = declared.arrow_type()
    if kind == pa.string():
        return pc.fill_null(words, declared.values[0] if declared.values else "")
    if kind == pa.bool_():
        return pc.equal(pc.fill_null(words, ""), "true")
    told = pc.if_else(pc.equal(words, ""), None, words).cast(kind)
    return told if declared.nullable else pc.fill_null(told, declared.low)


def _blank(column: FactColumn, declared: Any, rows: int) -> Any:
    """A column that the file does not have: null, nothing, 0, or ALL in a key."""
    import pyarrow as pa

    if declared.nullable:
        return nothing(rows, declared.arrow_type())
    if declared.arrow_type() == pa.bool_():
        value: Any = False
    elif column.how == "word":
        value = declared.values[-1] if "" in declared.values else declared.values[0]
    else:
        value = ALL if column.how == "key" else "" if column.how in ("id", "text") else 0
    return pa.repeat(pa.scalar(value, declared.arrow_type()), rows)


_SHARES = frozenset({"bounce_rate"})
# The most that can be: a day of seconds, in hundredths, and every visit.
_RATES = {"dwell_average": 8_640_000, "bounce_rate": 10_000}


def _average(text: str) -> tuple[int, int]:
    value, state = decimal_units(text, 4)
    return value // 100, state


def _share(text: str) -> tuple[int, int]:
    """45.12%, 45.12 and 0.4512 say the same."""
    if text.endswith("%"):
        return decimal_units(text.removesuffix("%").rstrip(), 2)
    value, state = decimal_units(text, 4)
    return (value if value <= 10_000 else value // 100), state


def _of_visitors(rows: FactRows, role: str, per: int) -> Any:
    """An average or a share told per visitor, as the sum over all visitors, half rounded up."""
    import pyarrow as pa

    if not rows.has(role):
        return pa.array(np.zeros(rows.chunk.rows, np.int64))
    return pa.array((rows.numbers("visitors", 0)[0] * rows.rates(role)[0] * 2 + per) // (2 * per))


def _spent(rows: FactRows) -> Any:
    import pyarrow as pa

    return pa.array(sum((rows.numbers(role)[0] for role in _SPENT), np.zeros(rows.chunk.rows, np.int64)))


def _dwell(rows: FactRows) -> Any:
    return _of_visitors(rows, "dwell_average", 100)


def _bounces(rows: FactRows) -> Any:
    import pyarrow as pa

    return pa.array(
        within(_of_visitors(rows, "bounce_rate", 10_000).to_numpy(), LARGEST_COUNT).astype(np.int32)
    )


def _unit_price(rows: FactRows) -> Any:
    import pyarrow as pa

    return pa.array((rows.numbers("unit_price", PRICE_PLACES)[0] + 50) // 100)


def _income(rows: FactRows) -> Any:
    import pyarrow as pa

    return pa.array(rows.income_and_expense()[0])


def _expense(rows: FactRows) -> Any:
    import pyarrow as pa

    return pa.array(rows.income_and_expense()[1])


def _no_topics(rows: FactRows) -> Any:
    import pyarrow as pa

    return pa.repeat(pa.scalar(""), rows.chunk.rows)


def _one(rows: FactRows) -> Any:
    import pyarrow as pa

    return pa.array(np.ones(rows.chunk.rows, np.int32))


class _Derived(NamedTuple):
    """A column that no single role fills: the roles that tell it, and how it is made."""

    roles: frozenset[str]
    made: Callable[[FactRows], Any]


_SPENT = frozenset({"cost", "cost_site", "cost_keyword", "cost_crowd", "cost_scene"})
# What needs the vault's keys (the digest of a waybill) is made by the loader, which also numbers what is alike (`n`).
_DERIVED = {
    "dwell_seconds": _Derived(frozenset({"dwell_average"}), _dwell),
    "bounces": _Derived(frozenset({"bounce_rate"}), _bounces),
    "cost_cents": _Derived(_SPENT, _spent),
    "unit_price_cents": _Derived(frozenset({"unit_price"}), _unit_price),
    "income_cents": _Derived(frozenset({"income", "amount"}), _income),
    "expense_cents": _Derived(frozenset({"expense", "amount"}), _expense),
    "n": _Derived(frozenset({"flow_id"}), _one),
    "topics": _Derived(frozenset(), _no_topics),
}


def told_columns(kind: FactKind, roles: set[str]) -> frozenset[str]:
    """The columns that a file with these roles fills; of the others a stored row keeps what it has."""
    told = {column.name for column in kind.columns if column.role in roles}
    told |= {name for name in kind.derived & set(_DERIVED) if _DERIVED[name].roles & roles}
    return frozenset(told | ({"waybill_digest"} if "waybill" in roles else set()))


def fact_batch(chunk: Chunk, *, until: int | None, first_row: int, summary: ReadingSummary) -> StagedBatch:
    """The batch of one chunk of a fact file; adds its rows and sums to `summary`."""
    import pyarrow as pa

    kind = FACT_KINDS[chunk.layout.grain]
    rows = FactRows(chunk, kind, until)
    accepted: Mask = rows.verdict.accepted
    rows.verdict.add_to(summary, rows.times[kind.time][0] if kind.time else None)
    for micros, states in rows.times.values():
        summary.latest_micros = max(
            summary.latest_micros, int(micros[(states == OK) & accepted].max(initial=0))
        )
    table, identities = rows.table(first_row), identity_table(chunk, first_row)
    if not accepted.all():
        mask = pa.array(accepted)
        table, identities = table.filter(mask), identities.filter(mask)
    return StagedBatch(None, None, None, identities, rows.verdict.quarantined(), {kind.table: table})
