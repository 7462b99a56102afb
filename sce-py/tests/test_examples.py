"""The examples in docstrings, and the notebooks, as they run from the installed wheel."""

from __future__ import annotations

import doctest
import os
import time
from pathlib import Path

import nbclient
import nbformat
import pytest
from conftest import ROOT

import sce
import sce.synth

NOTEBOOKS = sorted((ROOT / "examples" / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("module", [sce, sce.synth], ids=["sce", "sce.synth"])
def test_docstrings(module: object) -> None:
    how = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    ran = doctest.testmod(module, extraglobs={"sce": sce}, optionflags=how)
    assert ran.attempted > 0 and ran.failed == 0


def test_everything_public_has_a_docstring() -> None:
    # An alias of types has the docstring of its type.
    for name in [name for name in sce.__all__ if name != "Progress"]:
        assert getattr(sce, name).__doc__, name
        thing = getattr(sce, name)
        if isinstance(thing, type):
            members = [one for one, value in vars(thing).items() if not one.startswith("_") and callable(value)]
            assert not [one for one in members if not getattr(thing, one).__doc__], name


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) >= 4


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCE_REPOSITORY", os.fspath(ROOT))
    notebook = nbformat.read(path, as_version=4)
    assert not [cell for cell in notebook.cells if cell.get("outputs")], "notebooks are kept without output"
    begun = time.monotonic()
    ran = nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": os.fspath(tmp_path)}}).execute()
    assert time.monotonic() - begun < 120
    shown = [output for cell in ran.cells for output in cell.get("outputs", [])]
    kinds = {kind for output in shown for kind in output.get("data", {})}
    assert kinds & {"text/html", "image/png", "image/svg+xml"}, "a notebook shows pictures"
