"""Commands of segments: count a filter, list, explain and save."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from laoke.config.console import emit, ready, refuse, the_shop

if TYPE_CHECKING:
    from laoke.audiences.counting import Explained

ShopName = Annotated[str | None, typer.Option("--shop", help="店名；只有一家店时可省")]
FilterText = Annotated[str, typer.Argument(help='条件，如 bought(2+, within 365d) and city in ("杭州")')]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    segments = typer.Typer(help="人群", no_args_is_help=True)
    segments.command("count")(count)
    segments.command("list")(list_segments)
    segments.command("explain")(explain)
    segments.command("save")(save)
    app.add_typer(segments, name="segment")


@contextmanager
def _refusals() -> Iterator[None]:
    """A wrong filter or a shop without figures ends the command with its reason."""
    from laoke.audiences import wording
    from laoke.audiences.readings import NotReady
    from laoke.audiences.tokens import FilterError
    from laoke.audiences.tree import TreeError

    try:
        yield
    except FilterError as error:
        refuse(
            error.code,
            wording.refusal_text(error),
            position=error.position,
            length=error.length,
            found=error.found,
            allowed=list(error.allowed),
        )
    except TreeError as error:
        refuse(error.code, wording.refusal_text(error), **error.params)
    except NotReady as error:
        refuse(error.code, wording.not_ready_text(error.code))


def count(
    text: FilterText,
    shop: ShopName = None,
    breakdown: Annotated[bool, typer.Option(help="再分阶段、分组、可触达渠道")] = False,
) -> None:
    """数出符合条件的人数。"""
    ready()
    from laoke.audiences import counting, wording
    from laoke.audiences.value_basis import value_basis

    chosen = the_shop(shop)
    with _refusals():
        found, steps = counting.count_by_steps(chosen, text)
        tree = counting.tree_of(chosen, text)
        impossible = wording.impossible_text(tree)
        basis = value_basis(chosen, tree, found.as_of)
        rests_on = wording.value_text(basis) if basis else ""
        parts = asdict(counting.breakdown(chosen, text)) if breakdown else {}
    result: dict[str, Any] = {
        "count": found.n, "people": found.people, "share": round(found.share, 6), "as_of": found.as_of,
        "catalog": found.catalog_id, "seconds": round(found.seconds, 4), "steps": [asdict(step) for step in steps],
    }  # fmt: skip
    if impossible:
        result["impossible"] = impossible
    if rests_on:
        result["customer_value"] = rests_on
    if parts:
        result["breakdown"] = parts
    lines = [f"{step.remaining:>10,}  {step.description}" for step in steps]
    lines.append(f"共 {found.n:,} 人，占 {found.people:,} 人的 {found.share:.1%}，数据到 {found.as_of}")
    lines += [one for one in (impossible, rests_on) if one]
    emit(result, "\n".join(lines))


def list_segments(shop: ShopName = None) -> None:
    """列出店里的人群和人数。"""
    ready()
    from laoke.audiences import segments, wording
    from laoke.audiences.tree import TreeError
    from laoke.shops.clock import clock_from_env

    chosen = the_shop(shop)
    now = clock_from_env().now()
    segments.ensure_builtin(chosen, now)
    rows: list[dict[str, Any]] = []
    with _refusals():
        for segment in segments.segments_of(chosen):
            row = {"id": segment.pk, "name": segment.name, "text": segment.text, "count": None}
            try:
                rows.append({**row, "count": segments.recount(segment, now=now)})
            except TreeError as error:
                rows.append({**row, "problem": wording.refusal_text(error)})
    emit({"segments": rows}, "\n".join(map(_listed, rows)))


def _listed(row: dict[str, Any]) -> str:
    count = "—" if row["count"] is None else f"{row['count']:,}"
    return f"{count:>10}  {row['name']}  {row.get('problem') or row['text']}"


def explain(
    text: FilterText,
    person: Annotated[int, typer.Option(help="客户编号")],
    shop: ShopName = None,
) -> None:
    """说明一个人为什么在或不在人群里。"""
    ready()
    from laoke.audiences import counting

    chosen = the_shop(shop)
    with _refusals():
        found = counting.explain(chosen, text, person)
    if found is None:
        refuse("no_person", f"这家店没有编号 {person} 的客户")
    emit({"person": str(person), "held": found.held, "why": asdict(found)}, "\n".join(_lines(found)))


def _lines(found: Explained, depth: int = 0) -> Iterator[str]:
    mark = "✓" if found.held else "✗"
    seen = f"（{found.found_text}）" if found.found_text else ""
    yield f"{'  ' * depth}{mark} {found.description}{seen}"
    for part in found.parts:
        yield from _lines(part, depth + 1)


def save(
    text: FilterText,
    name: Annotated[str, typer.Option(help="人群名称")],
    shop: ShopName = None,
) -> None:
    """把条件存成人群。"""
    ready()
    from laoke.audiences import segments
    from laoke.shops.clock import clock_from_env

    chosen = the_shop(shop)
    now = clock_from_env().now()
    with _refusals():
        try:
            segment = segments.save_segment(chosen, name, text, by=None, now=now)
        except segments.SegmentRefused as error:
            reasons = {
                "empty_name": "人群要有名称",
                "long_name": "名称太长",
                "name_taken": f"已有叫「{name}」的人群",
            }
            refuse(error.code, reasons[error.code])
        found = segments.recount(segment, now=now)
    emit(
        {"id": segment.pk, "name": segment.name, "text": segment.text, "count": found},
        f"存好了：{segment.name}，{found:,} 人",
    )
