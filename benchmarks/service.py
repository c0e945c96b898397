"""The real service as a process of its own, on a database of the benchmark's server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection

from koperasi.embedded import Addresses

STARTS_WITHIN = 120


@contextmanager
def serving(
    addresses: Addresses, workers: int = 1, *, module: Sequence[str] = (), more: Mapping[str, str] | None = None
) -> Iterator[int]:
    """``koperasi serve`` until the block ends; the port that it listens on.

    ``module`` is run instead, with its arguments, if it is given; ``more`` is added to its environment.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="bench") as data, tempfile.TemporaryFile() as log:
        environment = os.environ | {
            "DATABASE_URL": addresses.application,
            "KOPERASI_DATA_DIR": data,
            "KOPERASI_PORT": str(port),
            **(more or {}),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", *(module or ("koperasi.cli", "serve", "--workers", str(workers)))],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            process_group=0,
        )
        try:
            if not _answers(port, process):
                log.seek(0)
                raise RuntimeError(f"the service did not start: {log.read()[-2000:].decode(errors='replace')}")
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Whether it is up, in time."""
    give_up = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < give_up and process.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return True
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    return False
