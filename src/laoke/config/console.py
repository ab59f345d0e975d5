"""What every command shares: the place, the clock, the output, and how a refusal ends a command.

Exit codes: 0 done, 1 refused with a reason, 2 wrong usage. With `--json` standard output holds one JSON object (or JSON
lines) and everything for people goes to standard error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from laoke.config.terminal import json_text

if TYPE_CHECKING:
    from laoke.shops.models import Shop


@dataclass
class Settings:
    """The options before the command's name."""

    as_json: bool = False


settings = Settings()


def refuse_home(*, restoring: bool = False) -> None:
    """Refuse a home that no table can lie in, and one in which a restore was decided and not brought to its end."""
    from laoke.config.backups.journal import is_unfinished
    from laoke.shops.place import ESCAPED, place_from_env

    home = place_from_env().home
    if (escaped := ESCAPED.search(str(home))) is not None:
        refuse(
            "home_name",
            f"数据文件夹的路径里有“{escaped[0]}”：{home}。表会被写到别的文件夹去。换一个名字里没有 % 的文件夹",
            home=str(home),
        )
    if not restoring and is_unfinished(home):
        refuse("restore_unfinished", "上次恢复备份断在最后一步，数据都在。先运行 laoke restore --finish")


def ready(*, migrated: bool = True, restoring: bool = False) -> None:
    """Set Django up and refuse an installation that is not made, not migrated, or has the wrong keys."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "laoke.config.settings")
    refuse_home(restoring=restoring)
    import django

    django.setup()
    if not migrated:
        return
    from django.conf import settings as django_settings
    from django.db import OperationalError, ProgrammingError

    from laoke.shops.keys import KeyFileError
    from laoke.shops.setup import check_keys

    try:
        check_keys(django_settings.PLACE.keys)
    except KeyFileError as error:
        refuse("keys", str(error))
    except (OperationalError, ProgrammingError):
        refuse("not_ready", f"{django_settings.PLACE.home} 里还没有老客的数据。先运行 laoke init")


@contextmanager
def at_work(what: str) -> Iterator[None]:
    """Be seen as working here, so that no restore takes the data away meanwhile; refused while one runs."""
    from django.conf import settings as django_settings

    from laoke.shops.presence import WriterBusy
    from laoke.shops.presence import at_work as here

    with ExitStack() as held:
        try:
            held.enter_context(here(django_settings.PLACE.home, what))
        except WriterBusy as busy:
            refuse("restoring", str(busy))
        yield


def the_shop(name: str | None) -> Shop:
    """The shop of that name, or the only one.

    Ends the command when the name is unknown or several shops leave a choice.
    """
    from laoke.shops.models import Shop

    shops = list(Shop.objects.select_related("owner").order_by("pk"))
    if name is not None:
        for shop in shops:
            if shop.name == name:
                return shop
        refuse(
            "no_shop",
            f"没有叫「{name}」的店。现有：{'、'.join(s.name for s in shops) or '无'}",
            shops=[s.name for s in shops],
        )
    if len(shops) == 1:
        return shops[0]
    if not shops:
        refuse("no_shop", "还没有店。用 laoke shop add 名称 建一个，或用 laoke demo 建示例店")
    refuse(
        "which_shop",
        f"有 {len(shops)} 家店，用 --shop 指明：{'、'.join(s.name for s in shops)}",
        shops=[s.name for s in shops],
    )


def say(text: str) -> None:
    """A line for people."""
    print(text, file=sys.stderr if settings.as_json else sys.stdout, flush=True)


def emit(result: dict[str, Any], text: str = "") -> None:
    """The result: JSON when asked for, else the text for people."""
    if settings.as_json:
        print(json_text(result, sys.stdout.encoding), flush=True)
    else:
        print(text or json_text(result, sys.stdout.encoding, indent=1), flush=True)


def refuse(code: str, text: str, **detail: Any) -> NoReturn:
    """End the command with exit code 1 and the reason."""
    if settings.as_json:
        print(json_text({"error": code, "message": text, **detail}, sys.stdout.encoding), flush=True)
    print(text, file=sys.stderr, flush=True)
    raise typer.Exit(1)


@contextmanager
def progress(label: str) -> Iterator[Any]:
    """A progress line on a terminal, nothing elsewhere; yields `update(done, total)`."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:.0f}%"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
