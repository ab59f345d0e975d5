"""What the platform tells beside trades: ratings, traces of parcels, levels of members. Pure: a JSON object in.

Names and phones of couriers stand in the texts of traces, so those are read for one word and left behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from laoke.intake.reading.fact_words import shipment_event
from laoke.intake.top.trades import RowUnreadable, keys_of, listed, moment_of, number_of, plain

RATING_FIELDS = "tid,oid,role,result,created,content,num_iid"
RESULTS = {"good": 3, "neutral": 2, "bad": 1}
# What a level is called where the platform names it by number only; 0 is a buyer who is no member.
GRADES = {"1": "普通会员", "2": "高级会员", "3": "VIP会员", "4": "至尊VIP会员"}
_LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class Rating:
    """What a buyer said of a product of an order; the text goes to the vault only."""

    order_id: str
    product_id: str
    rating: int
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Trace:
    """Something that happened to a parcel."""

    order_id: str
    at: datetime
    kind: str
    carrier: str
    waybill: str


@dataclass(frozen=True, slots=True)
class Member:
    """The level of a buyer, found by the keys that the platform gives; `last_trade` is the latest deal."""

    keys: Mapping[str, str] = field(default_factory=dict)
    level: str = ""
    last_trade: datetime | None = None


def rating_of(row: Mapping[str, Any], latest: datetime = datetime.max) -> Rating:
    """Read a rating; raises RowUnreadable as `trade_of` does."""
    result = plain(row.get("result"))
    if result not in RESULTS:
        raise RowUnreadable("word_unknown", "result", result)
    at = moment_of(row, "created", latest, needed=True)
    assert at is not None
    return Rating(
        number_of(row, "tid"), number_of(row, "num_iid"), RESULTS[result], at,
        plain(row.get("content"))[:_LONGEST_TEXT],
    )  # fmt: skip


def traces_of(tid: str, answer: Mapping[str, Any], latest: datetime = datetime.max) -> list[Trace]:
    """The steps of a parcel that mean something to the shop; steps of other words and without a time are left out."""
    carrier, waybill = plain(answer.get("company_name"))[:40], plain(answer.get("out_sid"))
    found = []
    for step in listed(answer, "trace_list", "transit_step_info"):
        kind = shipment_event(plain(step.get("action"))) or shipment_event(plain(step.get("status_desc")))
        try:
            at = moment_of(step, "status_time", latest, needed=True)
        except RowUnreadable:
            continue
        if kind and at is not None:
            found.append(Trace(tid, at, kind, carrier, waybill))
    return found


def member_of(row: Mapping[str, Any], latest: datetime = datetime.max) -> Member:
    """Read a member; raises RowUnreadable where the time of the last deal cannot be read."""
    keys = keys_of({**row, "buyer_open_uid": row.get("buyer_open_uid") or row.get("open_uid")})
    grade = plain(row.get("grade"))
    level = plain(row.get("grade_name")) or GRADES.get(grade, "")
    return Member(keys, "" if grade == "0" else level[:40], moment_of(row, "last_trade_time", latest))


def newest_levels(members: Iterable[Member]) -> list[Member]:
    """Of members with the same keys the one that was told last."""
    return list({tuple(sorted(one.keys.items())): one for one in members}.values())
