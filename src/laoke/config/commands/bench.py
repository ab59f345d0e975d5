"""The command that measures: bench."""

from __future__ import annotations

from pathlib import Path
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
    peers: Annotated[
        Path | None,
        typer.Option(help="别家的脚本和环境所在的文件夹：在同一趟里和它们比", file_okay=False, exists=True),
    ] = None,
) -> None:
    """测速度和内存：每个数一行 JSON，最后一张表；装了 pandas、polars 的话放在一起比。"""
    from laoke.config.bench import NAMES, PEERS_ONLY
    from laoke.config.bench.peers import PeerFailed
    from laoke.config.bench.running import BenchFailed, as_json, run_benches, table
    from laoke.shops.clock import clock_from_env

    known = [*NAMES, *(PEERS_ONLY if peers else ())]
    chosen = names or known
    if unknown := [name for name in chosen if name not in known]:
        refuse("bench", f"没有叫 {unknown[0]} 的项。有：{'、'.join(known)}")
    if size not in ("small", "full"):
        refuse("size", f"--size 只能是 small 或 full，不能是 {size}")
    lines = []
    try:
        today = clock_from_env().today()
        for line in run_benches(chosen, size, day=today, runs=runs, peers_folder=peers):  # type: ignore[arg-type]
            lines.append(line)
            typer.echo(as_json(line))
    except (BenchFailed, PeerFailed) as failed:
        refuse("bench_failed", f"测量没跑完：{failed}")
    if not settings.as_json:
        say("")
        typer.echo(table(lines, chosen))
