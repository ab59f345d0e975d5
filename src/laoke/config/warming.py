"""Compile every kernel, so that nobody's first import or first replay waits for it: `python -m laoke.config.warming`.

`laoke up` runs it beside the making of the shop. What is compiled is kept on disk; the next time it is only loaded.
"""

from __future__ import annotations

import signal


def main() -> None:
    """Compile what reading files, pricing baskets and valuing customers need."""
    from laoke.intake.reading.warming import compile_kernels as for_reading
    from laoke.lifetime.warming import compile_kernels as for_value
    from laoke.promotions.columnar.warming import compile_kernels as for_pricing

    for_pricing()
    for_reading()
    for_value()


if __name__ == "__main__":
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # a terminal sends Ctrl-C to everybody; `up` ends this one itself
    main()
