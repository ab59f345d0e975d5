"""The mirror of who is in which chat group of the shop."""

from __future__ import annotations

from laoke.warehouse.columns import Contract, column
from laoke.warehouse.usual_columns import IMPORT, SHOP

GROUP_MEMBERS = Contract(
    "group_members",
    (SHOP, column("*person_id", "id", "person"), column("*group_name", "text", "chat group"), IMPORT),
    role="mirror",
    meaning="Who is in which chat group now.",
)
