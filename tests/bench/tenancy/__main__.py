"""`make bench-tenancy`: what a thousand tenants cost, beside PostgreSQL's own limit and beside django-tenants, in one run.

Everything runs in a house of its own that is forgotten at the end.  Machines are noisy: contenders take turns within a round,
so that the ratios can be believed where the milliseconds cannot.
"""

import argparse
import os
import secrets
import statistics
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

import wsgi
from infra.embedded import EmbeddedServices
from kernel import database, settings
from kernel.actors import SYSTEM
from kernel.owners import OwnerConnection
from kernel.tenancy import Stand
from tenants import migrations, provisioning, staff
from tenants.migrations import creation, rendering
from tenants.migrations.rendering import Step
from tests.bench.tenancy import exporting, house, pages
from tests.bench.tenancy.contenders import Rival, builder, rival
from tests.bench.tenancy.measuring import (
    Line,
    Meter,
    Taken,
    heading,
    median_ms,
    memory_of_process,
    metered,
    noting_waits,
    say,
    show,
    take_turns,
    timed,
)

ROUNDS = 6
_SIGN_UPS = 40


@dataclass
class Bench:
    """One run over `count` tenants."""

    services: EmbeddedServices
    count: int
    other: Rival | None
    other_count: int

    def run(self) -> None:
        postmaster = self.services.postgres.pid or 0
        self.meter = Meter(postmaster, os.getpid())
        each = house.fill(self.count)
        raw = statistics.median(timed(self._build_raw) for _ in range(9))
        if self.other:
            self.other_meter = Meter(postmaster, self.other.pid)
        created = self._sign_up()
        self._add("building a schema, ms", each * 1000, raw * 1000, created.p50_ms if self.other else None)
        self._neighbours()
        self._pages()
        self._memory()
        self._migrations()
        self._export()

    def _add(self, what: str, ours: float, raw: float | None = None, other: float | None = None, **goal: Any) -> None:
        """Add a line.  `goal` in words is held when `judged` (else our figure) is at most `limit`."""
        figures = (f"{figure:,.2f}" if figure is not None else "" for figure in (ours, raw, other))
        held = goal.get("judged", ours) <= goal["limit"] if "limit" in goal else None
        show(Line(what, *figures, goal=goal.get("goal", ""), is_held=held))

    def _build_raw(self) -> None:
        """The same statements in one transaction and one round trip: the least that PostgreSQL takes."""
        name = f"t_raw{secrets.token_hex(4)}"
        stand = Stand(name, f"r_{name}")
        script = "; ".join([f'SET LOCAL search_path TO "{name}", ext', *creation.recipe(stand)])
        with database.owner_transaction() as connection:
            connection.execute(script.encode())
        provisioning.tear_down(stand)

    def _sign_up(self) -> Taken:
        """Signing up with a spare: owner and all, without the hash of the password, which takes its time by design.

        Return what django-tenants took for its own, which it begins by building a schema.
        """
        provisioning.keep_spares(ROUNDS * (2 * _SIGN_UPS + 1), pause_seconds=0)
        self._settle()
        created, taken, raw, waited = Taken([]), Taken([]), Taken([]), list[float]()
        owner = database.plain_address(settings.current().owner_database_url)
        with psycopg.connect(owner, autocommit=True) as connection:
            for number in range(ROUNDS):
                if self.other:
                    self._create(created)
                # Whoever comes next after so many new tables finds every cache of the server empty.
                self._one_sign_up(f"first{number}")
                names = [f"new{number}-{place}" for place in range(_SIGN_UPS)]
                metered(lambda names=names: [self._waited(name, waited) for name in names], self.meter, taken)
                metered(lambda: [timed(lambda: self._claim_raw(connection)) for _ in range(_SIGN_UPS)], self.meter, raw)
        self._compare_sign_ups(created, taken, raw, median_ms(waited))
        return created

    def _create(self, created: Taken) -> None:
        say("more tenants for django-tenants")
        metered(lambda: self.other.ask("create", self.other_count // ROUNDS), self.other_meter, created)
        self._settle()

    def _waited(self, slug: str, waited: list[float]) -> float:
        """Sign up, add to `waited` what it waited for the database, and return the seconds in all."""
        with noting_waits() as waits:
            took = timed(lambda: self._one_sign_up(slug))
        waited.append(sum(waits))
        return took

    def _compare_sign_ups(self, created: Taken, taken: Taken, raw: Taken, waited_ms: float) -> None:
        self._add("sign-up, waiting for the database, ms", waited_ms, raw.p50_ms, goal="<= 5 ms", limit=5)
        self._add("   of the database's processor, ms", taken.database_ms, raw.database_ms, goal="<= 5 ms", limit=5)
        self._add("   by the clock in all, ms", taken.p50_ms, None, created.p50_ms if self.other else None)
        if self.other:
            ratio = created.p50_ms / taken.p50_ms
            self._add("   times faster", ratio, goal=">= 100", judged=-ratio, limit=-100)

    def _settle(self) -> None:
        """Let the server write down what building has left over, which nobody who signs up would meet in such a heap."""
        with psycopg.connect(self.services.postgres.url(), autocommit=True) as connection:
            connection.execute("CHECKPOINT")

    def _one_sign_up(self, slug: str) -> None:
        who: dict[str, Any] = {"email": "owner@bench.example", "name": "Olga", "language": "en", "actor": SYSTEM}
        provisioning.create_tenant(slug, name="Bench", furnish=lambda inside: staff.add_first(inside, **who))

    def _claim_raw(self, connection: psycopg.Connection[Any]) -> None:
        """One row claimed and two written in a schema that nobody has touched before, by the bare driver."""
        with connection.transaction():
            row = connection.execute(
                "UPDATE platform.tenant SET state = 'closing' WHERE id = (SELECT id FROM platform.tenant WHERE state = 'spare'"
                " LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING schema_name"
            ).fetchone()
            assert row is not None
            connection.execute(f'SET LOCAL search_path TO "{row[0]}"'.encode())
            for _row in range(2):
                connection.execute(
                    "INSERT INTO event (id, at, name, subject_type, subject_id, actor_kind, actor_name, data)"
                    " VALUES (%s, now(), 'raw', 'x', 1, 'x', 'x', '{}')",
                    [uuid.uuid4()],
                )

    def _neighbours(self) -> None:
        """What a neighbour feels while spares are built at the keeper's pace."""
        turn = pages.visits(pages.application(), "/", pages.hosts_of(house.live()[:20]), favour_few=False)
        with builder(self.services.home) as other:

            def beside() -> list[float]:
                other.tell("go")
                time.sleep(0.2)
                try:
                    return turn()
                finally:
                    other.tell("stop")
                    time.sleep(0.3)

            took = take_turns({"alone": (turn, self.meter), "beside a builder": (beside, self.meter)}, ROUNDS * 2)
        alone, beside_ms = took["alone"].p50_ms, took["beside a builder"].p50_ms
        self._add("a neighbour's page, alone, ms", alone)
        self._add("   while spares are built, ms", beside_ms, goal="<= 1.2 x alone", limit=1.2, judged=beside_ms / alone)

    def _pages(self) -> None:
        """Two tenants and all of them, each in turn; django-tenants with as many as were made."""
        tenants = house.live()
        hosts, two, ours = pages.hosts_of(tenants), pages.hosts_of(tenants[:2]), pages.application()
        turns: dict[str, Callable[[], list[float]]] = {
            "two": pages.visits(ours, "/", two, favour_few=False),
            "few often": pages.visits(ours, "/", hosts, favour_few=True),
            "all alike": pages.visits(ours, "/", hosts, favour_few=False),
            "raw": pages.raw_visits(tenants, favour_few=True),
            "inbox, two": pages.visits(wsgi.front_door, "/desk/", two, favour_few=False),
            "inbox": pages.visits(wsgi.front_door, "/desk/", hosts, favour_few=True),
            "portal, two": pages.visits(wsgi.front_door, "/en/", two, favour_few=False, signed_in=False),
            "portal": pages.visits(wsgi.front_door, "/en/", hosts, favour_few=True, signed_in=False),
        }
        contenders = {name: (turn, self.meter) for name, turn in turns.items()}
        if self.other:
            other = self.other
            contenders["rival"] = (lambda: other.ask("visit", 1), self.other_meter)
        self._compare(take_turns(contenders, ROUNDS))

    def _compare(self, took: dict[str, Taken]) -> None:
        for unit in ("p50_ms", "processor_ms"):
            ms = {name: getattr(taken, unit) for name, taken in took.items()}
            # An average knows how many of the visits were the first in a while: goals are set for the usual one.
            has_goals = unit == "p50_ms"
            flat: dict[str, Any] = {"goal": "<= 1.15 x two tenants", "limit": 1.15} if has_goals else {}
            faster: dict[str, Any] = {"goal": "<= 0.6 x", "limit": 0.6} if has_goals else {}
            title = "page p50" if has_goals else "page, processor's time"
            self._add(f"{title}, 2 tenants, ms", ms["two"])
            self._add(f"   {self.count}, few often, ms", ms["few often"], ms["raw"], **flat, judged=ms["few often"] / ms["two"])
            self._add(f"   {self.count}, all alike, ms", ms["all alike"])
            if self.other:
                ratio = ms["few often"] / ms["rival"]
                what = f"   beside {self.other_count} of django-tenants, ms"
                self._add(what, ms["few often"], None, ms["rival"], **faster, judged=ratio)
            for name in ("inbox", "portal"):
                self._add(f"   the product's {name}, 2 tenants, ms", ms[f"{name}, two"])
                self._add(f"   {name}, {self.count}, ms", ms[name], **flat, judged=ms[name] / ms[f"{name}, two"])

    def _memory(self) -> None:
        """What the backends hold at most while every tenant is visited, at the portal's front page and in the desk's inbox."""
        most = 0
        for number, host in enumerate(pages.hosts_of(house.live())):
            for path, signed_in in (("/en/", False), ("/desk/", True)):
                pages.visits(wsgi.front_door, path, [host], favour_few=False, signed_in=signed_in, pages=1)()
            if number % 5 == 0:
                say(f"memory of backends after {number} tenants: {most / 2**20:.0f} MB")
                most = max([most, *(memory_of_process(pid) for pid in _backends())])
        self._add("backend's memory at most, MB", most / 2**20, goal="<= 64 MB", limit=64)

    def _migrations(self) -> None:
        took = [timed(lambda number=number: self._expand(f"column{number}")) for number in range(3)]
        nothing = [timed(migrations.run) for _ in range(5)]
        raw = [timed(lambda number=number: self._expand_raw(f"raw{number}")) for number in range(2)]
        theirs = theirs_nothing = None
        if self.other:
            scale = self.count / self.other_count
            theirs = self.other.ask("migrate", 0)[0] * scale
            theirs_nothing = self.other.ask("nothing")[0] * scale * 1000
        limit = 3 * max(self.count, 1000) / 1000
        middle, goal = statistics.median(took), {"goal": f"<= {limit:g} s", "limit": limit}
        self._add(f"one column for {self.count} tenants, s", middle, min(raw), theirs, **goal)
        self._add("   nothing to do, ms", median_ms(nothing), None, theirs_nothing, goal="<= 50 ms", limit=50)

    def _expand(self, column: str) -> None:
        known, real = rendering.steps("tenant"), self._real_steps
        chain = (*known, Step(f"9{len(known):03d}", (f"ALTER TABLE ticket ADD COLUMN {column} text",)))
        rendering.steps = lambda branch: chain if branch == "tenant" else real(branch)
        assert migrations.run().changed >= self.count

    _real_steps = staticmethod(rendering.steps)

    def _expand_raw(self, column: str) -> None:
        """Twenty tenants a transaction, two connections: what PostgreSQL itself takes."""
        names = [tenant.schema_name for tenant in house.live()]

        def work(mine: list[str]) -> None:
            with OwnerConnection(most_schemas=10**9) as connection:
                for start in range(0, len(mine), 20):
                    batch = mine[start : start + 20]
                    with connection.transaction() as opened:
                        opened.execute(
                            "; ".join(f'ALTER TABLE "{name}".ticket ADD COLUMN {column} text' for name in batch).encode()
                        )

        threads = [threading.Thread(target=work, args=[names[part::2]]) for part in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _export(self) -> None:
        tenant = house.live()[-1]
        exporting.fill(tenant.stand)
        raw = [timed(lambda: exporting.copy_raw(tenant.stand)) for _ in range(5)]
        with tempfile.TemporaryDirectory() as folder:
            ours = [timed(lambda: exporting.export(tenant, Path(folder))) for _ in range(6)]
        self._add("export of 100 rows a table, ms", median_ms(ours[1:]), median_ms(raw), goal="<= 150 ms", limit=150)


def _backends() -> list[int]:
    role = "frontdesk_app"
    with psycopg.connect(database.plain_address(settings.current().owner_database_url)) as connection:
        return [row[0] for row in connection.execute("SELECT pid FROM pg_stat_activity WHERE usename = %s", [role]).fetchall()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument("--rival-tenants", type=int, default=30, help="how many django-tenants gets, where it is installed")
    chosen = parser.parse_args()
    with house.opened() as services, rival(services) as other:
        heading(f"{chosen.tenants} tenants in one database")
        Bench(services, chosen.tenants, other, ROUNDS * max(chosen.rival_tenants // ROUNDS, 1)).run()
        print(f"\nload of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)


if __name__ == "__main__":
    main()
