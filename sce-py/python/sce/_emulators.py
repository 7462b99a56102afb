"""Emulators of AWS for one block of Python. This package has none: it starts those that the repository pins, as processes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sce._core import Target
from sce._errors import InputError, SceError

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

KEEPER = os.path.join("tools", "emulators.py")


def keeper(repository: str | os.PathLike[str] | None = None) -> Path:
    """The program that starts them: in the repository that is named, in `SCE_REPOSITORY`, or in a folder above this one."""
    from pathlib import Path

    named = repository or os.environ.get("SCE_REPOSITORY")
    here = Path.cwd()
    for folder in [Path(named)] if named else [here, *here.parents]:
        if (folder / KEEPER).is_file():
            return folder / KEEPER
    raise InputError(
        f"`{KEEPER}` is not in {f'`{named}`' if named else 'this folder or one above it'}",
        help="emulators are not part of this package. Name a clone of sce's repository: `sce.emulators(repository=\"…\")` or "
        "`SCE_REPOSITORY`; or start moto and ministack yourself and say `sce.Target(endpoint=…)`",
    )


class emulators(AbstractContextManager[Target]):
    """Fresh emulators, which end with the block, with `close()`, or with this process. They are on 127.0.0.1, and nothing lasts.

    >>> with emulators() as target:  # doctest: +SKIP
    ...     spec = sce.Spec.load("hipaa.toml")
    ...     sce.plan(spec, spec.lock(target)).apply(target)

    In a notebook, where a block cannot span cells: `target = sce.emulators().start()`.
    """

    def __init__(self, repository: str | os.PathLike[str] | None = None) -> None:
        self._keeper = keeper(repository)
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> Target:
        """Starts them, and says whom to speak to. Installing them takes about a minute, once."""
        import json
        import subprocess

        self._process = subprocess.Popen(
            [sys.executable, os.fspath(self._keeper), "serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # Ctrl-C is for the caller, who may still need them.
            start_new_session=True,
        )
        RUNNING.append(self)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.close()
            raise SceError("the emulators did not start", help=f"`python {self._keeper} serve` says why")
        told: dict[str, Any] = json.loads(line)
        services = {service.lower(): told["data"] for service in told["data_services"]}
        return Target(endpoint={"": told["control"], **services}, divergences=told["divergences"])

    def close(self) -> None:
        """Ends them."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait()
        if self in RUNNING:
            RUNNING.remove(self)

    def __enter__(self) -> Target:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


RUNNING: list[emulators] = []
"""Those that were started: while they are here the pipe that keeps them up is open."""
