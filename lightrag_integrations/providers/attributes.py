"""What can be told of a model in a trace: name, provider and endpoint, read from attributes; nothing is asked."""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import urlsplit

from lightrag_integrations.providers.naming import model_name
from lightrag_integrations.tracing import ModelAttributes

__all__ = ["attributes_of"]

_ADDRESS_FIELDS = ("base_url", "azure_endpoint", "openai_api_base", "api_base", "endpoint", "endpoint_url")
_PROVIDERS = (
    ("azure", "azure.ai.openai"), ("bedrock", "aws.bedrock"), ("vertex", "gcp.vertex_ai"),
    ("vertexai", "gcp.vertex_ai"), ("gemini", "gcp.gemini"), ("genai", "gcp.gemini"),
    ("generativelanguage", "gcp.gemini"), ("anthropic", "anthropic"), ("cohere", "cohere"), ("deepseek", "deepseek"),
    ("groq", "groq"), ("mistral", "mistral_ai"), ("mistralai", "mistral_ai"), ("perplexity", "perplexity"),
    ("xai", "x_ai"), ("watsonx", "ibm.watsonx.ai"), ("ibm", "ibm.watsonx.ai"), ("ollama", "ollama"),
    ("nvidia", "nvidia"), ("openai", "openai"),
)  # fmt: skip
"""A word of the endpoint's host, or of the module a model comes from, and the conventions' name; the first counts."""
_SCHEME_PORTS = (("https", 443), ("http", 80))


def attributes_of(given: object, name: str) -> ModelAttributes:
    """Facts for spans.

    Args:
        given: The model as the user gave it: settings of ours, a framework's, or an object of the user's own.
        name: That the live model goes by, in fingerprints and the ledger.
    """
    address, port = _endpoint(given)
    own = _is_ours(given)
    asked, _, host = name.partition("@")
    if own and not address:
        address, port = host.split(":")[0], 443
    shown = asked if own else model_name(given).partition("/")[2] or name
    return ModelAttributes(shown, _provider(given, address, own=own), address, port)


def _is_ours(given: object) -> bool:
    return type(given).__module__.startswith("lightrag_integrations.providers.")


def _endpoint(given: object) -> tuple[str, int]:
    for field in _ADDRESS_FIELDS:
        value = getattr(given, field, None)
        with suppress(ValueError):  # an address that is none
            parts = urlsplit(str(value or ""))
            if parts.hostname:
                return parts.hostname, parts.port or dict(_SCHEME_PORTS).get(parts.scheme, 0)
    return "", 0


def _provider(given: object, address: str, *, own: bool) -> str:
    module = type(given).__module__
    host = _known(address)
    # Whatever speaks OpenAI's protocol at a host nobody knows is told of in OpenAI's terms.
    return host or ("openai" if own else _known(module)) or module.split(".")[0]


def _known(place: str) -> str:
    words = re.split(r"[._-]", place.lower().replace("api.x.ai", "xai"))
    return next((provider for word, provider in _PROVIDERS if word in words), "")
