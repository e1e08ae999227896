"""Makes small real files of each office format."""

from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

from docx import Document as WordDocument
from openpyxl import Workbook
from pptx import Presentation
from pptx.util import Inches


def make_pdf(path: Path, *pages: str) -> Path:
    """A PDF written by hand: one line of text on each page."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
        box = "/MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >>"
        bodies.append(f"<< /Type /Page /Parent 2 0 R {box} /Contents {5 + 2 * number} 0 R >>")
        bodies.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    data, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, start=1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    tail = f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n{table}"
    tail += f"trailer << /Size {len(bodies) + 1} /Root 1 0 R >>\nstartxref\n{len(data)}\n%%EOF\n"
    path.write_bytes(data + tail.encode("latin-1"))
    return path


def make_docx(path: Path) -> Path:
    document = WordDocument()
    document.core_properties.title = "Polar ships"
    document.add_heading("Fram", level=2)
    document.add_paragraph("Colin Archer built the Fram.")
    table = document.add_table(rows=2, cols=2)
    for row, values in zip(table.rows, (("ship", "year"), ("Fram", "1892")), strict=True):
        for cell, value in zip(row.cells, values, strict=True):
            cell.text = value
    merged = document.add_table(rows=1, cols=2)
    merged.cell(0, 0).merge(merged.cell(0, 1)).text = "spanning"
    document.add_paragraph("She was launched at Larvik.")
    document.save(str(path))
    return path


def make_pptx(path: Path) -> Path:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Rivers"
    slide.placeholders[1].text = "The Severn rises on Plynlimon."
    table = slide.shapes.add_table(1, 2, Inches(1), Inches(4), Inches(4), Inches(1)).table
    table.cell(0, 0).text, table.cell(0, 1).text = "Severn", "354 km"
    slide.notes_slide.notes_text_frame.text = "Mention the bore."
    second = deck.slides.add_slide(deck.slide_layouts[5])
    second.shapes.title.text = "Bridges"
    deck.save(str(path))
    return path


def make_xlsx(path: Path) -> Path:
    book = Workbook()
    sheet = book.active
    sheet.title = "Dams"
    sheet.append(["name", "river", "height"])
    sheet.append(["Hoover Dam", "Colorado River", 221])
    book.create_sheet("Empty")
    book.save(path)
    return path


def make_epub(path: Path, *, padding: int = 0, again: int = 0, compression: int = ZIP_STORED) -> Path:
    """A book of two chapters; its second padded with blanks and listed again so many times."""
    chapter = "<html><head><title>{0}</title></head><body><h1>{0}</h1><p>{1}</p></body></html>"
    with ZipFile(path, "w", compression) as book:
        book.writestr("mimetype", "application/epub+zip")
        book.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
            '<rootfiles><rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/>'
            "</rootfiles></container>",
        )
        book.writestr(
            "OEBPS/content.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
            "<metadata><dc:title>Farthest North</dc:title></metadata><manifest>"
            '<item id="b" href="two.xhtml" media-type="application/xhtml+xml"/>'
            '<item id="a" href="one%20first.xhtml" media-type="application/xhtml+xml"/>'
            '<item id="c" href="cover.png" media-type="image/png"/></manifest>'
            '<spine><itemref idref="a"/><itemref idref="b"/>' + '<itemref idref="b"/>' * again + "</spine></package>",
        )
        book.writestr("OEBPS/one first.xhtml", chapter.format("The plan", "Let the ship freeze in."))
        book.writestr("OEBPS/two.xhtml", chapter.format("The drift", "Three years in the ice.") + " " * padding)
    return path
