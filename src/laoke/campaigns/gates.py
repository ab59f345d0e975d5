"""Gates of facts for rounds: who just bought, and whose refund is open, is left in peace.

Dispatch asks them at planning and again before every send, through functions that `config` registers; each is one
query per catalog entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from laoke.campaigns.models import Round
from laoke.dispatch.gates import register_fact_gate
from laoke.dispatch.models import Occasion
from laoke.promotions.facts import day_number, reader_at
from laoke.shops import catalog
from laoke.shops.models import Shop

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RECENT_BUYER, OPEN_REFUND = "bought_recently", "refund_open"
# The usual price protection: within so many days after paying, the difference is asked back (RULES 8.1).
PROTECTION_DAYS = 15
REFUND_DAYS = 60


def protection_days(shop: Shop) -> int:
    """For how many days after a purchase a shop sends no offer; 0 switches the gate off."""
    return int(shop.settings.get("protection_days", PROTECTION_DAYS))


def gates_of(row: Round) -> list[str]:
    """The gates of a round: an open refund always, a recent purchase where the round carries an offer."""
    recent = [RECENT_BUYER] if row.offer_id and protection_days(row.campaign.shop) else []
    return [*recent, OPEN_REFUND]


def register() -> None:
    """Give dispatch the gates."""
    register_fact_gate(
        RECENT_BUYER, lambda occasion: _persons(occasion, "recent_buyers", protection_days(occasion.shop))
    )
    register_fact_gate(OPEN_REFUND, lambda occasion: _persons(occasion, "open_refunds", REFUND_DAYS))


def _persons(occasion: Occasion, query: str, days: int) -> NDArray[np.int64]:
    import numpy as np

    entry = catalog.current()
    if entry is None:
        return np.empty(0, dtype=np.int64)
    found = reader_at(entry).query(
        query, shop_id=occasion.shop_id, from_day=day_number(entry.as_of_day) - days
    )
    return found["person_id"].to_numpy()
