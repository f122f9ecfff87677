"""What holds for all tests."""

from hypothesis import settings

pytest_plugins = ["tests.services.fixtures"]

# The machine is shared: how long one example takes says nothing about the code.
settings.register_profile("sendwell", deadline=None)
settings.load_profile("sendwell")
