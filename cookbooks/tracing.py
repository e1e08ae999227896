"""What a handle does, as traces: OpenTelemetry spans in memory, and LangChain's own run tree. Runs offline.

In place of the exporter in memory put your system's (OTLP, Langfuse, Phoenix, …), and in place of `PrintedRuns`
nothing: LangSmith and Langfuse take the same callbacks.
"""

from tempfile import TemporaryDirectory

from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.tracers.base import BaseTracer
from langchain_core.tracers.schemas import Run
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from lightrag_integrations import Document, LexicalExtractor, LightRAGIndex, OpenTelemetryTracer
from lightrag_integrations.langchain import LightRAGRetriever

DOCUMENTS = [
    Document(id="fram", text="The Fram was designed by Colin Archer and launched at Larvik in 1892."),
    Document(id="archer", text="Colin Archer is remembered for the rescue boats of the Norwegian coast."),
]
QUESTION = "For what other boats is the designer of the Fram remembered?"


class PrintedRuns(BaseTracer):
    def _persist_run(self, run: Run) -> None:
        print_run(run, 1)


def print_run(run: Run, depth: int) -> None:
    print("  " * depth + run.name)
    for child in run.child_runs:
        print_run(child, depth + 1)


def print_spans(spans: tuple[ReadableSpan, ...], parent: int | None = None, depth: int = 1) -> None:
    for span in sorted(spans, key=lambda span: span.start_time or 0):
        if (span.parent.span_id if span.parent else None) == parent:
            told = span.attributes or {}
            shown = {name: told[name] for name in told if name.endswith(("hits", "tokens", "documents", "task"))}
            print("  " * depth + span.name, shown or "")
            print_spans(spans, span.context.span_id, depth + 1)


def main() -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    model = GenericFakeChatModel(messages=iter([AIMessage('{"ranking": [2, 1]}'), AIMessage("Rescue boats [1].")]))
    with (
        TemporaryDirectory() as directory,
        LightRAGIndex(
            "cookbook",
            database=directory,
            llm=model,
            extractor=LexicalExtractor(),
            telemetry=OpenTelemetryTracer(provider),  # record_content=True: with questions, prompts and answers
        ) as index,
    ):
        index.ingest(DOCUMENTS)
        print("LangChain's runs:")
        LightRAGRetriever(index=index, k=2, rerank="llm").invoke(QUESTION, {"callbacks": [PrintedRuns()]})
        index.answer(QUESTION, k=2)
        print("OpenTelemetry's spans:")
        print_spans(exporter.get_finished_spans())
        stats = index.stats()
        print("counted:", {mode: timing.count for mode, timing in stats.retrieves.items()}, "searches by mode,")
        print({use.task: use.prompt_tokens + use.completion_tokens for use in stats.models}, "tokens by task")


if __name__ == "__main__":
    main()
