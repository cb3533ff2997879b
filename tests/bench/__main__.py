"""`make bench`: how fast the pages are, beside a bare Flask + SQLAlchemy page in the same run.

Prints requests per second and p50/p95 in milliseconds.  Machines are noisy: every round visits all pages in turn, and the last
column, the ratio to the bare page, is the one to compare between runs.
"""

import argparse
import contextlib
import http.client
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

import psycopg

from kernel import settings
from kernel.settings import PROJECT
from tests.bench import searching
from tests.bench.visits import desk_cookie, first_link, portal_cookie
from tests.running import RunningService, free_port, running_demo

ROUNDS, SECONDS, CLIENTS = 5, 1.0, 4


@dataclass
class Page:
    """One page under measurement; `took` collects milliseconds, `rates` requests a second, a value per round."""

    name: str
    host: str
    port: int
    path: str
    cookie: str = ""
    took: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    def visit(self, connection: http.client.HTTPConnection) -> None:
        headers = {"Host": self.host, "Accept-Encoding": "gzip", **({"Cookie": self.cookie} if self.cookie else {})}
        connection.request("GET", self.path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, f"{self.name}: {answer.status}"

    def measure(self, seconds: float) -> None:
        taken: list[list[float]] = [[] for _ in range(CLIENTS)]
        threads = [threading.Thread(target=self._visit_until, args=(time.monotonic() + seconds, mine)) for mine in taken]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.rates.append(sum(map(len, taken)) / (time.monotonic() - started))
        self.took += [one for mine in taken for one in mine]

    def _visit_until(self, end: float, mine: list[float]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        while time.monotonic() < end:
            start = time.perf_counter()
            self.visit(connection)
            mine.append((time.perf_counter() - start) * 1000)


def pages(service: RunningService) -> list[Page]:
    host = f"ruiju.localhost:{service.port}"
    customer, agent = portal_cookie(service, "ruiju"), desk_cookie(service, "ruiju")
    article = first_link(service, "ruiju", "/zh-hant/", '/zh-hant/a/[^"]+')
    ticket = first_link(service, "ruiju", "/desk/?view=all", r"/desk/tickets/\d+", cookie=agent)
    rows = [
        ("portal home", "/zh-hant/", ""),
        ("portal search", f"/zh-hant/search?q={quote('退房 發票')}", ""),
        ("article", article, ""),
        ("own requests", "/zh-hant/requests", customer),
        ("staff inbox", "/desk/", agent),
        ("ticket page", ticket, agent),
    ]
    return [Page(name, host, service.port, path, cookie) for name, path, cookie in rows]


@contextlib.contextmanager
def bare_page(service: RunningService) -> Iterator[Page]:
    """The yardstick, under gunicorn with as many processes and threads as ours."""
    known = settings.load({"FRONTDESK_HOME": str(service.home), "PATH": os.environ["PATH"]})
    owner = known.owner_database_url
    schema = _schema_of(owner, "ruiju")
    port = free_port()
    environment = {**os.environ, "BARE_DATABASE_URL": owner, "BARE_SCHEMA": schema, "PYTHONPATH": str(PROJECT)}
    server = [
        sys.executable,
        "-m",
        "gunicorn",
        "-k",
        "gthread",
        "-w",
        str(known.web_processes),
        "--threads",
        str(known.web_threads),
    ]
    process = subprocess.Popen(
        [*server, "-b", f"127.0.0.1:{port}", "--log-level", "error", "tests.bench.bare:application"],
        cwd=PROJECT,
        env=environment,
    )
    try:
        _wait_for(port)
        yield Page("bare Flask + SQLAlchemy", f"localhost:{port}", port, "/")
    finally:
        process.terminate()
        process.wait(20)


def _schema_of(url: str, slug: str) -> str:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        row = connection.execute("SELECT schema_name FROM platform.tenant WHERE slug = %s", [slug]).fetchone()
    assert row is not None
    return str(row[0])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            http.client.HTTPConnection("127.0.0.1", port, timeout=1).request("GET", "/")
            return
        time.sleep(0.1)
    raise TimeoutError("the bare page did not start")


def run(measured: list[Page], rounds: int, seconds: float) -> None:
    for page in measured:
        page.measure(0.3)
        page.took.clear()
        page.rates.clear()
    for number in range(rounds):
        for page in measured:
            print(f"\r  round {number + 1} of {rounds}: {page.name:<28}", end="", file=sys.stderr, flush=True)
            page.measure(seconds)
    print(file=sys.stderr)


def report(measured: list[Page]) -> None:
    bare = statistics.median(measured[0].took)
    print(f"\n{'page':<28}{'requests/s':>12}{'p50 ms':>10}{'p95 ms':>10}{'p50 / bare':>12}")
    for page in measured:
        p50, p95 = statistics.median(page.took), statistics.quantiles(page.took, n=20)[18]
        print(f"{page.name:<28}{statistics.median(page.rates):>12.0f}{p50:>10.1f}{p95:>10.1f}{p50 / bare:>12.2f}")


def main(start: Callable[..., contextlib.AbstractContextManager[RunningService]] = running_demo) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="a page and round")
    parser.add_argument("--articles", type=int, default=searching.ARTICLES, help="to measure search with; 0 leaves it out")
    chosen = parser.parse_args()
    print("Starting a demo of its own …", file=sys.stderr)
    with start() as service, bare_page(service) as bare:
        measured = [bare, *pages(service)]
        run(measured, chosen.rounds, chosen.seconds)
        report(measured)
        if chosen.articles:
            searching.report(service, chosen.articles)


if __name__ == "__main__":
    main()
