"""The console script `sce`: the same command as the Rust binary."""

from __future__ import annotations

import signal
import sys

from sce import _sce


def main() -> None:
    """Runs the command with the process's arguments, and ends the process with its status."""
    # The command hears Ctrl-C itself where there is something to end well; elsewhere it ends as the binary does.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(_sce.command(["sce", *sys.argv[1:]]))
