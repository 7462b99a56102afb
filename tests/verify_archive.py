"""Holds an archive that is not encrypted to its manifest, with none of our code: hashes, chain and signature.

    verify_archive.py FOLDER    prints the names of its documents, and the fingerprint of the key that signed it
"""

import base64
import hashlib
import json
import struct
import sys
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def main(folder: Path) -> None:
    text = (folder / "manifest.json").read_bytes()
    manifest = json.loads(text)
    for entry in manifest["documents"] + manifest["objects"]:
        content = (folder / entry["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"] == entry["stored_sha256"], entry["file"]
    assert chain(manifest) == manifest["chain"] and manifest["head"] == manifest["chain"][-1]
    key = signer((folder / "manifest.json.sig").read_text(), text)
    assert base64.b64encode(key).decode() == manifest["signer"].split()[1] == (folder / "signer.pub").read_text().split()[1]
    for document in manifest["documents"]:
        print(document["name"])
    print("SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("="))


def chain(manifest: dict[str, Any]) -> list[str]:
    """As the manifest's own documentation tells it (sce-aws/src/archive/manifest.rs)."""
    names = ["schema_version", "pit", "account", "region", "made_at", "encryption", "recipients"]
    entries = [("archive", [[manifest[name] for name in names], manifest["signer"]])]
    for kind, part in [("document", "documents"), ("object", "objects"), ("delete-marker", "delete_markers")]:
        entries += [(kind, entry) for entry in manifest[part]]
    last, links = b"", []
    for kind, entry in entries:
        compact = json.dumps(entry, separators=(",", ":"), ensure_ascii=False)
        last = hashlib.sha256(last + kind.encode() + b"\n" + compact.encode()).digest()
        links.append(last.hex())
    return links


def signer(pem: str, text: bytes) -> bytes:
    """The public key that signed the text, by OpenSSH's PROTOCOL.sshsig."""
    lines = pem.strip().splitlines()
    assert lines[0] == "-----BEGIN SSH SIGNATURE-----" and lines[-1] == "-----END SSH SIGNATURE-----"
    blob = base64.b64decode("".join(lines[1:-1]))
    assert blob[:10] == b"SSHSIG" + struct.pack(">I", 1)
    key, namespace, reserved, algorithm, signature = strings(blob[10:])
    assert (namespace, reserved, algorithm) == (b"sce-archive", b"", b"sha512")
    signed = b"SSHSIG" + b"".join(string(part) for part in (namespace, reserved, algorithm, hashlib.sha512(text).digest()))
    (kind, public), (_, proof) = strings(key), strings(signature)
    assert kind == b"ssh-ed25519"
    Ed25519PublicKey.from_public_bytes(public).verify(proof, signed)
    return key


def string(part: bytes) -> bytes:
    return struct.pack(">I", len(part)) + part


def strings(blob: bytes) -> list[bytes]:
    parts = []
    while blob:
        (length,) = struct.unpack(">I", blob[:4])
        parts.append(blob[4 : 4 + length])
        blob = blob[4 + length :]
    return parts


if __name__ == "__main__":
    main(Path(sys.argv[1]))
