"""One hit as HTML, readable without the picture and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from lightrag_integrations.models import Hit, PathStep
from lightrag_integrations.view.words import less_without, per_cent, shortened

__all__ = ["hit_html"]

_KNOWN = frozenset({"keyword", "vector", "name", "fact", "bridge", "local", "global", "guard", "fill", "rerank"})
_LONG = 420
_QUOTE = 300
_SEEDS = 5


def hit_html(rank: int, hit: Hit) -> str:
    """A hit as an item of the list: title, score and its parts, text, path, seeds.

    Args:
        rank: Its place, from 1.
        hit: The hit; its texts are escaped here.
    """
    name = _bdi(hit.title or hit.document_id)
    return f"""<li id="hit-{rank}" class="hit" data-rank="{rank}">
<h2><span class="rank">{rank}</span> {name} <button class="show" hidden>show path</button></h2>
<p class="where">{_where(hit)}</p>
{_parts(hit)}
{_text(hit.text)}
{_path(hit)}{_seeds(hit)}</li>"""


def _where(hit: Hit) -> str:
    places = [("document", hit.document_id), ("chunk", hit.chunk_id), ("source", hit.source)]
    told = [f"{kind} {_bdi(place)}" for kind, place in places if place]
    return " · ".join([*told, *([f"characters {hit.start}–{hit.end}"] if hit.end else [])])


def _parts(hit: Hit) -> str:
    shares = hit.evidence.shares
    bars, left = [], 0.0
    for name, share in shares.items():
        bars.append(f'<rect class="{_class(name)}" x="{left:.3%}" width="{share:.3%}" height="100%"/>')
        left += share
    keys = "".join(
        f'<li><i class="key {_class(name)}"></i>{escape(name)} <b>{per_cent(share)}</b> '
        f"<small>{hit.evidence.parts[name]:.4f}</small></li>"
        for name, share in shares.items()
    )
    bar = f'<svg class="bar" role="img" aria-label="parts of the score">{"".join(bars)}</svg>' if bars else ""
    return f'<div class="score"><b class="sum">{hit.score:.4f}</b>{bar}<ul class="parts">{keys}</ul></div>'


def _text(text: str) -> str:
    if len(text) <= _LONG:
        return f'<p class="text" dir="auto">{escape(text)}</p>'
    short = escape(shortened(text, _LONG))
    return f'<details class="text"><summary dir="auto">{short}</summary><p dir="auto">{escape(text)}</p></details>'


def _path(hit: Hit) -> str:
    steps = hit.evidence.steps
    if not steps or (len(steps) == 1 and not steps[0].facts and steps[0].target == hit.chunk_id):
        return f'<p class="direct">found directly: {escape(steps[0].words)}</p>\n' if steps else ""
    lines = "\n".join(f"<li>{line}</li>" for step in steps for line in _step(step, hit))
    return f'<ol class="path" aria-label="path">\n{lines}\n</ol>\n'


def _step(step: PathStep, hit: Hit) -> Iterator[str]:
    end = "this chunk" if step.target == hit.chunk_id else f"<b>{_bdi(step.target)}</b>"
    if step.kind == "seed":
        first = f"{end} {escape(step.words)}"
    elif step.kind == "fact":
        said = _bdi(shortened(step.words, _QUOTE) or "a fact")
        first = f'<span class="fact">{said}</span> → {end}'
    else:
        first = f"{escape(step.words)} {end}"
    quote = shortened(step.quote, _QUOTE)
    again = step.kind == "fact" and shortened(step.words, _QUOTE) == quote
    words = f'<q dir="auto">{escape(quote)}</q> ' if quote and not again else ""
    told = " · ".join(part for part in (_bdi(step.place) if step.place else "", less_without(step.loss)) if part)
    yield f'{first}<small class="source">{words}{told}</small>'


def _seeds(hit: Hit) -> str:
    seeds = hit.evidence.seeds[:_SEEDS]
    if len(hit.evidence.steps) < 2 and len(seeds) < 2:
        return ""
    lines = "".join(f"<li>{per_cent(seed.part)} {_bdi(seed.name)} {escape(seed.words)}</li>" for seed in seeds)
    return f'<details class="seeds"><summary>where the score began</summary><ul>{lines}</ul></details>\n'


def _class(name: str) -> str:
    return f"p-{name}" if name in _KNOWN else "p-other"


def _bdi(text: str) -> str:
    return f"<bdi>{escape(text)}</bdi>"
