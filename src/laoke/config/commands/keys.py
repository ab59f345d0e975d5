"""Commands of the keys: what there is, a copy to keep elsewhere, a new vault key, an old one taken away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from laoke.config.console import emit, ready, refuse


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    keys = typer.Typer(help="钥匙", no_args_is_help=True)
    keys.command("list")(keys_list)
    keys.command("export")(keys_export)
    keys.command("rotate")(keys_rotate)
    keys.command("reseal")(keys_reseal)
    keys.command("drop")(keys_drop)
    app.add_typer(keys, name="keys")


def keys_list() -> None:
    """列出钥匙文件里的保险库钥匙，各封着多少条记录。"""
    ready()
    from laoke.config.key_care import vault_keys

    found = vault_keys()
    lines = [f"{key.key_id}{'（在用）' if key.is_current else ''}  封着 {key.records} 条" for key in found]
    emit(
        {"vault": [{"id": key.key_id, "current": key.is_current, "records": key.records} for key in found]},
        "\n".join(lines),
    )


def keys_export(
    target: Annotated[Path, typer.Argument(help="写到哪：不要和数据放在一起")],
) -> None:
    """把钥匙文件抄一份到别处。没有它，备份打不开；有了它，谁都能打开。"""
    ready()
    from laoke.config.key_care import export
    from laoke.shops.clock import clock_from_env
    from laoke.shops.keys import KeyFileError

    try:
        export(target, by=None, now=clock_from_env().now())
    except KeyFileError as error:
        refuse("keys", str(error))
    emit({"written": str(target)}, f"抄好了：{target}。只有本人能读，收好它")


def keys_rotate() -> None:
    """换一把新的保险库钥匙，并把所有密封的记录改用它；旧钥匙留着读旧备份。"""
    ready()
    from laoke.config.key_care import rotate
    from laoke.shops.clock import clock_from_env
    from laoke.shops.keys import KeyFileError

    try:
        new, done = rotate(by=None, now=clock_from_env().now())
    except KeyFileError as error:
        refuse("keys", str(error))
    emit(
        {"current": new, "resealed": done},
        f"在用的钥匙是 {new}，{done} 条记录改用它了",
    )


def keys_reseal() -> None:
    """把旧钥匙封的记录改用在用的钥匙：换钥匙中途断了就再跑这一步。"""
    ready()
    from laoke.config.key_care import seal_anew
    from laoke.shops.clock import clock_from_env
    from laoke.shops.keys import KeyFileError

    try:
        done = seal_anew(by=None, now=clock_from_env().now())
    except KeyFileError as error:
        refuse("keys", str(error))
    emit({"resealed": done}, f"{done} 条记录改用了在用的钥匙")


def keys_drop(key: Annotated[str, typer.Argument(help="旧钥匙的名字，如 vault-1")]) -> None:
    """从钥匙文件里拿掉一把旧钥匙；还有记录用它时不让拿。用它封的旧备份从此打不开。"""
    ready()
    from laoke.config.key_care import StillInUse, drop
    from laoke.shops.clock import clock_from_env
    from laoke.shops.keys import KeyFileError

    try:
        drop(key, by=None, now=clock_from_env().now())
    except StillInUse as used:
        told = "、".join(f"{name} {count}" for name, count in used.counts.items())
        what = f"{key} 还封着：{told}。先跑 laoke keys reseal；有任务（jobs）在跑就等它跑完"
        refuse("in_use", what, counts=used.counts)
    except KeyFileError as error:
        refuse("keys", str(error))
    emit({"dropped": key}, f"{key} 拿掉了")
