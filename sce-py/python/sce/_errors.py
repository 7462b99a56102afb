"""What goes wrong, as one tree under `SceError`."""

from __future__ import annotations

from typing import Any

__all__ = [
    "ApplyError", "ArchiveError", "CheckFailed", "CloudError", "FileError", "InputError", "KeysError", "LeaseHeld", "PlanError", "SceError",
    "CloseOutRefused", "SpecError", "TargetError", "TransferError", "Unarchived", "UnknownEnvironment",
]  # fmt: skip


class SceError(Exception):
    """Something that `sce` could not do. `str()` tells message, causes and help; `message` is the first alone.

    >>> error = SceError("`a` cannot be written", causes=["the disk is full"], help="make room")
    >>> print(error)
    `a` cannot be written
      caused by: the disk is full
    help: make room
    """

    message: str
    """What went wrong: a lower-case fragment, the caller's own words in backticks."""
    causes: list[str]
    """What lies behind it, the nearest first."""
    help: str | None
    """What to do about it."""

    def __init__(self, message: str, *, causes: list[str] | None = None, help: str | None = None, **told: Any) -> None:
        super().__init__(message)
        self.message = message
        self.causes = list(causes or [])
        self.help = help
        for name, value in told.items():
            setattr(self, name, value)

    def __str__(self) -> str:
        causes = "".join(f"\n  caused by: {cause}" for cause in self.causes)
        help = f"\nhelp: {self.help}" if self.help else ""
        return f"{self.message}{causes}{self._more()}{help}"

    def _more(self) -> str:
        return ""

    def __reduce__(self) -> Any:
        return _again, (type(self), self.message, self.__dict__)


def _again(kind: type[SceError], message: str, told: dict[str, Any]) -> SceError:
    error = kind(message)
    error.__dict__.update(told)
    return error


class InputError(SceError, ValueError):
    """A value or a file that was given is not what it should be."""

    path: str | None = None
    """The file, if it is one."""
    problems: list[dict[str, Any]] = []
    """What is wrong with it, each with `line`, `message` and `help`."""

    def _more(self) -> str:
        return "".join(_problem(self.path, problem) for problem in self.problems)


def _problem(path: str | None, problem: dict[str, Any]) -> str:
    line = f"line {problem['line']}: " if problem["line"] else ""
    if path:
        line = f"{path}:{problem['line']}: " if problem["line"] else f"{path}: "
    help = f"\n  help: {problem['help']}" if problem["help"] else ""
    return f"\n{line}{problem['message']}{help}"


class SpecError(InputError):
    """A spec is wrong; `problems` has everything that is, by line."""

    def _more(self) -> str:
        # One problem is the message itself, and its help the error's.
        return super()._more() if len(self.problems) > 1 or self.path else ""


class PlanError(SceError, ValueError):
    """A spec has no plan, or the account cannot supply what it needs."""


class FileError(SceError, OSError):
    """A file cannot be read or written; `filename` and `errno` as an `OSError` has them."""


class TargetError(SceError, ValueError):
    """Neither an emulator nor an account is named, an endpoint is wrong, or the credentials are of another account."""


class KeysError(SceError, ValueError):
    """A key that machines or people are reached with cannot be made, rotated, finished or recovered as things are."""


class CheckFailed(SceError):
    """Rules or claims stop a plan."""

    findings: Any = ()
    """Every finding: `Findings`, as `Plan.check` returns them."""
    proofs: Any = ()
    """What came of every claim: `Proofs`, as `Plan.prove` returns them."""

    def __init__(self, message: str, *, findings: Any = (), proofs: Any = (), blocking: Any = (), **told: Any) -> None:
        from sce._judged import Findings, Proofs

        if isinstance(findings, list):
            # As the native half tells them.
            judged = Findings._judged({"findings": findings, "proofs": proofs, "blocking": blocking})
            findings, proofs = judged, judged.proofs
        super().__init__(message, findings=findings or Findings([]), proofs=proofs or Proofs([]), **told)


class CloudError(SceError):
    """AWS refused or failed."""

    operation: str | None = None
    """The API operation, such as `CreateVpc`."""
    resource: str | None = None
    """What it was about."""
    trouble: str | None = None
    """What kind of failure it is: `Denied`, `Quota`, `Throttled`, `NotFound`, `Unreachable`, `NoAnswer`, ..."""
    code: str | None = None
    """AWS's error code, such as `VpcLimitExceeded`."""
    request_id: str | None = None
    """AWS's id of the request, which its support asks for."""
    may_be_done: bool = False
    """Whether the call may have done its work all the same."""
    node: str | None = None
    """The node of the plan that could not be built."""
    left_behind: list[str] = []
    """Nodes that exist when an apply stops; the next one finds them and goes on from there."""
    in_doubt: list[str] = []
    """Nodes of which nobody knows whether they exist."""
    undone: list[str] = []
    """With `undo_on_failure`: nodes that the run made and that are gone again."""

    def _more(self) -> str:
        left = f"\nleft behind: {', '.join(self.left_behind)}" if self.left_behind else ""
        doubt = f"\nin doubt: {', '.join(self.in_doubt)}" if self.in_doubt else ""
        undone = f"\nundone: {', '.join(self.undone)}" if self.undone else ""
        return left + doubt + undone


class ApplyError(CloudError):
    """An apply stopped, and no call is to blame: the plan is not for this account, or something of that name is somebody else's."""


class UnknownEnvironment(SceError, LookupError):
    """No registry knows an environment of that name, or it was closed out and nothing was built since."""

    pit: str = ""
    """The name asked for."""
    known: list[str] = []
    """Names that are known."""


class LeaseHeld(SceError):
    """Another run is at work on the environment, or was cut short within the last two minutes; `take_over=True` takes over from it."""

    pit: str = ""
    holder: str = ""


class TransferError(SceError):
    """A file did not get where it should; nothing of it is left half-way."""


class ArchiveError(SceError):
    """An archive could not be made, read or opened."""


class CloseOutRefused(SceError):
    """Something stands against an end: a legal hold, machines that run, data newer than the last archive. Nothing was deleted."""

    things: list[str] = []
    """Machines that run, each with its id."""


class Unarchived(ArchiveError):
    """Something holds what no archive does, so nothing was deleted."""

    things: list[str] = []
    """Databases and data volumes, each with its id."""
