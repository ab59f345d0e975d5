"""Lists of customers: who they are by their keys, contacts to the vault, level and birthday to the facts, tags.

A list gives no consent. Whoever it says agreed is counted, so that the owner can declare on what that rests, with
wording and proof; whoever it says refused is refused from then on. A column may say of what purposes it speaks; without
it a yes is one to marketing, and a refusal one of everything on that channel.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from laoke.customers import consent, history, tags
from laoke.customers.models import EVERY_PURPOSE, Channel, Customer, OptOut, Purpose
from laoke.intake.loading.buyers import people_told
from laoke.intake.loading.people import People
from laoke.intake.models import ImportRun
from laoke.intake.reading.cells import micros_of
from laoke.intake.reading.places import province_name, short_city
from laoke.shops.bulk import pieces
from laoke.warehouse.contracts import CUSTOMERS

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.intake.reading.batches import StagedBatch
    from laoke.warehouse.engine import Reader

MOST_TAGS = 200  # names of tags that one list may bring; more are free text, not tags
_CHANNELS = {"accepts_sms": Channel.SMS, "accepts_email": Channel.EMAIL}
_AGREED = frozenset({"YES", "Y", "TRUE", "1", "是", "同意", "接收", "SUBSCRIBED"})
_REFUSED = frozenset({"UNSUBSCRIBED", "退订", "已退订", "拒绝", "拒收", "不接收", "OPTED OUT", "OPT-OUT"})
_PURPOSES = {
    "营销": Purpose.MARKETING, "促销": Purpose.MARKETING, "MARKETING": Purpose.MARKETING,
    "服务": Purpose.CARE, "关怀": Purpose.CARE, "通知": Purpose.CARE, "CARE": Purpose.CARE,
    "画像": Purpose.PROFILING, "分析": Purpose.PROFILING, "PROFILING": Purpose.PROFILING,
}  # fmt: skip
UNKNOWN_PURPOSE = "unknown"
_BETWEEN_TAGS = re.compile(r"[,，;；、|]")
_MONTH_DAY = re.compile(r"(?:\d{4}[-/.年]?)?(\d{1,2})[-/.月](\d{1,2})日?(?:[ T].*)?|\d{4}(\d{2})(\d{2})")


def purposes_of(text: str) -> list[str]:
    """The purposes a cell names, in their order; words that mean none of them are one `unknown`."""
    found: dict[str, None] = {}
    for part in filter(None, map(str.strip, _BETWEEN_TAGS.split(text.upper()))):
        meant: list[str] = [purpose for word, purpose in _PURPOSES.items() if word in part]
        found |= dict.fromkeys(meant or [UNKNOWN_PURPOSE])
    return list(found)


def month_day(text: str) -> str:
    """A birthday as MM-DD, without its year; '' when it is none."""
    found = _MONTH_DAY.fullmatch(text.strip())
    if found is None:
        return ""
    month, day = (int(part) for part in found.groups() if part is not None)
    longest = 29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31
    return f"{month:02d}-{day:02d}" if 1 <= month <= 12 and 1 <= day <= longest else ""


class CustomerList:
    """One list on its way: rows for the facts batch by batch, then what is said of people. All may be repeated."""

    def __init__(self, run: ImportRun, people: People) -> None:
        self.run, self.people = run, people
        self._tags: dict[str, set[int]] = defaultdict(set)
        self._refused: dict[tuple[str, str], set[int]] = defaultdict(set)

    def rows(self, batch: StagedBatch) -> tuple[pa.Table, pa.Array]:
        """Rows of `customers` with their numbers, of those whom a key names; contacts are noted on the way."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        told = batch.identities
        customers = self.people.customers_of(told, np.zeros(told.num_rows, dtype=bool))
        birthdays = pa.array([month_day(text or "") for text in told["birthday"].to_pylist()], pa.string())
        told = told.set_column(told.column_names.index("birthday"), "birthday", birthdays)
        now = pa.repeat(pa.scalar(micros_of(self.people.now), pa.int64()), told.num_rows)
        self.people.note_contacts(told, customers, pa.chunked_array([now]))
        self._note(told, customers)
        facts = batch.facts["customers"]
        for name, short in (("province", province_name), ("city", short_city)):
            words = pa.array([short(word)[:40] for word in facts[name].to_pylist()], pa.string())
            facts = facts.set_column(facts.column_names.index(name), name, words)
        blank: dict[str, Any] = {
            "birthday": "", "has_nick": False, "has_phone": False, "has_email": False, "phone_state": "none",
        }  # fmt: skip
        for name, value in blank.items():
            facts = facts.append_column(name, pa.repeat(pa.scalar(value), facts.num_rows))
        named = pc.is_valid(customers)
        return facts.filter(named), customers.filter(named)

    def _note(self, told: pa.Table, customers: pa.Array) -> None:
        """Tags, agreements and refusals of a batch."""
        numbers = customers.to_pylist()
        for customer, text in zip(numbers, told["tags"].to_pylist(), strict=True):
            if customer is not None and text:
                for name in filter(None, map(str.strip, _BETWEEN_TAGS.split(text))):
                    self._tags[name].add(customer)
        for role, channel in _CHANNELS.items():
            said = zip(numbers, told[role].to_pylist(), told["accepts_for"].to_pylist(), strict=True)
            for customer, text, purposes in said:
                if customer is not None:
                    self._note_word(channel, customer, (text or "").strip().upper(), purposes or "")

    def _note_word(self, channel: str, customer: int, word: str, purposes: str) -> None:
        """A yes is counted by purpose; a no of a purpose that is not understood is one of everything."""
        named = purposes_of(purposes)
        if word in _AGREED:
            agreed = self.people.counts.agreed
            for purpose in named or [Purpose.MARKETING]:
                key = channel if purpose == Purpose.MARKETING else f"{channel}:{purpose}"
                agreed[key] = agreed.get(key, 0) + 1
        elif word in _REFUSED:
            for purpose in named or [EVERY_PURPOSE]:
                self._refused[channel, EVERY_PURPOSE if purpose == UNKNOWN_PURPOSE else purpose].add(customer)

    def tell_people(self) -> None:
        """Set the tags and refusals, once everybody has a number."""
        counts, shop, now = self.people.counts, self.run.shop, self.people.now
        for name in sorted(self._tags)[:MOST_TAGS]:
            by, persons = self.run.created_by, _persons(self._tags[name])
            try:
                tag = tags.make_tag(shop, name, now=now, by=by)
                counts.tagged += tags.set_tag(
                    tag, persons, by=by, now=now, reason=self.run.file_name[:100], source=history.FILE
                )
            except tags.TagRefused:
                counts.tags_refused += 1
        counts.tags_refused += max(0, len(self._tags) - MOST_TAGS)
        for (channel, purpose), customers in self._refused.items():
            persons = _persons(customers)
            has = OptOut.objects.filter(
                shop=shop, channel=channel, purpose__in=(EVERY_PURPOSE, purpose), ended_at=None
            ).values_list("person_id", flat=True)
            for person in sorted(set(persons) - set(has)):
                consent.opt_out(shop, channel, purpose=purpose, now=now, source="file", person_id=person)
                counts.refused += 1


def _persons(customers: Iterable[int]) -> list[int]:
    found: set[int] = set()
    for piece in pieces(sorted(customers)):
        found |= set(Customer.objects.filter(pk__in=list(piece)).values_list("person_id", flat=True))
    return sorted(found)


# A list knows less of where somebody lives than their last order does; since when they are known is the earliest that
# anybody tells (a time that nobody told stands as 1970), and kinds of contact only ever grow.
_LISTED = """
WITH told AS (
  SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY place DESC) AS turn FROM (
    SELECT t.*, row_number() OVER () AS place FROM {parts} AS t
  )
)
SELECT $shop_id AS shop_id, t.customer_id,
       CASE WHEN t.first_seen > '1971-01-01' THEN least(t.first_seen, s.first_seen)
            ELSE coalesce(s.first_seen, CAST($now AS TIMESTAMP)) END AS first_seen,
       coalesce(nullif(s.province, ''), t.province) AS province,
       CASE WHEN coalesce(s.province, '') <> '' THEN s.city ELSE t.city END AS city,
       CASE WHEN t.level <> '' THEN t.level ELSE coalesce(s.level, '') END AS level,
{known}
WHERE t.turn = 1
"""


def listed(reader: Reader, parts: list[Path], flags: pa.Table, run: ImportRun, people: People) -> pa.Table:
    """Rows of `customers` for the people of a list, joined with what is stored of them."""
    if not parts:
        return CUSTOMERS.empty()
    return people_told(reader, _LISTED, parts, flags, shop_id=run.shop_id, import_id=run.pk, now=people.now)
