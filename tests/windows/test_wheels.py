"""Everything that a shop installs is ready-made for Windows: its PC has no compiler."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

LOCK = tomllib.loads((Path(__file__).resolve().parents[2] / "uv.lock").read_text(encoding="utf-8"))
PYTHONS = ("3.11", "3.12", "3.13")
# Published as source alone, without any C in it: pip makes the wheel itself.
MADE_FROM_SOURCE = {"alibabacloud-tea"}


def holds(marker: str, python: str) -> bool:
    """Whether a marker of the lock holds for CPython on 64-bit Windows."""
    from packaging.markers import Marker

    return Marker(marker).evaluate({
        "python_full_version": f"{python}.0", "python_version": python, "sys_platform": "win32",
        "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64",
        "platform_python_implementation": "CPython", "implementation_name": "cpython",
    })  # fmt: skip


def needed(python: str) -> list[dict[str, Any]]:
    """The packages that `laoke` with PostgreSQL's driver brings along on Windows."""
    packages: dict[tuple[str, str], dict[str, Any]] = {}
    waiting: list[tuple[str, tuple[str, ...]]] = [("laoke", ("postgres",))]
    seen = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        for package in _locked(name, python):
            packages[name, package["version"]] = package
            links = list(package.get("dependencies", []))
            for extra in extras:
                links += package.get("optional-dependencies", {}).get(extra, [])
            waiting += [
                (link["name"], tuple(link.get("extra", ())))
                for link in links
                if holds(link.get("marker", "python_version > '3'"), python)
            ]
    return [package for (name, _), package in sorted(packages.items()) if name != "laoke"]


def _locked(name: str, python: str) -> list[dict[str, Any]]:
    return [
        package
        for package in LOCK["package"]
        if package["name"] == name
        and any(holds(m, python) for m in package.get("resolution-markers", ["python_version > '3'"]))
    ]


def fits(wheel: str, python: str) -> bool:
    """Whether a wheel's file name says that it runs on that CPython on 64-bit Windows."""
    tags, abis, platforms = wheel.removesuffix(".whl").rsplit("-", 3)[1:]
    if not {"any", "win_amd64"} & set(platforms.split(".")):
        return False
    minor = int(python.split(".")[1])
    if "abi3" in abis:
        return any(int(tag[3:]) <= minor for tag in tags.split(".") if re.fullmatch(r"cp3\d+", tag))
    exact, any_three = {f"cp3{minor}", f"py3{minor}"}, {"py3", "py2.py3"}
    return bool(exact & set(tags.split("."))) or bool(any_three & {tags, *tags.split(".")})


@pytest.mark.parametrize(
    ("wheel", "python", "runs"),
    [
        ("a-1-py3-none-any.whl", "3.12", True),
        ("a-1-py2.py3-none-any.whl", "3.12", True),
        ("a-1-cp312-cp312-win_amd64.whl", "3.12", True),
        ("a-1-cp312-cp312-win_amd64.whl", "3.13", False),
        ("a-1-cp39-abi3-win_amd64.whl", "3.13", True),
        ("a-1-cp313-abi3-win_amd64.whl", "3.11", False),
        ("a-1-py3-none-win_amd64.whl", "3.11", True),
        ("a-1-cp312-cp312-win_arm64.whl", "3.12", False),
        ("a-1-cp312-cp312-manylinux_2_28_x86_64.whl", "3.12", False),
    ],
)
def test_a_wheel_is_judged_by_its_name(wheel: str, python: str, runs: bool) -> None:
    assert fits(wheel, python) is runs


@pytest.mark.parametrize("python", PYTHONS)
def test_every_package_has_a_wheel_for_windows(python: str) -> None:
    packages = needed(python)
    names = {package["name"] for package in packages}
    # The walk went as deep as the compiled ones, and took what only Windows needs.
    assert {
        "duckdb",
        "pyarrow",
        "deltalake",
        "llvmlite",
        "cffi",
        "granian",
        "colorama",
        "psycopg-binary",
    } <= names
    assert "tzdata" in names  # Windows has no time zones of its own
    lacking = [
        f"{package['name']} {package['version']}"
        for package in packages
        if package["name"] not in MADE_FROM_SOURCE
        and not any(fits(wheel["url"].rsplit("/", 1)[1], python) for wheel in package.get("wheels", []))
    ]
    assert lacking == []


@pytest.mark.parametrize("name", sorted(MADE_FROM_SOURCE))
def test_what_is_made_from_source_needs_no_compiler(name: str) -> None:
    assert "Root-Is-Purelib: true" in (distribution(name).read_text("WHEEL") or "")
