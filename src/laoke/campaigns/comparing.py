"""Who is compared with whom: the assignments of rounds as a table that the review's query reads.

A comparison is the campaign as a whole, or one round. People of a wider holdout never enter a narrower one. The rows of
the ledger are laid over the mirror `touches`: the query sees what was recorded, whatever is mirrored by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from laoke.campaigns.models import Round
from laoke.dispatch.models import Arm, Message, Occasion
from laoke.experiments.assignment import HELD_OUT, TREATED, Holdout, arm_indexes, salt_of
from laoke.promotions.facts import day_number

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

FULL_BP = 10_000


@dataclass(frozen=True)
class Assigned:
    """The people of one round and their arms at one level. `start` is when the round could first reach somebody."""

    round: Round
    start: datetime
    people: NDArray[np.int64]
    held_out: NDArray[np.bool_]
    cost_millis: int


def starts_at(occasion: Occasion) -> datetime:
    """When an occasion could first reach somebody."""
    assert occasion.launched_at is not None
    return max(occasion.launched_at, occasion.not_before)


def assigned_of(row: Round, level: str) -> Assigned:
    """The arms of a round as the campaign's comparison (`campaign`) or the round's own (`round`) needs them.

    A round without a holdout of its own is judged by the campaign's.
    """
    import numpy as np

    occasion = row.occasion
    assert occasion is not None
    found = list(
        Message.objects.filter(occasion=occasion, arm__in=(Arm.TREATED, Arm.HELD_OUT)).values_list(
            "person_id", "arm", "cost_millis"
        )
    )
    people = np.asarray([person for person, _arm, _cost in found], dtype=np.int64)
    held = np.asarray([arm == Arm.HELD_OUT for _person, arm, _cost in found], dtype=np.bool_)
    cost = sum(cost for _person, _arm, cost in found)
    shares: dict[str, int] = occasion.rules.get("holdout", {})
    campaign = row.campaign
    keep = np.ones(len(people), dtype=np.bool_)
    if shares.get("shop"):
        keep &= ~_held(people, Holdout("shop", salt_of("shop", campaign.shop_id), shares["shop"]))
    if shares.get("round"):
        # Held out, and not by the campaign: then it was the round's own draw.
        salt = salt_of("campaign", campaign.shop_id, campaign.pk)
        by_campaign = held & _held(people, Holdout("campaign", salt, shares.get("campaign", 0)))
        if level == "campaign":
            held = by_campaign
        else:
            keep &= ~by_campaign
    return Assigned(row, starts_at(occasion), people[keep], held[keep], cost)


def _held(people: NDArray[np.int64], holdout: Holdout) -> NDArray[np.bool_]:
    return arm_indexes(people, holdout.salt, holdout.shares()) == 0


def planned_shares(rounds: Sequence[Round], level: str) -> dict[str, int]:
    """The planned sizes of the arms in parts of 10,000."""
    for row in rounds:
        shares: dict[str, int] = row.occasion.rules.get("holdout", {}) if row.occasion else {}
        wanted = (
            shares.get("round") if level == "round" and shares.get("round") else shares.get("campaign", 0)
        )
        if wanted:
            return {TREATED: FULL_BP - wanted, HELD_OUT: wanted}
    return {TREATED: FULL_BP, HELD_OUT: 0}


def touches_table(shop_id: int, assigned: Sequence[Assigned]) -> pa.Table:
    """The assignment in the form of the mirror `touches`; `at` is the round's start for everyone."""
    import numpy as np
    import pyarrow as pa

    parts = [_part(shop_id, one) for one in assigned if len(one.people)]
    columns: dict[str, Any] = {
        name: np.concatenate([part[name] for part in parts]) if parts else np.empty(0, dtype=np.int64)
        for name in ("person_id", "occasion_id", "round_id", "campaign_id", "arm", "at", "day")
    }
    count = len(columns["person_id"])
    return pa.table(
        {
            "shop_id": pa.array(np.full(count, shop_id, dtype=np.int64)),
            "person_id": pa.array(columns["person_id"], pa.int64()),
            "occasion_id": pa.array(columns["occasion_id"], pa.int64()),
            "round_id": pa.array(columns["round_id"], pa.int64()),
            "campaign_id": pa.array(columns["campaign_id"], pa.int64()),
            "channel": pa.array(["" for _ in range(count)], pa.string()),
            "arm": pa.array(columns["arm"].tolist(), pa.string()),
            "state": pa.array(["" for _ in range(count)], pa.string()),
            "at": pa.array(columns["at"].astype("datetime64[us]"), pa.timestamp("us")),
            "day": pa.array(columns["day"].astype(np.int32), pa.int32()),
            "cost_millis": pa.array(np.zeros(count, dtype=np.int64)),
            "import_id": pa.array(np.zeros(count, dtype=np.int64)),
        }
    )


def _part(shop_id: int, one: Assigned) -> dict[str, NDArray[Any]]:
    import numpy as np

    count = len(one.people)
    return {
        "person_id": one.people,
        "occasion_id": np.full(count, one.round.occasion_id, dtype=np.int64),
        "round_id": np.full(count, one.round.pk, dtype=np.int64),
        "campaign_id": np.full(count, one.round.campaign_id, dtype=np.int64),
        "arm": np.where(one.held_out, HELD_OUT, TREATED),
        "at": np.full(count, np.datetime64(one.start, "us")),
        "day": np.full(count, day_number(one.start.date()), dtype=np.int64),
    }
