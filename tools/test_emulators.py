"""The emulators answer, answer nobody outside, and are gone afterwards however their owner ends."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
import unittest
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import emulators

TOOL = [sys.executable, str(Path(emulators.__file__).resolve())]


UNDOES_ITS_WORK = """
import os, signal, sys, time, urllib.request

def undo(_signum, _frame):
    time.sleep(0.3)
    urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/moto-api/")
    urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL_S3"] + "/_localstack/health")
    sys.exit(42)

signal.signal(signal.SIGINT, undo)
print(os.environ["AWS_ENDPOINT_URL"], os.getpid(), flush=True)
time.sleep(60)
"""


class Run(unittest.TestCase):
    """`run`: one command against fresh emulators."""

    def test_the_command_finds_both_emulators_and_nothing_of_the_callers_account(self) -> None:
        show = "import json, os; print(json.dumps(dict(os.environ)))"
        caller = os.environ | {"AWS_PROFILE": "production", "AWS_SECRET_ACCESS_KEY": "real", "AWS_REGION": "eu-west-1"}
        ran = subprocess.run(
            [*TOOL, "run", "--", sys.executable, "-c", show], env=caller, capture_output=True, text=True, check=True
        )
        seen = json.loads(ran.stdout)
        endpoints = {name: url for name, url in seen.items() if name.startswith("AWS_ENDPOINT_URL")}
        data = endpoints["AWS_ENDPOINT_URL_S3"]
        self.assertEqual(set(endpoints.values()), {endpoints["AWS_ENDPOINT_URL"], data})
        self.assertEqual({name for name, url in endpoints.items() if url == data}, set(data_variables()))
        self.assertEqual(seen["SCE_DIVERGENCES"], str(emulators.DIVERGENCES))
        self.assertEqual(seen["AWS_REGION"], "eu-west-1")
        self.assertNotIn("AWS_PROFILE", seen)
        self.assertNotEqual(seen["AWS_SECRET_ACCESS_KEY"], "real")
        self.assertTrue(all(refused(url) for url in endpoints.values()))

    def test_the_exit_status_is_the_commands(self) -> None:
        cases = {"exit 7": 7, "kill -KILL $$": 128 + signal.SIGKILL}
        for script, status in cases.items():
            with self.subTest(script):
                self.assertEqual(subprocess.run([*TOOL, "run", "sh", "-c", script]).returncode, status)

    def test_a_command_that_cannot_be_run_is_named(self) -> None:
        ran = subprocess.run([*TOOL, "run", "--", "no-such-command"], stderr=subprocess.PIPE, text=True)
        self.assertEqual(ran.returncode, 127)
        self.assertIn("cannot run `no-such-command`: No such file or directory", ran.stderr)

    def test_an_interrupted_command_still_has_its_emulators_while_it_undoes_its_work(self) -> None:
        with run_alone(UNDOES_ITS_WORK) as (tool, (control, _pid)):
            tool.send_signal(signal.SIGINT)
            self.assertEqual(tool.wait(), 42)
            self.assertTrue(refused(control))

    def test_a_killed_tool_takes_command_and_emulators_along(self) -> None:
        with run_alone(UNDOES_ITS_WORK) as (tool, (control, pid)):
            tool.kill()
            self.assertTrue(ended([int(pid)]))
            self.assertTrue(eventually(lambda: refused(control)))


class Serve(unittest.TestCase):
    """`serve`: emulators owned by a test harness."""

    def test_both_answer_on_loopback_and_listen_nowhere_else(self) -> None:
        with serve() as (_tool, told):
            self.assertEqual(get(told["control"], "/moto-api/"), 200)
            self.assertEqual(get(told["data"], "/_localstack/health"), 200)
            for role, pid in told["pids"].items():
                # One socket each, on the port that was told.
                self.assertEqual(listening(pid), [("127.0.0.1", urlsplit(told[role]).port)], role)
            self.assertTrue(os.access(told["python"], os.X_OK))
            self.assertTrue(Path(told["divergences"]).is_file())

    def test_nothing_is_left_however_the_tool_ends(self) -> None:
        endings: dict[str, Callable[[subprocess.Popen[str]], Any]] = {
            "stdin closed": lambda tool: tool.stdin.close() if tool.stdin else None,
            "SIGINT": lambda tool: tool.send_signal(signal.SIGINT),
            "SIGTERM": lambda tool: tool.send_signal(signal.SIGTERM),
            "SIGHUP": lambda tool: tool.send_signal(signal.SIGHUP),
            "SIGKILL": lambda tool: tool.send_signal(signal.SIGKILL),
        }
        with contextlib.ExitStack() as stack:
            started = {name: stack.enter_context(serve()) for name in endings}
            for name, (tool, _told) in started.items():
                endings[name](tool)
            for name, (tool, told) in started.items():
                with self.subTest(name):
                    self.assertTrue(gone(told), f"left behind: {told}")
                    self.assertEqual(tool.wait() == 0, name == "stdin closed")

    def test_emulators_die_with_a_killed_keeper(self) -> None:
        with serve() as (tool, told):
            keeper = parent_of(told["pids"]["control"])
            os.kill(keeper, signal.SIGKILL)
            self.assertTrue(ended(told["pids"].values()))
            self.assertEqual(tool.wait(), 1)

    def test_an_emulator_that_ends_by_itself_ends_the_tool_with_its_name(self) -> None:
        with serve(stderr=subprocess.PIPE) as (tool, told):
            os.kill(told["pids"]["data"], signal.SIGKILL)
            self.assertEqual(tool.wait(), 1)
            self.assertIn("ministack ended by itself with status -9", tool.stderr.read() if tool.stderr else "")
            self.assertTrue(gone(told))


class Start(unittest.TestCase):
    """What happens when a start meets trouble."""

    def test_a_port_lost_to_another_program_is_replaced(self) -> None:
        emulators.install()
        real = emulators.reserved_port
        ports: list[int] = []
        with socket.create_server(("127.0.0.1", 0)) as other, tempfile.TemporaryDirectory() as scratch:

            @contextlib.contextmanager
            def unlucky() -> Iterator[int]:
                with real() as free:
                    ports.append(other.getsockname()[1] if not ports else free)
                    yield ports[-1]

            threading.Thread(target=answer_nothing, args=[other], daemon=True).start()
            with (
                mock.patch.object(emulators, "reserved_port", unlucky),
                mock.patch.object(emulators, "owner_is_gone", still_there),
            ):
                running = emulators.start_both(Path(scratch))
            try:
                self.assertEqual(len(ports), 4)
                self.assertEqual([one.port for one in running.values()], ports[2:])
                self.assertTrue(all(one.answers() for one in running.values()))
            finally:
                emulators.stop(running.values())

    def test_a_reserved_port_can_be_listened_on_and_is_given_to_nobody_else(self) -> None:
        with emulators.reserved_port() as port:
            with socket.create_server(("127.0.0.1", port)) as emulator:
                self.assertEqual(emulator.getsockname()[1], port)
            with contextlib.ExitStack() as stack:
                others = {stack.enter_context(emulators.reserved_port()) for _ in range(200)}
            self.assertNotIn(port, others)


class Files(unittest.TestCase):
    """The two files of data beside the tool."""

    def test_every_requirement_is_pinned_with_hashes_and_names_no_index(self) -> None:
        text = emulators.REQUIREMENTS.read_text()
        pins = re.findall(r"^([a-z0-9._-]+)==(\S+) \\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
        stray = [line for line in text.splitlines() if not re.match(r"[a-z0-9._-]+==\S+ \\$|    --hash=|\s*#|$", line)]
        self.assertEqual(stray, [])
        self.assertEqual(len(pins), text.count("=="))
        self.assertNotRegex(text, r"(?i)https?:|index-url|find-links")

    def test_the_divergences_are_of_the_versions_that_are_pinned(self) -> None:
        listed = tomllib.loads(emulators.DIVERGENCES.read_text())
        pinned = dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", emulators.REQUIREMENTS.read_text(), re.MULTILINE))
        self.assertEqual(listed["schema_version"], 1)
        self.assertGreater(len(listed["divergence"]), 0)
        for one in listed["divergence"]:
            self.assertEqual(one["version"], pinned[one["emulator"]], one)
            self.assertTrue(all(one[key] for key in ("kind", "field", "why", "evidence")), one)


def data_variables() -> list[str]:
    return [f"AWS_ENDPOINT_URL_{service}" for service in emulators.DATA_SERVICES]


@contextlib.contextmanager
def run_alone(script: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """`run` of a Python script, and the words it prints first."""
    # No controlling terminal, so that a signal has one way only to the command.
    command = [*TOOL, "run", "--", sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as tool:
        assert tool.stdout is not None
        yield tool, tool.stdout.readline().split()


@contextlib.contextmanager
def serve(**options: Any) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """`serve` and what it told, with a folder for temporary files of its own."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"TMPDIR": folder}
        tool = subprocess.Popen(
            [*TOOL, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, **options
        )
        assert tool.stdin is not None and tool.stdout is not None
        with tool:
            try:
                yield tool, json.loads(tool.stdout.readline()) | {"folder": folder}
            finally:
                tool.stdin.close()


def get(url: str, path: str) -> int:
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", path)
        return connection.getresponse().status


def refused(url: str) -> bool:
    where = urlsplit(url)
    with socket.socket() as client:
        return client.connect_ex((where.hostname, where.port)) != 0


def gone(told: dict[str, Any]) -> bool:
    """Whether both processes, both listeners and the scratch folder are gone in time."""
    closed = refused(told["control"]) and refused(told["data"]) if ended(told["pids"].values()) else False
    return closed and eventually(lambda: not os.listdir(told["folder"]))


def ended(pids: Iterable[int]) -> bool:
    return eventually(lambda: not any(map(alive, pids)))


def eventually(holds: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def alive(pid: int) -> bool:
    """Whether the process runs; one that nobody has waited for yet does not."""
    try:
        return stat_of(pid)[0] != "Z"
    except FileNotFoundError:
        return False


def parent_of(pid: int) -> int:
    return int(stat_of(pid)[1])


def stat_of(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; the name before it is in brackets and may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def listening(pid: int) -> list[tuple[str, int]]:
    """Where a process listens, over TCP of either family, as the kernel has it."""
    inodes = set(filter(None, map(link_of, Path(f"/proc/{pid}/fd").iterdir())))
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                found.append(address(fields[1]))
    return found


def link_of(file: Path) -> str | None:
    # A file may be closed between being listed and being looked at.
    with contextlib.suppress(FileNotFoundError):
        return os.readlink(file)
    return None


def address(text: str) -> tuple[str, int]:
    """`0100007F:1F90` is 127.0.0.1:8080; anything of IPv6 stays as it is and matches nothing."""
    host, port = text.split(":")
    words = bytes.fromhex(host)
    return (socket.inet_ntoa(words[::-1]) if len(words) == 4 else host, int(port, 16))


def still_there(wait: float) -> bool:
    """In place of `owner_is_gone`, which looks at a keeper's stdin and not at the test runner's."""
    time.sleep(wait)
    return False


def answer_nothing(server: socket.socket) -> None:
    """Another program's server: it takes connections and closes them."""
    with contextlib.suppress(OSError):
        while True:
            server.accept()[0].close()


if __name__ == "__main__":
    unittest.main()
