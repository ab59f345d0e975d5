"""The command that measures: bench."""

from __future__ import annotations

from typing import Annotated

import typer

from laoke.config.console import refuse, say, settings


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("bench")(bench)


def bench(
    names: Annotated[list[str] | None, typer.Argument(help="只测这几项；不写就全测")] = None,
    size: Annotated[str, typer.Option(help="full 是写进文档的量，small 只看能不能跑")] = "full",
    runs: Annotated[int | None, typer.Option(help="每项跑几次取中位数", min=1)] = None,
) -> None:
    """测速度和内存：每个数一行 JSON，最后一张表；装了 pandas、polars 的话放在一起比。"""
    from laoke.config.bench import NAMES
    from laoke.config.bench.running import BenchFailed, as_json, run_benches, table
    from laoke.shops.clock import clock_from_env

    chosen = names or list(NAMES)
    if unknown := [name for name in chosen if name not in NAMES]:
        refuse("bench", f"没有叫 {unknown[0]} 的项。有：{'、'.join(NAMES)}")
    if size not in ("small", "full"):
        refuse("size", f"--size 只能是 small 或 full，不能是 {size}")
    lines = []
    try:
        for line in run_benches(chosen, size, day=clock_from_env().today(), runs=runs):  # type: ignore[arg-type]
            lines.append(line)
            typer.echo(as_json(line))
    except BenchFailed as failed:
        refuse("bench_failed", f"测量没跑完：{failed}")
    if not settings.as_json:
        say("")
        typer.echo(table(lines, chosen))
