"""Domains of a tenant's own: claimed, proved by DNS, watched ever after, and made the name that everybody sees."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kernel import clock, events, outbox, settings
from kernel.actors import SYSTEM, Actor
from kernel.errors import DomainError, InvalidField, NotFound
from kernel.i18n import lazy_text as _l
from kernel.jobs import job
from tenants import dns, own_row, registry
from tenants.models import HostName

MOST_DOMAINS = 5
TOKEN_PREFIX = "frontdesk-verification="
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# Two labels at least, the last of which is no number: that would be a network address.
_HOST = re.compile(rf"(?:{_LABEL}\.)+(?!\d+$){_LABEL}")
# A name that was proved and no longer is keeps its door for so long: whoever moves a zone has days in which it is half there.
_PATIENCE = timedelta(days=7)
_SOON, _LATER = timedelta(minutes=1), timedelta(hours=1)
_DAILY = timedelta(days=1)


class DomainTaken(DomainError):
    """Taken by another tenant, or below the platform's own name: which of the two is nobody's business."""

    status = 409
    message = _l("“%(host)s” cannot be used here. Check its spelling, or ask us.")


class TooManyDomains(DomainError):
    message = _l("There are five domains already. Remove one first.")


class NotProved(DomainError):
    status = 409
    message = _l("The records of “%(host)s” have not been seen yet. It can become the main address once they are.")


class Problem(StrEnum):
    """What a check found wrong; kept as `host_name.error`."""

    NO_PROOF = "no_proof"
    WRONG_PROOF = "wrong_proof"
    NO_ADDRESS = "no_address"
    WRONG_ADDRESS = "wrong_address"
    UNREACHABLE = "unreachable"


PROBLEMS = {
    Problem.NO_PROOF: _l("The TXT record has not been found yet. It can take an hour until everybody sees a new record."),
    Problem.WRONG_PROOF: _l("There is a TXT record, but it holds something else. Copy its value once more."),
    Problem.NO_ADDRESS: _l("The TXT record is right. The domain itself leads nowhere yet: set the CNAME record."),
    Problem.WRONG_ADDRESS: _l("The TXT record is right. The domain leads somewhere else: set the CNAME record."),
    Problem.UNREACHABLE: _l("No name server answered. We will look again."),
}


@dataclass(frozen=True)
class Domain:
    """A domain as its page shows it, with the records to set.  `failing_since` is when its records were last right."""

    host: str
    state: str
    is_primary: bool
    problem: Problem | None
    checked_at: datetime | None
    failing_since: datetime | None
    target: str
    proof_name: str
    proof: str


def all_of(session: Session) -> list[Domain]:
    """Return the tenant's own domains, the oldest first."""
    target, tenant_id = _target(session), own_row.house(session).id
    with own_row.at_home(session) as home:
        return [_domain(row, target) for row in _rows(home, tenant_id)]


def _target(session: Session) -> str:
    """Return the name that the tenant's domain must lead to, without the port."""
    return settings.current().tenant_host(registry.of(session).slug).partition(":")[0]


def _rows(home: Session, tenant_id: int) -> Sequence[HostName]:
    mine = select(HostName).where(HostName.tenant_id == tenant_id, HostName.kind == "custom")
    return home.scalars(mine.order_by(HostName.created_at, HostName.host)).all()


def _domain(row: HostName, target: str) -> Domain:
    known = row.error in set(Problem)
    failing = row.verified_at if row.error and row.verified_at else None
    return Domain(
        host=row.host,
        state=row.state,
        is_primary=row.is_primary,
        problem=Problem(row.error) if known else None,
        checked_at=row.checked_at,
        failing_since=failing,
        target=target,
        proof_name=_proof_name(row.host),
        proof=TOKEN_PREFIX + row.token,
    )


def _proof_name(host: str) -> str:
    return f"_frontdesk.{host}"


def add(session: Session, text: str, *, actor: Actor) -> str:
    """Claim a domain and begin to look for its records; return it as it is kept.

    A claim that nobody has proved gives way to a later one, so that nobody can keep a stranger's name from them.  Raises
    `InvalidField`, `DomainTaken` or `TooManyDomains`.
    """
    host, tenant_id = host_in(text), own_row.house(session).id
    token = secrets.token_hex(16)
    with own_row.at_home(session) as home:
        if len(_rows(home, tenant_id)) >= MOST_DOMAINS:
            raise TooManyDomains()
        _make_room(home, host, tenant_id)
        home.add(HostName(host=host, tenant_id=tenant_id, kind="custom", state="pending", token=token, created_at=clock.now()))
        home.flush()
    _record(session, "domain.added", actor, host=host)
    outbox.put(session, "domains.check", {"host": host, "token": token})
    return host


def _make_room(home: Session, host: str, tenant_id: int) -> None:
    claimed = home.get(HostName, host, with_for_update=True)
    if claimed is None:
        return
    if claimed.state != "pending" or claimed.kind != "custom" or claimed.tenant_id == tenant_id:
        raise DomainTaken(host=host)
    home.delete(claimed)
    home.flush()


def host_in(text: str) -> str:
    """Return a domain as it is kept: small ASCII letters, without scheme, path, port or dot at the end.

    Raises `InvalidField` for what is no domain and `DomainTaken` for what is below the platform's own.
    """
    bare = text.strip().lower().removeprefix("https://").removeprefix("http://").partition("/")[0].rstrip(".")
    try:
        host = dns.in_ascii(bare)
    except ValueError as error:
        raise _no_domain() from error
    if not _HOST.fullmatch(host) or len(host) > 240:
        raise _no_domain()
    platform = settings.current().platform_host.partition(":")[0].lower()
    if host == platform or host.endswith(f".{platform}"):
        raise DomainTaken(host=host)
    return host


def _no_domain() -> InvalidField:
    return InvalidField("host", _l("Enter a domain such as help.example.com, without https:// or a path."))


def _record(session: Session, name: str, actor: Actor, **facts: object) -> None:
    events.record(session, name, own_row.house(session), actor=actor, **facts)


def check_now(session: Session, host: str) -> None:
    """Let a worker look at the domain's records at once, besides the looks that follow by themselves.  Raises `NotFound`."""
    tenant_id = own_row.house(session).id
    with own_row.at_home(session) as home:
        token = _mine(home, tenant_id, host).token
    outbox.put(session, "domains.check", {"host": host, "token": token, "is_extra": True})


def _mine(home: Session, tenant_id: int, host: str) -> HostName:
    row = home.get(HostName, host, with_for_update=True, populate_existing=True)
    if row is None or row.tenant_id != tenant_id or row.kind != "custom":
        raise NotFound()
    return row


@job("domains.check")
def check(session: Session, *, host: str, token: str, is_extra: bool = False) -> None:
    """Look at a domain's records, note what was found, and promise the next look; the claim it was for may be gone."""
    problem = _problem(host, token, _target(session))
    try:
        before, after = _note(session, host, token, problem)
    except NotFound:
        return
    if before != after:
        _record(session, "domain.state_changed", SYSTEM, host=host, changes={"state": [before, after]})
        with own_row.at_home(session) as home:
            registry.changed(home)
    if not is_extra:
        outbox.put(session, "domains.check", {"host": host, "token": token}, due_at=clock.now() + _wait(session, host))


def _problem(host: str, token: str, target: str) -> Problem | None:
    try:
        proofs = [text for text in dns.texts(_proof_name(host)) if text.startswith(TOKEN_PREFIX)]
        if TOKEN_PREFIX + token not in proofs:
            return Problem.WRONG_PROOF if proofs else Problem.NO_PROOF
        return _address_problem(host, target)
    except dns.Unreachable:
        return Problem.UNREACHABLE


def _address_problem(host: str, target: str) -> Problem | None:
    """The name is another one for ours, or, where the zone's top cannot be that, leads to the same addresses."""
    if dns.alias(host) == target:
        return None
    theirs = dns.addresses(host)
    if not theirs:
        return Problem.NO_ADDRESS
    return None if theirs & dns.addresses(target) else Problem.WRONG_ADDRESS


def _note(session: Session, host: str, token: str, problem: Problem | None) -> tuple[str, str]:
    """Note a check's outcome, and return the state before and after it.  Raises `NotFound`."""
    now, tenant_id = clock.now(), own_row.house(session).id
    with own_row.at_home(session) as home:
        row = _mine(home, tenant_id, host)
        if row.token != token:
            raise NotFound()
        before = row.state
        row.checked_at, row.error = now, problem or ""
        if problem is None:
            row.state, row.verified_at = "verified", now
        elif row.state == "verified" and problem is not Problem.UNREACHABLE and _is_lost(row, now):
            row.state, row.is_primary = "failing", False
        return before, row.state


def _is_lost(row: HostName, now: datetime) -> bool:
    return row.verified_at is None or now - row.verified_at > _PATIENCE


def _wait(session: Session, host: str) -> timedelta:
    """Look often while somebody waits for it, then hourly for a week, and once a day ever after."""
    tenant_id = own_row.house(session).id
    with own_row.at_home(session) as home:
        row = _mine(home, tenant_id, host)
        age = clock.now() - row.created_at
        if row.state == "verified" and not row.error:
            return _DAILY
    if age < timedelta(hours=1):
        return _SOON
    return _LATER if age < _PATIENCE else _DAILY


def make_primary(session: Session, host: str | None, *, actor: Actor) -> None:
    """Let `host` be the address that pages and mails use, and the others lead to it; None for the platform's name.

    Raises `NotFound` or `NotProved`.
    """
    tenant_id = own_row.house(session).id
    before = registry.of(session).host
    with own_row.at_home(session) as home:
        if host is not None and _mine(home, tenant_id, host).state != "verified":
            raise NotProved(host=host)
        home.execute(update(HostName).where(HostName.tenant_id == tenant_id).values(is_primary=HostName.host == (host or "")))
    after = settings.current().with_port(host) if host else settings.current().tenant_host(registry.of(session).slug)
    _record(session, "domain.made_primary", actor, changes={"host": [before, after]})
    with own_row.at_home(session) as home:
        registry.changed(home)


def remove(session: Session, host: str, *, actor: Actor) -> None:
    """Give a domain up: it leads nowhere from now on.  Raises `NotFound`."""
    tenant_id = own_row.house(session).id
    with own_row.at_home(session) as home:
        home.delete(_mine(home, tenant_id, host))
    _record(session, "domain.removed", actor, host=host)
    with own_row.at_home(session) as home:
        registry.changed(home)
