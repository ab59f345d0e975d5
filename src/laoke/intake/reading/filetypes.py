"""What a file is, by its content and never by its name; what cannot be an export is refused here with its kind."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final, Literal

from laoke.intake.reading.refusals import IntakeRefused

FileKind = Literal["csv", "gzip", "xlsx", "xls"]

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_GZIP: Final = b"\x1f\x8b"
_SIGNATURES: Final = (
    (b"%PDF", "pdf"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"BM\x00", "image"),
    (b"RIFF", "image"),
    (b"Rar!", "archive"),
    (b"7z\xbc\xaf", "archive"),
    (b"{\\rtf", "document"),
    (b"SQLite format 3", "database"),
    (b"\x7fELF", "program"),
    (b"MZ\x90", "program"),
    (b"PAR1", "parquet"),
    (b"BZh", "archive"),
    (b"\xfd7zXZ", "archive"),
    (b"(\xb5/\xfd", "archive"),
)
_SHEET_STREAMS = tuple(name.encode("utf-16-le") for name in ("Workbook", "Book"))
_WORD_STREAM = "WordDocument".encode("utf-16-le")
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
# Excel's note beside an open book (~$…): who has it open, once in single bytes and once in UTF-16, 165 bytes in all.
_NOTE_BYTES, _NOTE_NAME = 165, 54
_HAS_PASSWORD = 1


def file_kind(path: Path) -> FileKind:
    """csv, gzip, xlsx or xls; refuses everything else as `wrong_file_type`, and an empty file."""
    with path.open("rb") as file:
        head = file.read(4096)
    if not head.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise IntakeRefused("empty_file")
    if head.startswith((_ZIP, b"PK\x05\x06")):
        return _zip_kind(path)
    if head.startswith(_OLE):
        return _ole_kind(path)
    if head.startswith(_GZIP):
        return "gzip"
    if len(head) == _NOTE_BYTES and head[0] <= _NOTE_NAME and head[0] == head[_NOTE_NAME + 1]:
        raise IntakeRefused("wrong_file_type", found="lock_file")
    check_text_head(head)
    return "csv"


def check_text_head(head: bytes) -> None:
    """Refuse what is text in no sense, or text that is no table: pictures, archives, web pages under a .xls name."""
    for signature, found in _SIGNATURES:
        if head.startswith(signature):
            raise IntakeRefused("wrong_file_type", found=found)
    if head.startswith((_ZIP, _OLE, _GZIP)) or head[257:262] == b"ustar":
        raise IntakeRefused("wrong_file_type", found="archive")
    beginning = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if beginning.startswith((b"<html", b"<!doctype", b"<table", b"<?xml", b"<head", b"<meta")):
        raise IntakeRefused("wrong_file_type", found="web_page")


def _zip_kind(path: Path) -> FileKind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            locked = any(part.flag_bits & _HAS_PASSWORD for part in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise IntakeRefused("file_truncated", kind="xlsx") from error
    if "xl/workbook.xml" in names:
        return "xlsx"
    if any(name.startswith("word/") for name in names):
        raise IntakeRefused("wrong_file_type", found="document")
    if "xl/workbook.bin" in names:
        raise IntakeRefused("wrong_file_type", found="xlsb")
    if any(name.endswith(".iwa") for name in names):
        raise IntakeRefused("wrong_file_type", found="numbers")
    raise IntakeRefused("wrong_file_type", found="locked_archive" if locked else "archive")


def _ole_kind(path: Path) -> FileKind:
    """The directory of an OLE file names its streams in UTF-16; a book is one, a letter or a locked file is not."""
    with path.open("rb") as file:
        head = file.read(64 * 1024 * 1024)
    if _ENCRYPTED_STREAM in head:
        raise IntakeRefused("file_encrypted")
    if _WORD_STREAM in head:
        raise IntakeRefused("wrong_file_type", found="document")
    if any(name in head for name in _SHEET_STREAMS):
        return "xls"
    raise IntakeRefused("wrong_file_type", found="document")
