"""A LangChain chain: ingest, retrieve, prompt, chat model, streaming. Runs offline.

In place of `GenericFakeChatModel` put your chat model, for example `ChatOpenAI(model="…")`.
"""

from tempfile import TemporaryDirectory

from langchain_core.documents import Document
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough

from lightrag_integrations import LightRAGIndex
from lightrag_integrations.langchain import LightRAGIngestor, LightRAGRetriever

DOCUMENTS = [
    Document("The Fram was designed by Colin Archer and launched at Larvik in 1892.", id="fram"),
    Document("Roald Amundsen borrowed the Fram in 1910 and sailed for the Antarctic.", id="amundsen"),
    Document("Colin Archer is remembered for the rescue boats of the Norwegian coast.", id="archer"),
    Document("Lake Mead is the reservoir behind Hoover Dam.", id="mead"),
]


def numbered(documents: list[Document]) -> str:
    return "\n".join(f"[{number}] {document.page_content}" for number, document in enumerate(documents, 1))


def main() -> None:
    model = GenericFakeChatModel(messages=iter([AIMessage("Rescue boats for the coast [1].")]))
    prompt = ChatPromptTemplate.from_template(
        "Answer from the passages and cite them.\n\n{passages}\n\nQuestion: {question}"
    )
    with TemporaryDirectory() as directory, LightRAGIndex("cookbook", database=directory) as index:
        report = LightRAGIngestor(index=index).invoke(DOCUMENTS)
        print(f"stored {report.documents} documents with {report.relations} facts")

        retriever = LightRAGRetriever(index=index, k=3, mode="mix")
        question = "For what other boats is the designer of Amundsen's ship remembered?"
        for document in retriever.invoke(question):
            print(f"- {document.id}: {document.page_content}")

        chain = (
            {"passages": retriever | numbered, "question": RunnablePassthrough()} | prompt | model | StrOutputParser()
        )
        for piece in chain.stream(question):
            print(piece, end="", flush=True)
        print()


if __name__ == "__main__":
    main()
