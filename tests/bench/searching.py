"""How fast the help centre finds: both engines beside a LIKE scan and plain PostgreSQL full text over the same articles.

Measured inside the process, as a request would ask: synonyms, index, what the reader may see, and the texts for the snippets.
The process has answered as many other questions before: what is kept in memory is what a day's work left there.
"""

import os
import random
import shutil
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

import rooms
from kernel import clock, database, settings
from kernel.actors import SYSTEM, VISITOR
from kernel.i18n import BY_CODE
from kernel.settings import PROJECT
from kernel.tenancy import Stand
from knowledge_base.articles import commands, finding, jobs
from knowledge_base.articles.models import Article
from knowledge_base.search.documents import Document
from knowledge_base.search.whoosh_index import WhooshBackend
from tenants import provisioning
from tests.running import RunningService

ARTICLES, QUESTIONS, TENANTS = 5000, 150, 200
# At most so many milliseconds, half of the time and nineteen times out of twenty; and megabytes of a worker.
GOALS = {
    "whoosh: results": (10.0, 40.0),
    "postgres: results": (10.0, 40.0),
    "whoosh: suggestions": (15.0, 15.0),
    "postgres: suggestions": (15.0, 15.0),
}
MOST_MEGABYTES = 250
SLUG = "bench-search"


def words_of(language: str, dice: random.Random) -> Callable[[int], list[str]]:
    """Return a source of words of a language as they are spread in real texts: few common, many rare."""
    if language == "en":
        made = ["".join(dice.choices("aeioutnsrlmdkpgbfc", k=dice.randint(3, 9))) for _ in range(6000)]
    else:
        made = ["".join(chr(0x4E00 + dice.randrange(1500)) for _ in range(2)) for _ in range(8000)]
    weights = list(accumulate(1 / (rank + 3) for rank in range(len(made))))
    return lambda count: dice.choices(made, cum_weights=weights, k=count)


def texts(dice: random.Random, articles: int) -> Iterator[tuple[str, str, str]]:
    """Yield language, title and text: three Chinese articles for every two in English, some 500 characters each."""
    sources = {language: words_of(language, dice) for language in ("zh_Hant", "en")}
    for number in range(articles):
        language = "zh_Hant" if number % 5 < 3 else "en"
        glue = " " if language == "en" else ""
        words = sources[language]
        sentences = (glue.join(words(dice.randint(8, 14))) for _ in range(18 if language == "zh_Hant" else 10))
        yield language, glue.join(words(4)), ("。" if language == "zh_Hant" else ". ").join(sentences)


def fill(session: Session, articles: int) -> list[tuple[str, str]]:
    """Write the articles past the commands, which would take minutes, and return questions that some of them answer."""
    dice = random.Random(5)
    category = commands.add_category(session, names={"en": "Bench"}, parent=None, actor=SYSTEM)
    now = clock.now()
    common = {
        "category_id": category.id,
        "headings": [],
        "status": "published",
        "created_at": now,
        "updated_at": now,
        "revision": 1,
    }
    rows = [
        {"translation_key": uuid.uuid4().hex, "language": language, "title": title, "search_text": title, **common}
        | dict.fromkeys(("body", "body_html", "body_text"), body)
        for language, title, body in texts(dice, articles)
    ]
    for start in range(0, len(rows), 500):
        session.execute(insert(Article), rows[start : start + 500])
    return [(row["language"], _question(row["body"], dice)) for row in dice.choices(rows, k=2 * QUESTIONS)]


def _question(body: str, dice: random.Random) -> str:
    """Return some words of a text in another order, as one asks about what one half remembers."""
    if body.isascii():
        return "how do i " + " ".join(dice.sample(body.replace(".", "").split(), 5))
    starts = dice.sample(range(0, len(body) - 4, 2), 4)
    return "怎么" + "".join(body[start : start + 3] for start in starts)


def like_scan(session: Session, language: str, words: str) -> None:
    pieces = words.split() if words.isascii() else [words[at : at + 2] for at in range(2, len(words) - 1, 3)]
    conditions = " OR ".join(f"body_text ILIKE :p{number}" for number in range(len(pieces)))
    query = text(f"SELECT id, body_text FROM article WHERE status = 'published' AND ({conditions}) LIMIT 10")
    session.execute(query, {f"p{number}": f"%{piece}%" for number, piece in enumerate(pieces)}).all()


def plain_full_text(session: Session, language: str, words: str) -> None:
    query = text(
        "SELECT id, body_text FROM article, (SELECT CAST(replace(CAST(plainto_tsquery('simple', :words) AS text), '&', '|')"
        " AS tsquery) AS asked) AS question WHERE to_tsvector('simple', body_text) @@ asked"
        " ORDER BY ts_rank(to_tsvector('simple', body_text), asked, 1) DESC LIMIT 10"
    )
    session.execute(query, {"words": words}).all()


def results(session: Session, language: str, words: str) -> None:
    finding.find(session, words, BY_CODE[language], actor=VISITOR)


def suggestions(session: Session, language: str, words: str) -> None:
    typed = words.removeprefix("how do i ").removeprefix("怎么")
    finding.suggest(session, typed[: 3 if language == "en" else 1], BY_CODE[language], actor=VISITOR)


Ask = Callable[[Session, str, str], None]


@dataclass(frozen=True)
class Took:
    """Milliseconds by the clock on the wall, and of this process's work alone, which a busy machine disturbs less."""

    wall: float
    work: float


def measure(stand: Stand, ask: Ask, questions: list[tuple[str, str]]) -> list[Took]:
    """Return what each of the second half of the questions took, a transaction each as a request's; the first half warms up."""
    took = []
    for language, words in questions:
        with database.transaction(stand) as session:
            session.connection()
            start, work = time.perf_counter(), time.process_time()
            ask(session, language, words)
            took.append(Took((time.perf_counter() - start) * 1000, (time.process_time() - work) * 1000))
    return took[len(questions) // 2 :]


def report(service: RunningService, articles: int) -> None:
    known = settings.load({"FRONTDESK_HOME": str(service.home), "FRONTDESK_PORT": str(service.port)})
    settings.use(known)
    rooms.open_all()
    stand = provisioning.create_tenant(SLUG, name="Bench").stand
    with database.transaction(stand) as session:
        questions = fill(session, articles)
    rows: list[tuple[str, Ask, str]] = [("LIKE scan", like_scan, "whoosh"), ("plain full text", plain_full_text, "whoosh")]
    for backend in ("whoosh", "postgres"):
        _use(known, backend)
        with database.transaction(stand) as session:
            jobs.reindex(session)
        rows += [(f"{backend}: results", results, backend), (f"{backend}: suggestions", suggestions, backend)]
    with database.owner_transaction() as owner:
        owner.execute(f"CREATE INDEX ON {stand.schema}.article USING gin (to_tsvector('simple', body_text))")
        for table in ("article", "search_entry", "search_token"):
            owner.execute(f"ANALYZE {stand.schema}.{table}")
    print(f"\n{f'search, {articles} articles':<28}{'p50 ms':>10}{'p95 ms':>10}{'work ms':>10}{'p50 / LIKE':>12}  goal")
    _print(stand, rows, questions, known)
    used = memory_of_a_worker(service.home)
    goal = f"at most {MOST_MEGABYTES}: {_verdict(used <= MOST_MEGABYTES)}"
    print(f"a worker that has searched for {TENANTS} tenants: {used} MB; {goal}")
    database.dispose()
    settings.use(None)


def _use(known: settings.Settings, backend: str) -> None:
    settings.use(replace(known, search_backend=backend))


def _print(stand: Stand, rows: list[tuple[str, Ask, str]], questions: list[tuple[str, str]], known: settings.Settings) -> None:
    yardstick = 0.0
    for name, ask, backend in rows:
        _use(known, backend)
        took = measure(stand, ask, questions)
        walls = [one.wall for one in took]
        p50, p95, work = (
            statistics.median(walls),
            statistics.quantiles(walls, n=20)[18],
            statistics.median(one.work for one in took),
        )
        yardstick = yardstick or p50
        print(f"{name:<28}{p50:>10.1f}{p95:>10.1f}{work:>10.1f}{p50 / yardstick:>12.2f}  {_goal(name, p50, p95)}")


def _goal(name: str, p50: float, p95: float) -> str:
    if name not in GOALS:
        return ""
    most_p50, most_p95 = GOALS[name]
    return f"p50 <= {most_p50:.0f}, p95 <= {most_p95:.0f}: {_verdict(p50 <= most_p50 and p95 <= most_p95)}"


def _verdict(holds: bool) -> str:
    return "holds" if holds else "missed"


_WORKER = """
import sys
from pathlib import Path
import wsgi
from knowledge_base.search.documents import Question
from knowledge_base.search.whoosh_index import WhooshBackend
for place in sorted(Path(sys.argv[1]).iterdir()):
    engine = WhooshBackend(place)
    assert engine.search(Question(words="article about refunds")).hits
    assert engine.suggest("ar", Question(words="ar"))
print(Path("/proc/self/statm").read_text().split()[1])
"""


def memory_of_a_worker(home: Path) -> int:
    """Return the resident megabytes of a process with every room loaded, after it has searched many tenants' indexes."""
    places = home / "bench"
    first = places / "0"
    WhooshBackend(first).rebuild(
        Document(article_id=number, revision=1, language="en", title=f"Article {number}", body=f"refunds {number} " * 60)
        for number in range(100)
    )
    for number in range(1, TENANTS):
        shutil.copytree(first, places / str(number))
    environment = {**os.environ, "FRONTDESK_HOME": str(home), "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        [sys.executable, "-c", _WORKER, str(places)], cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
    )
    return int(done.stdout.split()[-1]) * 4096 // 1024**2
