"""Ports that no other worker is given."""

from tests.services.ports import _ours


def test_no_two_workers_draw_the_same_ports() -> None:
    workers = [
        {"PYTEST_XDIST_WORKER": f"gw{n}", "PYTEST_XDIST_WORKER_COUNT": "3"} for n in range(3)
    ]

    drawn = [port for worker in workers for port in _ours(worker)]

    assert sorted(drawn) == list(_ours({}))
