"""LlamaIndex's clients, pointed at the double; retries of their own are off, as the handle's count."""

from typing import Any

import boto3
from botocore.config import Config
from llama_index.embeddings.azure_openai import AzureOpenAIEmbedding
from llama_index.embeddings.bedrock import BedrockEmbedding
from llama_index.embeddings.google_genai import GoogleGenAIEmbedding
from llama_index.embeddings.nvidia import NVIDIAEmbedding
from llama_index.embeddings.ollama import OllamaEmbedding
from llama_index.embeddings.openai import OpenAIEmbedding
from llama_index.llms.azure_openai import AzureOpenAI
from llama_index.llms.bedrock_converse import BedrockConverse
from llama_index.llms.google_genai import GoogleGenAI
from llama_index.llms.nvidia import NVIDIA
from llama_index.llms.ollama import Ollama
from llama_index.llms.openai import OpenAI

from tests.clients.langchain import Pair


def openai(root: str) -> Pair:
    place: dict[str, Any] = {"api_base": f"{root}/v1", "api_key": "k", "max_retries": 0}
    return OpenAI(model="gpt-4.1-mini", **place), OpenAIEmbedding(model="text-embedding-3-small", **place)


def azure(root: str) -> Pair:
    place: dict[str, Any] = {"azure_endpoint": root, "api_key": "k", "api_version": "2024-10-21", "max_retries": 0}
    return (
        AzureOpenAI(model="gpt-4.1-mini", engine="chat", **place),
        AzureOpenAIEmbedding(model="text-embedding-3-small", deployment_name="embed", **place),
    )


def gemini(root: str) -> Pair:
    place: dict[str, Any] = {"api_key": "k", "http_options": {"base_url": root}}
    return (
        GoogleGenAI(model="gemini-2.5-flash", max_retries=0, **place),
        GoogleGenAIEmbedding(model_name="gemini-embedding-001", **place),
    )


def ollama(root: str) -> Pair:
    return Ollama(model="m", base_url=root, context_window=8192), OllamaEmbedding(model_name="m", base_url=root)


def bedrock(root: str) -> Pair:
    place: dict[str, Any] = {
        "endpoint_url": root,
        "region_name": "us-east-1",
        "aws_access_key_id": "k",
        "aws_secret_access_key": "s",
    }
    once = Config(retries={"total_max_attempts": 1})
    client = boto3.client("bedrock-runtime", config=once, **place)
    return (
        BedrockConverse(model="anthropic.claude-3-haiku-20240307-v1:0", botocore_config=once, max_retries=1, **place),
        BedrockEmbedding(model_name="amazon.titan-embed-text-v2:0", client=client),
    )


def nvidia(root: str) -> Pair:
    place: dict[str, Any] = {"base_url": f"{root}/v1", "api_key": "k"}
    return NVIDIA(model="meta/llama-3.1-8b-instruct", max_retries=0, **place), NVIDIAEmbedding(model="m", **place)


ALL = {each.__name__: each for each in (openai, azure, gemini, ollama, bedrock, nvidia)}
