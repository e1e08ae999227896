import pickle
import ssl
from typing import Any

import pytest
from pydantic import ValidationError

from lightrag_integrations.errors import ConfigurationError
from lightrag_integrations.protocols import ChatModel, Embedder
from lightrag_integrations.providers.openai import OpenAIChatModel, OpenAIEmbedder

SECRET = "sk-very-secret"
MODELS = (OpenAIChatModel, OpenAIEmbedder)


@pytest.fixture(autouse=True)
def no_key_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("kind", MODELS)
def test_nothing_secret_is_shown(kind) -> None:
    model = kind("m", base_url="https://host.test/v1", api_key=SECRET, headers={"X-Key": SECRET})
    for shown in (repr(model), str(model), str(model.model_dump()), model.model_dump_json()):
        assert SECRET not in shown


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("base_url", [f"https://u:{SECRET}@host/v1", f"https://host/v1?key={SECRET}", SECRET])
def test_secrets_do_not_hide_in_the_address(kind, base_url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        kind("m", base_url=base_url)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("kind", MODELS)
def test_settings_are_frozen_equal_and_portable(kind) -> None:
    model = kind("m", base_url="https://host.test/v1", api_key=SECRET, headers={"A": "b"})
    assert kind(model="m", base_url="https://host.test/v1", api_key=SECRET, headers={"A": "b"}) == model
    copy = pickle.loads(pickle.dumps(model))
    assert copy == model
    assert copy.api_key.get_secret_value() == SECRET
    assert copy.headers == {"A": "b"}
    with pytest.raises(ValidationError):
        model.model = "other"


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("wrong", [{"base_ulr": "x"}, {"timeout_s": 0}, {"api_key": 7}])
def test_typos_and_nonsense_are_refused(kind, wrong) -> None:
    with pytest.raises(ValidationError):
        kind("m", **wrong)
    with pytest.raises(ValidationError):
        kind("")


@pytest.mark.parametrize("kind", MODELS)
def test_a_missing_key_is_explained(kind) -> None:
    with pytest.raises(ConfigurationError, match="pass api_key or set OPENAI_API_KEY") as caught:
        kind("m").connect()
    assert caught.value.__cause__ is not None


async def test_a_local_server_needs_no_key() -> None:
    live = OpenAIChatModel("m", base_url="http://127.0.0.1:9/v1").connect()
    assert isinstance(live, ChatModel)
    await live.aclose()


async def test_names_tell_model_and_host_and_nothing_else() -> None:
    chat = OpenAIChatModel("m", base_url="http://127.0.0.1:4711/v1", api_key=SECRET).connect()
    plain = OpenAIEmbedder("e", base_url="http://127.0.0.1:4711/v1", api_key=SECRET).connect()
    short = OpenAIEmbedder("e", base_url="http://127.0.0.1:4712/v1", dimensions=8, query_prefix="query: ").connect()
    other = OpenAIEmbedder("e", base_url="http://127.0.0.1:4712/v1", dimensions=8, query_prefix="q: ").connect()
    assert isinstance(plain, Embedder)
    assert (chat.name, plain.fingerprint) == ("m@127.0.0.1", "e@127.0.0.1")
    assert short.fingerprint.startswith("e@127.0.0.1:8:")
    assert short.fingerprint != other.fingerprint
    for live in (chat, plain, short, other):
        await live.aclose()


async def test_text_is_always_the_last_format() -> None:
    live = OpenAIChatModel("m", base_url="http://127.0.0.1:9/v1", formats=("json_object",)).connect()
    assert live.formats == ("json_object", "text")
    await live.aclose()


async def test_what_a_model_trusts_is_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[object] = []
    load = ssl.SSLContext.load_verify_locations

    def counted(*given: Any, **named: Any) -> None:
        loads.append(given)
        load(*given, **named)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counted)
    model, same = (OpenAIChatModel("m", base_url="https://localhost:9/v1", api_key=SECRET) for _ in range(2))
    lives = [model.connect() for _ in range(3)]
    assert len(loads) == 1
    copied = pickle.loads(pickle.dumps(model))
    assert model == same == copied, "what was loaded is no part of the settings"
    lives.append(copied.connect())
    assert len(loads) == 2
    for live in lives:
        await live.aclose()
