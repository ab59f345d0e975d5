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
    assert (record["date"], record["sittings"]) == ("2026-11-23", ["2026-11-23T04:05:06"])
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


GO_ON = """
import json, sys
from datetime import datetime
from pathlib import Path
import pytest
from proof import ProofRecord, cut_short
folder = Path("proof")
path = cut_short(folder, json.loads(sys.argv[1]))
if path is None:
    sys.exit(70)
record = ProofRecord(path, datetime(2026, 11, 24, 9), goes_on=True)
words = ["-q", "-p", "no:cacheprovider", "-p", "no:django", "-n", "2", *record.deselected(), "sample_test.py"]
sys.exit(pytest.main(words, plugins=[record]))
"""
TWO = """
def test_first():
    raise AssertionError("it passed in the first sitting and is not run again")

def test_second(record_property):
    record_property("kills", 7)
"""


def go_on(folder: Path, source: dict[str, object]) -> int:
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'scripts')!r})\n{GO_ON}"
    words = [sys.executable, "-c", code, json.dumps(source)]
    return subprocess.run(words, cwd=folder, capture_output=True, check=False).returncode


def test_a_run_that_was_stopped_goes_on_and_keeps_what_had_passed(tmp_path: Path) -> None:
    (tmp_path / "sample_test.py").write_text(TWO, encoding="utf-8")
    source: dict[str, object] = {"commit": "c1", "changed": False}
    first = {
        "test": "sample_test.py::test_first",
        "outcome": "passed",
        "seconds": 1.5,
        "figures": {"kills": 5},
    }
    record = {"date": "2026-11-23", "sittings": ["2026-11-23T04:05:06"], "passed": None, "source": source}
    path = tmp_path / "proof" / "2026-11-23.json"
    path.parent.mkdir()

    def stopped(**changes: object) -> None:
        path.write_text(json.dumps({**record, "tests": [first], **changes}), encoding="utf-8")

    stopped()
    assert go_on(tmp_path, {"commit": "c2", "changed": False}) == 70
    assert go_on(tmp_path, {"commit": "c1", "changed": True}) == 70
    stopped(passed=True)
    assert go_on(tmp_path, source) == 70
    stopped(tests=[{**first, "outcome": "failed"}])
    assert go_on(tmp_path, source) == 70
    stopped()
    assert go_on(tmp_path, source) == 0
    told = json.loads(path.read_text(encoding="utf-8"))
    assert (told["date"], told["sittings"]) == ("2026-11-23", ["2026-11-23T04:05:06", "2026-11-24T09:00:00"])
    assert told["passed"] is True
    assert [(t["test"], t["figures"]) for t in told["tests"]] == [
        ("sample_test.py::test_first", {"kills": 5}), ("sample_test.py::test_second", {"kills": 7}),
    ]  # fmt: skip


STOPPED = """
def test_first():
    pass

def test_second():
    raise KeyboardInterrupt
"""


def test_a_run_that_is_stopped_leaves_its_record_open(tmp_path: Path) -> None:
    (tmp_path / "sample_test.py").write_text(STOPPED, encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'scripts')!r})\n{RUN}"
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=False)
    record = json.loads((tmp_path / "proof" / "out.json").read_text(encoding="utf-8"))
    assert (ran.returncode, record["passed"]) == (2, None)
    assert [(t["test"].partition("::")[2], t["outcome"]) for t in record["tests"]] == [
        ("test_first", "passed")
    ]
