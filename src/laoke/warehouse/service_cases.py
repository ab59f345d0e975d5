"""The mirror of after-sales cases; what was said in them is sealed in the ledger."""

from __future__ import annotations

from laoke.warehouse.columns import Contract, column
from laoke.warehouse.usual_columns import IMPORT, SHOP, day

SERVICE_CASES = Contract(
    "service_cases",
    (
        SHOP,
        column("*case_id", "id", "case in the ledger"),
        column("person_id", "id", "person it was opened for"),
        column(
            "kind",
            "text",
            "what it is about",
            values=("return", "refund", "delay", "quality", "review", "other"),
        ),
        column("is_open", "bool", "it is neither solved nor closed"),
        day("opened_day", "day it was opened"),
        IMPORT,
    ),
    role="mirror",
    meaning="Who had which after-sales case when, and whether it is done.",
)
