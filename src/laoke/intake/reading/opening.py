"""Opening a file: what it is, how it is encoded, where its header stands, and which known layout fits.

`open_source` reads only the beginning of a text file; an Excel book is turned into a text file beside first.
Close the source (or use it in a `with`) to delete that.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self

from laoke.intake.reading.cells import tidy
from laoke.intake.reading.encodings import detect_encoding
from laoke.intake.reading.filetypes import FileKind, check_text_head, file_kind
from laoke.intake.reading.profiles import Recognition, normal_name, profiles, recognise
from laoke.intake.reading.records import CUT, TOO_LONG, UNCLOSED, Record, split_records
from laoke.intake.reading.refusals import DEFAULT_LIMITS, MIB, IntakeRefused, Limits
from laoke.intake.reading.sheets import sheet_to_csv
from laoke.intake.reading.streams import ByteStream
from laoke.shops.open_files import let_go

_HEAD_BYTES = 256 * 1024
_HEADER_WITHIN = 40
_SAMPLES = 20
# What no header holds, and what comes out where another encoding (Big5) is taken for GBK.
_NO_CHARACTER = re.compile("[\ue000-\uf8ff\ufffd]")
_NUMBERLIKE = re.compile(r"[\d\s.,:/+\-￥¥%元]*")


@dataclass
class Source:
    """An opened file. `header` holds the names as written, `header_line` its line, `samples` the first rows.

    `encoding` is that of the file, `text_encoding` that of the bytes the stream gives (UTF-16 becomes UTF-8).
    """

    path: Path
    kind: FileKind
    encoding: str
    mark: int
    header: tuple[str, ...]
    header_text: str
    header_line: int
    data_offset: int
    data_line: int
    samples: list[tuple[str, ...]]
    recognitions: list[Recognition]
    limits: Limits
    size: int
    spool: Path | None = None
    delimiter: str = ","
    text_path: Path = field(default_factory=Path)

    @property
    def text_encoding(self) -> str:
        return "utf-8" if self.encoding.startswith("utf") else self.encoding

    @property
    def from_sheet(self) -> bool:
        return self.spool is not None

    def data(self) -> ByteStream:
        """The text from the end of the header on."""
        stream = _stream(self.text_path, self.kind == "gzip", self.encoding, self.mark, self.limits)
        try:
            skip(stream, self.data_offset)
        except BaseException:
            stream.close()
            raise
        return stream

    def close(self) -> None:
        if self.spool is not None:
            let_go(self.spool)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_source(
    path: Path | str, *, limits: Limits = DEFAULT_LIMITS, mapping: Mapping[str, str] | None = None
) -> Source:
    """Open an export. Raises IntakeRefused when it is no table, cannot be decoded or has no header and rows.

    `mapping` {role: header name} helps to find the header row of a file of no known layout.
    """
    path = Path(path)
    kind = file_kind(path)
    spool = sheet_to_csv(path, kind, limits) if kind in ("xlsx", "xls") else None
    try:
        return _open_text(path, kind, spool, limits, mapping or {})
    except BaseException:
        if spool is not None:
            let_go(spool)
        raise


def _open_text(
    path: Path, kind: FileKind, spool: Path | None, limits: Limits, mapping: Mapping[str, str]
) -> Source:
    text_path = spool or path
    packed = kind == "gzip"
    encoding, mark = ("utf-8", 0) if spool else detect_encoding(_encoding_sample(text_path, packed))
    with _stream(text_path, packed, encoding, mark, limits) as stream:
        head = _head(stream)
    text_encoding = "utf-8" if encoding.startswith("utf") else encoding
    whole = len(head) < _HEAD_BYTES
    delimiter = "," if spool else _delimiter(head)
    records = _head_records(head, whole, limits, delimiter)
    texts = [_texts(record, text_encoding) for record in records]
    place = _header_place(texts, mapping)
    record = records[place]
    header = tuple(name.strip() for name in texts[place])
    if whole and place == len(records) - 1:
        raise IntakeRefused("no_data_rows", line=record.line)
    recognitions = recognise(header)
    if not recognitions and not mapping and any(map(_NO_CHARACTER.search, header)):
        raise IntakeRefused("encoding_unknown")
    return Source(
        path=path,
        kind=kind,
        encoding=encoding,
        mark=mark,
        header=header,
        header_text=head[record.start : record.stop].decode(text_encoding, "replace"),
        header_line=record.line,
        data_offset=record.stop,
        data_line=record.line + sum(1 for _ in re.finditer(rb"\r\n|\r|\n", head[record.start : record.stop])),
        samples=[tuple(row) for row in texts[place + 1 : place + 1 + _SAMPLES]],
        recognitions=recognitions,
        limits=limits,
        size=text_path.stat().st_size,
        spool=spool,
        delimiter=delimiter,
        text_path=text_path,
    )


def _stream(path: Path, packed: bool, encoding: str, mark: int, limits: Limits) -> ByteStream:
    return ByteStream(path, packed=packed, encoding=encoding, skip=mark, ratio=limits.gzip_ratio)


def skip(stream: ByteStream, count: int) -> None:
    """Pass over `count` bytes of the text."""
    block = bytearray(min(max(count, 1), MIB))
    while count > 0:
        read = stream.readinto(memoryview(block)[: min(count, len(block))])
        if not read:
            return
        count -= read


def _encoding_sample(path: Path, packed: bool) -> bytes:
    """The first megabyte; when that is all ASCII, the first later one that is not, since it alone can tell."""
    try:
        with gzip.open(path, "rb") if packed else path.open("rb") as file:
            first = file.read(MIB)
            if packed:
                if not first.strip():
                    raise IntakeRefused("empty_file")
                check_text_head(first[:4096])
            block, before = first, b""
            while block and block.isascii() and b"\x00" not in block:
                before = block[-4096:]
                block = file.read(MIB)
            return (before + block if before else block) if block else first
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise IntakeRefused("file_truncated", kind="gz") from error


def _head(stream: ByteStream) -> bytes:
    held = bytearray()
    block = bytearray(_HEAD_BYTES)
    while len(held) < _HEAD_BYTES:
        read = stream.readinto(memoryview(block)[: _HEAD_BYTES - len(held)])
        if not read:
            break
        held += memoryview(block)[:read]
    return bytes(held)


def _delimiter(head: bytes) -> str:
    """What stands between cells: a tab in what Excel saves as text, else a comma.

    It is a tab when the first wide line has no comma and more lines are wide by tabs than by commas: exports guard
    numbers by tabs, and titles hold commas.
    """
    wide = [(line.count(b"\t") >= 2, line.count(b",")) for line in head.splitlines()[:_HEADER_WITHIN]]
    first = next(((tabs, commas) for tabs, commas in wide if tabs or commas >= 2), (False, 0))
    by_tabs, by_commas = sum(tabs for tabs, _ in wide), sum(commas >= 2 for _, commas in wide)
    return "\t" if first == (True, 0) and by_tabs > by_commas else ","


def _head_records(head: bytes, whole: bool, limits: Limits, delimiter: str) -> list[Record]:
    records: list[Record] = []
    for record in split_records(head, 1, 0, limits.cell_bytes, delimiter):
        if len(records) > _HEADER_WITHIN + _SAMPLES or (not whole and record.stop >= len(head)):
            break
        records.append(record)
    if not records:
        raise IntakeRefused("header_not_found")
    return records


def _texts(record: Record, encoding: str) -> list[str]:
    if record.faults & (TOO_LONG | UNCLOSED | CUT):
        return [""] * len(record.cells)
    return [tidy(cell.decode(encoding, "replace")) for cell in record.cells]


def _header_place(rows: list[list[str]], mapping: Mapping[str, str]) -> int:
    """Which row is the header: the one with most known names; else the first wide row that is words, not numbers."""
    wanted = {normal_name(name) for name in mapping.values()}
    known = _known_names() | wanted
    hits = [sum(1 for cell in row if cell and normal_name(cell) in known) for row in rows[:_HEADER_WITHIN]]
    # A list of one column cannot have two known names; only who says what names to look for gets it.
    narrow = max(sum(1 for cell in row if cell.strip()) for row in rows) == 1
    enough = 1 if wanted and (len(wanted) == 1 or narrow) else 2
    if max(hits) >= enough:
        return hits.index(max(hits))
    for place, row in enumerate(rows[:_HEADER_WITHIN]):
        # Nothing but wanted names, however few: a list of people may have one column.
        names = [normal_name(cell) for cell in row if cell.strip()]
        if names and wanted.issuperset(names):
            return place
    widths = [sum(1 for cell in row if cell.strip()) for row in rows]
    for place, row in enumerate(rows[:_HEADER_WITHIN]):
        words = sum(1 for cell in row if cell.strip() and not _NUMBERLIKE.fullmatch(cell))
        if widths[place] >= max(2, 0.6 * max(widths)) and words >= 0.8 * widths[place]:
            return place
    raise IntakeRefused("header_not_found")


@lru_cache(maxsize=1)
def _known_names() -> frozenset[str]:
    names: set[str] = set()
    for profile in profiles().values():
        names.update(profile.header, *profile.names.values())
    return frozenset(names)
