"""Every code has its sentence, and no sentence lacks its parameters."""

from __future__ import annotations

import ast
from pathlib import Path

import laoke.intake.reading as reading
import laoke.intake.top as top
from laoke.intake.reading.messages import REFUSALS, ROW_REASONS, refusal_message, row_message

SOURCES = sorted(
    path for package in (reading, top) for path in Path(package.__file__ or "").parent.glob("*.py")
)


def codes_given_to(name: str) -> set[str]:
    """The codes that stand in the source as the code argument of calls to `name`."""
    found: set[str] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and name in (
                getattr(node.func, "attr", ""),
                getattr(node.func, "id", ""),
            ):
                argument = node.args[1 if name == "reject" else 0]
                choices = [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]
                found.update(str(choice.value) for choice in choices if isinstance(choice, ast.Constant))
    return found


def test_every_code_in_the_source_has_a_sentence() -> None:
    # the child of sheets.py answers with its code, and ReadingStopped has its own
    told_otherwise = {"sheet_unreadable", "file_encrypted", "reading_stopped"}
    assert codes_given_to("IntakeRefused") | told_otherwise == set(REFUSALS)
    said = codes_given_to("reject") | codes_given_to("Aside") | codes_given_to("RowUnreadable")
    assert said == set(ROW_REASONS)
    assert all(len(code) <= 40 for code in ROW_REASONS)


def test_sentences_tell_what_was_found_and_what_to_do() -> None:
    params = {"line": 3, "found": "1.23E+18", "column": "订单编号"}
    assert refusal_message("ids_in_scientific_notation", params).startswith("第 3 行的“订单编号”是 1.23E+18")
    assert "图片" in refusal_message("wrong_file_type", {"found": "image"})
    missing = {"nearest": None, "missing": ["created_at", "total"], "found": ["a", "b"]}
    assert "缺：下单时间、总金额（应付）。文件里有：a、b。" in refusal_message(
        "header_not_recognised", missing
    )
    assert "5 格，应有 4 格" in row_message("too_many_cells", {"found": 5, "expected": 4})
    assert row_message("cell_too_long", {}) == "这一行有一格超过 64 KB。删掉多余的内容。"
    assert row_message("cell_too_long", {"column": "买家留言"}).startswith("“买家留言”超过 64 KB")
    assert row_message("row_cut_off", {"found": 4, "expected": 4}).startswith("这一行的最后一格没有写完")
    long = refusal_message("header_not_recognised", {"missing": ["total"], "found": ["长" * 300, "b"] * 15})
    assert long.count("长") == 200 and long.count("…") == 11
    assert refusal_message("sheet_too_slow", {"seconds": 300.0}).startswith("读这个 Excel 文件超过 300 秒")
