"""The derived table of what each person is expected to buy."""

from __future__ import annotations

from laoke.warehouse.columns import Contract, column
from laoke.warehouse.usual_columns import IMPORT, SHOP, cents, day

HORIZONS = (30, 90, 180, 365)  # days

CUSTOMER_VALUE = Contract(
    "customer_value",
    (
        SHOP,
        column("*person_id", "id", "person who has bought"),
        day("as_of_day", "day from which the horizons count"),
        column(
            "model", "text", "what it comes from: a fitted model, or rates of customers in the same place",
            values=("bg_nbd", "mbg_nbd", "pareto_nbd", "rates"),
        ),
        column("p_alive?", "ratio", "probability of still being a customer; null without a model", low=0, high=1),
        column("p_alive_low?", "ratio", "lower end of its 90 % interval; null without a model", low=0, high=1),
        column("p_alive_high?", "ratio", "upper end of it", low=0, high=1),
        *(
            one
            for n in HORIZONS
            for one in (
                column(f"orders_{n}", "ratio", f"purchase days expected in the next {n} days", low=0),
                column(f"orders_{n}_low", "count", "lower end of their 90 % interval"),
                column(f"orders_{n}_high", "count", "upper end of it"),
                cents(f"spend_{n}", f"spend expected in the next {n} days, refunds taken off", "sum_cents"),
                cents(f"spend_{n}_low?", "lower end of its 90 % interval; null without model", "sum_cents"),
                cents(f"spend_{n}_high?", "upper end of it", "sum_cents"),
            )
        ),
        IMPORT,
    ),
    role="derived",
    meaning=(
        "What each person is expected to buy from a day on, by the model that did best on the shop's own last months. "
        "Only the newest day is kept; how it was found stands in the ledger."
    ),
)  # fmt: skip
