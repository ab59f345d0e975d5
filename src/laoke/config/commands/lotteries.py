"""Commands of lotteries: whether what was published of one is what its seed makes it. Needs no shop and no database."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from laoke.config.console import emit, refuse


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    lotteries = typer.Typer(help="抽奖", no_args_is_help=True)
    lotteries.command("verify")(verify)
    app.add_typer(lotteries, name="lottery")


def verify(file: Annotated[Path, typer.Argument(help="从抽奖页下载的公示文件")]) -> None:
    """用公开的种子重算每一抽，看和公示的一不一样。谁都能跑，不用老客的数据。"""
    from laoke.promotions.rewards import fair_draws

    try:
        told = fair_draws.read_published(file.read_text(encoding="utf-8"))
        if told["seed"] is None:
            refuse("no_seed", "种子还没公开，抽奖结束后再下载一次")
        found = fair_draws.verify(told)
    except OSError:
        refuse("no_file", f"打不开文件：{file}")
    except (ValueError, KeyError, TypeError, IndexError):
        refuse("not_published", f"{file} 不是抽奖的公示文件")
    if not found.is_fair:
        numbers = "、".join(str(one.number) for one in found.wrong)
        seed = "" if found.seed_matches else "种子或规则和公布的摘要对不上。"
        refuse("not_fair", f"{seed}算的不一样的：第 {numbers or '无'} 抽", **asdict(found))
    emit({"fair": True, "draws": found.draws}, f"{found.draws} 抽全部对得上，种子和公布的摘要对得上")
