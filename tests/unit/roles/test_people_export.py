import pytest

from sendwell.domain.ids import UserId
from sendwell.roles.users.api.export import attachment_of


@pytest.mark.parametrize(
    ("user", "name"),
    [
        ("user-001", 'filename="user-001.json"'),
        ("a+b@example.org", 'filename="a+b@example.org.json"'),
        ("José", "filename*=UTF-8''Jos%C3%A9.json"),
        ('say"so";', "filename*=UTF-8''say%22so%22%3B.json"),
    ],
)
def test_the_file_is_named_as_the_person(user: str, name: str) -> None:
    assert attachment_of(UserId(user)) == f"attachment; {name}"
