"""`./dev services`: install the system packages that tests and benchmarks drive."""

from tests.services.packages import ensure_installed

ensure_installed()
