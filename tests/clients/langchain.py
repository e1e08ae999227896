"""LangChain's clients, pointed at the double; retries of their own are off, as the handle's count."""

from typing import Any

from botocore.config import Config
from langchain_aws import BedrockEmbeddings, ChatBedrockConverse
from langchain_google_genai import ChatGoogleGenerativeAI, GoogleGenerativeAIEmbeddings
from langchain_nvidia_ai_endpoints import ChatNVIDIA, NVIDIAEmbeddings
from langchain_ollama import ChatOllama, OllamaEmbeddings
from langchain_openai import AzureChatOpenAI, AzureOpenAIEmbeddings, ChatOpenAI, OpenAIEmbeddings

Pair = tuple[Any, Any]
"""A chat model and an embedding model."""


def openai(root: str) -> Pair:
    place: dict[str, Any] = {"base_url": f"{root}/v1", "api_key": "k", "max_retries": 0}
    return (
        ChatOpenAI(model="gpt-4.1-mini", **place),
        OpenAIEmbeddings(model="text-embedding-3-small", check_embedding_ctx_length=False, **place),
    )


def azure(root: str) -> Pair:
    place: dict[str, Any] = {"azure_endpoint": root, "api_key": "k", "api_version": "2024-10-21", "max_retries": 0}
    return (
        AzureChatOpenAI(azure_deployment="chat", **place),
        AzureOpenAIEmbeddings(azure_deployment="embed", check_embedding_ctx_length=False, **place),
    )


def gemini(root: str) -> Pair:
    place: dict[str, Any] = {"google_api_key": "k", "base_url": root}
    return (
        ChatGoogleGenerativeAI(model="gemini-2.5-flash", max_retries=1, **place),
        GoogleGenerativeAIEmbeddings(model="gemini-embedding-001", **place),
    )


def ollama(root: str) -> Pair:
    return ChatOllama(model="m", base_url=root), OllamaEmbeddings(model="m", base_url=root)


def bedrock(root: str) -> Pair:
    place: dict[str, Any] = {
        "endpoint_url": root,
        "region_name": "us-east-1",
        "aws_access_key_id": "k",
        "aws_secret_access_key": "s",
        "config": Config(retries={"total_max_attempts": 1}),
    }
    return (
        ChatBedrockConverse(model="anthropic.claude-3-haiku-20240307-v1:0", **place),
        BedrockEmbeddings(model_id="amazon.titan-embed-text-v2:0", **place),
    )


def nvidia(root: str) -> Pair:
    place: dict[str, Any] = {"base_url": f"{root}/v1", "api_key": "k"}
    return ChatNVIDIA(model="m", **place), NVIDIAEmbeddings(model="m", **place)


ALL = {each.__name__: each for each in (openai, azure, gemini, ollama, bedrock, nvidia)}
