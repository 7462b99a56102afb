"""Archives that close-out leaves: held to their manifest, and restored.

>>> from sce import archive
>>> archive.verify("no-such-folder")
Traceback (most recent call last):
sce.ArchiveError: `no-such-folder` is not a folder
help: name the folder that close-out made
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sce import _sce
from sce._ends import ArchiveReport, Restored, RestoredObjects

if TYPE_CHECKING:
    from sce._core import File, Target

__all__ = ["make_identity", "restore", "verify"]


def verify(
    archive: File,
    *,
    key: str | Iterable[str] = (),
    identity: File | None = None,
    passphrase: str | None = None,
    target: Target | None = None,
    region: str | None = None,
) -> ArchiveReport:
    """Reads an archive to the end and compares it with its manifest: files, chain and signature, and contents where they can be read.

    What is wrong inside is in the answer, not raised: `sound`, `problems`.

    Args:
        archive: Its folder, or its bucket (`"s3://BUCKET/PREFIX"`).
        key: The key that must have signed it, or several: `SHA256:…` or `ssh-ed25519 …`, as `Closed.signed_by` tells.
        identity: The file of the private key; with it the contents are compared too.
        passphrase: What opens that file.
        target: Whom to ask for an archive in a bucket.
        region: That bucket's region.

    Raises:
        ArchiveError: When there is no archive, its manifest is none, or the private key is not one that it was made for.
        InputError: When a key is none, or no target and region are given for a bucket.
        CloudError: When S3 does not answer.
    """
    keys = [key] if isinstance(key, str) else list(key)
    native = None if target is None else target._native
    told = _sce.archive_verify(_asked(archive, region, identity, passphrase), keys, native, _sce.Stop())
    return ArchiveReport._of(told)


def restore(
    archive: File,
    to: File,
    *,
    identity: File | None = None,
    passphrase: str | None = None,
    target: Target | None = None,
    region: str | None = None,
) -> Restored:
    """Writes an archive's documents and objects into a folder that is empty or not there yet; each is compared with its SHA-256 first.

    An object becomes `TO/BUCKET/KEY`, an earlier version `TO/BUCKET/KEY@VERSION`, a document `TO/@documents/NAME`.

    Args:
        archive, identity, passphrase, target, region: As for `verify`.
        to: The folder to write into.

    Raises:
        ArchiveError: When the archive is damaged, the private key is missing or another's, or the folder holds something.
        CloudError: When S3 does not answer.
    """
    native = None if target is None else target._native
    asked = _asked(archive, region, identity, passphrase)
    told = _sce.archive_restore(asked, os.fspath(to), native, _sce.Stop())
    return Restored._of({**told, "objects": RestoredObjects._of_list(told["objects"])})


def make_identity(path: File, *, passphrase: str | None = None) -> str:
    """Makes a private key of age, and returns its public half (`age1…`), which `[archive] recipients` and `close_out` take.

    Raises:
        ArchiveError: When the file exists, or cannot be written.
    """
    return _sce.archive_identity(os.fspath(path), passphrase)


def _asked(archive: File, region: str | None, identity: File | None, passphrase: str | None) -> dict[str, Any]:
    private = None if identity is None else os.fspath(identity)
    return {"archive": os.fspath(archive), "region": region, "identity": private, "passphrase": passphrase}
