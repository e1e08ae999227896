"""The documents of a run: known beforehand, each with texts of its own and names that many share."""

from collections.abc import Mapping

from lightrag_integrations import Document

PLACES = ("Geneva", "Oslo", "Quito", "Lima", "Turin", "Aleppo", "Kyoto")
PEOPLE = ("Ada Byron", "Colin Archer", "Emmy Noether", "Ibn Khaldun", "Grace Hopper")
WORKS = ("Fram", "Analytical Engine", "Muqaddimah", "Night Ferry")

Versions = Mapping[str, int]
"""Which version of each document."""


def document(document_id: str, version: int) -> Document:
    """Version 0 is what is there before a run, 1 is what its workers bring: some text stays, some goes, some comes."""
    number = int(document_id.rpartition("-")[2])
    parts = [_paragraph(number, part if part % 2 else part + 10 * version) for part in range(2 + number % 3)]
    return Document(
        id=document_id,
        title=f"Note {number}",
        text="\n\n".join(parts),
        metadata={"number": number, "version": version},
    )


def documents(versions: Versions) -> list[Document]:
    return [document(document_id, version) for document_id, version in sorted(versions.items())]


def _paragraph(number: int, part: int) -> str:
    place, person = PLACES[(number + part) % len(PLACES)], PEOPLE[(number * part + 1) % len(PEOPLE)]
    work, other = WORKS[(number + 2 * part) % len(WORKS)], PLACES[(number * 3 + part) % len(PLACES)]
    return (
        f"Paragraph {number} of part {part}. {person} brought the {work} from {place} to {other}. "
        f"In {other} the Harbour Company of {place} kept the {work} for year {1800 + number}, and {person} wrote to "
        f"the Institute of {other} about letter {number * 100 + part}."
    )
