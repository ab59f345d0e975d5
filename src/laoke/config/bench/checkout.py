"""What a bench takes from the checkout it runs in: the documented examples of the filter language, and a PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[4]
LANGUAGE = Path("docs", "reference", "filter-language.md")
CLUSTER = Path("scripts", "cluster.py")


def filter_examples() -> dict[int, str]:
    """The numbered examples of the page on the filter language; none where the docs are not beside the sources."""
    try:
        page = (ROOT / LANGUAGE).read_text(encoding="utf-8")
    except OSError:
        return {}
    return {int(number): text for number, text in re.findall(r"^(\d+)\. `(.*)`$", page, re.MULTILINE)}


def why_no_postgres() -> str:
    """Why no PostgreSQL can be started here, '' when one can."""
    if find_spec("psycopg") is None:
        return "psycopg is not installed"
    if not (ROOT / CLUSTER).exists():
        return f"{CLUSTER} is not beside the sources"
    try:
        found = _cluster().postgres_bin()
    except ImportError:
        return "PostgreSQL is started on Linux only"
    return "" if found else "no PostgreSQL server is installed"


def postgres(settings: Mapping[str, str]) -> AbstractContextManager[str]:
    """The URL of a private PostgreSQL with these settings that lives as long as the block."""
    start: Callable[..., Any] = _cluster().running_cluster
    found: AbstractContextManager[str] = start(settings)
    return found


@cache
def _cluster() -> ModuleType:
    spec = spec_from_file_location("cluster", ROOT / CLUSTER)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
