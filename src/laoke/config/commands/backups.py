"""Commands of the whole: one file that holds everything but the keys, and an installation made of it again."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from laoke.config.console import emit, progress, ready, refuse, say

PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", help="写着口令的文件；不给时看 LAOKE_BACKUP_PASSPHRASE，再不然在终端里问"
    ),
]
SETTING = "LAOKE_BACKUP_PASSPHRASE"


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    file: Annotated[
        Path | None, typer.Argument(help="写到哪；不给时放在数据文件夹的 backups 里，以时间为名")
    ] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """做一份备份：数据库、事实表、定格的人群，用口令加密成一个文件；钥匙不在里面。老客开着也能做。"""
    ready()
    from django.conf import settings

    from laoke.config.backups.taking import BackupRefused, default_target, refuse_remote, take
    from laoke.shops.clock import clock_from_env

    now = clock_from_env().now()
    target = file or default_target(settings.PLACE, now)
    try:
        refuse_remote(settings.PLACE)
        passphrase = _passphrase(passphrase_file, new=True)
        with progress(target.name) as update:
            told = take(settings.PLACE, target, passphrase, now=now, progress=update)
    except BackupRefused as refusal:
        refuse(refusal.code, refusal.text)
    except KeyboardInterrupt:
        refuse("cancelled", "已取消，没有留下文件")
    size = f"{told['bytes'] / 1_000_000:.1f} MB"
    text = f"备份好了：{told['file']}，{size}，{told['seconds']} 秒。\n钥匙不在里面：用 laoke keys export 另抄一份"
    emit(told, text)


def restore(
    file: Annotated[Path | None, typer.Argument(help="备份文件")] = None,
    into: Annotated[Path | None, typer.Option(help="恢复到哪个数据文件夹；默认就是这一个")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="换掉那里已有的数据")] = False,
    keys: Annotated[Path | None, typer.Option(help="当时抄出来的钥匙文件；不给时用那里已有的")] = None,
    erased_in: Annotated[
        Path | None, typer.Option("--erased-in", help="另一份更新的备份：那以后删除过的人，这里也删")
    ] = None,
    finish: Annotated[bool, typer.Option("--finish", help="上次恢复断在最后一步：接着做完")] = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """用一份备份把老客变回当时的样子；先在旁边恢复好，再整个换上。删除过的人、退订过的人不会回来。"""
    if into is not None:
        os.environ["LAOKE_HOME"] = str(into)
    if finish == (file is not None):
        raise typer.BadParameter("给一个备份文件，或只给 --finish")
    ready(migrated=False, restoring=True)
    from django.conf import settings

    from laoke.config.backups import restoring

    try:
        if file is None:
            told = restoring.finish(settings.PLACE)
            if told is None:
                refuse("nothing", "没有断在半路的恢复")
        else:
            passphrase = _passphrase(passphrase_file, new=False)
            with progress(file.name) as update:
                told = restoring.restore(
                    settings.PLACE,
                    file,
                    passphrase,
                    replace=replace,
                    keys=keys,
                    erased_in=erased_in,
                    progress=update,
                )
    except restoring.RestoreRefused as refusal:
        refuse(refusal.code, refusal.text)
    emit({**told, "home": str(settings.PLACE.home)}, _told(told, settings.PLACE.home))


def _told(told: dict[str, Any], home: Path) -> str:
    lines = [f"恢复好了：{home}，是 {told['made_at']} 的样子，店铺 {'、'.join(told['shops']) or '无'}"]
    if told["erased_again"]:
        lines.append(f"  那以后删除过的 {told['erased_again']} 个人，又删了一遍")
    if told["refused_again"]:
        lines.append(f"  那以后的退订和撤回同意，补上 {told['refused_again']} 条")
    if told["paused"]:
        lines.append(f"  当时在发的先停着，接着发以前看清发过谁：{'、'.join(told['paused'])}")
    lines += _told_of_accounts(told)
    if told["left"]:
        lines.append("  旧文件还有几个被别的程序开着，没清掉：它们在数据文件夹的 restoring- 里")
    return "\n".join(lines)


def _told_of_accounts(told: dict[str, Any]) -> list[str]:
    closed = "、".join(told["closed"])
    if told["carried"]:
        lines = ["  账号、密码和角色是恢复前这里的样子，不是备份那天的"]
        if closed:
            lines.append(f"  恢复前这里没有的账号先停用，在「员工」里重置密码才能用：{closed}")
    else:
        lines = [f"  谁离开过、谁换过密码，这里不知道：账号都先停用（{closed or '一个也没有'}）"]
    for owner in told["owners"]:
        lines.append(
            f"  是店长 {owner} 就运行 laoke user unlock {owner} --reset，登录后在「员工」里放别人进来"
        )
    return lines


def _passphrase(file: Path | None, *, new: bool) -> str:
    """The passphrase: from a file, the environment or a person; never from the command line, which others can read."""
    if file is not None:
        try:
            return file.read_text(encoding="utf-8-sig").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            refuse("passphrase_file", f"{file} 读不了：{error}")
    if given := os.environ.get(SETTING):
        return given
    if not sys.stdin.isatty():
        refuse("no_passphrase", f"要有口令：--passphrase-file 文件，或环境变量 {SETTING}")
    from getpass import getpass

    first = getpass("口令（看不见）：", stream=sys.stderr)
    if new and getpass("再输一遍：", stream=sys.stderr) != first:
        refuse("different", "两遍不一样")
    if new:
        say("记好它：忘了口令，谁也打不开这份备份")
    return first
