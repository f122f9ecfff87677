"""Names each test that fails as soon as it does: who stops a long run wants to know what failed."""

import pytest


class _Failures:
    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            seconds = f"{report.when}, {report.duration:.1f} s"
            self._terminal.ensure_newline()
            self._terminal.write_line(f"FAILED {report.nodeid} ({seconds})", red=True)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Where the whole run is told, and not in each of its workers."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Failures(terminal))
