"""Data to rehearse with: the Johns of POC A, a town of imaginary patients who see the doctor for 41 years.

>>> from sce import synth
>>> tables = synth.johns(rows=500)
>>> tables.timeseries.num_rows, tables.patients.column_names
(500, ['Surname', 'Given name', 'DOB', 'height', 'ID'])
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from sce import _sce
from sce._progress import Progress, telling
from sce._record import to_pandas

if TYPE_CHECKING:
    import pandas

__all__ = ["Johns", "johns", "write_johns"]


class Johns(NamedTuple):
    """The three tables, which pandas, polars, DuckDB and pyarrow take through Arrow's PyCapsule interface without a copy."""

    patients: _sce.Table
    """Who there is."""
    parameters: _sce.Table
    """The ranges that each one's vital signs keep to: systolic `S0`-`S1` mmHg, diastolic `D0`-`D1`, and so on."""
    timeseries: _sce.Table
    """The visits: a row each, with pressures in mmHg, rates a minute, `OSat` in %, `temp` in °F, `weight` in lb, `BMI` in kg/m²."""

    def to_pandas(self) -> dict[str, pandas.DataFrame]:
        """Each table as a `pandas.DataFrame`, by name."""
        return {name: to_pandas(table) for name, table in self._asdict().items()}

    def __repr__(self) -> str:
        return f"<Johns: {self.patients.num_rows} patients, {self.timeseries.num_rows} visits>"


def johns(
    *,
    rows: int = 10_000,
    patients: int = 100,
    seed: int = 31_415,
    dialect: Literal["python2", "python3"] = "python2",
    corrected: bool = False,
) -> Johns:
    """The Johns in memory, with the values of the files that `write_johns` writes.

    Args:
        rows: How many visits.
        patients: How many patients.
        seed: Of the random numbers, which are CPython's.
        dialect: Whose random numbers: Python 2's, as in the document, or Python 3's.
        corrected: What the document's program promises, rather than what it does (document lines 690-956).
    """
    return Johns(*_sce.johns_tables(_asked(rows, patients, seed, dialect, corrected)))


def write_johns(
    folder: str | os.PathLike[str],
    *,
    rows: int = 10_000,
    patients: int = 100,
    seed: int = 31_415,
    dialect: Literal["python2", "python3"] = "python2",
    corrected: bool = False,
    progress: Progress = None,
) -> dict[str, Any]:
    """Writes `patients.csv`, `patientParameters.csv`, `timeseries.csv` and `manifest.json`, which is returned; see `johns`."""
    with telling(progress, "generating") as told:
        return _sce.write_johns(_asked(rows, patients, seed, dialect, corrected), os.fspath(folder), told)


def _asked(rows: int, patients: int, seed: int, dialect: str, corrected: bool) -> dict[str, Any]:
    return {"rows": rows, "patients": patients, "seed": seed, "dialect": dialect, "corrected": corrected}
