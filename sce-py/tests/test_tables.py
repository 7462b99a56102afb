"""Tables, as other libraries take them, held to the files that the command writes."""

from __future__ import annotations

import time
from pathlib import Path

import duckdb
import pandas
import polars
import pyarrow
import pytest

import sce


def test_findings_reach_every_library(plan: sce.Plan) -> None:
    found = plan.check()
    frame = found.to_pandas()
    assert list(frame["rule"]) == [finding.rule for finding in found]
    assert polars.DataFrame(found)["severity"].to_list() == [finding.severity for finding in found]
    taken = pyarrow.table(found)
    assert taken.num_rows == len(found) and taken.schema.field("document_line").type == pyarrow.int64()
    counted = duckdb.sql("select count(*) from taken where status = 'kept'").fetchall()
    assert counted == [(sum(finding.status == "kept" for finding in found),)]


def test_an_empty_sequence_is_a_table_too(plan: sce.Plan) -> None:
    exposed = plan.network().exposed()
    assert len(exposed) == 0 and pyarrow.table(exposed).num_rows == 0


def test_cost_lines_are_numbers(plan: sce.Plan) -> None:
    estimate = plan.cost()
    assert estimate.to_pandas()["monthly"].sum() == pytest.approx(estimate.monthly)


@pytest.mark.parametrize("corrected", [False, True])
def test_the_johns_in_memory_are_those_in_the_files(tmp_path: Path, corrected: bool) -> None:
    manifest = sce.synth.write_johns(tmp_path, rows=3000, corrected=corrected, progress=False)
    assert [one["rows"] for one in manifest["files"]] == [100, 100, 3000]
    tables = sce.synth.johns(rows=3000, corrected=corrected).to_pandas()
    written = pandas.read_csv(tmp_path / "timeseries.csv", parse_dates=["date"])
    memory = tables["timeseries"]
    assert list(memory.columns) == list(written.columns)
    for name in written.columns:
        ours = memory[name].astype("datetime64[s]") if name == "date" else memory[name]
        theirs = written[name].astype("datetime64[s]") if name == "date" else written[name]
        assert ours.to_numpy().tolist() == theirs.to_numpy().tolist(), name
    patients = pandas.read_csv(tmp_path / "patients.csv")
    assert tables["patients"].astype(str).equals(patients.astype(str))
    parameters = pandas.read_csv(tmp_path / "patientParameters.csv")
    assert (tables["parameters"].to_numpy() == parameters.to_numpy()).all()


def test_a_million_rows_reach_pandas() -> None:
    sce.synth.johns(rows=10).to_pandas()  # pandas and pyarrow are imported once
    begun = time.process_time()
    frame = sce.synth.johns(rows=1_000_000).to_pandas()["timeseries"]
    took = time.process_time() - begun
    assert len(frame) == 1_000_000
    # This is an unoptimised build but for the generator; `make bench` measures the release one.
    assert took < 3.0, took


def test_a_table_keeps_its_memory_while_somebody_has_it() -> None:
    table = pyarrow.table(sce.synth.johns(rows=1000).timeseries)
    assert table["ID"].to_pylist()[:2] == pyarrow.table(sce.synth.johns(rows=2).timeseries)["ID"].to_pylist()
    schema, array = sce.synth.johns(rows=5).patients.__arrow_c_array__()
    assert pyarrow.RecordBatch._import_from_c_capsule(schema, array).num_rows == 100
