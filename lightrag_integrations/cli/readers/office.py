"""PDF, Word, PowerPoint and Excel, through the light libraries of the extra `files`. One document for each file."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from lightrag_integrations import Document, MissingDependency
from lightrag_integrations.cli.readers.archives import check_package
from lightrag_integrations.cli.readers.errors import ReadError, refusing
from lightrag_integrations.cli.readers.markup import title_of

__all__ = ["read_docx", "read_pdf", "read_pptx", "read_xlsx"]

_HEADINGS_MAX = 6


def read_pdf(path: Path) -> list[Document]:
    """Read a PDF's text layer, page by page. A scan has none and is refused."""
    pdfium = _library("pypdfium2")
    with refusing("a PDF", pdfium.PdfiumError), pdfium.PdfDocument(path) as pdf:
        title = str(pdf.get_metadata_value("Title") or "")
        text = "\n\n".join(_page_text(page) for page in pdf)
    if not text.strip():
        raise ReadError("the PDF has no text layer (a scan?); run it through OCR first")
    return [Document(text=text, title=title or title_of(path))]


def read_docx(path: Path) -> list[Document]:
    """Read paragraphs, headings and tables of a Word file, in order."""
    docx = _library("docx")
    with path.open("rb") as file, refusing("a Word file", *_package_errors("docx.opc.exceptions")):
        check_package(file)
        document = docx.Document(file)
        text = _joined(_docx_block(block) for block in document.iter_inner_content())
        return [Document(text=text, title=document.core_properties.title or title_of(path))]


def read_pptx(path: Path) -> list[Document]:
    """Read the text, tables and notes of the slides, in order; a slide's title becomes a heading."""
    pptx = _library("pptx")
    with path.open("rb") as file, refusing("a PowerPoint file", *_package_errors("pptx.exc")):
        check_package(file)
        deck = pptx.Presentation(file)
        text = _joined(block for slide in deck.slides for block in _slide_blocks(slide))
        return [Document(text=text, title=deck.core_properties.title or title_of(path))]


def read_xlsx(path: Path) -> list[Document]:
    """Read the sheets of an Excel file: a heading for each sheet, a line for each row that is not empty."""
    openpyxl = _library("openpyxl")
    with path.open("rb") as file, refusing("an Excel file"), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # styles and validations that we do not read
        check_package(file)
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        text = _joined(block for sheet in book.worksheets for block in _sheet_blocks(sheet))
        return [Document(text=text, title=book.properties.title or title_of(path))]


def _package_errors(module: str) -> tuple[type[Exception], ...]:
    return (import_module(module).PackageNotFoundError,)


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingDependency(
            f"reading this format needs {name!r}, which is not installed; "
            "run: pip install 'lightrag-integrations[files]'"
        ) from error


def _joined(blocks: Iterable[str]) -> str:
    return "\n\n".join(block for block in blocks if block.strip())


def _page_text(page: Any) -> str:
    return str(page.get_textpage().get_text_range()).replace("\r\n", "\n").replace("\ufffe", "").replace("\x00", "")


def _docx_block(block: Any) -> str:
    """A paragraph, or a table as one line for each row."""
    if hasattr(block, "rows"):
        return "\n".join(_row(cell.text for cell in _distinct(row.cells)) for row in block.rows)
    style = (block.style.name or "").lower() if block.style is not None else ""
    level = style.removeprefix("heading ") if style.startswith("heading ") else "1" if style == "title" else ""
    if level.isdecimal() and block.text.strip():
        return f"{'#' * min(int(level), _HEADINGS_MAX)} {block.text}"
    return str(block.text)


def _distinct(cells: Iterable[Any]) -> Iterator[Any]:
    """Merged cells come once for each column they span; give them once."""
    last = None
    for cell in cells:
        if last is None or cell._tc is not last._tc:
            yield cell
        last = cell


def _slide_blocks(slide: Any) -> Iterator[str]:
    title = slide.shapes.title
    if title is not None and title.text.strip():
        yield f"# {title.text.strip()}"
    for shape in slide.shapes:
        if title is None or shape.shape_id != title.shape_id:
            yield from _shape_blocks(shape)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        yield slide.notes_slide.notes_text_frame.text


def _shape_blocks(shape: Any) -> Iterator[str]:
    if hasattr(shape, "shapes"):
        for inner in shape.shapes:
            yield from _shape_blocks(inner)
    elif getattr(shape, "has_table", False):
        yield "\n".join(_row(cell.text for cell in row.cells) for row in shape.table.rows)
    elif shape.has_text_frame:
        yield shape.text_frame.text


def _sheet_blocks(sheet: Any) -> Iterator[str]:
    rows = (_row(str(value) for value in row if value is not None) for row in sheet.iter_rows(values_only=True))
    lines = [row for row in rows if row]
    if lines:
        yield f"# {sheet.title}"
        yield "\n".join(lines)


def _row(cells: Iterable[str]) -> str:
    return " | ".join(" ".join(cell.split()) for cell in cells)
