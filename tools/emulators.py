#!/usr/bin/env python3
"""Two emulators of AWS, started for one command and gone with it.

    tools/emulators.py install            make .sce/venv from tools/requirements.txt, if it is not there yet
    tools/emulators.py run [--] COMMAND   run COMMAND against fresh emulators; its exit status is ours
    tools/emulators.py serve              start them, print one JSON line, stop them when stdin closes

No one emulator shows all of AWS truly, so each service goes to the one that is truest for it: moto has the
control plane, ministack the data plane (DATA_SERVICES). What neither can show is listed in divergences.toml.

Three promises shape this file:

Nothing outlives the command. A hidden third process, the keeper, owns both emulators and a scratch folder. It
holds the reading end of a pipe whose writing end only this tool has; however the tool ends, SIGKILL included,
the pipe closes and the keeper stops the emulators and removes the folder. Should the keeper itself be killed,
the Linux kernel kills the emulators for us (PR_SET_PDEATHSIG); only the scratch folder then stays.

Nothing is reachable from outside. Every socket is on 127.0.0.1, ministack's MQTT and SFTP listeners, which
would be on 0.0.0.0, are off, and neither emulator gets to see a Docker daemon.

Nothing real is touched. COMMAND sees none of the caller's AWS credentials or profiles, only dummy ones, and
the emulators see none of the caller's environment but the search path and the language.

Linux and Python 3.11 or later; standard library only.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import fcntl
import hashlib
import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Any, NoReturn

TOOLS = Path(__file__).resolve().parent
REQUIREMENTS = TOOLS / "requirements.txt"
DIVERGENCES = TOOLS / "divergences.toml"
STATE = TOOLS.parent / ".sce"
VENV = STATE / "venv"

LOOPBACK = "127.0.0.1"
ACCOUNT = "123456789012"
"""The account moto plays; ministack is told to play the same."""

DATA_SERVICES = ("S3", "LAMBDA", "DYNAMODB", "SQS", "SNS", "CLOUDWATCH")
"""The services that go to ministack, as the SDKs spell them in AWS_ENDPOINT_URL_<SERVICE>. The Rust SDK asks CloudWatch in CBOR,
which moto does not read."""

START_SECONDS = 60.0
"""Both are up in 1 to 2 s; a machine that is compiling on every core takes longer."""
START_ATTEMPTS = 3
STOP_SECONDS = 5.0
COMMAND_GRACE_SECONDS = 10
LOG_TAIL_LINES = 30

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: list[str]) -> int:
    """Runs one subcommand and returns the exit status."""
    asked = parse(arguments)
    for signum in STOP_SIGNALS:
        signal.signal(signum, raise_stopped)
    try:
        return int(asked.verb(asked))
    except Failed as failure:
        print(f"emulators.py: {failure}", file=sys.stderr)
        return 1
    except Stopped as stopped:
        return 128 + stopped.signum


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="emulators.py", description="Two emulators of AWS, for one command.")
    verbs = parser.add_subparsers(required=True, metavar="install | run | serve")
    verbs.add_parser("install", help="make .sce/venv, if needed").set_defaults(verb=install_verb)
    run = verbs.add_parser("run", help="run a command against fresh emulators")
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")
    run.set_defaults(verb=run_verb)
    verbs.add_parser("serve", help="serve until stdin closes").set_defaults(verb=serve_verb)
    verbs.add_parser("keep").set_defaults(verb=keep_verb)
    asked = parser.parse_args(arguments)
    if asked.verb is run_verb:
        asked.command = asked.command[1:] if asked.command[:1] == ["--"] else asked.command
        if not asked.command:
            run.error("COMMAND is missing")
    return asked


class Failed(Exception):
    """Something the user has to be told, in one sentence."""


class Stopped(BaseException):
    """A signal asked us to end. Not an `Exception`, so that nothing on the way swallows it."""

    def __init__(self, signum: int) -> None:
        self.signum = signum


def raise_stopped(signum: int, _frame: FrameType | None) -> NoReturn:
    # What follows is the tidying up, which is short and must not be cut off by an impatient second signal.
    for other in STOP_SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise Stopped(signum)


# install


def install_verb(_asked: argparse.Namespace) -> int:
    install()
    return 0


def install() -> None:
    """Makes the virtual environment unless it is there, whole and made from these very requirements."""
    if installed():
        return
    STATE.mkdir(exist_ok=True)
    with open(STATE / "venv.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Whoever held the lock before us may have done the work.
        if not installed():
            say("installing moto, ministack, boto3 and microburst into .sce/venv (about 40 s, once)")
            build_venv(lock)


def installed() -> bool:
    try:
        return stamp_file().read_text() == wanted_stamp()
    except FileNotFoundError:
        return False


def stamp_file() -> Path:
    return VENV / "requirements.stamp"


def wanted_stamp() -> str:
    """What the environment depends on: the pinned requirements and the interpreter it borrows from."""
    pins = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    return f"{pins} {sys.version_info.major}.{sys.version_info.minor} {sys.base_prefix}\n"


def build_venv(lock: IO[str]) -> None:
    python = str(VENV / "bin" / "python")
    pip = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    # Wheels only: hashes then cover every byte, and no package's build script runs here.
    pinned = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(REQUIREMENTS)]
    for command in ([sys.executable, "-m", "venv", "--clear", str(VENV)], [python, *pip, *pinned]):
        # The child shares the lock: were we killed, nobody could build over a pip that still runs.
        done = subprocess.run(command, pass_fds=[lock.fileno()], stdin=subprocess.DEVNULL, stdout=sys.stderr)
        if done.returncode != 0:
            raise Failed(f"`{' '.join(command[:4])} ...` ended with status {done.returncode}")
    # The stamp comes last and whole: an interrupted build leaves none, and the next one starts over.
    draft = stamp_file().with_suffix(".draft")
    draft.write_text(wanted_stamp())
    draft.replace(stamp_file())


# run


def run_verb(asked: argparse.Namespace) -> int:
    install()
    with emulators() as (_output, endpoints):
        return run_command(asked.command, command_environment(endpoints))


def command_environment(endpoints: Mapping[str, Any]) -> dict[str, str]:
    """The caller's environment, but no AWS setting of theirs save the region, and our endpoints."""
    kept = ("AWS_REGION", "AWS_DEFAULT_REGION")
    environment = {name: text for name, text in os.environ.items() if not name.startswith("AWS_") or name in kept}
    environment["AWS_ENDPOINT_URL"] = endpoints["control"]
    for service in DATA_SERVICES:
        environment[f"AWS_ENDPOINT_URL_{service}"] = endpoints["data"]
    return environment | {
        "SCE_DIVERGENCES": endpoints["divergences"],
        "AWS_ACCESS_KEY_ID": "emulator",
        "AWS_SECRET_ACCESS_KEY": "emulator",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def run_command(command: list[str], environment: Mapping[str, str]) -> int:
    """Runs the command in our place: same terminal, same signals, its exit status (128 + N for signal N)."""
    # Held back, a signal can't fall between the command's start and there being someone to pass it on.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        process = subprocess.Popen(command, env=environment, preexec_fn=as_command_of(os.getpid()))
        forward_signals_to(process)
    except OSError as error:
        say(f"cannot run `{command[0]}`: {error.strerror}")
        return 127 if isinstance(error, FileNotFoundError) else 126
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    status = process.wait()
    signal.alarm(0)
    return status if status >= 0 else 128 - status


def as_command_of(parent: int) -> Callable[[], None]:
    die_with = die_with_parent(parent, signal.SIGTERM)

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        die_with()

    return prepare


def forward_signals_to(process: subprocess.Popen[bytes]) -> None:
    """Passes stop signals on. The emulators stay up meanwhile, for a command that undoes its work when stopped."""

    def forward(signum: int, _frame: FrameType | None) -> None:
        # The terminal sends Ctrl-C to the command as well, and many take a second one as "at once".
        if signum != signal.SIGINT or not in_foreground():
            process.send_signal(signum)
        if signum != signal.SIGINT:
            signal.alarm(COMMAND_GRACE_SECONDS)

    def kill(_signum: int, _frame: FrameType | None) -> None:
        process.kill()

    signal.signal(signal.SIGALRM, kill)
    for signum in STOP_SIGNALS:
        signal.signal(signum, forward)


def in_foreground() -> bool:
    """Whether what is typed at a terminal reaches our process group."""
    try:
        with open("/dev/tty", "rb", buffering=0) as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


# serve


def serve_verb(_asked: argparse.Namespace) -> int:
    if sys.stdin is None:
        raise Failed("`serve` stops when stdin closes, and stdin is closed already")
    install()
    with emulators() as (keeper_output, endpoints):
        print(json.dumps(endpoints), flush=True)
        ended = wait_for_end_of(sys.stdin, keeper_output)
        # The keeper's pipe ends first only when it has given up, and it has said why.
        return 1 if ended is keeper_output else 0


def wait_for_end_of(*pipes: IO[str]) -> IO[str]:
    """Reads all the pipes and returns the first that ends."""
    while True:
        ready, _, _ = select.select(pipes, [], [])
        for pipe in ready:
            if not os.read(pipe.fileno(), 4096):
                return pipe


# What `run` and `serve` share: the pipe to the keeper


@contextlib.contextmanager
def emulators() -> Iterator[tuple[IO[str], dict[str, Any]]]:
    """What the keeper says of the emulators, after the pipe it says it on. When the block ends, they are stopped."""
    # A session of its own: Ctrl-C at the terminal is for the command, which may still need the emulators.
    keeper = subprocess.Popen(
        [sys.executable, str(Path(__file__).resolve()), "keep"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    assert keeper.stdin is not None and keeper.stdout is not None
    try:
        line = keeper.stdout.readline()
        if not line:
            raise Failed("the emulators did not start")
        yield keeper.stdout, json.loads(line)
    finally:
        keeper.stdin.close()
        keeper.wait()


# keep: the process that owns the emulators


def keep_verb(_asked: argparse.Namespace) -> int:
    """Starts both, says where they are, and stops them as soon as stdin ends."""
    with tempfile.TemporaryDirectory(prefix="sce-emulators-", ignore_cleanup_errors=True) as scratch:
        running = start_both(Path(scratch))
        try:
            make_namesakes(running["control"].url)
            print(json.dumps(description(running)), flush=True)
            while not owner_is_gone(wait=1.0):
                for one in running.values():
                    one.fail_if_ended()
        finally:
            stop(running.values())
    return 0


def make_namesakes(control: str) -> None:
    """Makes the account's log bucket in moto's own S3 as well, empty and used by nobody.

    CloudTrail is moto's, and refuses a trail whose bucket is not in moto's S3; the buckets are ministack's.
    """
    for region in {os.environ.get(name) for name in ("AWS_REGION", "AWS_DEFAULT_REGION")} | {"us-west-2"}:
        if region:
            request = urllib.request.Request(f"{control}/sce-logs-{ACCOUNT}-{region}", method="PUT")
            urllib.request.urlopen(request, timeout=STOP_SECONDS).close()


def description(running: Mapping[str, Running]) -> dict[str, Any]:
    return {
        "control": running["control"].url,
        "data": running["data"].url,
        "data_services": DATA_SERVICES,
        "pids": {role: one.process.pid for role, one in running.items()},
        "python": str(VENV / "bin" / "python"),
        "divergences": str(DIVERGENCES),
    }


def owner_is_gone(wait: float) -> bool:
    """Whether the pipe from our owner has ended; the owner never writes to it. Also our way to sleep."""
    ready, _, _ = select.select([sys.stdin], [], [], wait)
    return bool(ready)


@dataclass(frozen=True)
class Launch:
    """How one emulator is started on a port."""

    name: str
    health: str
    command: list[str]
    environment: dict[str, str]


def moto(port: int, _scratch: Path) -> Launch:
    """The control plane.

    MOTO_IAM_LOAD_MANAGED_POLICIES stays off. AWS's managed policies, which nothing here uses, would make the
    first IAM call of every run take 0.6 to 0.9 s and not 0.1 to 0.2 s (2 cores, 3 runs each).
    """
    command = [str(VENV / "bin" / "moto_server"), "-H", LOOPBACK, "-p", str(port)]
    return Launch("moto", "/moto-api/", command, {})


def ministack(port: int, scratch: Path) -> Launch:
    """The data plane."""
    environment = {
        "BIND_HOST": LOOPBACK,
        "GATEWAY_PORT": str(port),
        "EDGE_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        # Otherwise MQTT listens on 0.0.0.0:8883 from the start, and SFTP on 0.0.0.0 once asked for.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "SFTP_HOST": LOOPBACK,
        # Persistence is off unless asked for; were it on, it would end with the scratch folder.
        "STATE_DIR": str(scratch / "state"),
        "S3_DATA_DIR": str(scratch / "s3"),
    }
    return Launch("ministack", "/_localstack/health", [str(VENV / "bin" / "ministack")], environment)


ROLES: dict[str, Callable[[int, Path], Launch]] = {"control": moto, "data": ministack}


class PortLost(Exception):
    """An emulator found its port taken."""


@dataclass(frozen=True)
class Running:
    """An emulator's process."""

    launch: Launch
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def fail_if_ended(self) -> None:
        status = self.process.poll()
        if status is None:
            return
        tail = self.log_tail()
        if "in use" in tail:
            raise PortLost(tail)
        raise Failed(f"{self.launch.name} ended by itself with status {status}; the end of its log:\n{tail}")

    def answers(self) -> bool:
        # http.client and not urllib: a proxy named in the environment must have no say here.
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=5)
        try:
            connection.request("GET", self.launch.health)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def log_tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])


def start_both(scratch: Path) -> dict[str, Running]:
    """Both emulators, healthy. A port lost to another program is worth another try."""
    for attempt in range(START_ATTEMPTS):
        running: dict[str, Running] = {}
        try:
            with contextlib.ExitStack() as reservations:
                for role, how in ROLES.items():
                    port = reservations.enter_context(reserved_port())
                    folder = scratch / f"{role}-{attempt}"
                    running[role] = start(how(port, folder), port, folder)
                deadline = time.monotonic() + START_SECONDS
                for one in running.values():
                    wait_until_healthy(one, deadline)
            return running
        except PortLost:
            stop(running.values())
        except BaseException:
            stop(running.values())
            raise
    raise Failed(f"no free port could be had in {START_ATTEMPTS} attempts")


@contextlib.contextmanager
def reserved_port() -> Iterator[int]:
    """A free port that nobody else is given while the block lasts.

    Linux lets two sockets with SO_REUSEADDR share a port as long as one at most listens. Both emulators set
    it, so they can listen on the port we keep, and no other process is handed it in between.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((LOOPBACK, 0))
        yield held.getsockname()[1]


def start(launch: Launch, port: int, folder: Path) -> Running:
    folder.mkdir()
    log = folder / "log"
    with open(log, "wb") as output:
        process = subprocess.Popen(
            launch.command,
            env=emulator_environment(folder) | launch.environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(os.getpid(), signal.SIGKILL),
        )
    return Running(launch, port, process, log)


def emulator_environment(folder: Path) -> dict[str, str]:
    """As little of the caller's as will do; whatever an emulator writes, it writes into its folder."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH") if name in os.environ}
    # ministack removes containers it thinks its own, and mounts the daemon's socket into new ones.
    return kept | {"HOME": str(folder), "TMPDIR": str(folder), "DOCKER_HOST": f"unix://{folder}/no-docker"}


def wait_until_healthy(one: Running, deadline: float) -> None:
    while not one.answers():
        one.fail_if_ended()
        if time.monotonic() > deadline:
            tail = one.log_tail()
            raise Failed(f"{one.launch.name} did not answer within {START_SECONDS:.0f} s; the end of its log:\n{tail}")
        if owner_is_gone(wait=0.05):
            raise Stopped(signal.SIGHUP)


def stop(running: Iterable[Running]) -> None:
    """Ends the emulators and all they started: politely, and after STOP_SECONDS at the latest for good."""
    processes = [one.process for one in running]
    for process in processes:
        signal_group(process, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
        signal_group(process, signal.SIGKILL)
        process.wait()


def signal_group(process: subprocess.Popen[bytes], signum: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signum)


# Shared


def die_with_parent(parent: int, signum: int) -> Callable[[], None]:
    """For a new child to call before it becomes another program: the kernel signals it when its parent dies."""
    pr_set_pdeathsig = 1
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def prepare() -> None:
        prctl(pr_set_pdeathsig, signum, 0, 0, 0)
        # The parent may have died before the kernel was told.
        if os.getppid() != parent:
            os._exit(128 + signum)

    return prepare


def say(line: str) -> None:
    print(f"emulators.py: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
