"""Every source file of Laoke keeps the rules of the house, and every rule catches its bad sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.house import source_rules as rules

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "laoke"
FILES = sorted(p for p in SOURCE.rglob("*.py") if "migrations" not in p.parts)
Rule = Callable[[str], Iterator[str]]

GOOD_AND_BAD: list[tuple[Rule, str, str]] = [
    (rules.posix_only, "import os\nos.kill(1, 2)\n", "import fcntl\n"),
    (rules.posix_only, "from signal import SIGTERM\n", "from signal import SIGKILL\n"),
    (rules.posix_only, "import signal\nsignal.SIGINT\n", "import os\nos.fork()\n"),
    (rules.posix_only, "import shutil\nshutil.disk_usage(p)\n", "import os\nos.statvfs(p)\n"),
    (rules.posix_time_format, "f'{day:%m-%d} 月 {share:.1%}'\n", "f'{day:%m月%d日}'\n"),
    (rules.posix_time_format, "now.strftime('%Y-%m-%d %H:%M:%S')\n", "now.strftime('%-d')\n"),
    (rules.text_without_encoding, "open(p, encoding='utf-8')\n", "open(p)\n"),
    (rules.text_without_encoding, "open(p, 'rb')\n", "open(p, 'w')\n"),
    (rules.text_without_encoding, "p.read_text('utf-8')\n", "p.read_text()\n"),
    (rules.text_without_encoding, "p.write_text(t, encoding='utf-8')\n", "p.write_text(t)\n"),
    (rules.text_without_encoding, "p.open('rb')\n", "p.open()\n"),
    (rules.text_without_encoding, "gzip.open(p)\n", "gzip.open(p, 'rt')\n"),
    (rules.text_without_encoding, "os.fdopen(d, 'w', encoding='utf-8')\n", "os.fdopen(d, 'w')\n"),
    (rules.text_without_encoding, "os.open(p, os.O_RDONLY)\n", "path.open(mode='a')\n"),
    (rules.text_without_encoding, "opener.open(request, timeout=3)\n", "p.open('a')\n"),
    (rules.too_long, "def f():\n" + "    pass\n" * 58, "def f():\n" + "    pass\n" * 59),
    (rules.too_long, "a = 1\n" * 599, "a = 1\n" * 600),
    (rules.without_purpose, '"""What lives here."""\n', "a = 1\n"),
    (rules.without_purpose, "", "import os\n"),
    (rules.unfinished, "# why: the gateway counts both\n", "a = 1  # TODO later\n"),
]


@pytest.mark.parametrize(("rule", "good", "bad"), GOOD_AND_BAD)
def test_a_rule_passes_the_good_sample_and_catches_the_bad_one(rule: Rule, good: str, bad: str) -> None:
    assert list(rule(good)) == []
    assert len(list(rule(bad))) == 1


def test_names_without_an_idea_are_caught() -> None:
    assert list(rules.shapeless_name(Path("dispatch/ledger.py"))) == []
    assert list(rules.shapeless_name(Path("dispatch/utils.py"))) == ["named utils"]
    assert list(rules.shapeless_name(Path("core/ledger.py"))) == ["named core"]


@pytest.mark.parametrize(
    "rule",
    [
        rules.posix_only,
        rules.posix_time_format,
        rules.text_without_encoding,
        rules.too_long,
        rules.without_purpose,
        rules.unfinished,
    ],
)
def test_every_source_file_keeps(rule: Rule) -> None:
    broken = [
        f"{path.relative_to(ROOT)}: {found}"
        for path in FILES
        for found in rule(path.read_text(encoding="utf-8"))
    ]
    assert broken == []


def test_no_module_is_named_after_nothing() -> None:
    broken = [
        f"{path.relative_to(ROOT)}: {found}"
        for path in FILES
        for found in rules.shapeless_name(path.relative_to(SOURCE))
    ]
    assert broken == []
