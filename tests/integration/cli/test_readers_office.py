"""Office formats, on real files; and damaged ones."""

from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from lightrag_integrations.cli.readers import ReadError, read_file
from tests.integration.cli.making import make_docx, make_epub, make_pdf, make_pptx, make_xlsx


def test_pdf(tmp_path: Path) -> None:
    (document,) = read_file(make_pdf(tmp_path / "the-drift.pdf", "Nansen left the ship.", "He came home."))
    assert document.title == "the drift"
    assert document.text == "Nansen left the ship.\n\nHe came home."


def test_pdf_without_text_layer(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no text layer"):
        read_file(make_pdf(tmp_path / "scan.pdf", ""))


def test_docx(tmp_path: Path) -> None:
    (document,) = read_file(make_docx(tmp_path / "a.docx"))
    assert document.title == "Polar ships"
    assert document.text == (
        "## Fram\n\nColin Archer built the Fram.\n\nship | year\nFram | 1892\n\nspanning\n\nShe was launched at Larvik."
    )


def test_pptx(tmp_path: Path) -> None:
    (document,) = read_file(make_pptx(tmp_path / "a.pptx"))
    assert document.text == (
        "# Rivers\n\nThe Severn rises on Plynlimon.\n\nSevern | 354 km\n\nMention the bore.\n\n# Bridges"
    )


def test_xlsx(tmp_path: Path) -> None:
    (document,) = read_file(make_xlsx(tmp_path / "a.xlsx"))
    assert document.text == "# Dams\n\nname | river | height\nHoover Dam | Colorado River | 221"


def test_epub(tmp_path: Path) -> None:
    (document,) = read_file(make_epub(tmp_path / "a.epub"))
    assert document.title == "Farthest North"
    assert document.text == "# The plan\n\nLet the ship freeze in.\n\n# The drift\n\nThree years in the ice."


def test_an_epub_that_blows_up_is_refused(tmp_path: Path) -> None:
    bomb = make_epub(tmp_path / "bomb.epub", padding=65_000_000, compression=ZIP_DEFLATED)
    assert bomb.stat().st_size < 200_000
    with pytest.raises(ReadError, match="unpack to 65000"):
        read_file(bomb)
    (document,) = read_file(make_epub(tmp_path / "again.epub", padding=1000, again=2000))
    assert document.text.count("Three years in the ice.") == 1


@pytest.mark.parametrize(("make", "suffix"), [(make_docx, ".docx"), (make_pptx, ".pptx"), (make_xlsx, ".xlsx")])
def test_an_office_file_that_blows_up_is_refused(tmp_path: Path, make: Callable[[Path], Path], suffix: str) -> None:
    bomb = make(tmp_path / f"bomb{suffix}")
    with ZipFile(bomb, "a", ZIP_DEFLATED) as package, package.open("extra/padding.xml", "w") as part:
        for _ in range(130):
            part.write(b" " * 1_000_000)
    assert bomb.stat().st_size < 500_000
    with pytest.raises(ReadError, match="parts of markup unpack to 130"):
        read_file(bomb)


@pytest.mark.parametrize("suffix", [".pdf", ".docx", ".pptx", ".xlsx", ".epub"])
@pytest.mark.parametrize("data", [b"", b"no such format", b"PK\x03\x04 no zip"])
def test_damaged_files_are_refused(tmp_path: Path, suffix: str, data: bytes) -> None:
    path = tmp_path / f"damaged{suffix}"
    path.write_bytes(data)
    with pytest.raises(ReadError, match="not readable as"):
        read_file(path)


@pytest.mark.parametrize(
    ("make", "suffix"), [(make_docx, ".docx"), (make_pptx, ".pptx"), (make_xlsx, ".xlsx"), (make_epub, ".epub")]
)
def test_any_single_spoilt_stretch_is_read_or_refused(
    tmp_path: Path, make: Callable[[Path], Path], suffix: str
) -> None:
    whole = make(tmp_path / f"whole{suffix}").read_bytes()
    refused = 0
    for start in range(0, len(whole), max(1, len(whole) // 40)):
        path = tmp_path / f"spoilt{suffix}"
        path.write_bytes(whole[:start] + b"\xff" * 24 + whole[start + 24 :])
        try:
            assert read_file(path)
        except ReadError:
            refused += 1
    assert refused
