"""What the users role remembers, on a SQL database."""

from sendwell.ports.database import Database
from sendwell.roles.users.store.people import PeopleStore
from sendwell.roles.users.store.suppressions import SuppressionStore
from sendwell.roles.users.store.tokens import TokenStore


class UserStore:
    """People, push tokens and suppressions in one database."""

    def __init__(self, database: Database) -> None:
        self.people = PeopleStore(database)
        self.tokens = TokenStore(database)
        self.suppressions = SuppressionStore(database)
