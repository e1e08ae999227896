"""Questions that one passage answers, made from a multi-hop data set by a rule, and what the modes make of them.

    python -m tests.benchmarks.single_facts FOLDER [--triples 300] [--seed 0]

FOLDER holds `corpus.jsonl` (id, title, text, triples) and `questions.jsonl` (id, question, gold_ids, steps).

The rule, fixed before any score was seen:

1. Steps. Every annotated step of every question whose own question holds no `#` (a reference to an earlier answer).
   `subject >> relation` becomes "subject relation". Its gold is the passage among the question's gold passages whose
   title or text contains the step's answer (case does not matter); if several do, the one that shares most words with
   the step's question, then the first in the corpus. Left out when none contains it, and when the same words were
   asked before.
2. Triples. Passages that are gold of no question are visited in an order shuffled by the seed; each gives at most one
   question. Of its triples, also shuffled, the first is taken for which all of this holds: the subject has a capital
   letter, begins with no article, pronoun or demonstrative, and is written in the passage's title or text; the object
   is written there, too, shares no word with the subject, and is not longer than 60 characters; the relation has one
   to six words; subject and relation occur together in no other triple of the corpus; and no other passage's title and
   text hold both subject and object. It is asked in one of `TEMPLATES`, drawn by the seed. So many as `--triples`.

Words are `\\w+` without case. "Occur together" compares without case and with spaces made one.
"""

import argparse
import json
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

Row = dict[str, Any]
TEMPLATES = (
    "{subject} {relation} what?",
    "What or whom does this speak of: {subject} {relation}?",
    "About {subject}: {relation} whom, what, where or when?",
)
NO_SUBJECTS = frozenset(
    (
        "a",
        "an",
        "the",
        "he",
        "she",
        "it",
        "they",
        "we",
        "i",
        "you",
        "his",
        "her",
        "its",
        "their",
        "our",
        "my",
        "this",
        "that",
        "these",
        "those",
        "who",
        "which",
        "what",
        "there",
    )
)


def single_facts(corpus: list[Row], questions: list[Row], *, triples: int, seed: int) -> list[Row]:
    """The question set: `id`, `question`, `gold_ids` (one), `origin`."""
    steps = from_steps(corpus, questions)
    gold = {passage for question in questions for passage in question["gold_ids"]}
    return steps + from_triples(corpus, gold, wanted=triples, seed=seed)


def from_steps(corpus: list[Row], questions: list[Row]) -> list[Row]:
    """Rule 1."""
    passages = {row["id"]: f"{row['title']}\n{row['text']}".casefold() for row in corpus}
    place = {passage: number for number, passage in enumerate(passages)}
    made: dict[str, Row] = {}
    for question in questions:
        for number, step in enumerate(question["steps"]):
            asked = " ".join(step["question"].replace(">>", " ").split())
            holding = [passage for passage in question["gold_ids"] if step["answer"].casefold() in passages[passage]]
            if "#" in asked or not holding or asked.casefold() in made:
                continue
            asked_words = words(asked)
            gold = min(holding, key=lambda passage: (-len(asked_words & words(passages[passage])), place[passage]))
            made[asked.casefold()] = {
                "id": f"{question['id']}/{number}", "question": asked, "gold_ids": [gold], "origin": "step",
            }  # fmt: skip
    return list(made.values())


def from_triples(corpus: list[Row], gold: set[str], *, wanted: int, seed: int) -> list[Row]:
    """Rule 2."""
    chance = random.Random(seed)
    texts = [plain(f"{row['title']} {row['text']}") for row in corpus]
    pairs = Counter((plain(s), plain(r)) for row in corpus for s, r, _ in row["triples"])
    order = [number for number, row in enumerate(corpus) if row["id"] not in gold]
    chance.shuffle(order)
    made: list[Row] = []
    for number in order:
        triples = list(corpus[number]["triples"])
        chance.shuffle(triples)
        template = chance.choice(TEMPLATES)
        fit = next((triple for triple in triples if fits(triple, number, texts, pairs)), None)
        if fit is not None and len(made) < wanted:
            asked = template.format(subject=fit[0], relation=fit[1])
            passage = corpus[number]["id"]
            made.append({"id": f"triple/{passage}", "question": asked, "gold_ids": [passage], "origin": "triple"})
    return made


def fits(triple: list[str], number: int, texts: list[str], pairs: Counter[tuple[str, str]]) -> bool:
    """Whether rule 2 takes a triple of the passage with this number."""
    subject, relation, target = (plain(part) for part in triple)
    here = texts[number]
    return (
        triple[0].casefold() != triple[0]
        and subject.split()[0] not in NO_SUBJECTS
        and subject in here
        and target in here
        and not words(subject) & words(target)
        and len(target) <= 60
        and 1 <= len(relation.split()) <= 6
        and pairs[subject, relation] == 1
        and not any(subject in text and target in text for place, text in enumerate(texts) if place != number)
    )


def plain(text: str) -> str:
    return " ".join(text.casefold().split())


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def read(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--triples", type=int, default=300, help="questions made from triples")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    corpus, questions = read(options.folder / "corpus.jsonl"), read(options.folder / "questions.jsonl")
    made = single_facts(corpus, questions, triples=options.triples, seed=options.seed)
    print(dict(Counter(row["origin"] for row in made)))


if __name__ == "__main__":
    main()
