"""Making the environment: the same script on every system, finding what pip made wherever pip put it."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "environment"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The script as a module, in an empty checkout, with no uv on the machine."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader = SourceFileLoader("environment_script", str(SCRIPT))
    spec = spec_from_loader("environment_script", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module.shutil, "which", lambda _name: None)
    monkeypatch.delenv("PYTHON", raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return module


class Machine:
    """Runs nothing: remembers the commands, and puts uv where pip would."""

    def __init__(self, uv: str = "", version: str = "3.12") -> None:
        self.uv, self.version = uv, version
        self.commands: list[list[str]] = []

    def run(self, command: list[str], **_named: Any) -> SimpleNamespace:
        self.commands.append(command)
        if "--target" in command and self.uv:
            path = Path(command[command.index("--target") + 1]) / self.uv
            path.parent.mkdir(parents=True)
            path.touch()
        old = tuple(map(int, self.version.split("."))) < (3, 11)
        return SimpleNamespace(returncode=int(old), stdout=self.version.encode())


@pytest.mark.parametrize("uv", ["bin/uv", "bin/uv.exe", "Scripts/uv.exe"])
def test_uv_is_found_wherever_pip_puts_it(
    uv: str, script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(uv)
    monkeypatch.setattr(subprocess, "run", machine.run)
    assert script.main(["run"]) == 0
    assert machine.commands[-1] == [
        str(tmp_path / ".tools" / "uv" / uv),
        *("sync", "--frozen", "--quiet", "--python", sys.executable, "--no-dev", "--inexact"),
    ]
    # The second time it is there, and pip is not asked again.
    script.main(["run"])
    assert sum("pip" in command for command in machine.commands) == 1


def test_the_driver_comes_along_where_the_ledger_is_postgresql(
    script: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine("bin/uv")
    monkeypatch.setattr(subprocess, "run", machine.run)
    monkeypatch.setenv("DATABASE_URL", "postgresql://laoke@127.0.0.1/laoke")
    script.main(["run"])
    assert machine.commands[-1][-2:] == ["--extra", "postgres"]


@pytest.mark.parametrize(
    ("machine", "words", "why"),
    [
        (Machine("bin/uv", "3.10"), ["run"], "Python 3.11 or newer is needed, .* is 3.10"),
        (Machine(), ["run"], "uv could not be installed"),
        (Machine("bin/uv"), ["shop"], "unknown environment 'shop': run or dev"),
    ],
)
def test_what_cannot_be_made_is_refused_with_what_to_do(
    machine: Machine, words: list[str], why: str, script: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", machine.run)
    with pytest.raises(script.Failed, match=why):
        script.main(words)
    assert not any("sync" in command for command in machine.commands)


def test_an_interpreter_that_is_not_there_is_said_to_be_missing() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "run"],
        env={"PYTHON": "python-of-nobody", "PYTHONIOENCODING": "cp1252:strict"}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.decode("cp1252").startswith(
        "laoke: Python 3.11 or newer is needed, 'python-of-nobody' is missing. Name another: make PYTHON=python3.12 "
    )
