"""Commands of layouts that a shop explained once: list, write as a file, take from a file, rename, delete."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from laoke.config.console import emit, ready, refuse, the_shop

Shop = Annotated[str | None, typer.Option(help="店名；只有一家店时可省")]
Number = Annotated[int, typer.Argument(help="版式的编号，见 laoke layouts list")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    layouts = typer.Typer(help="记住的版式", no_args_is_help=True)
    layouts.command("list")(layouts_list)
    layouts.command("export")(layouts_export)
    layouts.command("take")(layouts_take)
    layouts.command("rename")(layouts_rename)
    layouts.command("delete")(layouts_delete)
    app.add_typer(layouts, name="layouts")


def layouts_list(shop: Shop = None) -> None:
    """列出这家店记住的版式：每种表头的每列是什么。"""
    ready()
    from laoke.intake.models import SavedMapping

    rows = [_told(saved) for saved in SavedMapping.objects.filter(shop=the_shop(shop)).order_by("pk")]
    text = "\n".join(f"{row['id']}  {row['name']}（{row['grain']}，{row['columns']} 列）" for row in rows)
    emit({"layouts": rows}, text or "还没有记住的版式")


def layouts_export(
    number: Number,
    target: Annotated[Path, typer.Argument(help="写到哪个 .toml 文件")],
    shop: Shop = None,
) -> None:
    """把一个版式写成文件，给别的店用；里面只有列名，没有数据。"""
    ready()
    from laoke.intake.sharing import layout_text

    saved = _saved(shop, number)
    target.write_text(layout_text(saved), encoding="utf-8", newline="\n")
    emit({**_told(saved), "written": str(target)}, f"写好了：{target}")


def layouts_take(
    file: Annotated[Path, typer.Argument(help="Laoke 导出的版式文件（.toml）")], shop: Shop = None
) -> None:
    """收下别人给的版式文件；同样表头的文件以后直接认。"""
    ready()
    from laoke.intake.sharing import LARGEST, LayoutRefused, take_layout
    from laoke.shops.clock import clock_from_env

    target = the_shop(shop)
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except OSError:
        refuse("no_file", f"打不开这个文件：{file}")
    try:
        saved = take_layout(target, data, by=None, now=clock_from_env(target.timezone).now())
    except LayoutRefused as refusal:
        refuse(refusal.code, refusal.message)
    emit(_told(saved), f"收下了“{saved.name}”，编号 {saved.pk}")


def layouts_rename(
    number: Number, name: Annotated[str, typer.Argument(help="新名字")], shop: Shop = None
) -> None:
    """给一个版式改名。"""
    ready()
    from laoke.intake.sharing import LayoutRefused, rename_layout
    from laoke.shops.clock import clock_from_env

    saved = _saved(shop, number)
    try:
        rename_layout(saved, name, by=None, now=clock_from_env(saved.shop.timezone).now())
    except LayoutRefused as refusal:
        refuse(refusal.code, refusal.message)
    emit(_told(saved), f"改好了：{saved.name}")


def layouts_delete(number: Number, shop: Shop = None) -> None:
    """忘掉一个版式；已经导入的数据不变。"""
    ready()
    from laoke.intake.sharing import delete_layout
    from laoke.shops.clock import clock_from_env

    saved = _saved(shop, number)
    told = _told(saved)
    delete_layout(saved, by=None, now=clock_from_env(saved.shop.timezone).now())
    emit(told, f"删掉了“{told['name']}”")


def _saved(shop: str | None, number: int) -> Any:
    from laoke.intake.models import SavedMapping

    saved = SavedMapping.objects.filter(shop=the_shop(shop), pk=number).select_related("shop").first()
    if saved is None:
        refuse("no_layout", f"没有编号 {number} 的版式，看 laoke layouts list")
    return saved


def _told(saved: Any) -> dict[str, Any]:
    return {
        "id": saved.pk,
        "name": saved.name,
        "grain": saved.grain,
        "columns": len(saved.header),
        "mapping": saved.mapping,
        "source": saved.source,
        "taken": saved.is_taken,
        "created_at": saved.created_at.isoformat(sep=" ", timespec="seconds"),
    }
