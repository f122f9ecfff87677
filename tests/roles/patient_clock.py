"""A clock that waits for the tests."""

from sendwell.adapters.system import SystemClock


class PatientClock(SystemClock):
    """The machine's clock, for which time can be made to pass, or to stand still."""

    passed = 0.0
    _stood: tuple[int, float] | None = None

    def stand_still(self) -> None:
        """From now on time passes only where it is made to, however long anything takes."""
        self._stood = super().now(), super().elapsed()

    def now(self) -> int:
        now = self._stood[0] if self._stood else super().now()
        return now + int(self.passed * 1e6)

    def elapsed(self) -> float:
        elapsed = self._stood[1] if self._stood else super().elapsed()
        return elapsed + self.passed
