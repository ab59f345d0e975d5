"""A warm process that forks workers, so that killing hundreds of them costs milliseconds each.

Run as a module it reads one JSON command per line and answers with one JSON line: `fork` a worker or a task (a function
of the module it was given), `wait` for it. It never opens the ledger itself: every child makes its own connection.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]


class Nursery:
    """The test's end of it: forks children over one ledger and waits for them."""

    def __init__(
        self, ledger_url: str, environment: dict[str, str], tasks: str = "tests.crash.tasks"
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.crash.nursery", tasks],
            cwd=ROOT,
            env={
                **os.environ,
                "DATABASE_URL": ledger_url,
                "LAOKE_TESTING": "1",
                "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src"))),
                **environment,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        assert self._answer()["ready"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._process.stdout.close()

    def fork(self, task: str, failpoint: str = "", **arguments: Any) -> int:
        """Start a task in a child of its own; its process id."""
        return int(self._ask(do="fork", task=task, failpoint=failpoint, arguments=arguments)["pid"])

    def wait(self, pid: int, seconds: float) -> int | None:
        """The exit status (negative for a signal), or None when it runs on."""
        status = self._ask(do="wait", pid=pid, seconds=seconds)["status"]
        return None if status is None else int(status)

    def run(self, task: str, failpoint: str = "", seconds: float = 60.0, **arguments: Any) -> int:
        """Fork, wait, and insist on an end."""
        status = self.wait(self.fork(task, failpoint, **arguments), seconds)
        assert status is not None, f"{task} did not end in {seconds} s"
        return status

    def kill(self, pid: int) -> int | None:
        """SIGKILL, as a power cut would."""
        os.kill(pid, signal.SIGKILL)
        return self.wait(pid, 10.0)

    def _ask(self, **command: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the nursery has ended"
        answer: dict[str, Any] = json.loads(line)
        return answer


def _serve(module: str) -> None:
    import django

    django.setup()
    from laoke.dispatch import failpoints

    tasks = import_module(module)
    tasks.warm_up()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "wait":
            print(json.dumps({"status": _wait(command["pid"], command["seconds"])}), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            _child(failpoints, getattr(tasks, command["task"]), command)
        print(json.dumps({"pid": pid}), flush=True)


def _child(failpoints: Any, task: Any, command: dict[str, Any]) -> None:
    """Run the task and leave without any tidying of the parent's."""
    status = 1
    try:
        os.environ["LAOKE_FAILPOINT"] = command["failpoint"]
        failpoints.arm_from_environment()
        task(**command["arguments"])
        status = 0
    except BaseException:  # noqa: BLE001 - the child's end must not run the parent's code
        traceback.print_exc()
    finally:
        os._exit(status)


def _wait(pid: int, seconds: float) -> int | None:
    until = time.monotonic() + seconds
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > until:
            return None
        time.sleep(0.005)


if __name__ == "__main__":
    _serve(sys.argv[1])
