"""What a command says, on terminals and pipes that lack some of its signs."""

from __future__ import annotations

import io
import json
import sys

import pytest

from laoke.config.terminal import json_text, steady_output

SAID = "¥ 1,540 – 小猫📦 − ✓"


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", SAID),
        ("gb18030", SAID),
        ("gbk", "￥ 1,540 – 小猫\\U0001f4e6 - √"),
        ("cp1252", "¥ 1,540 – \\u5c0f\\u732b\\U0001f4e6 - \\u2713"),
    ],
)
def test_a_missing_sign_is_told_by_its_nearest_or_its_number(
    encoding: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict", write_through=True)
    monkeypatch.setattr(sys, "stdout", out)
    steady_output()
    print(SAID, end="")
    raw = out.buffer.getvalue()  # type: ignore[attr-defined]
    assert raw.decode(encoding) == told


def test_a_stream_that_is_no_file_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    steady_output()
    print(SAID, end="")
    assert out.getvalue() == SAID


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "cp1252", "ascii", None])
def test_json_says_the_same_in_every_encoding(encoding: str | None) -> None:
    text = json_text({"nick": SAID}, encoding)
    assert json.loads(text.encode(encoding or "utf-8").decode(encoding or "utf-8")) == {"nick": SAID}
    assert ("¥" in text) == (encoding in ("utf-8", None))


def test_json_carries_half_a_sign_too() -> None:
    assert json.loads(json_text({"nick": "\ud83d"}, "utf-8")) == {"nick": "\ud83d"}
