"""Where ports meet adapters: builds one process from the settings."""

from sendwell.bootstrap.core import Core, build_core
from sendwell.bootstrap.database import TABLES
from sendwell.bootstrap.roles import Roles, build_roles

__all__ = ["TABLES", "Core", "Roles", "build_core", "build_roles"]
