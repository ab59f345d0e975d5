"""A proof run leaves a record that can be quoted: figures, outcomes, the machine, the commit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SAMPLE = """
def test_counts(record_property):
    record_property("kills", 1000)
    record_property("sent twice", 0)

def test_fails():
    assert False

def test_cannot_start(missing_fixture):
    pass
"""

RUN = """
import sys
from datetime import datetime
from pathlib import Path
import pytest
from proof import ProofRecord
record = ProofRecord(Path("proof/out.json"), datetime(2026, 11, 23, 4, 5, 6))
words = ["-q", "-p", "no:cacheprovider", "-p", "no:django", *sys.argv[1:], "sample_test.py"]
sys.exit(pytest.main(words, plugins=[record]))
"""


@pytest.mark.parametrize("beside", [(), ("-n", "2")], ids=["one_process", "two_processes"])
def test_a_record_holds_figures_outcomes_machine_and_commit(tmp_path: Path, beside: tuple[str, ...]) -> None:
    (tmp_path / "sample_test.py").write_text(SAMPLE, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT / 'scripts')!r})\n{RUN}", *beside],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    record = json.loads((tmp_path / "proof" / "out.json").read_text(encoding="utf-8"))
    assert record["started"] == "2026-11-23T04:05:06"
    assert record["passed"] is False
    assert [(t["test"].partition("::")[2], t["outcome"]) for t in record["tests"]] == [
        ("test_cannot_start", "failed"),
        ("test_counts", "passed"),
        ("test_fails", "failed"),
    ]
    assert record["tests"][1]["figures"] == {"kills": 1000, "sent twice": 0}
    why = record["tests"][2]["why"]
    assert "assert False" in why and "why" not in record["tests"][1]
    assert sys.executable not in why and str(ROOT) not in why
    assert record["machine"]["cores"] >= 1
    assert set(record["source"]) == {"commit", "changed"}
