"""Keys that machines and people are reached with: made here, in the folder `PIT-keys` beside the spec, and never sent.

A spec is given as it was loaded from its file (`sce.Spec.load`), or by the file's name. Passphrases are best read with
`getpass.getpass()`: what stands in a notebook is kept with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from sce import _sce
from sce._core import Spec
from sce._record import Record, Records

if TYPE_CHECKING:
    from sce._core import File

__all__ = ["Key", "Keys", "Recovered", "finish", "ls", "make", "recover", "rotate"]


class Key(Record):
    """A key of a spec, and how it is kept.

    `done` is what was done (`made`, `mended`, `rotated`, `finished`, or `kept`); `state` is `missing`, `whole`, `handed-over`, `rotating`,
    `cut-short`, or `own` when the spec has the person's public half. `encrypted` is None when the private half is not here.
    """

    key: str
    """What it is for: `bastion`, `private` or a person's name."""
    name: str
    done: str
    state: str
    encrypted: bool | None
    escrow: bool
    """Whether there is a copy for those whom the spec names in `[archive] recipients`."""
    fingerprint: str | None
    file: str
    """Where the private half is, when it is here."""


class Keys(Records[Key]):
    """Keys of a spec."""

    _kind = Key
    _columns = {
        "key": "string", "name": "string", "done": "string", "state": "string", "encrypted": "bool", "escrow": "bool",
        "fingerprint": "string", "file": "string",
    }  # fmt: skip
    __slots__ = ()


class Recovered(NamedTuple):
    """A private half that was got back: the name it was made under, its fingerprint, and the file that it is in."""

    name: str
    fingerprint: str
    file: str


def make(
    spec: Spec | File,
    *,
    people: Iterable[str] = (),
    passphrase: str | None = None,
    dangerously_unencrypted: bool = False,
    escrow_to: Iterable[str] = (),
) -> Keys:
    """Makes the pairs that are missing, mends what a run that was cut short left, and brings `sce.lock` beside the spec in line.

    Args:
        people: Only these people's keys; all that the spec wants when empty.
        passphrase: What encrypts each private half that is made: at least 8 characters.
        dangerously_unencrypted: Whether private halves are to be kept in clear, for rehearsals: whoever gets at a file gets in.
        escrow_to: Public keys of age that can open the escrow copies, beside those in the spec's `[archive] recipients`.

    Raises:
        KeysError: When the spec wants no key, somebody is not in it or has an own key, or the passphrase is too short.
        InputError: When no passphrase is given, or the spec is in no file.
    """
    return Keys._of_list(_sce.keys_make(_loaded(spec), list(people), (passphrase, dangerously_unencrypted), list(escrow_to)))


def rotate(
    spec: Spec | File,
    key: str,
    *,
    passphrase: str | None = None,
    dangerously_unencrypted: bool = False,
    escrow_to: Iterable[str] = (),
) -> Keys:
    """Makes a new pair beside the old one; both open until `finish`. A rotation that was cut short is gone on with.

    Then: apply the spec, so that machines take both; hand over the new key; once a login with it has worked, `finish` and apply again.

    Args:
        key: Whose: a person's name, `bastion` or `private`. The others are those of `make`.

    Raises:
        KeysError: When there is no such key, or it is being rotated already.
    """
    return Keys._of_list(_sce.keys_rotate(_loaded(spec), key, (passphrase, dangerously_unencrypted), list(escrow_to)))


def finish(spec: Spec | File, key: str) -> Keys:
    """Takes the key before out of force and removes it: whoever has not got the new one is locked out from the next apply on.

    Raises:
        KeysError: When no rotation is under way.
    """
    return Keys._of_list(_sce.keys_finish(_loaded(spec), key))


def ls(spec: Spec | File) -> Keys:
    """The keys that the spec wants, and how each is kept; nothing is changed."""
    return Keys._of_list(_sce.keys_ls(_loaded(spec)))


def recover(
    copy: File,
    *,
    identity: File,
    output: File,
    identity_passphrase: str | None = None,
    passphrase: str | None = None,
    dangerously_unencrypted: bool = False,
) -> Recovered:
    """Gets a private half back from its escrow copy, protected anew, into a file that is not there yet.

    Args:
        copy: The escrow copy, a file ending in `.escrow.age`.
        identity: The file of the administrator's private key of age, which `identity_passphrase` opens.
        output: The file to write.
        passphrase, dangerously_unencrypted: As for `make`.

    Raises:
        KeysError: When the copy holds no key, is for another private key, or the file exists.
        ArchiveError: When the administrator's private key cannot be used.
    """
    opened = (os.fspath(identity), identity_passphrase)
    name, fingerprint = _sce.keys_recover(os.fspath(copy), opened, os.fspath(output), (passphrase, dangerously_unencrypted))
    return Recovered(name, fingerprint, os.fspath(output))


def _loaded(spec: Spec | File) -> _sce.Spec:
    return (spec if isinstance(spec, Spec) else Spec.load(spec))._native
