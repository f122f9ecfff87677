"""What the users role remembers, on a SQL database."""

from sendwell.ports.database import Database
from sendwell.roles.users.store.consents import ConsentStore
from sendwell.roles.users.store.contacts import ContactStore
from sendwell.roles.users.store.erasure import ErasureStore
from sendwell.roles.users.store.holders import HolderStore
from sendwell.roles.users.store.imports import ImportStore
from sendwell.roles.users.store.log_in import LogInStore
from sendwell.roles.users.store.own import OwnStore
from sendwell.roles.users.store.people import PeopleStore
from sendwell.roles.users.store.suppressions import SuppressionStore
from sendwell.roles.users.store.tokens import TokenStore
from sendwell.roles.users.store.tombstones import TombstoneStore
from sendwell.roles.users.store.topics import TopicStore


class UserStore:
    """People, push tokens and suppressions in one database."""

    def __init__(self, database: Database) -> None:
        self.people = PeopleStore(database)
        self.tokens = TokenStore(database)
        self.contacts = ContactStore(database)
        self.topics = TopicStore(database)
        self.consents = ConsentStore(database)
        self.suppressions = SuppressionStore(database)
        self.log_in = LogInStore(database)
        self.holders = HolderStore(database)
        self.tombstones = TombstoneStore(database)
        self.erasures = ErasureStore(database)
        self.own = OwnStore(database)
        self.imports = ImportStore(database)
