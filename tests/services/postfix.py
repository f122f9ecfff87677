"""A real Postfix on the loopback, in a folder of its own: started here, stopped here by its id."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import trustme

from tests.services.ports import free_ports

PROGRAM, PASSWORDS = Path("/usr/sbin/postfix"), Path("/usr/sbin/saslpasswd2")
HOST = "localhost"
USERNAME, PASSWORD = "ali", "open sesame"
DOMAIN = "example.org"
"""Mail to anybody in it is delivered into one Maildir."""

SOON = 60.0

ACCESS = {
    "gone": "550 5.1.1 User unknown",
    "full": "452 4.2.2 Mailbox full",
    "busy": "450 4.7.1 Greylisted",
    "left": "REJECT",
}
"""Recipients that Postfix answers otherwise, and how."""

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = localhost
mynetworks = 192.0.2.1/32
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
notify_classes =
disable_dns_lookups = yes
mydestination =
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = static:inbox/
virtual_mailbox_base = {folder}/mail
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access inline:{{ {access} }}
smtpd_tls_chain_files = {folder}/certificate.pem
smtpd_sasl_path = smtpd
cyrus_sasl_config_path = {folder}/config/sasl
smtpd_sasl_local_domain = localhost
"""

MASTER = """
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
proxymap  unix  - - n - - proxymap
anvil     unix  - - n - 1 anvil
tlsmgr    unix  - - n 1000? 1 tlsmgr
virtual   unix  - n n - - virtual
error     unix  - - n - - error
retry     unix  - - n - - error
postlog   unix-dgram n - n - 1 postlogd
"""

DOORS = {
    "plain": "",
    "starttls": "-o smtpd_tls_security_level=encrypt",
    "implicit": "-o smtpd_tls_security_level=encrypt -o smtpd_tls_wrappermode=yes",
    "private": (
        "-o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes"
        " -o smtpd_relay_restrictions=permit_sasl_authenticated,reject"
    ),
    "step by step": "-o smtpd_discard_ehlo_keywords=pipelining",
    "full": "-o queue_minfree=1000000000000000",
    "small": "-o message_size_limit=2000",
    "forgetful": "-o smtpd_timeout=1s",
    "impatient": "-o smtpd_hard_error_limit=3 -o smtpd_error_sleep_time=0",
}
"""Ways into it, each on a port of its own, and how they differ."""

SASL = """pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {passwords}
mech_list: PLAIN LOGIN
"""


@dataclass(frozen=True, slots=True)
class Postfix:
    """A Postfix that runs. `ports` are those of the doors by their names."""

    folder: Path
    ports: Mapping[str, int]

    def delivered(self) -> list[bytes]:
        """The mails in the Maildir, in no order."""
        return [file.read_bytes() for file in self._inbox.glob("new/*")]

    async def empty(self) -> None:
        """Deliver what is on its way, then forget what was delivered."""
        await self.until(self._is_drained)
        shutil.rmtree(self._inbox, ignore_errors=True)

    def log(self) -> str:
        return (self.folder / "log").read_text()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for it. Another process brings it about, so there is nothing to be woken by."""
        async with asyncio.timeout(SOON):
            while not is_so():
                await asyncio.sleep(0.02)

    def _is_drained(self) -> bool:
        # In the order in which mails go through them, so that none slips by.
        queues = [self.folder / "queue" / name for name in ("incoming", "active")]
        return not any(file.is_file() for queue in queues for file in queue.rglob("*"))

    @property
    def _inbox(self) -> Path:
        return self.folder / "mail" / "inbox"


def why_not() -> str | None:
    """Why Postfix cannot be run here."""
    if not (PROGRAM.exists() and PASSWORDS.exists()):
        return "Postfix or sasl2-bin is not installed"
    return "Postfix can only be run by root" if os.geteuid() != 0 else None


@contextmanager
def postfix(authority: trustme.CA) -> Iterator[Postfix]:
    """Run it for as long as the block lasts, with a certificate for localhost by `authority`."""
    folder = Path(tempfile.mkdtemp(prefix="sendwell-postfix-"))
    try:
        ports = dict(zip(DOORS, free_ports(len(DOORS)), strict=True))
        _write(folder, ports)
        authority.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(
            str(folder / "certificate.pem")
        )
        with _running(folder, ports):
            yield Postfix(folder, ports)
    finally:
        shutil.rmtree(folder)


def _write(folder: Path, ports: Mapping[str, int]) -> None:
    """The folder as Postfix wants it; its processes run as users of their own and must get in."""
    folder.chmod(0o755)
    for name, owner in {"config": None, "queue": None, "data": "postfix", "mail": "nobody"}.items():
        (folder / name).mkdir(mode=0o755)
        if owner:
            shutil.chown(folder / name, owner)
    access = ", ".join(f"{{ {name}@{DOMAIN} = {answer} }}" for name, answer in ACCESS.items())
    main = MAIN.format(folder=folder, domain=DOMAIN, access=access)
    doors = "\n".join(
        f"127.0.0.1:{ports[name]} inet n - n - - smtpd {options}" for name, options in DOORS.items()
    )
    (folder / "config" / "main.cf").write_text(main)
    (folder / "config" / "master.cf").write_text(f"{MASTER}{doors}\n")
    _write_passwords(folder / "config" / "sasl", folder / "sasldb2")


def _write_passwords(sasl: Path, passwords: Path) -> None:
    """Debian's Postfix reads the one from its configuration's folder, wherever it is told to."""
    sasl.mkdir(mode=0o755)
    (sasl / "smtpd.conf").write_text(SASL.format(passwords=passwords))
    subprocess.run(
        [PASSWORDS, "-p", "-c", "-f", passwords, "-u", HOST, USERNAME],
        input=PASSWORD.encode(),
        check=True,
    )
    shutil.chown(passwords, "postfix")


@contextmanager
def _running(folder: Path, ports: Mapping[str, int]) -> Iterator[None]:
    output = folder / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [PROGRAM, "-c", folder / "config", "start-fg"], stdout=file, stderr=file
        )
    try:
        _wait_for(process, ports["plain"], output)
        yield
    finally:
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int((folder / "queue" / "pid" / "master.pid").read_text()), signal.SIGTERM)
        process.wait(SOON)


def _wait_for(process: "subprocess.Popen[bytes]", port: int, output: Path) -> None:
    """Wait until it is Postfix that greets there; all doors are opened together.

    A free port may have been taken by somebody else meanwhile.
    """
    deadline = time.monotonic() + SOON
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), SOON) as there:
            if b"Postfix" in there.recv(512):
                return
        time.sleep(0.02)
    raise AssertionError(f"Postfix does not run:\n{output.read_text()}")
