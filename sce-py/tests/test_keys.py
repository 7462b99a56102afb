"""Keys beside the spec, held to the command."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from conftest import APPROVALS, command

import sce

PASSPHRASE = "four words of nobody"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    said = {
        "pit": "hipaa", "region": "us-west-2", "owner": "builder@example.edu", "approvals": APPROVALS,
        "access": {"people": [{"name": "r1", "email": "r1@example.edu"}]},
    }  # fmt: skip
    path = tmp_path / "hipaa.json"
    path.write_text(json.dumps(said))
    return path


def test_keys_are_made_rotated_and_finished_as_the_command_tells(file: Path) -> None:
    assert [(key.key, key.state) for key in sce.keys.ls(file)] == [("r1", "missing")]
    made = sce.keys.make(sce.Spec.load(file), passphrase=PASSPHRASE)
    assert [(key.done, key.state, key.encrypted, key.escrow) for key in made] == [("made", "whole", True, False)]
    assert "BEGIN OPENSSH PRIVATE KEY" in Path(made[0].file).read_text()
    told = json.loads(command("keys", "ls", file, "--json").stdout)["keys"]
    mine = sce.keys.ls(file)
    assert [{name: value for name, value in key.to_dict().items() if name != "file"} for key in mine] == told
    assert pickle.loads(pickle.dumps(mine)) == mine
    assert "r1" in mine._repr_html_() and mine.to_pandas()["state"].tolist() == ["whole"]
    rotated = sce.keys.rotate(file, "r1", passphrase=PASSPHRASE)
    assert rotated[0].state == "rotating" and rotated[0].fingerprint != made[0].fingerprint
    with pytest.raises(sce.KeysError, match="being rotated already"):
        sce.keys.rotate(file, "r1", passphrase=PASSPHRASE)
    assert sce.keys.finish(file, "r1")[0].state == "whole"
    with pytest.raises(sce.KeysError, match="not being rotated"):
        sce.keys.finish(file, "r1")


def test_a_private_half_comes_back_from_its_escrow_copy(file: Path, tmp_path: Path) -> None:
    public = sce.archive.make_identity(tmp_path / "administrator.key", passphrase=PASSPHRASE)
    (made,) = sce.keys.make(file, passphrase=PASSPHRASE, escrow_to=[public])
    assert made.escrow
    (copy,) = (tmp_path / "hipaa-keys").glob("*.escrow.age")
    back = sce.keys.recover(
        copy, identity=tmp_path / "administrator.key", identity_passphrase=PASSPHRASE, output=tmp_path / "back",
        dangerously_unencrypted=True,
    )  # fmt: skip
    assert (back.name, back.fingerprint) == (made.name, made.fingerprint)
    assert "BEGIN OPENSSH PRIVATE KEY" in (tmp_path / "back").read_text()
    with pytest.raises(sce.ArchiveError, match="passphrase"):
        sce.keys.recover(copy, identity=tmp_path / "administrator.key", output=tmp_path / "b", dangerously_unencrypted=True)


def test_what_is_missing_or_wrong_is_refused_and_nothing_is_made(file: Path, spec: sce.Spec) -> None:
    with pytest.raises(sce.InputError, match="needs a passphrase"):
        sce.keys.make(file)
    with pytest.raises(sce.KeysError, match="fewer than 8"):
        sce.keys.make(file, passphrase="short")
    with pytest.raises(sce.InputError, match="both given"):
        sce.keys.make(file, passphrase=PASSPHRASE, dangerously_unencrypted=True)
    with pytest.raises(sce.KeysError, match="nobody|no person|r2"):
        sce.keys.make(file, people=["r2"], passphrase=PASSPHRASE)
    with pytest.raises(sce.InputError, match="in no file"):
        sce.keys.make(spec, passphrase=PASSPHRASE)
    with pytest.raises(sce.KeysError, match="no key of `r2`") as raised:
        sce.keys.finish(file, "r2")
    assert raised.value.help == "keys of the spec: r1"
    assert sce.keys.ls(file)[0].state == "missing"
