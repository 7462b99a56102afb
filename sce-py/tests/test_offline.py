"""What needs no account, held to the command that the wheel brings."""

from __future__ import annotations

import datetime
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, command, small

import sce


def test_it_is_the_installed_wheel_that_is_tested() -> None:
    assert sce.__file__ is not None and "site-packages" in sce.__file__


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "hipaa.toml"
    path.write_text(sce.Spec.example("hipaa"))
    return path


def test_a_plan_is_the_commands_plan(file: Path) -> None:
    told = command("plan", file, "--json", "--quiet")
    plan = sce.plan(sce.Spec.load(file))
    assert told.returncode == 0
    assert plan.to_json() == told.stdout.rstrip("\n")
    assert str(plan).rstrip() == command("plan", file, "--quiet").stdout.rstrip()
    assert [node.node for node in plan.nodes] == [node["id"] for node in json.loads(told.stdout)["nodes"]]


def test_findings_and_proofs_are_the_commands(file: Path) -> None:
    plan = sce.plan(sce.Spec.load(file))
    told = json.loads(command("check", file, "--json", "--all").stdout)["findings"]
    found = plan.check()
    assert [(one.rule, one.resource, one.status) for one in found] == [
        (one["rule"], one["resource"], one["status"]) for one in told
    ]
    told = json.loads(command("prove", file, "--json").stdout)["properties"]
    assert [(proof.id, proof.holds, proof.required) for proof in plan.prove()] == [
        (one["id"], one["holds"], one["required"]) for one in told
    ]


def test_cost_is_the_commands(file: Path) -> None:
    estimate = sce.plan(sce.Spec.load(file)).cost(hours_per_week=40)
    told = json.loads(command("cost", file, "--json", "--hours-per-week", 40).stdout)
    assert estimate.states == told["states"] and estimate.as_of == told["as_of"]
    assert sum(line.monthly for line in estimate.lines) == pytest.approx(estimate.monthly)
    with pytest.raises(sce.InputError, match="169"):
        sce.plan(sce.Spec.load(file)).cost(hours_per_week=169)


def test_what_stops_a_plan_is_told_and_raised() -> None:
    plan = sce.plan(sce.Spec.from_dict({"pit": "hipaa", "region": "us-west-2", "owner": "builder@example.edu"}))
    found = plan.check()
    assert not found.ok and found.blocking and all(finding.blocks for finding in found.blocking)
    assert len(found.blocking) <= len(found.open) < len(found)
    with pytest.raises(sce.CheckFailed) as raised:
        found.raise_if_blocked()
    assert raised.value.findings == found
    with pytest.raises(sce.CheckFailed) as raised:
        plan.apply(sce.Target(endpoint="http://127.0.0.1:9"))
    assert raised.value.findings == found and raised.value.proofs == found.proofs


def test_waivers_expire_by_the_day(plan: sce.Plan) -> None:
    assert plan.check(on=datetime.date(2026, 11, 24)).ok
    assert plan.check(on="2026-11-24") == plan.check(on=datetime.date(2026, 11, 24))
    with pytest.raises(sce.InputError):
        plan.check(on="24.11.2026")


def test_a_spec_that_is_wrong_is_refused_by_line() -> None:
    with pytest.raises(sce.SpecError) as raised:
        sce.Spec.from_toml('pit = "hipaa"\nregoin = "us-west-2"\n')
    (problem,) = raised.value.problems
    assert problem["line"] == 2 and raised.value.help == "did you mean `region`?"
    assert isinstance(raised.value, ValueError) and "regoin" in str(raised.value)


def test_a_file_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(sce.FileError) as raised:
        sce.Spec.load(tmp_path / "none.toml")
    assert isinstance(raised.value, OSError) and raised.value.filename.endswith("none.toml")
    assert "No such file" in str(raised.value)


def test_specs_go_to_dictionaries_and_back(spec: sce.Spec) -> None:
    assert sce.Spec.from_dict(spec.to_dict()) == spec
    dated = small("hipaa", approvals={"irb": "STUDY00001234", "baa": datetime.date(2026, 3, 1)})
    assert dated.to_dict()["approvals"]["baa"] == "2026-03-01"


def test_a_network_is_divided_or_it_says_by_how_much_it_falls_short() -> None:
    divided = sce.cidr("10.0.0.0/24", {"public": 20, "private": 100}, taken=["10.0.0.64/26"])
    assert [subnet.cidr for subnet in divided.subnets] == ["10.0.0.0/27", "10.0.0.128/25"]
    with pytest.raises(sce.InputError, match="short by"):
        sce.cidr("10.0.0.0/24", {"a": 200, "b": 200})


def test_what_changed_between_plans(spec: sce.Spec) -> None:
    told = spec.to_dict()
    told["network"]["egress"] = "none"
    changes = sce.plan(sce.Spec.from_dict(told)).diff(sce.plan(spec))
    assert ("nat-gateway", "removed") in [(one.node, one.change) for one in changes]
    assert len(changes.to_pandas()) == len(changes) and "nat-gateway" in changes._repr_html_()
    assert "same" in sce.plan(spec).diff(sce.plan(spec))._repr_html_()


def test_reach_on_saved_answers() -> None:
    folder = ROOT / "tests" / "fixtures" / "describe" / "bastion"
    network = sce.reach(folder)
    assert network.names["vpcs"]
    told = json.loads(command("reach", folder, "--exposed", "--json").stdout)
    assert [exposure.ports for exposure in network.exposed()] == [one["ports"] for one in told["exposed"]]
    flow = {"from": "internet", "src_ip": "198.51.100.7", "dst_ip": "203.0.113.9", "protocol": "tpc", "dst_port": 22}
    with pytest.raises(sce.InputError, match="tpc"):
        network.walk(flow)


def test_sarif_and_permissions_are_the_commands(file: Path) -> None:
    plan = sce.plan(sce.Spec.load(file))
    assert plan.sarif(all=True) == json.loads(command("check", file, "--sarif", "--all").stdout)
    with pytest.raises(sce.InputError, match="in no file"):
        sce.plan(small("hipaa")).sarif()
    assert plan.permissions() == json.loads(command("permissions", file, "--json").stdout)
    assert sce.permissions(plan) == plan.permissions()
    assert plan.permissions(account=True) == json.loads(command("permissions", file, "--account", "--json").stdout)
    # The table as JSON: a pair is a tuple here.
    assert json.loads(json.dumps(sce.permissions())) == json.loads(command("permissions", "--json").stdout)["permissions"]
    assert sce.collection_permissions() == json.loads(command("permissions", "--collect").stdout)


def test_a_policy_of_the_institution_is_judged_by_and_begins_specs(file: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(
        'schema_version = 1\nname = "Example University"\n[defaults]\nregion = "us-east-1"\n[forbid]\negress = ["nat"]\n'
    )
    assert sce.Spec.example("hipaa", policy=policy) == command("init", "--policy", policy).stdout
    assert sce.Spec.from_toml(sce.Spec.example("hipaa", policy=policy)).region == "us-east-1"
    plan = sce.plan(sce.Spec.load(file))
    told = json.loads(command("check", file, "--policy", policy, "--json", "--all").stdout)["findings"]
    assert [(one.rule, one.status) for one in plan.check(policy=policy)] == [(one["rule"], one["status"]) for one in told]
    policy.write_text('schema_version = 1\nname = "x"\nforbit = {}\n')
    with pytest.raises(sce.InputError) as raised:
        plan.check(policy=policy)
    assert raised.value.problems[0]["line"] == 3 and f"{policy}:3: " in str(raised.value)


def test_rules_are_explained() -> None:
    rules = sce.explain()
    assert len(rules) > 100 and sce.explain(rules[0].id) == rules[0]
    with pytest.raises(sce.InputError, match="did you mean"):
        sce.explain(rules[0].id + "x")


def test_coverage_register_and_catalogue(plan: sce.Plan) -> None:
    assert len(plan.coverage().items) == 65
    assert plan.register().risks and plan.register()._repr_markdown_().startswith("#")
    assert sce.catalog("2026-11-24")["services"]


@pytest.mark.parametrize("what", ["spec", "plan", "lock", "findings", "proofs", "estimate", "target", "error"])
def test_pickling(what: str, plan: sce.Plan) -> None:
    def error() -> sce.SceError:
        return sce.CloudError("`vpc` could not be built", causes=["denied"], help="ask", code="X", left_behind=["vpc"])

    made = {
        "spec": plan.spec, "plan": plan, "lock": plan.lock, "findings": plan.check(), "proofs": plan.prove(), "estimate": plan.cost(),
        "target": sce.Target(endpoint="http://127.0.0.1:1"),
    }.get(what) or error()  # fmt: skip
    again = pickle.loads(pickle.dumps(made))
    if isinstance(made, sce.SceError):
        assert (str(again), again.__dict__) == (str(made), made.__dict__)
    else:
        assert again == made


def test_what_is_not_pickled_says_what_to_do_instead(plan: sce.Plan) -> None:
    with pytest.raises(TypeError, match="observe or read it again"):
        pickle.dumps(plan.model())
    with pytest.raises(TypeError, match="make it again"):
        pickle.dumps(plan.network())


def test_another_process_gets_a_plan_whole(plan: sce.Plan) -> None:
    # Neither forked nor told anything but the pickle: what a pool of workers does.
    program = "import pickle, sys; plan = pickle.load(sys.stdin.buffer); print(plan.digest, plan.check().ok)"
    ran = subprocess.run([sys.executable, "-c", program], input=pickle.dumps(plan), capture_output=True)
    assert ran.stdout.decode().split() == [plan.digest, "True"], ran.stderr.decode()


def test_targets_are_explicit() -> None:
    with pytest.raises(sce.TargetError, match="neither"):
        sce.Target()
    with pytest.raises(sce.TargetError, match="both"):
        sce.Target(endpoint="http://127.0.0.1:1", real_account="111122223333")
    with pytest.raises(sce.TargetError, match="not on this machine"):
        sce.Target(endpoint="https://ec2.amazonaws.com")
    with pytest.raises(AttributeError):
        sce.Target(endpoint="http://127.0.0.1:1").endpoint = {}  # type: ignore[misc]


def test_names_are_no_markup() -> None:
    hostile = "<script>alert(1)</script>"
    spec = small("hipaa", approvals={"irb": hostile, "billing": "B", "baa": "2026-03-01"})
    shown = spec._repr_html_() + sce.plan(spec)._repr_html_() + sce.plan(spec).check()._repr_html_()
    assert hostile not in shown and "&lt;script&gt;" in shown


def test_everything_shows_itself(plan: sce.Plan) -> None:
    shown = [plan.spec, plan, plan.check(), plan.prove(), plan.cost(), plan.model(), plan.prove()[0], sce.explain()[0], plan.coverage(), plan.register()]
    for thing in shown:
        html = thing._repr_html_()
        assert html.startswith("<style>") and "prefers-color-scheme:dark" in html
        assert "\x1b" not in repr(thing) and "object at 0x" not in repr(thing)
    assert "<svg" in plan._repr_html_()


def test_the_command_ends_as_the_binary_does(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("pit = 1\n")
    assert command("check", bad).returncode == 2
    assert command("--version").stdout.strip() == f"sce {sce.__version__}"
    assert command("no-such").returncode == 2 and "Usage" in command("no-such").stderr
    assert command("cidr", "10.0.0.0/24", "--need", "a=200", "--need", "b=200").returncode == 1
    nobody = command("status", "hipaa", "--endpoint-url", "http://127.0.0.1:9")
    assert nobody.returncode == 3, nobody.stderr


def test_importing_is_quick_and_loads_nothing_heavy() -> None:
    # Without site, which imports some of these by itself. `tools/wheel.py bench` measures the time.
    heavy = ["pandas", "pyarrow", "tqdm", "IPython", "asyncio", "pathlib", "urllib.parse", "subprocess", "dataclasses", "inspect"]
    program = f"import sys; sys.path = {sys.path!r}; import sce; print(*[name for name in {heavy!r} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-S", "-E", "-c", program], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout.split()) == (0, []), ran


def test_a_build_without_the_gil_is_refused() -> None:
    # No such build is here: one that says of itself that it is.
    program = "import sys; sys._is_gil_enabled = lambda: False; import sce"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.returncode == 1 and "ImportError: sce has not been made for free-threaded Python" in ran.stderr


def test_a_second_interpreter_is_refused() -> None:
    try:
        import _xxsubinterpreters as interpreters  # Python 3.10 to 3.12
    except ImportError:
        interpreters = pytest.importorskip("_interpreters", reason="no module for interpreters")
    import sce._sce  # noqa: F401  the first has it

    one = interpreters.create()
    program = "try:\n    import sce\nexcept ImportError as error:\n    assert 'subinterpreter' in str(error), error\nelse:\n    raise AssertionError('imported')\n"
    ended = interpreters.run_string(one, program)
    interpreters.destroy(one)
    assert ended is None, ended
