"""The end of an environment, and the archives that it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sce._record import Record, Records

__all__ = ["Archived", "ArchiveReport", "Closed", "Left", "Restored", "RestoredObject", "RestoredObjects"]


class Archived(Record):
    """An object in an archive."""

    object: str
    sha256: str


class Left(Record):
    """Something that is still there, and why."""

    resource: str
    why: str


class Closed(Record):
    """The end of an environment: what was archived, what is gone, and what is left."""

    pit: str
    archived: list[Archived]
    deleted: list[str]
    left: list[Left]
    """What is still there and should not be."""
    pending: list[dict[str, str]]
    foreign: list[Left]
    """What bears the PIT and is not ours by plan and journal: not touched."""
    stays: list[str]
    manifest: str
    manifest_head: str
    notes: tuple[str, ...] = ()
    documents: list[Archived] = []
    """Every document in the archive: specification, plans, journal, findings, proofs, logs."""
    ending: dict[str, str] | None = None
    """Where it was (`account`, `region`), and who ended it when (`by`, `at`)."""
    archives: list[dict[str, Any]] = []
    """Every archive that holds what it had: more than one when an earlier run was cut short. Keep them all."""
    signed_by: dict[str, str] | None = None
    """Who signed the manifest: `public_key`, and its `fingerprint`, which `sce.archive.verify(key=…)` takes."""
    html: str = ""
    """The certificate as a page for a review board."""
    identity: str | None = None
    """The private key that opens the archive, where this run made or used one. Keep it apart from the archive."""

    @classmethod
    def _closed(cls, told: Mapping[str, Any]) -> Closed:
        lists = {
            "archived": [Archived._of(one) for one in told["archived"]],
            "documents": [Archived._of(one) for one in told.get("documents", [])],
            "left": [Left._of(one) for one in told["left"]],
            "foreign": [Left._of(one) for one in told["foreign"]],
        }
        return cls._of({**told, **lists})

    def __repr__(self) -> str:
        word = "closed out" if not self.left else f"not closed out, {len(self.left)} left"
        return f"<Closed: `{self.pit}` is {word}; {len(self.archived)} archived, {len(self.deleted)} deleted>"

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.closed(self)


class ArchiveReport(Record):
    """What was found of an archive, held to its manifest."""

    archive: str
    sound: bool
    """Whether nothing is wrong."""
    head: str
    """The last hash of the manifest's chain, to be compared with the one in the certificate: `Closed.manifest_head`."""
    signer: str | None
    """The fingerprint of the key that signed it; None in an archive of an older version."""
    signer_pinned: bool
    """Whether that is one of the keys that were given."""
    documents: int
    objects: int
    """How many versions of objects it holds."""
    delete_markers: int
    bytes: int
    """Of its contents, by the manifest."""
    locked_until: str | None
    """Of an archive in a bucket: until when nobody may delete any of it."""
    contents_checked: bool
    """Whether contents were compared too, not files only: that takes the private key where the archive is encrypted."""
    problems: list[dict[str, str]]
    """Each with `file` and `fault`."""

    def __repr__(self) -> str:
        word = "sound" if self.sound else f"not sound, {len(self.problems)} problems"
        how = "" if self.contents_checked else ", contents not read"
        return f"<ArchiveReport: {word}{how}; {self.objects} versions of objects, {self.documents} documents, {self.bytes} bytes>"

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.archive(self)


class RestoredObject(Record):
    """A version of an object that is a file now; `by_key` says whether the file has the key's name."""

    bucket: str
    key: str
    version_id: str | None
    file: str
    by_key: bool


class RestoredObjects(Records[RestoredObject]):
    """Versions of objects that are files now."""

    _kind = RestoredObject
    _columns = {"bucket": "string", "key": "string", "version_id": "string", "file": "string", "by_key": "bool"}
    __slots__ = ()


class Restored(Record):
    """What was restored of an archive: where each document and each version of an object is."""

    documents: list[str]
    objects: RestoredObjects

    def __repr__(self) -> str:
        return f"<Restored: {len(self.objects)} versions of objects, {len(self.documents)} documents>"

    def _repr_html_(self) -> str:
        return self.objects._repr_html_()
