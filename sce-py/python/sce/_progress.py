"""Telling how far a long piece of work is: in a notebook a bar of its own, on a terminal tqdm's, else a line for each thing that is done."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias, Union


class Step(NamedTuple):
    """How far a long piece of work is."""

    subject: str
    """What it is at: a node of the plan, a file."""
    deed: str
    """What is done with it: `looking`, `creating`, `created`, `kept`, `deleted`, `sending`, ..."""
    done: int
    """How many things are done, or bytes."""
    total: int
    """Of how many; 0 when nobody knows."""


Progress: TypeAlias = Union[bool, Callable[[Step], Any], None]
"""True shows progress, False does not, None shows it in a notebook and on a terminal; a callable is told of each step."""

Told: TypeAlias = "Callable[[str, str, int, int], None] | None"

BEGUN = frozenset({"waiting", "looking", "creating", "settling", "archiving", "deleting", "stopping", "starting", "hashing", "sending", "receiving", "checking"})  # fmt: skip


@contextmanager
def telling(progress: Progress, about: str, *, bytes: bool = False) -> Iterator[Told]:
    """What the native half is given to tell of steps."""
    if callable(progress):
        heard = progress
        yield lambda subject, deed, done, total: heard(Step(subject, deed, done, total))
    elif progress or (progress is None and _watched()):
        yield from _shown(about, bytes)
    else:
        yield None


def _watched() -> bool:
    """Whether somebody is watching: a terminal, or a notebook."""
    return _in_notebook() or sys.stderr.isatty()


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and type(shell).__name__ == "ZMQInteractiveShell"


def _shown(about: str, bytes: bool) -> Iterator[Told]:
    if _in_notebook():
        yield from _displayed(about)
        return
    try:
        from tqdm import tqdm
    except ImportError:
        yield _line
        return
    bar = tqdm(desc=about, unit="B" if bytes else "things", unit_scale=bytes, leave=False)

    def drawn(subject: str, deed: str, done: int, total: int) -> None:
        bar.total = total or None
        bar.n = done
        bar.set_postfix_str(f"{deed} {subject}", refresh=False)
        bar.refresh()

    try:
        yield drawn
    finally:
        bar.close()


def _displayed(about: str) -> Iterator[Told]:
    """One bar that is drawn anew in its place and gone at the end. A bar of text would leave a line for each step in a saved notebook."""
    from html import escape
    from time import monotonic

    from IPython.display import HTML, display

    handle = display(HTML(""), display_id=True)
    drawn_at = 0.0

    def drawn(subject: str, deed: str, done: int, total: int) -> None:
        nonlocal drawn_at
        if monotonic() - drawn_at >= 0.1:
            drawn_at = monotonic()
            bar = f'<progress max="{total}" value="{done}"></progress> ' if total else ""
            handle.update(HTML(f"<small>{escape(about)} {bar}{escape(deed)} {escape(subject)}</small>"))

    try:
        yield drawn
    finally:
        handle.update(HTML(""))


def _line(subject: str, deed: str, done: int, total: int) -> None:
    if deed not in BEGUN:
        # What comes from an account may hold what a terminal obeys.
        told = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in subject)
        print(f"{deed} {told} ({done}/{total})", file=sys.stderr)
