"""The same orders in 12 columns, read by a mapping; beside tools that only read."""

from laoke.config.bench.exports import NARROW, facts_bench

BENCH = facts_bench(NARROW)
