"""Handles that are dropped and closed after the test, the model double, and small documents."""

from tests.doubles.fixtures import openai_server as openai_server
from tests.integration.handle.conftest import documents as documents
from tests.integration.handle.conftest import make_index as make_index
