"""The compiled reader and the plain one are rivals: the same bytes must give the same batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from laoke.intake.reading import (
    ROLES,
    IntakeRefused,
    Limits,
    choose_layout,
    open_source,
    profiles,
    read_batches,
)
from tests.reading.exports import csv_text, order

HEADER = [
    "订单编号", "总金额", "买家实际支付金额", "退款金额", "订单状态", "订单创建时间", "订单付款时间", "收货地址 ",
    "宝贝标题 ", "宝贝总数量", "买家会员名",
]  # fmt: skip

ODD = st.sampled_from(
    [
        "", " ", "-", "——", "1", "12.5", "-3.00", "12.345", "1,234.5", "￥5", "5元", "0元", "x", "1e3", "9" * 14, "٣",
        "2018-10-01", "2018/1/2 3:04", "20181001", "2018-02-30 00:00:00", "2018年1月2日", "2018-10-01 25:00:00",
        "2018-1-1 ", "交易关闭", "等待买家付款", "飞走了", "合计", '="', '=""', '="7"', '="7" ', "'7", '"', '""',
        'a"b', "a,b", "a\nb", "a\r\nb",
        "\t7\t", "浙江省 杭州市 西湖区 路", "上海", "😀", "\u00a5 3", "é", "㐂", "\ue000", "1.50 ", "+1", "1.", ".5",
    ]
)  # fmt: skip
CELLS = st.lists(st.tuples(st.sampled_from(HEADER), ODD), max_size=3)
ROWS = st.lists(CELLS, min_size=1, max_size=5)
DAMAGE = st.lists(
    st.tuples(
        st.integers(0, 2000),
        st.sampled_from([b'"', b",", b"\t", b"\n", b"\r", b"\x81", b"\xff", b"", b"=", b" "]),
    ),
    max_size=3,
)
SMALL = Limits(batch_rows=2, buffer_bytes=4096, cell_bytes=300)


def reading_of(path: Path, engine: Any, limits: Limits = SMALL) -> Any:
    """Everything a reading gives, or the refusal it ends with."""
    try:
        with open_source(path, limits=limits) as source:
            reading = read_batches(source, choose_layout(source), engine=engine)
            batches = list(reading)
    except IntakeRefused as refused:
        return refused.code, refused.params
    assert reading.summary.adds_up
    return (
        [row for batch in batches if batch.orders is not None for row in batch.orders.to_pylist()],
        [row for batch in batches if batch.identities is not None for row in batch.identities.to_pylist()],
        [row for batch in batches for rows in batch.facts.values() for row in rows.to_pylist()],
        [row for batch in batches for row in batch.quarantined],
        reading.summary,
    )


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=ROWS,
    damage=DAMAGE,
    encoding=st.sampled_from(["gb18030", "utf-8"]),
    delimiter=st.sampled_from([",", "\t"]),
)
def test_both_readers_give_the_same(
    tmp_path: Path, rows: Any, damage: Any, encoding: str, delimiter: str
) -> None:
    text = csv_text([order(n) | dict(changes) for n, changes in enumerate(rows)], HEADER)
    text = text.replace(",", delimiter)
    data = bytearray(text.encode(encoding))
    start = data.index(b"\n") + 1
    for place, put in damage:
        at = start + place % (len(data) - start)
        data[at : at + 1] = put
    path = tmp_path / "orders.csv"
    path.write_bytes(bytes(data))
    assert reading_of(path, "compiled") == reading_of(path, "plain")


# What the border between two windows of the kernel may cut in two.
CUT_IN_TWO = [
    b'"a ""b"" c"', b'"x\r\ny"', b'"x\ry"', b'"left', b'="77"', b'"a"b', b"\r\n\r\n", b'"' + b"long," * 30_000 + b'"',
    "\u676f\u3402\U0001f600".encode("gb18030") * 4,
]  # fmt: skip


@pytest.mark.parametrize("wedge", CUT_IN_TWO, ids=lambda wedge: repr(wedge[:12]))
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_what_lies_across_windows_is_read_like_everything_else(
    tmp_path: Path, wedge: bytes, line_end: bytes
) -> None:
    from laoke.intake.reading.kernels import WINDOW

    plain = csv_text([order(n) for n in range(3400)], HEADER).encode("gb18030").splitlines()
    data = line_end.join(plain) + line_end
    begin = len(plain[0] + line_end)
    for window, ahead in ((1, 1), (2, len(wedge) // 2), (3, min(len(wedge), 40))):
        at = begin + window * WINDOW - ahead
        data = data[:at] + wedge + data[at:]
    assert len(data) > 3 * WINDOW + 100
    path = tmp_path / "orders.csv"
    path.write_bytes(data)
    assert reading_of(path, "compiled", Limits()) == reading_of(path, "plain", Limits())


def test_every_character_of_gb18030_is_decoded_as_python_does() -> None:
    import numpy as np

    from laoke.intake.reading.cell_kernels import decode_text
    from laoke.intake.reading.compiled import gb18030_tables

    points = [
        p for p in range(0x20, 0x110000, 1) if not 0xD800 <= p < 0xE000 and (p < 0x10000 or p % 97 == 0)
    ]
    text = "".join(map(chr, points))
    data = np.frombuffer(text.encode("gb18030"), np.uint8)
    out, offsets = np.empty(len(data) * 2, np.uint8), np.zeros(2, np.int32)
    broken = decode_text(data, 0, 1, np.array([0]), np.array([len(data)]), *gb18030_tables(), out, offsets)
    assert not broken
    assert out[: offsets[1]].tobytes().decode("utf-8") == text


@pytest.mark.parametrize("broken", [b"\xff\xff", b"\x81", b"\x810", b"\x8130", b"\x81\x7f"])
def test_broken_bytes_become_replacement_characters_in_both(tmp_path: Path, broken: bytes) -> None:
    data = (
        csv_text([order(1, 宝贝标题="BROKEN "), order(2)])
        .encode("gb18030")
        .replace(b"BROKEN", "杯".encode("gbk") + broken)
    )
    path = tmp_path / "orders.csv"
    path.write_bytes(data)
    assert reading_of(path, "compiled") == reading_of(path, "plain")


VALUES = {
    "id": "A1", "money": "12.50", "time": "2018-10-01 10:00:00", "count": "2", "rate": "12.5%", "choice": "交易成功",
    "place": "浙江省", "text": "茶", "identity": "小明",
}  # fmt: skip
BY_ROLE = {
    "refund_state": "退款成功",
    "event": "已签收",
    "rating": "5",
    "birthday": "1990-02-03",
    "nick": "小**明",
}


@pytest.mark.parametrize("profile", sorted(profiles()))
def test_every_known_layout_is_read_alike_by_both(profile: str, tmp_path: Path) -> None:
    known = profiles()[profile]
    roles = {name: role for role, names in reversed(known.names.items()) for name in names}

    def value(name: str, number: int) -> str:
        role = roles.get(name, "")
        told = BY_ROLE.get(role) if role in BY_ROLE and number else None
        return told or (VALUES[ROLES[role].kind] if role else "x")

    rows = [{name: value(name, number) for name in known.header} for number in range(3)]
    path = tmp_path / "file.csv"
    path.write_bytes(csv_text([*rows, dict.fromkeys(known.header, "")], known.header).encode("gb18030"))

    plain = reading_of(path, "plain")
    assert reading_of(path, "compiled") == plain
    assert len(plain) > 2, plain
