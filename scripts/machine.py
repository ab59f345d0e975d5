"""What a fresh Debian-like machine lacks for the tests, and how it gets there.

Laoke itself needs none of this: a shop runs on Python alone. Root gets the missing packages from apt;
anyone else gets the one line to run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from cluster import postgres_bin


def _has_cjk_font() -> bool:
    """Whether a Chinese font is known: without one every screenshot is boxes."""
    if shutil.which("fc-list") is None:
        return False
    listed = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False)
    return bool(listed.stdout.strip())


def _has_chromium() -> bool:
    return any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))


@dataclass(frozen=True)
class Need:
    """One thing the tests use: how to see that it is there, and the Debian packages that bring it."""

    name: str
    is_there: Callable[[], bool]
    packages: tuple[str, ...]


NEEDS = (
    Need("PostgreSQL server", lambda: postgres_bin() is not None, ("postgresql",)),
    Need("Chromium", _has_chromium, ("chromium",)),
    Need("Chinese fonts", _has_cjk_font, ("fonts-noto-cjk", "fontconfig")),
    # A version that is too old is told by the tests themselves, in the product's own words.
    Need("Java", lambda: shutil.which("java") is not None, ("default-jre-headless",)),
    Need("gettext", lambda: shutil.which("msgfmt") is not None, ("gettext",)),
)


class MachineLacks(Exception):
    """The machine lacks something and this user may not install it; the message is the way out."""


def _missing() -> list[Need]:
    return [need for need in NEEDS if not need.is_there()]


def prepare() -> list[str]:
    """Install what is missing; the names of what was installed. Raises MachineLacks otherwise."""
    missing = _missing()
    if not missing:
        return []
    packages = [package for need in missing for package in need.packages]
    names = ", ".join(need.name for need in missing)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise MachineLacks(f"The tests need {names}. As root: apt-get install {' '.join(packages)}")
    _apt_install(packages)
    still = [need.name for need in _missing()]
    if still:
        raise MachineLacks(f"{', '.join(still)} still missing after apt-get install {' '.join(packages)}")
    return [need.name for need in missing]


def _apt_install(packages: list[str]) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-qq", "--yes", "--no-install-recommends", *packages],
    ):
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise MachineLacks(f"{' '.join(command)} ended with {done.returncode}")
