"""Where the tables lie: a folder, or a place in object storage by `LAOKE_TABLES=s3://bucket/folder`.

Object storage is reached through deltalake's own file system alone: it lists, reads, writes and commits, and DuckDB
reads through it too, so nothing is downloaded and one set of keys serves all. A `RemotePath` answers to the few
words of `pathlib` that the warehouse uses; a `Folder` is either.

    StorageProblem   the place cannot be reached, by its code; the secret is in no message
"""

from __future__ import annotations

import fnmatch
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar, TypeAlias
from urllib.parse import unquote, urlsplit

from laoke.warehouse.unavailable import Unavailable

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.fs import FileInfo, PyFileSystem

NAME = "LAOKE_TABLES"
SCHEME = "s3://"
RETRIES = {"max_retries": "4", "retry_timeout": "20s", "connect_timeout": "5s", "timeout": "60s"}


class StorageProblem(Unavailable):
    """The place where the tables lie cannot be used."""

    CODES: ClassVar[Mapping[str, str]] = {
        "tables_setting": "LAOKE_TABLES: {why}",
        "no_bucket": "there is no bucket {bucket}",
        "wrong_key": "{place} does not take this key",
        "storage_away": "{place} cannot be reached",
        "storage_failed": "{place} refused: {why}",
    }


@dataclass(frozen=True)
class Storage:
    """One place in object storage and how to get there."""

    url: str
    endpoint: str = ""
    key: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    region: str = "us-east-1"

    @property
    def bucket(self) -> str:
        return urlsplit(self.url).netloc

    def options(self) -> dict[str, str]:
        """What deltalake wants to know. A commit is a put that must not replace what is there."""
        options = {
            "AWS_REGION": self.region,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "aws_conditional_put": "etag",
            **RETRIES,
        }
        if self.endpoint:
            options |= {"AWS_ENDPOINT_URL": self.endpoint, "AWS_ALLOW_HTTP": "true"}
        return options

    def files(self) -> PyFileSystem:
        """deltalake's file system over this place, paths relative to it."""
        return _file_system(self, os.getpid())

    def root(self) -> RemotePath:
        _known[self.url] = self
        return RemotePath(self, "")


@lru_cache(maxsize=8)
def _file_system(storage: Storage, process: int) -> PyFileSystem:
    from deltalake.fs import DeltaStorageHandler
    from pyarrow.fs import PyFileSystem

    return PyFileSystem(DeltaStorageHandler(storage.url, storage.options()))


def configured_storage(environment: Mapping[str, str] = os.environ) -> Storage | None:
    """The place that `LAOKE_TABLES` names, None for the home folder; raises StorageProblem `tables_setting`."""
    url = environment.get(NAME, "").strip().rstrip("/")
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.username:
        raise StorageProblem("tables_setting", why="expected s3://bucket/folder")
    endpoint = environment.get("LAOKE_TABLES_ENDPOINT", "").rstrip("/")
    if endpoint and urlsplit(endpoint).scheme not in ("http", "https"):
        raise StorageProblem("tables_setting", why="LAOKE_TABLES_ENDPOINT: expected http:// or https://")
    return Storage(
        url,
        endpoint,
        environment.get("LAOKE_TABLES_KEY", ""),
        environment.get("LAOKE_TABLES_SECRET", ""),
        environment.get("LAOKE_TABLES_REGION", "us-east-1"),
    )


@dataclass(frozen=True)
class Stat:
    """What `stat()` tells of an object."""

    st_size: int
    st_mtime: float


@dataclass(frozen=True, order=True)
class RemotePath:
    """An object or a prefix; the part of `pathlib.Path` that the warehouse speaks."""

    storage: Storage = field(compare=True, hash=True)
    key: str
    known: Stat | None = field(default=None, compare=False, repr=False)

    def __truediv__(self, name: str) -> RemotePath:
        return RemotePath(self.storage, f"{self.key}/{name}".strip("/"))

    def __str__(self) -> str:
        return f"{self.storage.url}/{self.key}".rstrip("/")

    def as_posix(self) -> str:
        return str(self)

    @property
    def name(self) -> str:
        return self.key.rpartition("/")[2]

    @property
    def stem(self) -> str:
        return self.name.rpartition(".")[0] or self.name

    @property
    def suffix(self) -> str:
        return self.name[len(self.stem) :]

    @property
    def parent(self) -> RemotePath:
        return RemotePath(self.storage, self.key.rpartition("/")[0])

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Prefixes need no making."""

    def is_file(self) -> bool:
        from pyarrow.fs import FileType

        return bool(self._info().type == FileType.File)

    def stat(self) -> Stat:
        """Size and time, from the listing that found the object where there was one."""
        return self.known or _stat(self._info())

    def unlink(self, missing_ok: bool = False) -> None:
        """Delete; what is not there is no error in object storage."""
        with reaching(self):
            self.storage.files().delete_file(self.key)

    def replace(self, target: RemotePath) -> None:
        """Take another object's place; readers see the old or the new one."""
        with reaching(self):
            self.storage.files().move(self.key, target.key)
        _asked.pop(str(target), None)

    def open(self, encoding: str = "utf-8") -> IO[str]:
        """A small text object, whole."""
        import io

        return io.StringIO(self.read_bytes().decode(encoding))

    def read_bytes(self) -> bytes:
        """A small object, whole; raises FileNotFoundError where there is none."""
        with reaching(self), self.open_input() as file:
            return bytes(file.read())

    def write_bytes(self, content: bytes) -> None:
        """Put an object; readers see it whole or not at all."""
        # deltalake's stream takes bytes alone, which pyarrow gives it where it buffers.
        with reaching(self), self.storage.files().open_output_stream(self.key, buffer_size=65_536) as file:
            file.write(content)

    def open_input(self) -> pa.NativeFile:
        return self.storage.files().open_input_file(self.key)

    def open_output(self) -> pa.NativeFile:
        return self.storage.files().open_output_stream(self.key)

    def iterdir(self) -> Iterator[RemotePath]:
        return iter(self._listed(recursive=False, only_files=False))

    def glob(self, pattern: str) -> Iterator[RemotePath]:
        return (one for one in self._listed(recursive=False) if fnmatch.fnmatchcase(one.name, pattern))

    def rglob(self, pattern: str) -> Iterator[RemotePath]:
        return (one for one in self._listed(recursive=True) if fnmatch.fnmatchcase(one.name, pattern))

    def _info(self) -> FileInfo:
        with reaching(self):
            return self.storage.files().get_file_info(self.key)

    def _listed(self, *, recursive: bool, only_files: bool = True) -> list[RemotePath]:
        from pyarrow.fs import FileSelector, FileType

        selector = FileSelector(self.key, recursive=recursive, allow_not_found=True)
        with reaching(self):
            found = self.storage.files().get_file_info(selector)
        return [
            RemotePath(self.storage, one.path.strip("/"), _stat(one))
            for one in found
            if one.type == FileType.File or not only_files
        ]


Folder: TypeAlias = Path | RemotePath


def _stat(info: FileInfo) -> Stat:
    return Stat(info.size or 0, (info.mtime_ns or 0) / 1e9)


def options_of(folder: Folder) -> dict[str, str] | None:
    """deltalake's options for a table there; None for a folder of this machine."""
    return folder.storage.options() if isinstance(folder, RemotePath) else None


def readable(path: Folder) -> Path | pa.NativeFile:
    """What pyarrow opens to read a file."""
    return path.open_input() if isinstance(path, RemotePath) else path


def files_under(folder: Folder, pattern: str) -> list[Folder]:
    """Every file below whose name fits, in order of their names."""
    return sorted(folder.rglob(pattern), key=str)


def files_in(folder: Folder, pattern: str) -> list[Folder]:
    """The files of one folder whose name fits, in order of their names."""
    return sorted(folder.glob(pattern), key=str)


def is_log(path: Folder) -> bool:
    """Whether a file belongs to the log of a table."""
    return "/_delta_log/" in path.as_posix()


def take_place(new: Folder, old: Folder) -> None:
    """Put a file in another's place; readers see the one or the other. Raises OSError where Windows holds it open."""
    if isinstance(new, RemotePath) and isinstance(old, RemotePath):
        new.replace(old)
    else:
        Path(str(new)).replace(str(old))


def delete(path: Folder) -> bool:
    """Delete a file; False where Windows has it open."""
    try:
        path.unlink()
    except OSError:
        return False
    return True


def beside(root: Folder) -> Path | None:
    """Where a file is made that will take a place below: on the same disk; None for object storage, from anywhere."""
    return root if isinstance(root, Path) else None


def put(new: Path, target: Folder) -> None:
    """Bring a file that was made `beside` to its place; readers see nothing or the whole."""
    if isinstance(target, RemotePath):
        target.write_bytes(new.read_bytes())
    else:
        new.replace(target)


def path_of(root: Folder, file: str) -> Folder:
    """The path behind a file's name as deltalake and DuckDB give it."""
    if isinstance(root, RemotePath):
        return RemotePath(root.storage, unquote(file).removeprefix(root.storage.url).strip("/"))
    return Path(file)


def folder_of(given: Folder | str) -> Folder:
    """A folder from what a caller holds: a path, or its text."""
    return given if isinstance(given, RemotePath) else Path(given)


@contextmanager
def reaching(folder: Folder) -> Iterator[None]:
    """Tell an error of the object storage by its code; everything else, and every error of a folder, passes."""
    if not isinstance(folder, RemotePath):
        yield
        return
    try:
        yield
    except Unavailable:
        raise
    except Exception as error:
        problem = _problem(folder.storage, str(error))
        if problem is None:
            raise
        raise problem from error


@contextmanager
def reaching_tables() -> Iterator[None]:
    """`reaching` for a whole command or job, whatever part of it reads the tables of this installation."""
    storage = configured_storage()
    with nullcontext() if storage is None else reaching(storage.root()):
        yield


_SIGNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("no_bucket", ("NoSuchBucket",)),
    (
        "wrong_key",
        ("InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "403 Forbidden", "401 Unauthorized"),
    ),
    ("storage_away", ("error sending request", "client error (Connect)", "operation timed out")),
)
_STATUS = re.compile(r"\b([345]\d\d [A-Z][A-Za-z ]+)")


def _problem(storage: Storage, text: str) -> StorageProblem | None:
    """Which problem the text of an error tells of; only a status is quoted, since answers may hold key names."""
    for code, signs in _SIGNS:
        if any(sign in text for sign in signs):
            return StorageProblem(code, place=storage.url, bucket=storage.bucket)
    status = _STATUS.search(text)
    if "Generic S3 error" in text:
        return StorageProblem("storage_failed", place=storage.url, why=status.group(1) if status else "S3")
    return None


# --- DuckDB's side: files by their s3:// names, read through the storage that was opened under that name.

_known: dict[str, Storage] = {}


def any_storage() -> bool:
    """Whether this process has opened an object storage."""
    return bool(_known)


def register(connection: Any) -> None:
    """Let a DuckDB connection read the s3:// files of every storage that this process has opened, if any."""
    if _known:
        connection.register_filesystem(_duckdb_files()())


@lru_cache(maxsize=1)
def _duckdb_files() -> type:
    import fsspec

    class Files(fsspec.AbstractFileSystem):  # type: ignore[misc]
        """What DuckDB asks of a file system, answered by deltalake's."""

        protocol = "s3"
        cachable = False

        def info(self, path: str, **_: Any) -> dict[str, Any]:
            stat = _recently(path)
            return {"name": path, "size": stat.st_size, "type": "file", "mtime": stat.st_mtime}

        def modified(self, path: str) -> Any:
            import datetime

            return datetime.datetime.fromtimestamp(_recently(path).st_mtime, datetime.UTC)

        def glob(self, path: str, **_: Any) -> list[str]:
            return [path]

        def exists(self, path: str, **_: Any) -> bool:
            return _by_name(path).is_file()

        def _open(self, path: str, mode: str = "rb", **_: Any) -> _Reading:
            if mode != "rb":
                raise PermissionError("DuckDB reads the tables and writes none")
            return _Reading(_by_name(path))

        def open(self, path: str, mode: str = "rb", **_: Any) -> _Reading:
            return self._open(path, mode)

    return Files


def _by_name(path: str) -> RemotePath:
    name = path if path.startswith(SCHEME) else SCHEME + path
    for url, storage in _known.items():
        if name.startswith(url + "/"):
            return RemotePath(storage, name.removeprefix(url + "/"))
    raise FileNotFoundError(path)


# DuckDB asks six times about a file that it opens; each would be a request. No longer than what times of S3 tell apart.
ASKED_AGAIN_SECONDS, MOST_REMEMBERED = 1.0, 20_000
_asked: dict[str, tuple[float, Stat]] = {}


def _recently(path: str) -> Stat:
    """Size and time of an object, as they were a second ago at most."""
    now = time.monotonic()
    found = _asked.get(path)
    if found is None or now - found[0] > ASKED_AGAIN_SECONDS:
        if len(_asked) > MOST_REMEMBERED:
            _asked.clear()
        found = _asked[path] = (now, _by_name(path).stat())
    return found[1]


class _Reading:
    """A file that many threads read at once: each has a position of its own."""

    def __init__(self, path: RemotePath) -> None:
        self._file = path.open_input()
        self._size = self._file.size()
        self._at = threading.local()

    def seek(self, position: int, whence: int = 0) -> int:
        start = (0, self.tell(), self._size)[whence]
        self._at.position = start + position
        return int(self._at.position)

    def tell(self) -> int:
        return int(getattr(self._at, "position", 0))

    def read(self, length: int = -1) -> bytes:
        at = self.tell()
        length = self._size - at if length is None or length < 0 else min(length, self._size - at)
        data = bytes(self._file.read_at(length, at)) if length > 0 else b""
        self._at.position = at + len(data)
        return data

    def seekable(self) -> bool:
        return True

    def size(self) -> int:
        return int(self._size)

    def close(self) -> None:
        self._file.close()
