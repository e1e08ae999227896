"""`RetrievalResult.to_html`: one page with everything in it, which may not reach for anything else.

Every text of the index is untrusted: it is escaped where it stands in HTML, it reaches scripts only as data, and the
page's Content-Security-Policy names its own scripts and styles by their hashes, so nothing else can run or be loaded.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from html import escape
from importlib.resources import files
from types import MappingProxyType

from lightrag_integrations.models import RetrievalResult
from lightrag_integrations.view.hits import hit_html
from lightrag_integrations.view.picture import Picture, picture_of

__all__ = ["render"]

# Cytoscape adds this rule by itself, which the policy refuses, unless an element of this id is there.
_OF_LIBRARY = '<style id="__________cytoscape_stylesheet">{}</style>'
# Of the control characters only line breaks and tabs may stand in a page.
_CONTROLS = MappingProxyType({code: "\ufffd" for code in (*range(9), 11, 12, *range(14, 32), *range(127, 160))})
_LIBRARY_STYLE = ".__________cytoscape_container { position: relative; }"


def render(result: RetrievalResult, *, title: str | None = None) -> str:
    """The page of a result.

    Args:
        result: With hits; asked for with `explain=True` it has paths, and the page a picture.
        title: Of the page; None: the query.
    """
    picture = picture_of(result)
    styles = [_read("page.css"), *([_LIBRARY_STYLE] if picture else [])]
    scripts = [_read("vendor", "cytoscape.min.js"), _read("page.js")] if picture else []
    head = title if title is not None else result.query
    page = "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="und">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts, styles)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{escape(head or 'Retrieval').translate(_CONTROLS)}</title>",
            f"<style>{styles[0]}</style>",
            *(_OF_LIBRARY.format(style) for style in styles[1:]),
            "</head>",
            f'<body class="{"drawn" if picture else "plain"}">',
            _body(result, head, picture).translate(_CONTROLS),
            *(f"<script>{script}</script>" for script in scripts),
            "</body>",
            "</html>",
            "",
        ]
    )
    # Lone surrogates can't be written to a file.
    return page.encode("utf-8", "replace").decode("utf-8")


def _body(result: RetrievalResult, head: str, picture: Picture | None) -> str:
    asked = f'<p class="query" dir="auto">{escape(result.query)}</p>' if head != result.query else ""
    count = len(result.hits)
    told = f"{count} {'hit' if count == 1 else 'hits'} · mode <b>{escape(result.mode)}</b>"
    hits = "\n".join(hit_html(rank, hit) for rank, hit in enumerate(result.hits, start=1))
    return "\n".join(
        [
            f'<header><h1 dir="auto">{escape(head)}</h1>{asked}<p class="told">{told}</p></header>',
            "<main>",
            *([_graph(picture)] if picture else []),
            f'<ol class="hits">\n{hits}\n</ol>' if hits else '<p class="none">No hit.</p>',
            "</main>",
        ]
    )


def _graph(picture: Picture) -> str:
    keys = (
        ("question", "question"),
        ("entity", "entity"),
        ("fact", "fact"),
        ("chunk", "chunk on the way"),
        ("hit", "hit"),
    )
    legend = "".join(f'<li><i class="key k-{kind}"></i>{text}</li>' for kind, text in keys)
    return f"""<section class="graph" aria-label="Graph" hidden>
<div id="graph"></div>
<div class="tools"><button id="closer" title="closer">+</button><button id="farther" title="farther">−</button>\
<button id="whole">whole graph</button></div>
<ul class="legend">{legend}</ul>
<div id="tip" role="status" hidden></div>
<script type="application/json" id="picture">{_data(picture.payload())}</script>
</section>"""


def _data(value: object) -> str:
    """JSON that can't end its element or be taken for markup, whatever is in it."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _policy(scripts: list[str], styles: list[str]) -> str:
    allowed = {"script-src": scripts, "style-src": styles}
    own = [f"{name} {' '.join(map(_hash, texts)) or quoted('none')}" for name, texts in allowed.items()]
    return "; ".join(
        [f"default-src {quoted('none')}", *own, f"base-uri {quoted('none')}", f"form-action {quoted('none')}"]
    )


def quoted(word: str) -> str:
    """A keyword of a policy."""
    return f"'{word}'"


def _hash(text: str) -> str:
    return quoted(f"sha256-{b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}")


def _read(*path: str) -> str:
    return files(__package__).joinpath(*path).read_text("utf-8").replace("\r\n", "\n")
