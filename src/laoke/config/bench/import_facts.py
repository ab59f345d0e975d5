"""An export of 54 columns, GB18030 with `="…"` cells, up to the visible catalog entry; beside tools that only read."""

from laoke.config.bench.exports import WIDE, facts_bench

BENCH = facts_bench(WIDE)
