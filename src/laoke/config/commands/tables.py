"""Commands of the tables: bring the facts back to before an import."""

from __future__ import annotations

from typing import Annotated

import typer

from laoke.config.commands.campaign import ByName
from laoke.config.console import emit, ready, refuse


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    tables = typer.Typer(help="事实表", no_args_is_help=True)
    tables.callback()(_tables)
    tables.command("rollback")(rollback)
    app.add_typer(tables, name="tables")


def _tables() -> None:
    """事实表"""


def rollback(
    before_import: Annotated[int, typer.Option("--before-import", help="导入的编号，网址里的那个数")],
    yes: Annotated[bool, typer.Option("--yes", help="后来的导入一起退掉也行")] = False,
    by: ByName = None,
) -> None:
    """把订单等事实退回到一次导入之前；文件和客户都还在，改好再导就是。"""
    ready()
    from django.conf import settings

    from laoke.config.repairing import roll_back
    from laoke.intake.undoing import UndoRefused
    from laoke.shops.clock import clock_from_env
    from laoke.shops.locks import WriterBusy
    from laoke.shops.models import User

    user = User.objects.filter(username=by).first() if by else None
    if by and user is None:
        refuse("no_user", f"没有账号 {by}")
    try:
        told = roll_back(settings.PLACE, before_import, yes=yes, by=user, now=clock_from_env().now())
    except UndoRefused as refusal:
        refuse(refusal.code, refusal.text)
    except WriterBusy as busy:
        refuse("busy", str(busy))
    undone = "、".join(str(one) for one in told["imports"])
    emit(
        told,
        f"退回好了：导入 {undone} 撤回，{len(told['tables'])} 张表回到它之前的样子（目录 {told['entry']}）",
    )
