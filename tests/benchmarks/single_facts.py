"""Questions that one passage answers, made from a multi-hop data set by a rule, and what the modes make of them.

    python -m tests.benchmarks.single_facts FOLDER [--extractor triples] [--embedder minilm] [--vectors FILE]

FOLDER: see `data.py`; its questions have `steps`, too. Compares `mix` with `keyword`, `vector` and two fusions of
them: RRF (Cormack et al., 2009; k = 60) and the sum of scores, each over its list's maximum; of the first 50 of each
list. `mix` should lose at most half a point of recall@5 to the best of them.

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
import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from lightrag_integrations import EvaluationReport, Hit, LightRAGIndex, QueryOptions, Setting
from lightrag_integrations.evaluate.figures import measured
from lightrag_integrations.evaluate.report import Answered, Found
from lightrag_integrations.evaluate.settings import plan_of
from tests.benchmarks.ablations import ablations
from tests.benchmarks.data import Data, Row, embedder_named, extractor_named, load, read

KS = (1, 5, 8)
DEPTH = 50
ALLOWED = -0.005
"""What `mix` may lose on single facts."""
TEMPLATES = (
    "{subject} {relation} what?",
    "What or whom does this speak of: {subject} {relation}?",
    "About {subject}: {relation} whom, what, where or when?",
)
NO_SUBJECTS = frozenset(
    (
        "a", "an", "the", "he", "she", "it", "they", "we", "i", "you", "his", "her",
        "its", "their", "our", "my", "this", "that", "these", "those", "who", "which", "what", "there",
    )
)  # fmt: skip


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


def rrf(lists: Sequence[Sequence[Hit]]) -> list[Hit]:
    return merged(lists, lambda hits, place: 1 / (60 + place + 1))


def normalised_sum(lists: Sequence[Sequence[Hit]]) -> list[Hit]:
    return merged(lists, lambda hits, place: hits[place].score / hits[0].score if hits[0].score > 0 else 0.0)


def merged(lists: Sequence[Sequence[Hit]], worth: Callable[[Sequence[Hit], int], float]) -> list[Hit]:
    """Hits by the sum of what they are worth in each list; ties by id."""
    scores: Counter[str] = Counter()
    for hits in lists:
        for place, hit in enumerate(hits):
            scores[hit.chunk_id] += worth(hits, place)
    known = {hit.chunk_id: hit for hits in lists for hit in hits}
    return [known[name] for name in sorted(scores, key=lambda name: (-scores[name], name))]


PLAIN = ("keyword", "vector")
FUSIONS = {"rrf": rrf, "sum": normalised_sum}


def compare(index: LightRAGIndex, questions: list[Row], settings: Sequence[Setting]) -> EvaluationReport:
    """Modes as `evaluate` measures them, and the fusions beside them, paired."""
    report = index.evaluate(questions, modes=(*PLAIN, *settings), ks=KS)
    vectors = index.embed([row["question"] for row in questions], kind="query")
    answers = {row.name: list(row.answers) for row in report.results} | {name: [] for name in FUSIONS}
    for row, vector in zip(questions, vectors, strict=True):
        lists = [
            index.retrieve(row["question"], mode=mode, k=DEPTH, query_embedding=vector).hits
            for mode in ("keyword", "vector")
        ]
        for name, fuse in FUSIONS.items():
            answers[name].append(answered(row, fuse(lists)[: KS[-1]]))
    return with_answers(report, answers)


def answered(row: Row, hits: Sequence[Hit]) -> Answered:
    places = {hit.document_id: place for place, hit in reversed(list(enumerate(hits, start=1)))}
    return Answered(
        id=row["id"],
        ranks={gold: places.get(gold) for gold in row["gold_ids"]},
        found=tuple(Found(chunk_id=hit.chunk_id, document_id=hit.document_id, title=hit.title) for hit in hits),
        latency_ms=0.0,
    )


def with_answers(report: EvaluationReport, answers: dict[str, list[Answered]]) -> EvaluationReport:
    """The report of these answers."""
    settings = {name: Setting(name=name, options=QueryOptions()) for name in answers}
    asked = {one.id for one in answers["mix"]}
    results = measured({name: (settings[name], given) for name, given in answers.items()}, "mix", plan_of({"ks": KS}))
    kept = tuple(question for question in report.questions if question.id in asked)
    return report.model_copy(update={"results": results, "questions": kept})


def only(report: EvaluationReport, origin: str, questions: list[Row]) -> EvaluationReport:
    """The report of the questions of one origin."""
    ids = {row["id"] for row in questions if row["origin"] == origin}
    return with_answers(report, {row.name: [one for one in row.answers if one.id in ids] for row in report.results})


def verdicts(report: EvaluationReport) -> list[str]:
    """How `mix` and its variants stand against the best of the plain ones."""
    plain = [row for row in report.results if row.name in (*PLAIN, *FUSIONS)]
    best = max(plain, key=lambda row: row.figures["recall@5"].value)
    given = {row.name: (Setting(name=row.name, options=QueryOptions()), row.answers) for row in report.results}
    lines = []
    for row in measured(given, best.name, plan_of({"ks": KS})):
        if row.name not in (*PLAIN, *FUSIONS):
            apart = row.differences["recall@5"]
            kept = "kept" if apart.value >= ALLOWED else "BROKEN"
            interval = f"{apart.value:+.4f} [{apart.low:+.4f} {apart.high:+.4f}]"
            lines.append(f"guard {kept}: {row.name} - {best.name} = {interval} of recall@5")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--triples", type=int, default=300, help="questions made from triples")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--extractor", default="triples", choices=("triples", "lexical"))
    parser.add_argument("--embedder", default="minilm", choices=("hash", "minilm"))
    parser.add_argument("--ablations", action="store_true", help="also every setting of ablations.py")
    parser.add_argument("--vectors", type=Path, help="keep MiniLM's vectors in this .npz file between runs")
    parser.add_argument("--database", help="a directory or connection string to keep; default: one that is removed")
    options = parser.parse_args()
    corpus, multi_hop = read(options.folder / "corpus.jsonl"), read(options.folder / "questions.jsonl")
    questions = single_facts(corpus, multi_hop, triples=options.triples, seed=options.seed)
    data, model = load(options.folder), embedder_named(options.embedder, options.vectors)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        show(data, questions, model, options, place=options.database or scratch)
    if options.vectors and options.embedder == "minilm":
        model.save(options.vectors)


def show(data: Data, questions: list[Row], model: object, options: argparse.Namespace, *, place: str) -> None:
    extractor = extractor_named(options.extractor, data)
    name = f"{options.extractor}-{options.embedder}"
    with LightRAGIndex(name, database=place, embed_model=model, extractor=extractor) as index:
        index.ingest(data.documents).raise_if_failed()
        settings = ablations() if options.ablations else [Setting(name="mix", options=QueryOptions())]
        report = compare(index, questions, settings)
    for title, part in (
        ("all", report), ("step", only(report, "step", questions)), ("triple", only(report, "triple", questions)),
    ):  # fmt: skip
        rows = [f"{row.name:<17} recall@5 {cell(row, 'recall@5')}  hit@1 {cell(row, 'hit@1')}" for row in part.results]
        print("\n".join([f"{title}: {len(part.questions)} questions, {name}", *rows, *verdicts(part), ""]), flush=True)


def cell(row: object, measure: str) -> str:
    figure = row.figures[measure]  # type: ignore[attr-defined]
    return f"{figure.value:.3f} [{figure.low:.3f} {figure.high:.3f}]"


if __name__ == "__main__":
    main()
