"""Commands of the audit trail: is it whole, and an anchor to keep elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from laoke.config.console import emit, ready, refuse

if TYPE_CHECKING:
    from laoke.shops import audit

REASONS = {
    "changed": "这一条被改过",
    "gap": "这一条之前有记录被删掉或插进来",
    "unkeyed": "这一条没有用钥匙",
    "no_key": "写这一条的钥匙不在钥匙文件里",
    "cut_off": "锚点那一条不见了：后面的记录被删掉",
    "rewritten": "锚点那一条的校验值变了",
    "count": "锚点之前的条数变了",
}


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    audits = typer.Typer(help="审计", no_args_is_help=True)
    audits.command("verify")(audit_verify)
    audits.command("anchor")(audit_anchor)
    app.add_typer(audits, name="audit")


def audit_verify(
    anchor: Annotated[Path | None, typer.Option(help="以前留下的锚点文件；能看出末尾有没有被删")] = None,
) -> None:
    """核对审计链：有没有记录被改、被删、被插。"""
    ready()
    from laoke.shops import audit

    kept = _read(anchor) if anchor is not None else None
    found = audit.verify(kept)
    if not found.whole:
        where = f"第 {found.broken.pk} 条" if found.broken else f"第 {kept.row if kept else 0} 条"
        refuse(
            "audit",
            f"{where}起对不上：{REASONS[found.reason]}",
            row=found.broken.pk if found.broken else None,
            reason=found.reason,
            rows=found.rows,
        )
    emit({"ok": True, "rows": found.rows, "anchor": kept.row if kept else None}, f"{found.rows} 条，都对得上")


def audit_anchor(
    target: Annotated[Path, typer.Argument(help="写到哪：不要和数据放在一起")],
) -> None:
    """把审计链现在的末端抄成一个小文件，以后用它核对末尾有没有被删。"""
    ready()
    from laoke.shops import audit
    from laoke.shops.clock import clock_from_env

    if target.exists():
        refuse("exists", f"{target} 已有文件，不覆盖。换个名字")
    taken = audit.take_anchor(shop=None, actor=None, at=clock_from_env().now())
    try:
        target.write_text(taken.as_text(), encoding="utf-8")
    except OSError as error:
        refuse("write", f"{target} 写不了：{error.strerror}")
    emit(
        {"written": str(target), "row": taken.row, "count": taken.count, "hash": taken.hash},
        f"锚点写好了：{target}，到第 {taken.row} 条，共 {taken.count} 条",
    )


def _read(path: Path) -> audit.Anchor:
    from laoke.shops import audit

    try:
        return audit.read_anchor(path.read_text(encoding="utf-8"))
    except OSError as error:
        refuse("no_file", f"{path} 读不了：{error.strerror}")
    except (audit.AnchorUnreadable, UnicodeDecodeError):
        refuse("anchor", f"{path} 不是审计锚点")
