"""bcrypt hashes. The library lets go of the interpreter's lock while it works."""

import re

import bcrypt

from sendwell.domain.passwords import bcrypt_input

_FORM = re.compile(r"\$2[aby]\$(?P<cost>\d\d)\$[./A-Za-z0-9]{53}")


class Bcrypt:
    """`$2b$` hashes; those of other systems (`$2a$`, `$2y$`) are checked as well."""

    def __init__(self, *, cost: int = 12) -> None:
        self._cost = cost

    def hash(self, password: str) -> str:
        return bcrypt.hashpw(bcrypt_input(password), bcrypt.gensalt(self._cost)).decode()

    def is_right(self, password: str, stored: str) -> bool:
        if not self.is_ours(stored):
            return False
        return bcrypt.checkpw(bcrypt_input(password), stored.encode())

    def is_ours(self, stored: str) -> bool:
        return _FORM.fullmatch(stored) is not None

    def is_current(self, stored: str) -> bool:
        return self.is_ours(stored) and stored.startswith(f"$2b${self._cost:02d}$")
