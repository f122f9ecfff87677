"""Who believes the secret that is named beside the one in force."""

from sendwell.bootstrap.ports import believed_of, token_of
from sendwell.bootstrap.secret import private, sealing
from sendwell.settings import BUILT_IN_SECRET, Peers, Settings

OLD, NEW = "an old secret of 32 characters or more", "a new secret of 32 characters or more"


def test_letters_of_the_built_in_secret_are_believed_but_it_lets_nobody_in() -> None:
    settings = Settings(secret=NEW, secret_also=BUILT_IN_SECRET)

    assert sealing(settings) == (NEW.encode(), BUILT_IN_SECRET.encode())
    assert (private(settings.secret), private(settings.secret_also)) == (NEW, None)


def test_services_know_each_other_while_the_secret_is_changed() -> None:
    first = Settings(secret=OLD, secret_also=NEW)
    second = Settings(secret=NEW, secret_also=OLD)

    assert token_of(first) in believed_of(second)
    assert token_of(second) in believed_of(first)
    assert token_of(first) not in believed_of(Settings(secret=NEW))


def test_with_a_token_of_their_own_services_believe_no_other() -> None:
    own = "a token of 32 characters or more"
    settings = Settings(secret=NEW, secret_also=OLD, peers=Peers(token=own))

    assert believed_of(settings) == [own]
