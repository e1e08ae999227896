"""The page of a result: complete in itself, readable without scripts, and safe whatever the index holds."""

import base64
import hashlib
import itertools
import json
import re
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import pytest

from lightrag_integrations.models import Evidence, FactView, Hit, PathStep, RetrievalResult, Seed

VENDOR = files("lightrag_integrations.view").joinpath("vendor")
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]><img src=x onerror=alert(1)>",
    "\"'><svg onload=alert(1)>",
    "line\u2028para\u2029nul\x00\x1b[31m",
    "\u202eright to left\u202c שלום مرحبا",
    "🤦🏽‍♂️ <b>&amp;&lt;",
    "${alert(1)} {{7*7}} \\u003c/script\\u003e `",
    "lone \ud800 surrogate",
    "javascript:alert(1)",
)
VOID = {"meta", "rect", "input", "br"}


class Page(HTMLParser):
    """What a browser would make of it: elements, texts of the body, scripts; every element closed."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.styles: list[str] = []
        self.text = ""
        self.comments: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        if tag == "style":
            self.styles.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            attributes, text = self.scripts.pop()
            self.scripts.append((attributes, text + data))
        elif self.open[-1:] == ["style"]:
            self.styles[-1] += data
        else:
            self.text += data

    @property
    def picture(self) -> Any:
        (data,) = [text for attributes, text in self.scripts if attributes.get("id") == "picture"]
        return json.loads(data)

    @property
    def policy(self) -> str:
        return next(a["content"] or "" for tag, a in self.elements if a.get("http-equiv") == "Content-Security-Policy")


def hit(rank: int, text: str = "Ada Byron met Otto.", *, name: str = "Ada") -> Hit:
    fact = FactView(source=name, target="Otto", description=f"{name} met Otto", chunk_id="c0", document_id="d0", end=9)
    chunk = f"c{rank}"
    told = {"document_id": "d0", "chunk_id": "c0", "start": 0, "end": 9, "quote": text}
    steps = (
        PathStep(kind="seed", target=name, target_kind="entity", signal="name"),
        PathStep(kind="fact", source=name, target="Otto", target_kind="entity", facts=(fact,), loss=0.25, **told),
        PathStep(kind="mention", source="Otto", target=chunk, target_kind="chunk", loss=0.5, **told),
    )  # fmt: skip
    seeds = (Seed(signal="name", kind="entity", name=name, share=0.5, part=0.9),)
    evidence = Evidence(
        parts={"name": 0.6, "bridge": 0.3, "odd & <signal>": 0.1}, entities=(name, "Otto"), facts=(fact,),
        path=(name, "Otto", chunk), steps=steps, seeds=seeds,
    )  # fmt: skip
    return Hit(chunk_id=chunk, document_id=f"d{rank}", text=text, score=1.0, title=f"Title {rank}", evidence=evidence)


def result(*hits: Hit, query: str = "Whom did Ada meet?", mode: str = "mix") -> RetrievalResult:
    return RetrievalResult(query=query, mode=mode, hits=hits)


def test_the_list_is_readable_without_scripts() -> None:
    page = Page(result(hit(1), hit(2)).to_html())
    for told in ("Whom did Ada meet?", "Title 2", "Ada Byron met Otto.", "name 60%", "bridge 30%", "Ada met Otto",
                 "d0, characters 0–9", "without it the walk brings 25% less", "is named in the question"):  # fmt: skip
        assert told in page.text
    assert [a["id"] for tag, a in page.elements if a.get("class") == "hit"] == ["hit-1", "hit-2"]
    assert "hidden" in next(a for tag, a in page.elements if a.get("class") == "graph")


def test_the_picture_leads_from_the_question_to_each_hit() -> None:
    picture = Page(result(hit(1), hit(2)).to_html()).picture
    nodes = {node["id"]: node for node in picture["nodes"]}
    edges = {edge["id"]: edge for edge in picture["edges"]}
    assert sorted(node["kind"] for node in nodes.values()) == ["chunk", "chunk", "entity", "entity", "fact", "question"]
    for rank in ("1", "2"):
        route = picture["routes"][rank]
        steps = [nodes[one] for one in route if one in nodes]
        assert [node["kind"] for node in steps] == ["question", "entity", "fact", "entity", "chunk"]
        assert steps[-1]["rank"] == int(rank)
        assert [node["layer"] for node in steps] == sorted({node["layer"] for node in steps})
        joined = [(edges[one]["source"], edges[one]["target"]) for one in route if one in edges]
        assert joined == [(a["id"], b["id"]) for a, b in itertools.pairwise(steps)]
    (fact,) = [node for node in nodes.values() if node["kind"] == "fact"]
    assert fact["tip"][1:4] == ["Ada met Otto", "“Ada Byron met Otto.”", "d0, characters 0–9"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_stays_text(text: str) -> None:
    plain = Page(result(hit(1), hit(2)).to_html(title="t"))
    bad = hit(1, text, name=text).model_copy(
        update={"title": text, "source": text, "document_id": text, "chunk_id": "c1"}
    )  # fmt: skip
    made = result(bad, hit(2), query=text, mode=text).to_html(title=text)
    page = Page(made)
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in plain.elements} | {"details"}
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert page.comments == []
    assert [text for attributes, text in page.scripts if not attributes] == [
        text for attributes, text in plain.scripts if not attributes
    ]
    shown = text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd").replace("\x1b", "\ufffd")
    assert shown in page.text
    data = next(text for attributes, text in page.scripts if attributes.get("id") == "picture")
    assert not re.search("[<>&\u2028\u2029]", data)
    assert any("Otto" in line for node in page.picture["nodes"] for line in node["tip"])
    made.encode("utf-8")


def test_nothing_is_loaded_and_only_own_scripts_may_run() -> None:
    page = Page(result(hit(1)).to_html())
    assert "default-src 'none'" in page.policy
    assert "unsafe" not in page.policy and "http" not in page.policy and "*" not in page.policy
    run = [text for attributes, text in page.scripts if attributes.get("type") != "application/json"]
    for kind, texts in (("script-src", run), ("style-src", page.styles)):
        allowed = re.search(rf"{kind} ([^;]+)", page.policy)
        assert allowed and allowed[1].split() == [
            f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts
        ]
    for _, attributes in page.elements:
        assert not {"src", "href", "style", "action", "srcset", "data", "background"} & attributes.keys()
    own = files("lightrag_integrations.view")
    for name in ("page.css", "page.js"):
        assert "//" not in re.sub(r"^\s*//.*$", "", own.joinpath(name).read_text("utf-8"), flags=re.MULTILINE)


@pytest.mark.parametrize("mode", ["keyword", "vector"])
def test_without_the_graph_there_are_hits_only(mode: str) -> None:
    step = PathStep(kind="seed", target="c1", target_kind="chunk", signal=mode)
    found = Hit(
        chunk_id="c1", document_id="d1", text="a", score=2.0, evidence=Evidence(parts={mode: 2.0}, steps=(step,))
    )
    for one in (found, found.model_copy(update={"evidence": Evidence(parts={mode: 2.0})})):
        page = Page(result(one, mode=mode).to_html())
        assert page.scripts == []
        assert "script-src 'none'" in page.policy
        assert f"{mode} 100%" in page.text
    assert "No hit." in Page(result(mode=mode).to_html()).text


def test_fifty_hits() -> None:
    page = Page(result(*(hit(rank, name=f"Name {rank % 7}") for rank in range(1, 51))).to_html())
    assert len(page.picture["routes"]) == 50
    places: dict[int, list[float]] = {}
    for node in page.picture["nodes"]:
        places.setdefault(node["layer"], []).append(node["row"])
    assert all(b - a >= 0.99 for rows in places.values() for a, b in itertools.pairwise(sorted(rows)))


def test_the_library_is_what_its_note_says() -> None:
    note = json.loads(VENDOR.joinpath("cytoscape.json").read_text("utf-8"))
    library = VENDOR.joinpath(note["file"]).read_bytes()
    assert hashlib.sha256(library).hexdigest() == note["sha256"]
    assert f'"{note["version"]}"'.encode() in library
    assert note["version"] in note["source"]
    licence = VENDOR.joinpath("cytoscape.LICENSE.txt").read_text("utf-8")
    assert "Permission is hereby granted, free of charge" in licence and "Cytoscape Consortium" in licence
    assert b"</script" not in library.lower() and b"<!--" not in library


def test_other_titles() -> None:
    assert "<title>Mine &amp; yours</title>" in result(hit(1)).to_html(title="Mine & yours")
    assert "<title>Whom did Ada meet?</title>" in result(hit(1)).to_html()
