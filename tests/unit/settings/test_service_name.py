"""What a process is called among the others."""

from dataclasses import replace

from sendwell.settings import ROLES
from sendwell.settings.read import read_settings


def test_a_service_of_few_roles_is_called_by_them() -> None:
    settings = replace(read_settings({}), roles=frozenset({"users", "accounts"}))

    assert settings.service == "accounts+users"


def test_the_name_of_many_roles_fits_where_it_is_kept_and_is_their_own() -> None:
    services = [
        replace(read_settings({}), roles=frozenset(ROLES) - {role}).service for role in ROLES
    ]

    assert max(map(len, services)) <= 64
    assert len(set(services)) == len(ROLES)
