"""A shop by commands as Windows would have it: pipes in the PC's code page, no text file without its encoding, names
of files that Windows takes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import laoke

SHOP = "半亩棉旗舰店"
START = "2026-10-31 10:00"
SOURCE = str(Path(laoke.__file__).parent)
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
FORBIDDEN = re.compile(r'[<>:"\\|?*\x00-\x1f]|[. ]$')
# Windows takes 260 characters in all unless told otherwise; so many remain for the folder that Laoke lies in.
MOST_BELOW_HOME = 120
ROUND = ("双11 2026", "--round", "1a")
SAID: list[tuple[str, ...]] = [
    ("segment", "count", "bought(2+, within 365d) and not bought(within 90d)"),
    ("segment", "save", "bought(2+, within 365d)", "--name", "老客📦¥–"),
    ("plan", "double11", "--on", "2026-11-11"),
    ("campaign", "show", "双11 2026"),
    ("offer", "list"),
    ("backtest", "双11 2026"),
    ("check", *ROUND),
    ("test-message", *ROUND, "--to", "10000000001"),
    ("keys", "rotate"),
    ("audit", "verify"),
    ("worker", "--once"),
    ("upkeep",),
    ("doctor",),
    ("user", "add", "con", "--name", "小猫📦"),
    ("shop", "add", "a:b?*|<>.📦"),
]


class Pc:
    """The command line with a home of its own and pipes of one encoding."""

    def __init__(self, home: Path, encoding: str) -> None:
        self.home, self.encoding = home, encoding

    def says(self, *words: str) -> str:
        kept = {
            k: v
            for k, v in os.environ.items()
            if k not in ("DJANGO_SETTINGS_MODULE", "LAOKE_NOW", "PYTHONUTF8")
        }
        done = subprocess.run(
            [sys.executable, "-m", "laoke", "--home", str(self.home), *words],
            capture_output=True, check=False, stdin=subprocess.DEVNULL,
            env={
                **kept, "DATABASE_URL": "", "PYTHONIOENCODING": f"{self.encoding}:strict",
                "PYTHONWARNDEFAULTENCODING": "1", "PYTHONWARNINGS": "always::EncodingWarning",
            },
        )  # fmt: skip
        said, told = done.stdout.decode(self.encoding), done.stderr.decode(self.encoding)
        assert "Traceback" not in told, f"{words}: {told[-3000:]}"
        # numba and others warn too, of files that are plain ASCII.
        assert [line for line in told.splitlines() if "EncodingWarning" in line and SOURCE in line] == []
        assert done.returncode == 0, f"{words}: {said[-1500:]}\n{told[-3000:]}"
        return said + told


@pytest.mark.timeout(600)
def test_every_command_says_its_piece_in_the_encoding_of_the_pc(tmp_path: Path) -> None:
    chinese, western = Pc(tmp_path / "我的 店铺", "gbk"), Pc(tmp_path / "我的 店铺", "cp1252")
    made = chinese.says("demo", "--customers", "300", "--orders", "900", "--start", START)
    assert SHOP in made
    said = [chinese.says(*words) for words in SAID]
    assert any("￥ " in text for text in said)
    assert "建好了：a:b?*|<>.\\U0001f4e6" in said[-1]
    assert "\\u534a\\u4ea9\\u68c9" in western.says("shop", "list")
    assert "¥ " in western.says("check", *ROUND, "--shop", SHOP)
    assert names_that_windows_refuses(chinese.home) == []


def names_that_windows_refuses(home: Path) -> list[str]:
    """Paths below the home folder that cannot be on Windows, or would fall together there."""
    paths = [path.relative_to(home) for path in home.rglob("*")]
    refused = [
        str(path)
        for path in paths
        if FORBIDDEN.search(path.name) or RESERVED.fullmatch(path.name) or len(str(path)) > MOST_BELOW_HOME
    ]
    folded = [str(path).lower() for path in paths]
    assert len(paths) > 30
    return refused + sorted({name for name in folded if folded.count(name) > 1})


@pytest.mark.parametrize(
    "name", ["10:00.json", "a?.csv", "end.", "NUL", "con.txt", "Lpt1.csv", "x" * (MOST_BELOW_HOME + 1)]
)
def test_a_name_that_windows_refuses_is_found(name: str, tmp_path: Path) -> None:
    for number in range(31):
        (tmp_path / f"good-{number} =month.parquet").touch()
    assert names_that_windows_refuses(tmp_path) == []
    (tmp_path / name).touch()
    assert names_that_windows_refuses(tmp_path) == [name]
