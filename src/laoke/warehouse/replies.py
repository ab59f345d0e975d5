"""The mirror of what persons wrote back; the words themselves are sealed in the ledger."""

from __future__ import annotations

from laoke.warehouse.columns import Contract, column
from laoke.warehouse.usual_columns import IMPORT, SHOP, day

REPLIES = Contract(
    "replies",
    (
        SHOP,
        column("*reply_id", "id", "reply in the ledger"),
        column("person_id", "id", "person whose number it came from"),
        column("channel", "text", "channel it came on"),
        column("opts_out", "bool", "it asks for no more messages"),
        day("day", "day it came"),
        IMPORT,
    ),
    role="mirror",
    meaning="Who wrote back when. Replies from numbers that belong to nobody known are not here.",
)
