"""What the URL of the bus on PostgreSQL says."""

from urllib.parse import quote

import pytest

from sendwell.adapters.bus.postgres.options import Options, parse
from sendwell.domain.errors import Invalid

DIRECT = "postgresql://ada:s%40crt@db:5432/bus?sslmode=verify-full"


def test_everything_but_our_own_options_is_left_to_the_driver() -> None:
    options = parse(DIRECT)

    assert Options(DIRECT, listen_dsn=DIRECT, is_pooled=False) == options


def test_behind_pgbouncer_members_are_woken_past_it() -> None:
    pooled = "postgresql://ada@pool:6432/bus?sslmode=require"

    options = parse(f"{pooled}&pooled=true&listen={quote(DIRECT, safe='')}")

    assert Options(pooled, listen_dsn=DIRECT, is_pooled=True) == options


def test_behind_pgbouncer_alone_nobody_would_be_woken() -> None:
    with pytest.raises(Invalid, match="listen="):
        parse("postgresql://pool/bus?pooled=true")
