"""Who may not be written to, and why: the same gates when a round is planned and again before every send.

Gates of the ledger (erased, refusal, consent, dead contacts, caps) are set queries; gates of facts (bought meanwhile,
price protection, refund open) are sorted arrays of persons, made by functions that are registered from above.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from laoke.customers import consent
from laoke.customers.models import Purpose
from laoke.dispatch.models import Occasion
from laoke.dispatch.sets import listed, people_table, rows, stamp
from laoke.dispatch.states import OPEN, REACHED
from laoke.shops import catalog
from laoke.shops.bulk import pieces
from laoke.shops.models import Shop

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# In the order in which they are asked: a person is counted at the first one that keeps them away.
LEDGER_REASONS: tuple[str, ...] = (
    "erased", "opted_out", "no_contact", "masked_contact", "invalid_contact", "dead_contact", "tag",
    "no_profiling", "no_consent", "consent_expired",
)  # fmt: skip
CAP_REASONS: tuple[str, ...] = ("cap_day", "cap_week", "cap_month")
LAST_REASON = "duplicate_contact"


@dataclass(frozen=True)
class Caps:
    """The most marketing messages a person may get in 24 hours, 7 and 30 days (RULES 1.7)."""

    day: int = 1
    week: int = 2
    month: int = 4

    @classmethod
    def of(cls, shop: Shop) -> Caps:
        """The shop's own caps (`settings["caps"]`), or the defaults."""
        return cls(**{**cls().__dict__, **shop.settings.get("caps", {})})


@dataclass(frozen=True)
class FactGate:
    """Persons kept away by a fact: `people` is a sorted int64 array of person ids, `code` the reason shown."""

    code: str
    people: NDArray[np.int64]

    def hits(self, people: Sequence[int]) -> set[int]:
        """Those of `people` who stand in the gate."""
        import numpy as np

        asked = np.asarray(people, dtype=np.int64)
        if not asked.size or not self.people.size:
            return set()
        places = np.searchsorted(self.people, asked).clip(max=self.people.size - 1)
        return set(asked[self.people[places] == asked].tolist())


class GateMissing(Exception):
    """An occasion asks for a gate of facts that nobody registered."""


FactGateFunction = Callable[[Occasion], "NDArray[np.int64]"]
_FUNCTIONS: dict[str, FactGateFunction] = {}
_CACHE: dict[tuple[int | None, int, str, int], FactGate] = {}


def register_fact_gate(code: str, function: FactGateFunction) -> None:
    """Give a gate of facts its function (persons kept away, any order). Occasions name it in `rules["gates"]`."""
    _FUNCTIONS[code] = function


def fact_gates_of(occasion: Occasion) -> list[FactGate]:
    """The fact gates an occasion asks for, computed once per catalog entry.

    Raises
    ------
    GateMissing
        for a gate nobody registered: better no message than one that should have been kept back.
    """
    import numpy as np

    entry = catalog.current()
    found = []
    for code in occasion.rules.get("gates", []):
        key = (occasion.pk, occasion.shop_id, code, entry.pk if entry else 0)
        if code not in _FUNCTIONS:
            raise GateMissing(code)
        if key not in _CACHE:
            for old in [k for k in _CACHE if k[:3] == key[:3]]:
                del _CACHE[old]
            _CACHE[key] = FactGate(code, np.unique(np.asarray(_FUNCTIONS[code](occasion), dtype=np.int64)))
        found.append(_CACHE[key])
    return found


def ledger_reasons(
    shop: Shop, channel: str, *, marketing: bool, people: Mapping[int, str | None], now: datetime
) -> dict[int, str]:
    """Why the ledger keeps persons away: {person: reason}; `people` gives each one's contact digest.

    A refusal of the purpose or of all wins over everything, for notices (care) too; consent, tags and unwillingness to
    be picked by analysis are asked for marketing only.
    """
    everyone = list(people)
    purpose = Purpose.MARKETING if marketing else Purpose.CARE
    reasons = consent.refused(shop.pk, channel, everyone, now.date(), purpose)
    digests = sorted({digest for digest in people.values() if digest})
    contacts = consent.refused_contacts(shop.pk, channel, digests, purpose) if digests else {}
    for person, digest in people.items():
        reason = contacts.get(digest or "")
        if reason and LEDGER_REASONS.index(reason) < LEDGER_REASONS.index(reasons.get(person, "no_consent")):
            reasons[person] = reason
    moved = merged_away(everyone)
    if moved:
        # Planned before the merge: what is said of the person that they are now counts like what was said of them.
        whole = ledger_reasons(
            shop, channel, marketing=marketing, people=dict.fromkeys(moved.values()), now=now
        )
        for number, person in moved.items():
            known = [reason for reason in (whole.get(person), reasons.get(number)) if reason]
            if known:
                reasons[number] = min(known, key=LEDGER_REASONS.index)
    reasons.update(dict.fromkeys(erased(everyone), "erased"))
    return reasons


def merged_away(people: Sequence[int]) -> dict[int, int]:
    """{number: the person it is now} of those that were given up by a merge."""
    sql = (
        f"SELECT p.id, c.person_id FROM {people_table()} JOIN customers_customer c ON c.id = p.id "
        "WHERE c.person_id <> p.id"
    )
    found: dict[int, int] = {}
    for piece in pieces(people):
        found.update(rows(sql, [listed(piece)]))
    return found


def twice(occasion: Occasion, people: Sequence[int]) -> set[int]:
    """Those of `people` to whom the occasion says it under another number too, since they were merged: it was said
    already, or it will be under a smaller number."""
    reached, waits = (", ".join(f"'{state}'" for state in states) for states in (REACHED, OPEN))
    sql = f"""
        SELECT DISTINCT p.id FROM {people_table()}
        JOIN customers_customer c ON c.id = p.id
        JOIN customers_customer o ON o.person_id = c.person_id AND o.id <> c.id
        JOIN dispatch_message m ON m.person_id = o.id AND m.occasion_id = %s
        WHERE m.state IN ({reached}) OR (m.state IN ({waits}) AND o.id < c.id)
    """
    found: set[int] = set()
    for piece in pieces(people):
        found.update(row[0] for row in rows(sql, [listed(piece), occasion.pk]))
    return found


def erased(people: Sequence[int]) -> set[int]:
    """Those of `people` who asked to be erased."""
    found: set[int] = set()
    for piece in pieces(people):
        sql = f"SELECT e.person_id FROM {people_table()} JOIN customers_erasure e ON e.person_id = p.id"
        found.update(row[0] for row in rows(sql, [listed(piece)]))
    return found


def capped(shop: Shop, people: Sequence[int], now: datetime, caps: Caps | None = None) -> dict[int, str]:
    """Persons who have had as much marketing as the shop's caps allow: {person: 'cap_day' | …}. What a person got
    under another number, before a merge, counts."""
    caps = caps or Caps.of(shop)
    states = ", ".join(f"'{state}'" for state in REACHED)
    sql = f"""
        WITH asked AS (SELECT p.id FROM {people_table()}),
        numbers AS (
            SELECT a.id AS person, a.id AS number FROM asked a
            UNION
            SELECT a.id, same.id FROM asked a JOIN customers_customer c ON c.id = a.id
            JOIN customers_customer same ON same.person_id = c.person_id
        )
        SELECT n.person, SUM(CASE WHEN m.sent_at > %s THEN 1 ELSE 0 END),
               SUM(CASE WHEN m.sent_at > %s THEN 1 ELSE 0 END), COUNT(*)
        FROM numbers n JOIN dispatch_message m ON m.person_id = n.number AND m.sent_at > %s
        JOIN dispatch_occasion o ON o.id = m.occasion_id
        WHERE o.shop_id = %s AND o.is_marketing AND m.state IN ({states})
        GROUP BY n.person
    """
    since = [stamp(now - timedelta(days=days)) for days in (1, 7, 30)]
    found: dict[int, str] = {}
    for piece in pieces(people):
        for person, day, week, month in rows(sql, [listed(piece), *since, shop.pk]):
            for code, had, limit in zip(
                CAP_REASONS, (day, week, month), (caps.day, caps.week, caps.month), strict=True
            ):
                if had >= limit:
                    found.setdefault(person, code)
    return found


def reasons_now(occasion: Occasion, people: Mapping[int, str | None], now: datetime) -> dict[int, str]:
    """Every gate for persons about to be sent to, in the order of the funnel."""
    reasons = ledger_reasons(
        occasion.shop, occasion.channel, marketing=occasion.is_marketing, people=people, now=now
    )
    for gate in fact_gates_of(occasion):
        for person in gate.hits(list(people)):
            reasons.setdefault(person, gate.code)
    if occasion.is_marketing:
        for person, reason in capped(occasion.shop, list(people), now).items():
            reasons.setdefault(person, reason)
    for person in twice(occasion, list(people)):
        reasons.setdefault(person, LAST_REASON)
    return reasons
