"""A real S3 server on loopback (moto's), in a process of its own, with one bucket."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from laoke.config.bench.ports import free_port

BUCKET = "facts"
KEY, SECRET = "a-key", "a-very-secret-secret"


@contextmanager
def s3_server() -> Iterator[str]:
    """The address of a server that lives as long as the block."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **quiet) as process:  # type: ignore[call-overload]
        try:
            endpoint = f"http://127.0.0.1:{port}"
            _wait(endpoint)
            yield endpoint
        finally:
            process.kill()


def _wait(endpoint: str) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(f"{endpoint}/moto-api/", timeout=5):
                return
        except (OSError, urllib.error.URLError):
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def client(endpoint: str):  # type: ignore[no-untyped-def]
    """boto3's client, for what a person does beside Laoke: make a bucket, look at the objects."""
    import boto3

    return boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s"
    )
