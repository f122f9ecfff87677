"""The secret of the installation, and the one that is believed beside it while it is changed."""

from sendwell.settings import BUILT_IN_SECRET, Settings


def sealing(settings: Settings) -> tuple[bytes, bytes | None]:
    """What letters are sealed with, and by what other seal they are believed, too."""
    also = settings.secret_also
    return settings.secret.encode(), None if also is None else also.encode()


def private(secret: str | None) -> str | None:
    """The secret unless it is the built-in one, which is public: that lets nobody in."""
    return None if secret == BUILT_IN_SECRET else secret
