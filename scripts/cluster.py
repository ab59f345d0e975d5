"""A private PostgreSQL cluster for the length of a test run.

It lives in a temporary folder, listens on a free loopback port behind a random password, and does not
sync to disk: the tests kill Laoke's processes, never the database. A database the machine already
runs is neither used nor touched.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from laoke.config.bench.ports import free_port

FAST_AND_FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    # Two tests beside each other with fifty threads each, and what else is open.
    "max_connections": "200",
    "timezone": "Asia/Shanghai",
}


def postgres_bin() -> Path | None:
    """The folder that holds initdb and pg_ctl, the newest version first; None where there is none."""
    folders: list[Path] = []
    if config := shutil.which("pg_config"):
        answer = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        folders.append(Path(answer.stdout.strip()))
    debian = Path("/usr/lib/postgresql")
    if debian.is_dir():
        versions = [folder for folder in debian.iterdir() if folder.name.isdigit()]
        folders += [v / "bin" for v in sorted(versions, key=lambda v: int(v.name), reverse=True)]
    if initdb := shutil.which("initdb"):
        folders.append(Path(initdb).resolve().parent)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def _as_server_user() -> list[str]:
    """PostgreSQL refuses to run as root: then the words that run a command as its own user."""
    if os.geteuid() != 0:
        return []
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return ["runuser", "-u", name, "--"]
    raise RuntimeError("PostgreSQL does not run as root, and there is no user postgres or nobody")


def _run(command: Sequence[str], folder: Path) -> None:
    log = folder / "commands.log"
    with log.open("a", encoding="utf-8") as out:
        done = subprocess.run(
            [*_as_server_user(), *command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            check=False,
        )
    if done.returncode != 0:
        server = folder / "server.log"
        said = "\n".join(p.read_text(encoding="utf-8", errors="replace") for p in (log, server) if p.exists())
        raise RuntimeError(f"{Path(command[0]).name} ended with {done.returncode}:\n{said[-2000:]}")


@contextmanager
def running_cluster(more: Mapping[str, str] | None = None) -> Iterator[str]:
    """The URL of a database on a new cluster, gone afterwards, data and all; `more` are settings of its own."""
    binaries = postgres_bin()
    if binaries is None:
        raise RuntimeError("no PostgreSQL server found")
    folder = Path(tempfile.mkdtemp(prefix="laoke-pg-"))
    password = secrets.token_urlsafe(18)
    try:
        secret = folder / "password"
        secret.write_text(password, encoding="utf-8")
        if os.geteuid() == 0:
            owner = _as_server_user()[2]
            shutil.chown(folder, owner)
            shutil.chown(secret, owner)
        data = folder / "data"
        # No locale: names sort by code point, as they do on SQLite.
        _run(
            [
                str(binaries / "initdb"), "--pgdata", str(data), "--username=laoke", f"--pwfile={secret}",
                "--auth=password", "--encoding=UTF8", "--no-locale", "--no-sync",
            ],
            folder,
        )  # fmt: skip
        port = free_port()
        settings = (
            FAST_AND_FORGETFUL
            | dict(more or {})
            | {"port": str(port), "unix_socket_directories": str(folder)}
        )
        with (data / "postgresql.auto.conf").open("a", encoding="utf-8") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        pg_ctl = [
            str(binaries / "pg_ctl"),
            "--pgdata",
            str(data),
            "--log",
            str(folder / "server.log"),
            "--wait",
        ]
        _run([*pg_ctl, "start"], folder)
        try:
            yield f"postgresql://laoke:{password}@127.0.0.1:{port}/postgres"
        finally:
            _run([*pg_ctl, "--mode=immediate", "stop"], folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main(command: list[str]) -> int:
    """Run one command beside a cluster: scripts/cluster.py pytest tests/dispatch."""
    with running_cluster() as url:
        environment = {**os.environ, "LAOKE_TEST_POSTGRES": url, "LAOKE_TEST_DATABASE": "postgres"}
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
