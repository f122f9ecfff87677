"""No command shows a secret that it was given, also where it cannot be used."""

from pathlib import Path

import pytest

from tests.acceptance.command import Result, sendwell

SECRET = "4711-of-nobody"


def is_told(result: Result, why: str) -> bool:
    """Whether it ends with a sentence that says so, and with nothing of the secret."""
    printed = " ".join((result.out + result.errors).split())
    return why in printed and "Traceback" not in printed and SECRET not in printed


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (f"sk_{SECRET}\nsk_second\n".encode(), "does not hold one API key"),
        (f"sk_{SECRET}…".encode(), "does not hold one API key"),
        (f"sk_{SECRET}\xff".encode("latin-1"), "cannot be read"),
    ],
)
async def test_a_file_that_holds_no_key_is_told_without_what_it_holds(
    content: bytes, why: str, tmp_path: Path
) -> None:
    (tmp_path / "api-key").write_bytes(content)

    by_option = await sendwell("ledger", "--key", f"@{tmp_path / 'api-key'}")
    by_folder = await sendwell("ledger", "--data", str(tmp_path))

    assert (by_option.code, by_folder.code) == (1, 1)
    assert is_told(by_option, why), by_option.errors
    assert is_told(by_folder, why), by_folder.errors


@pytest.mark.parametrize("key", [f"sk_{SECRET}…", f"sk_{SECRET}\nsk_second"])
async def test_a_text_that_is_no_key_is_told_without_repeating_it(key: str) -> None:
    by_option = await sendwell("ledger", "--key", key)
    by_environment = await sendwell("ledger", environment={"SENDWELL_API_KEY": key})

    assert (by_option.code, by_environment.code) == (2, 2)
    assert is_told(by_option, "this is not an API key"), by_option.errors
    assert is_told(by_environment, "this is not an API key"), by_environment.errors


@pytest.mark.parametrize("key", ["Ü€", "order\n7"])
async def test_an_idempotency_key_that_no_header_takes_is_a_wrong_call(key: str) -> None:
    command = ("send", "--to", "a@example.com", "--text", "x", "--idempotency-key", key)

    refused = await sendwell(*command)

    assert refused.code == 2
    assert is_told(refused, "--idempotency-key: use visible ASCII characters"), refused.errors


@pytest.mark.parametrize("url", ["http://127.0.0.1/ä", "http://a b", "http://a..b"])
async def test_an_address_that_nobody_can_have_is_told_in_one_sentence(url: str) -> None:
    refused = await sendwell("ledger", "--key", "sk_x", "--url", url)

    assert refused.code in {1, 2}
    assert is_told(refused, url), refused.errors
