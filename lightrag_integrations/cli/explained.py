"""What brought a hit, in plain lines: the parts of its score as bars, its path with sources, its seeds."""

from __future__ import annotations

import shutil
import textwrap

from lightrag_integrations import Hit, PathStep, Seed

__all__ = ["explained", "terminal_width"]

_COLUMN = 9
"""Width of the names to the left."""
_BAR = 24
_QUOTE = 150
_SEEDS = 4
_NARROWEST, _WIDEST = 48, 120


def terminal_width() -> int:
    """How wide lines may be; 100 where no terminal says."""
    return max(_NARROWEST, min(shutil.get_terminal_size((100, 24)).columns, _WIDEST))


def explained(hit: Hit, width: int) -> list[str]:
    """Lines of at most `width` characters, unless a single word is longer.

    Args:
        hit: Found with `explain=True`; otherwise there are only the parts of its score, its entities and facts.
        width: Most characters of a line.
    """
    evidence = hit.evidence
    lines = _parts(hit)
    quotes = ["", *(step.quote for step in evidence.steps)]
    lines += _block("path", [_step(*pair, hit) for pair in zip(evidence.steps, quotes, strict=False)], width)
    seeds = evidence.seeds[:_SEEDS]
    if len(seeds) > 1 or len(evidence.steps) > 1:
        lines += _block("seeds", [_seed(seed) for seed in seeds], width)
    if not evidence.steps and evidence.facts:
        lines += _block("facts", [f"{_short(fact.words)} ({fact.place})" for fact in evidence.facts[:2]], width)
    return lines


def _parts(hit: Hit) -> list[str]:
    """One line for each part; the bars of a hit make one whole bar."""
    names = max((len(name) for name in hit.evidence.parts), default=0)
    lines, label = [], "score"
    for name, share in hit.evidence.shares.items():
        bar = ("█" * round(share * _BAR) or "▏").ljust(_BAR)
        lines.append(f"{label:<{_COLUMN}}{name:<{names}}  {bar} {share:>4.0%}  {hit.evidence.parts[name]:.4f}")
        label = ""
    return lines


def _step(step: PathStep, quoted: str, hit: Hit) -> str:
    """One step; what the step before has quoted is not quoted again."""
    end = "this chunk" if step.target == hit.chunk_id else _named(step.target, step.target_kind)
    place = f"({step.place})" if step.place else ""
    if step.kind == "seed":
        near = f": “{_short(step.facts[0].words)}” {place}" if step.facts else ""
        return f"seed {end} {step.words}{near}"
    loss = f" [−{step.loss:.0%} without it]" if step.loss and step.loss >= 0.005 else ""
    if step.kind == "fact":
        return f"→ fact “{_short(step.words)}” {place} → {end}{loss}"
    quote = f": “{_short(step.quote)}”" if step.quote not in ("", quoted) else ""
    return f"→ {step.words} {end} {place}{quote}{loss}"


def _seed(seed: Seed) -> str:
    return f"{seed.part:>4.0%} {_named(seed.name, seed.kind)} {seed.words}"


def _named(name: str, kind: str) -> str:
    return f"[{name}]" if kind == "chunk" else f"“{name}”"


def _short(text: str) -> str:
    return textwrap.shorten(text, _QUOTE, placeholder=" …")


def _block(name: str, items: list[str], width: int) -> list[str]:
    """Items under one name at the left, each on lines of its own."""
    lines: list[str] = []
    for item in items:
        first = f"{name if not lines else '':<{_COLUMN}}"
        lines += textwrap.wrap(
            item,
            width,
            initial_indent=first,
            subsequent_indent=" " * (_COLUMN + 2),
            break_long_words=False,
            break_on_hyphens=False,
        )
    return lines
