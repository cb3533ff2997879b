"""kill -9, again and again, while people write: nothing acknowledged is lost, nothing is sent twice."""

import contextlib
import http.client
import itertools
import threading
import time
from collections import Counter

import pytest

from tests.running import RunningService, running_demo
from tests.visiting import Answer, Visitor

REQUESTS, KILL_EVERY_SECONDS = 20, 1.5
# The web server less often than the others: it takes three seconds to come back, and people must get through in between.
VICTIMS = ("worker", "valkey", "web", "sweeper", "worker", "valkey", "worker")
# People do not type faster; without it all would be over before the second kill.
PAUSE_SECONDS = 0.4
ADMIN, PASSWORD = "admin@acme.example", "frontdesk-demo"


@pytest.fixture(scope="module")
def mortal() -> RunningService:
    """A service of its own, as the other journeys must not be killed, with one tenant instead of the demo chain."""
    with running_demo(FRONTDESK_MODE="test") as service:
        words = ("--name", "Acme Advisory", "--admin-email", ADMIN, "--admin-password", PASSWORD)
        service.command("tenants", "create", "acme", *words)
        yield service


class Killer(threading.Thread):
    """Kills one kind of process after the other while its block runs."""

    def __init__(self, service: RunningService, kills: Counter[str]) -> None:
        super().__init__(daemon=True)
        self.service, self.kills, self._is_over = service, kills, threading.Event()

    def run(self) -> None:
        for name in itertools.cycle(VICTIMS):
            if self._is_over.wait(KILL_EVERY_SECONDS):
                return
            # On a busy machine the web server may still be on its way up: killed again, nobody would ever get through.
            if name == "web" and not self.service.is_answering():
                continue
            self.kills[name] += len(self.service.pids(name))
            self.service.kill(name)

    def __enter__(self) -> "Killer":
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_over.set()
        self.join()


def insist(visitor: Visitor, page: str, form: dict[str, str], to: str | None = None) -> Answer:
    """Send one form until it is acknowledged, as a person reloads: always the same form, with the same key."""
    deadline = time.monotonic() + 120
    hidden: dict[str, str] = {}
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            hidden = hidden or visitor.hidden(page, to or page)
            if hidden:
                answer = visitor.post(to or page, {**hidden, **form})
                if answer.status in (303, 409):
                    time.sleep(PAUSE_SECONDS)
                    return answer
                assert answer.status >= 500, answer.text
        time.sleep(0.3)
    raise TimeoutError(f"{page} was never acknowledged")


def ask(service: RunningService, number: int) -> str:
    """Send one request as a guest and return the guest's address."""
    email = f"guest{number}@kill.example"
    form = {"subject": f"Kill test {number:03d}", "body": f"Message {number}", "email": email, "name": f"Guest {number}"}
    insist(service.visitor("acme"), "/en/requests/new", form)
    return email


def settled_mails(service: RunningService, addresses: list[str], at_least: int) -> dict[str, list[str]]:
    """Return the subjects of all mails by address, once everybody has `at_least` so many and no more come."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        seen = {address: [mail["subject"] for mail in service.mails(address)] for address in addresses}
        if all(len(subjects) >= at_least for subjects in seen.values()):
            break
        time.sleep(0.5)
    time.sleep(4)
    return {address: [mail["subject"] for mail in service.mails(address)] for address in addresses}


@pytest.mark.timeout(300)
def test_killing_workers_valkey_and_web_loses_nothing_and_sends_nothing_twice(mortal):
    kills: Counter[str] = Counter()
    with Killer(mortal, kills):
        addresses = [ask(mortal, number) for number in range(REQUESTS)]
    mortal.wait_until_answering()
    numbers = {address: ticket_number(mortal, address) for address in addresses}
    with Killer(mortal, kills):
        agent = mortal.visitor("acme")
        insist(agent, "/desk/signin", {"email": ADMIN, "password": PASSWORD})
        for number in numbers.values():
            page = f"/desk/tickets/{number}"
            insist(agent, page, {"kind": "reply", "body": f"Answer to {number}", "status": "waiting"}, to=f"{page}/reply")
    mortal.wait_until_answering()
    mails = settled_mails(mortal, addresses, at_least=2)
    assert {address: len(subjects) for address, subjects in mails.items()} == dict.fromkeys(addresses, 2), mails
    assert len(set(numbers.values())) == REQUESTS
    assert all(kills[name] for name in ("worker", "valkey", "web", "sweeper")), kills


def ticket_number(service: RunningService, address: str) -> str:
    mail = service.wait_for_mail(address, "Kill test", seconds=60)
    return str(mail["subject"]).partition("#")[2].partition(":")[0]
