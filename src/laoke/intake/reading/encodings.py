"""Which encoding a text is in, judged by what comes out: Chinese characters against replacement characters.

The order of trust is README rule 1 of the sample data: UTF-8 first (GBK text is almost never valid UTF-8, while UTF-8
text read as GBK gives plausible nonsense), then GB18030, then UTF-16.
"""

from __future__ import annotations

from laoke.intake.reading.refusals import IntakeRefused

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_TOLERATED = 0.005


def detect_encoding(sample: bytes) -> tuple[str, int]:
    """(codec name, length of the byte order mark). Refuses text of no known encoding and binary data."""
    for mark, name in _BOMS:
        if sample.startswith(mark):
            return name, len(mark)
    if b"\x00" in sample:
        return _utf16_without_mark(sample), 0
    if sample.isascii():
        return "utf-8", 0
    for name in ("utf-8", "gb18030"):
        if _fits(sample, name):
            return name, 0
    raise IntakeRefused("encoding_unknown")


def _fits(sample: bytes, encoding: str) -> bool:
    """Few replacement characters for the characters beyond ASCII; the end of the sample may cut a character."""
    text = sample.decode(encoding, "replace").rstrip("\ufffd")
    beyond = len(text) - len(text.encode("ascii", "ignore"))
    lost = text.count("\ufffd")
    return lost <= _TOLERATED * beyond or (lost <= 2 and lost * 10 <= beyond)


def _utf16_without_mark(sample: bytes) -> str:
    """UTF-16 shows itself by zero bytes at every other place: commas, digits and line ends."""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    controls = sum(1 for byte in sample[:4096] if byte < 9 and byte)
    if controls > len(sample[:4096]) // 50 or max(even, odd) < 4 * (min(even, odd) + 1):
        raise IntakeRefused("binary_file")
    name = "utf-16-le" if odd > even else "utf-16-be"
    text = sample[: len(sample) // 2 * 2].decode(name, "replace")
    if text.count("\ufffd") > max(1, len(text) // 200):
        raise IntakeRefused("binary_file")
    return name
