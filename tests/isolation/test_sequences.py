"""Any sequence of what people do at two houses: neither shows a word of the other, and each holds what it was told."""

import io
import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule, run_state_machine_as_test

from kernel import database, jobs, passwords
from tenants import registry, sign_ins
from tests.isolation import oracles
from tests.isolation.callers import Caller, caller_of
from tests.isolation.houses import House, Town
from tests.isolation.mistakes import places

SIDES = st.sampled_from(["foreign", "own"])
STAFF = st.sampled_from(["viewer", "agent", "manager", "admin"])
WORDS = st.sampled_from(["canary", "inhouse", "said", "article"])


class TwoHouses(RuleBasedStateMachine):
    """What is said at a house holds that house's word; the model is what was said, and whether the house is open."""

    town: Town
    heard: Counter[int]
    requests = Bundle("requests")

    @initialize()
    def move_in(self) -> None:
        self.count = 0
        self.said: dict[str, Counter[str]] = {"foreign": Counter(), "own": Counter()}
        self.is_open = {"foreign": True, "own": True}
        self.town.restore()
        for side in self.said:
            self._set_state(side, "live")

    def house(self, side: str) -> House:
        return self.town.foreign if side == "foreign" else self.town.own

    def other(self, side: str) -> House:
        return self.house("own" if side == "foreign" else "foreign")

    def words(self, side: str) -> str:
        """Something new to say at a house."""
        self.count += 1
        return f"{self.house(side).mine.mark} said {self.count}"

    def ask(self, side: str, face: str, role: str, method: str, path: str, *, host: str = "", **more: Any) -> Any:
        """Ask, and hear nothing of the other house; a house that is closed says so, whoever asks."""
        caller = caller_of(self.house(side), face, role)
        answer = caller.ask(method, path, host=host, **more)
        self.heard[answer.status_code] += 1
        strange = self.other(side) if not host else self.house(side)
        text = oracles.text_of(answer)
        assert strange.mine.mark not in text.replace(path, "")
        assert strange.tenant.name not in text
        assert answer.status_code < 500 or (answer.status_code == 503 and not self.is_open[side])
        if not self.is_open[side] and not host:
            assert answer.status_code == 503
        return answer

    @rule(target=requests, side=SIDES, role=st.sampled_from(["visitor", "customer"]))
    def send_a_request(self, side: str, role: str) -> tuple[str, str]:
        subject = self.words(side)
        form = {"subject": subject, "body": self.words(side), "email": "new@mail.example", "name": "New"}
        answer = self.ask(side, "portal", role, "POST", "/en/requests/new", data=form)
        if not self.is_open[side]:
            return side, ""
        assert answer.status_code == 303
        self.said[side][subject] += 1
        found = re.search(r"/requests/([0-9a-f-]{36})", answer.headers["Location"])
        assert found
        return side, found[1] + subject

    @rule(request=requests, has_file=st.booleans())
    def answer_a_request(self, request: tuple[str, str], has_file: bool) -> None:
        side, address = request
        if address:
            form: dict[str, Any] = {"body": self.words(side)}
            if has_file:
                form["files"] = (io.BytesIO(self.words(side).encode()), "words.txt")
            answer = self.ask(side, "portal", "visitor", "POST", f"/en/requests/{address[:36]}", data=form)
            self.said[side][address[36:]] += answer.status_code == 303

    @rule(request=requests)
    def take_it_next_door(self, request: tuple[str, str]) -> None:
        """The address of a request of one house, asked for at the other."""
        side, address = request
        there = "own" if side == "foreign" else "foreign"
        if address:
            answer = self.ask(there, "portal", "customer", "POST", f"/en/requests/{address[:36]}", data={"body": "Hello"})
            assert answer.status_code == (404 if self.is_open[there] else 503)

    @rule(request=consumes(requests), kind=st.sampled_from(["reply", "note"]), role=STAFF)
    def staff_write(self, request: tuple[str, str], kind: str, role: str) -> None:
        side, address = request
        if address:
            self._give_role(side, role)
            query = f'SELECT number FROM "{self.house(side).schema}".ticket WHERE public_id = %s'
            (number,) = self.town.broom.execute(query.encode(), [address[:36]]).fetchone() or (0,)
            form = {"kind": kind, "body": self.words(side), "status": "waiting"}
            answer = self.ask(side, "desk", role, "POST", f"/desk/tickets/{number}/reply", data=form)
            if self.is_open[side]:
                assert answer.status_code == (403 if role == "viewer" else 303)
            self.said[side][address[36:]] += answer.status_code == 303

    @rule(side=SIDES, role=STAFF)
    def write_an_article(self, side: str, role: str) -> None:
        self._give_role(side, role)
        form = {
            "title": self.words(side),
            "body": self.words(side),
            "language": "en",
            "category": self.house(side).mine.id_of("category"),
        }
        answer = self.ask(side, "desk", role, "POST", "/desk/articles/new", data=form)
        if self.is_open[side]:
            assert answer.status_code == (403 if role == "viewer" else 303)

    @rule(side=SIDES, helpful=st.sampled_from(["yes", "no"]))
    def vote(self, side: str, helpful: str) -> None:
        own, foreign = (house.mine.id_of("article") for house in (self.house(side), self.other(side)))
        for article, status in ((own, 303), (foreign, 404)):
            answer = self.ask(side, "portal", "visitor", "POST", f"/en/a/{article}/vote", data={"helpful": helpful})
            assert answer.status_code == (status if self.is_open[side] else 503)

    @rule(side=SIDES, words=WORDS)
    def search(self, side: str, words: str) -> None:
        for path in ("/en/search", "/en/search/suggestions"):
            self.ask(side, "portal", "visitor", "GET", path, query_string={"q": words})
        self._give_role(side, "agent")
        self.ask(side, "desk", "agent", "GET", "/desk/", query_string={"q": words})

    @rule(side=SIDES, face=st.sampled_from(["portal", "desk"]))
    def show_the_key_next_door(self, side: str, face: str) -> None:
        role, path = ("customer", "/account") if face == "portal" else ("admin", "/desk/")
        there = "own" if side == "foreign" else "foreign"
        answer = self.ask(side, face, role, "GET", path, host=self.other(side).tenant.host)
        assert answer.status_code == (303 if self.is_open[there] else 503)

    @rule(side=SIDES)
    def sign_out_and_in_again(self, side: str) -> None:
        house = self.house(side)
        self._give_role(side, "admin")
        with database.transaction(house.tenant.stand) as session:
            token = sign_ins.open_sign_in(session, face="desk", person_id=house.mine.id_of("staff_member"))
        caller = Caller(caller_of(house, "desk", "admin").client, "desk", "admin", house.tenant.host, token)
        if self.is_open[side]:
            assert caller.ask("GET", "/desk/").status_code == 200
            assert caller.ask("POST", "/desk/signout").status_code == 303
            assert caller.ask("GET", "/desk/").status_code == 303
        assert len(passwords.digest(token)) == 64

    @rule(side=SIDES, state=st.sampled_from(["live", "live", "suspended"]))
    def open_or_close(self, side: str, state: str) -> None:
        self._set_state(side, state)

    @rule()
    def let_work_be_done(self) -> None:
        """What is owed in an open house is done; what is owed in a closed one waits, and costs no attempt."""
        jobs.run_due()
        query = "SELECT tenant_role FROM platform.outbox WHERE done_at IS NULL AND dead_at IS NULL AND due_at <= now()"
        owing = {role for (role,) in self.town.broom.execute(query).fetchall()}
        assert owing <= {self.house(side).tenant.stand.role for side, is_open in self.is_open.items() if not is_open}

    @invariant()
    def each_holds_what_it_was_told(self) -> None:
        for side, said in getattr(self, "said", {}).items():
            schema = self.house(side).schema
            query = (
                f'SELECT t.subject, count(*) FROM "{schema}".ticket t JOIN "{schema}".ticket_message m ON m.ticket_id = t.id'
                " WHERE t.subject LIKE '%said%' GROUP BY 1"
            )
            assert dict(self.town.broom.execute(query.encode()).fetchall()) == dict(said)

    @invariant()
    def no_table_holds_a_word_of_the_other(self) -> None:
        for side in getattr(self, "said", {}):
            schema, word = self.house(side).schema, self.other(side).mine.mark
            tables = " UNION ALL ".join(
                f"SELECT '{table}' FROM \"{schema}\".\"{table}\" x WHERE x::text LIKE '%{word} said%'"
                for table in ("ticket", "ticket_message", "article", "event", "mail", "bell_item", "stored_file", "customer")
            )
            assert self.town.broom.execute(tables.encode()).fetchall() == []

    def teardown(self) -> None:
        for side in ("foreign", "own"):
            self._set_state(side, "live")

    def _set_state(self, side: str, state: str) -> None:
        tenant = self.house(side).tenant.id
        self.town.broom.execute(f"UPDATE platform.tenant SET state = '{state}' WHERE id = {tenant}".encode())
        registry.forget()
        self.is_open[side] = state == "live"

    def _give_role(self, side: str, role: str) -> None:
        house = self.house(side)
        change = f"UPDATE \"{house.schema}\".staff_member SET role = '{role}' WHERE id = {house.mine.id_of('staff_member')}"
        self.town.broom.execute(change.encode())


def run(town: Town, examples: int) -> Counter[int]:
    """Try a fixed choice of sequences, none made smaller: what is found is read as it is.  Return the statuses heard."""
    heard: Counter[int] = Counter()
    machine = type("Sequences", (TwoHouses,), {"town": town, "heard": heard})
    few = settings(
        max_examples=examples,
        stateful_step_count=24,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    run_state_machine_as_test(seed(20_26)(machine), settings=few)
    return heard


@pytest.mark.timeout(240)
def test_two_houses_are_strangers_whatever_is_done_in_them(town):
    heard = run(town, examples=12)
    assert min(heard[status] for status in (200, 303, 403, 404, 503)) > 2, "every kind of answer was heard, several times"
    town.restore()


@pytest.mark.parametrize("mistake", [places.stand_in_the_first_schema, places.remember_any_host, places.cache_results])
@pytest.mark.timeout(240)
def test_the_sequences_find_mistakes_too(town, mistake):
    with pytest.MonkeyPatch.context() as patch:
        mistake(patch, town)
        with pytest.raises(AssertionError):
            run(town, examples=12)
    town.restore()
