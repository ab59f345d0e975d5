"""Commands of lotteries: whether what was published of one is what its seed makes it. Needs no shop and no database."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from laoke.config.console import emit, refuse

if TYPE_CHECKING:
    from laoke.promotions.rewards.fair_draws import Json, Verdict


_LINK = re.compile(r"[0-9a-f]{64}")


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    lotteries = typer.Typer(help="抽奖", no_args_is_help=True)
    lotteries.command("verify")(verify)
    app.add_typer(lotteries, name="lottery")


def verify(
    file: Annotated[Path, typer.Argument(help="从抽奖页下载的公示文件")],
    held: Annotated[
        list[str] | None, typer.Option("--held", help="抽的人手里的凭证，写成 第几抽:链，可以写几个")
    ] = None,
) -> None:
    """用公开的种子重算每一抽，看和公示的一不一样，每一抽是不是接着上一抽。谁都能跑，不用老客的数据。"""
    from laoke.promotions.rewards import fair_draws

    links: dict[int, str] = {}
    for one in held or []:
        number, sep, link = one.partition(":")
        link = link.strip().lower()
        if not sep or not number.isascii() or not number.isdigit() or not _LINK.fullmatch(link):
            # The page shows the beginning of a link: that alone must not look like a draw that was altered.
            refuse("held_shape", f"凭证写成 第几抽:链，链要 64 个字符都抄全，这里是 {one}")
        links[int(number)] = link
    try:
        told = fair_draws.read_published(file.read_text(encoding="utf-8"))
        if told["seed"] is None:
            refuse("no_seed", "种子还没公开，抽奖结束后再下载一次")
        found = fair_draws.verify(told, links)
    except OSError:
        refuse("no_file", f"打不开文件：{file}")
    except (ValueError, KeyError, TypeError, IndexError):
        refuse("not_published", f"{file} 不是抽奖的公示文件")
    if not found.is_fair:
        refuse("not_fair", _told(found), **asdict(found))
    said = f"{found.draws} 抽全部对得上，种子和公布的摘要对得上"
    if found.unlinked:
        said += f"。前 {found.unlinked} 抽是有链以前抽的，没有接上"
    said += _ended(told)
    emit({"fair": True, "draws": found.draws, "unlinked": found.unlinked}, said)


def _ended(told: Json) -> str:
    """When the lottery was over and, before its time, why, as the file says it; '' where it does not."""
    at, reason = told.get("over_at"), told.get("over_reason")
    if not isinstance(at, str) or not at.isprintable():
        return ""
    # Whoever wrote the file wrote the reason: nothing of it moves the terminal's cursor.
    why = "".join(letter for letter in reason if letter.isprintable()) if isinstance(reason, str) else ""
    return f"。{at} 提前结束：{why}" if why else f"。{at} 结束"


def _told(found: Verdict) -> str:
    """What does not agree, each kind with the numbers of its draws."""
    parts = [] if found.seed_matches else ["种子或规则和公布的摘要对不上"]
    for said, codes in (
        ("算的不一样的：第 %s 抽", ("number", "prize")),
        ("没有接着上一抽的：第 %s 抽", ("link",)),
        ("和抽的人手里的凭证不一样的：第 %s 抽", ("held",)),
    ):
        numbers = [str(one.number) for one in found.wrong if one.code in codes]
        if numbers:
            parts.append(said % "、".join(numbers))
    return "。".join(parts)
