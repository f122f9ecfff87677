"""A throw-away authority and what a server needs of it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files: the authority that clients trust, a server's certificate chain and its key."""

    authority: Path
    chain: Path
    key: Path

    def copied_to(self, folder: Path, *, owner: str | None = None) -> "Certificates":
        """The same in another folder, where only its owner can read the key."""
        made = Certificates(*(folder / file.name for file in self._files))
        for source, copy in zip(self._files, made._files, strict=True):
            shutil.copyfile(source, copy)
            copy.chmod(0o600)
            if owner:
                shutil.chown(copy, owner)
        return made

    @property
    def _files(self) -> tuple[Path, Path, Path]:
        return self.authority, self.chain, self.key


def issue(folder: Path) -> Certificates:
    """A new authority and its certificate for the loopback, written into the folder."""
    authority = trustme.CA()
    ours = authority.issue_cert("localhost", "127.0.0.1")
    made = Certificates(folder / "authority.pem", folder / "chain.pem", folder / "key.pem")
    authority.cert_pem.write_to_path(str(made.authority))
    made.key.write_bytes(_pkcs8(ours.private_key_pem.bytes()))
    for certificate in ours.cert_chain_pems:
        certificate.write_to_path(str(made.chain), append=True)
    return made


def _pkcs8(key: bytes) -> bytes:
    """The only kind of key that Java reads; everybody else does as well."""
    return load_pem_private_key(key, password=None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
