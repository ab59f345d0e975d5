"""Rules of the house that a linter does not know, each a function from a source text to what breaks it.

Each has a good and a bad sample in test_source_rules.py: a rule that finds nothing proves nothing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

POSIX_MODULES = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "posix", "uvloop", "syslog"}
POSIX_NAMES = {
    "os": {
        "fork",
        "forkpty",
        "getuid",
        "geteuid",
        "getgid",
        "setsid",
        "killpg",
        "getpgid",
        "nice",
        "mkfifo",
        "statvfs",
        "sched_getaffinity",
        "chown",
        "fchown",
        "fchmod",
        "pread",
        "pwrite",
        "posix_spawn",
        "WNOHANG",
    },
    "signal": {
        "SIGKILL",
        "SIGHUP",
        "SIGUSR1",
        "SIGUSR2",
        "SIGALRM",
        "SIGCHLD",
        "alarm",
        "setitimer",
        "pause",
    },
}
# strftime's signs that Windows does not know. Words of other alphabets in a format fail where its code page lacks them.
POSIX_FORMAT = re.compile(r"%[-eklPRsTDhnrtuVGFC]|%.*[^\x00-\x7f]|[^\x00-\x7f].*%[a-zA-Z]")
# These open members, pages or descriptors, not text files.
OTHER_OPENERS = {"os", "webbrowser", "zipfile", "tarfile", "archive", "zip_file", "book"}
BYTES_BY_DEFAULT = {"gzip", "bz2", "lzma"}
TEXT_OPENING_MODULES = {"io", "os", "codecs"} | BYTES_BY_DEFAULT
FORBIDDEN_MODULES = {"core", "common", "utils", "util", "helpers", "helper", "misc"}
FILE_LINES = 600
FUNCTION_LINES = 60


def posix_only(source: str) -> Iterator[str]:
    """Imports and names that do not exist on Windows, where shops run."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
            missing = POSIX_NAMES.get(node.module or "", set())
            for alias in node.names:
                if alias.name in missing:
                    yield f"line {node.lineno}: {node.module}.{alias.name}"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in POSIX_NAMES.get(node.value.id, set()):
                yield f"line {node.lineno}: {node.value.id}.{node.attr}"
            continue
        else:
            continue
        for name in names:
            if name.split(".")[0] in POSIX_MODULES:
                yield f"line {node.lineno}: import {name}"


def posix_time_format(source: str) -> Iterator[str]:
    """Times written in a way that Windows refuses: `%-d`, or `%m月` in one format."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FormattedValue) and isinstance(node.format_spec, ast.JoinedStr):
            parts = node.format_spec.values
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "strftime"
        ):
            parts = list(node.args)
        else:
            continue
        for part in parts:
            text = part.value if isinstance(part, ast.Constant) else ""
            if isinstance(text, str) and POSIX_FORMAT.search(text):
                yield f"line {node.lineno}: {text!r}"


def text_without_encoding(source: str) -> Iterator[str]:
    """Text files opened in whatever encoding the machine has: on a Chinese Windows that is GBK."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or any(word.arg in ("encoding", None) for word in node.keywords):
            continue
        opener = _text_opener(node)
        if opener and not _is_binary(node):
            yield f"line {node.lineno}: {opener} without encoding"


def _text_opener(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Name):
        return function.id if function.id == "open" else ""
    if not isinstance(function, ast.Attribute):
        return ""
    if function.attr == "write_text":
        # The encoding may stand second, as in path.write_text(text, "utf-8").
        return "" if len(call.args) > 1 else "write_text"
    if function.attr == "read_text":
        return "" if call.args else "read_text"
    owner = function.value.id if isinstance(function.value, ast.Name) else ""
    if owner in TEXT_OPENING_MODULES and function.attr in ("open", "fdopen"):
        return f"{owner}.{function.attr}" if owner != "os" or function.attr == "fdopen" else ""
    # A path's open takes the mode first; what takes anything else first opens something else.
    if function.attr == "open" and owner not in OTHER_OPENERS and (not call.args or _mode_of(call.args[0])):
        return f"{owner}.open".lstrip(".")
    return ""


def _mode_of(argument: ast.expr) -> str:
    """The mode that a literal names, empty when it is none."""
    value = argument.value if isinstance(argument, ast.Constant) else None
    return value if isinstance(value, str) and 0 < len(value) <= 3 and set(value) <= set("rwaxbt+") else ""


def _is_binary(call: ast.Call) -> bool:
    written = [word.value for word in call.keywords if word.arg == "mode"] + list(call.args)
    modes = [mode for mode in map(_mode_of, written) if mode]
    if modes:
        return "b" in modes[0]
    # gzip, bz2 and lzma open bytes unless told otherwise.
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    return isinstance(owner, ast.Name) and owner.id in BYTES_BY_DEFAULT


def too_long(source: str) -> Iterator[str]:
    """Files and functions that hold more than one idea."""
    lines = source.count("\n")
    if lines >= FILE_LINES:
        yield f"{lines} lines, fewer than {FILE_LINES} wanted"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length >= FUNCTION_LINES:
                yield f"line {node.lineno}: {node.name} has {length} lines, fewer than {FUNCTION_LINES} wanted"


def without_purpose(source: str) -> Iterator[str]:
    """Modules that do not say what idea lives in them; an empty one has none to tell."""
    tree = ast.parse(source)
    if tree.body and ast.get_docstring(tree) is None:
        yield "no docstring"


def unfinished(source: str) -> Iterator[str]:
    """Marks of work left undone."""
    for number, line in enumerate(source.splitlines(), start=1):
        comment = line.partition("#")[2]
        if any(mark in comment for mark in ("TODO", "FIXME", "XXX", "HACK")):
            yield f"line {number}: {comment.strip()}"


def shapeless_name(path: Path) -> Iterator[str]:
    """A module named after no idea: a helper lives beside the idea it serves."""
    for part in (*path.parts[:-1], path.stem):
        if part in FORBIDDEN_MODULES:
            yield f"named {part}"
