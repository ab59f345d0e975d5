"""`laoke`: all that the web does, for someone who scripts. This module only registers; the work is elsewhere."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from laoke import __version__
from laoke.config import console
from laoke.config.commands import (
    audit,
    backups,
    bench,
    campaign,
    connecting,
    coupons,
    facts,
    fakes,
    house,
    keys,
    layouts,
    lotteries,
    people,
    pricing,
    reach,
    segment,
    serving,
    tables,
    value,
)
from laoke.config.terminal import steady_output
from laoke.shops.full_disk import DISK_FULL, is_disk_full
from laoke.warehouse.storage import reaching_tables
from laoke.warehouse.unavailable import Unavailable

app = typer.Typer(
    name="laoke",
    help="老客：认客、策划、算价、触达、复盘。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"laoke {__version__}")
        raise typer.Exit


@app.callback()
def options(
    home: Annotated[str | None, typer.Option(help="数据所在的文件夹（默认 LAOKE_HOME 或 ./data）")] = None,
    now: Annotated[
        str | None, typer.Option(help="店铺时间，如 '2018-11-01 09:00'；前面加 = 则时间停住")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="标准输出只给 JSON")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="版本")
    ] = False,
) -> None:
    """Read the place, the clock and the output form before any command runs."""
    if home is not None:
        os.environ["LAOKE_HOME"] = home
    if now is not None:
        from laoke.shops.clock import parse_clock

        try:
            parse_clock(now)
        except ValueError:
            raise typer.BadParameter(f"看不懂时间 {now!r}，要像 2018-11-01 或 '2018-11-01 09:00'") from None
        os.environ["LAOKE_NOW"] = now
    console.settings.as_json = as_json


for module in (
    house,
    keys,
    backups,
    audit,
    tables,
    serving,
    facts,
    connecting,
    fakes,
    value,
    layouts,
    people,
    segment,
    campaign,
    pricing,
    coupons,
    lotteries,
    reach,
    bench,
):
    module.register(app)


def give_memory_back() -> None:
    """Let Arrow use the system's allocator, glibc two arenas, and pieces from 4 MB on be given back at once.

    Else an import of a million rows keeps 350 MB that nobody uses: glibc learns from the first large piece given back
    to keep the next ones. Arrow reads its word when it is loaded, glibc when a process starts, so here for those begun
    from this one. What the user has set stays.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(4 * 1024 * 1024))


def main() -> None:
    """Entry point of the `laoke` script.

    deltalake and pyarrow were seen to abort now and then while the interpreter ends, after all output; so the exit
    status is given to the system before the interpreter takes its libraries down.
    """
    steady_output()
    give_memory_back()
    # `--json`, `--home` and `--now` may stand after the command too: people type them there.
    sys.argv[1:] = _front_options(sys.argv[1:])
    status = 0
    try:
        with reaching_tables():
            app(standalone_mode=True)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else (0 if end.code is None else 1)
    except Unavailable as problem:
        status = _refuse_unavailable(problem)
    except Exception as error:
        if not is_disk_full(error):
            raise
        status = _refuse(DISK_FULL, "磁盘满了，没做成，已有的数据没有变。腾出地方，再试一次。")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _refuse_unavailable(problem: Unavailable) -> int:
    """Any command may find the cluster or the storage away: the reason instead of a stack, exit code 1."""
    from laoke.shops.unavailable_words import told

    return _refuse(problem.code, told(problem))


def _refuse(code: str, text: str) -> int:
    try:
        console.refuse(code, text)
    except typer.Exit as end:
        return int(end.exit_code)


def _front_options(words: list[str]) -> list[str]:
    front: list[str] = []
    rest: list[str] = []
    position = 0
    while position < len(words):
        word = words[position]
        if word == "--":
            rest.extend(words[position:])
            break
        if word == "--json":
            front.append(word)
        elif word in ("--home", "--now") and position + 1 < len(words):
            front.extend(words[position : position + 2])
            position += 1
        elif word.startswith(("--home=", "--now=")):
            front.append(word)
        else:
            rest.append(word)
        position += 1
    return front + rest
