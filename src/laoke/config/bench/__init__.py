"""Speed and memory, measured: `laoke bench`. One module per figure; every measurement is a process of its own.

Nothing here is a test and nothing fails on a time. Figures stand beside what other tools need for the same work in the
same minutes, because seconds alone say more about the machine than about the code.
"""

from __future__ import annotations

from laoke.config.bench.measures import Bench

NAMES = (
    "laoke_help", "import_facts", "import_facts_narrow", "import_contacts", "import_memory", "segment_count",
    "ledger_alone", "sending", "pricing", "coupon_codes", "coupon_quotes", "demo_shop", "features", "pages",
    "customer_pages", "tag_rule",
    "customer_summary", "customer_value", "feature_update", "large_shop", "engines",
)  # fmt: skip
# Only beside peers: what they read stands in their folder.
PEERS_ONLY = ("import_peers_file",)


def bench_named(name: str) -> Bench:
    """The bench of that name; its module is imported only now."""
    from importlib import import_module

    found: Bench = import_module(f"laoke.config.bench.{name}").BENCH
    return found
