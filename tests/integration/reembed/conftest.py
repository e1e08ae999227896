"""Handles that are dropped and closed after the test, and the model double."""

from tests.doubles.fixtures import openai_server as openai_server
from tests.integration.handle.conftest import make_index as make_index
