"""The model double."""

from tests.doubles.fixtures import openai_server as openai_server
