"""Signing in: tokens in browsers, tries that grow slow, one-time codes.  What is true for staff is true for customers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, delete, func, select, update
from sqlalchemy.orm import Session, joinedload

from kernel import clock, database, events, passwords
from kernel.actors import Actor
from kernel.errors import DomainError, NotFound
from kernel.i18n import lazy_text as _l
from tenants.models import SignIn, SignInCode, SignInTry

CODE_LIFETIME = timedelta(minutes=15)
CODE_TRIES = 5
_LIFETIME = timedelta(days=30)
_SEEN_EVERY = timedelta(minutes=5)
_TRIES_WINDOW = timedelta(minutes=15)
# Guessing at an account must be slow; a network address may be a whole office.
_TRIES_PER_ACCOUNT, _TRIES_PER_ADDRESS = 5, 50
_CODES_PER_WINDOW = 5


class TooManyTries(DomainError):
    status = 429
    message = _l("Too many tries. Wait a quarter of an hour, then try again.")


class WrongSecret(DomainError):
    message = _l("The e-mail address or the password is not right.")


class CodeRefused(DomainError):
    message = _l("This code is wrong, used or older than 15 minutes. Ask for a new one.")


@dataclass(frozen=True)
class NewCode:
    """A code and a link's token as they go into the mail; the database keeps only their digests."""

    code: str
    token: str


def open_sign_in(
    session: Session, *, face: str, person_id: int, agent: str = "", address: str = "", operator: Actor | None = None
) -> str:
    """Remember a browser and return the token for its cookie: new at every sign-in (no fixation, ASVS 7.2.4).

    `operator` is who of the platform comes in as a guest.
    """
    token = passwords.new_token()
    now = clock.now()
    row = SignIn(token_digest=passwords.digest(token), face=face, person_id=person_id, created_at=now, seen_at=now)
    row.agent, row.address = agent[:200], address
    if operator is not None:
        row.operator_id, row.operator_name = operator.id, operator.name
    session.add(row)
    return token


# Put together once: every page of every face asks for it, and putting together takes longer than asking.
_BY_TOKEN = select(SignIn).where(SignIn.token_digest == bindparam("digest"))
# Every page of the desk asks for the member next, who is read along; the session would forget them with the sign-in.
_WITH_MEMBER = _BY_TOKEN.options(joinedload(SignIn.member))


def person_signed_in(session: Session, *, face: str, token: str) -> int | None:
    """Return who is signed in at `face` with this token, if the sign-in has not ended and was seen in the last thirty days."""
    row = session.scalar(_WITH_MEMBER if face == "desk" else _BY_TOKEN, {"digest": passwords.digest(token)})
    session.info["sign_in"] = row
    now = clock.now()
    if row is None or row.face != face or row.ended_at is not None or row.seen_at < now - _LIFETIME:
        return None
    if row.seen_at < now - _SEEN_EVERY:
        row.seen_at = now
    return row.person_id


def end_sign_in(session: Session, token: str) -> None:
    session.execute(update(SignIn).where(SignIn.token_digest == passwords.digest(token)).values(ended_at=clock.now()))


def end_all(session: Session, *, face: str, person_id: int, but: str | None = None) -> None:
    """Sign somebody out everywhere, when they leave or change their password; `but` is the token of a browser that stays."""
    ended = update(SignIn).where(*_open_sign_ins(face, person_id))
    if but is not None:
        ended = ended.where(SignIn.token_digest != passwords.digest(but))
    session.execute(ended.values(ended_at=clock.now()))


def open_sign_ins(session: Session, *, face: str, person_id: int) -> Sequence[SignIn]:
    """Return the browsers in which somebody is signed in, the last seen first."""
    query = select(SignIn).where(*is_open(face), SignIn.person_id == person_id)
    return session.scalars(query.order_by(SignIn.seen_at.desc())).all()


def is_open(face: str) -> tuple[ColumnElement[bool], ...]:
    """What is true of a sign-in at `face` with which somebody would still be let in."""
    return SignIn.face == face, SignIn.ended_at.is_(None), SignIn.seen_at >= clock.now() - _LIFETIME


def end_one(session: Session, *, face: str, person_id: int, token_digest: str) -> None:
    """Sign somebody out in one of their own browsers, or raise `NotFound`."""
    one = update(SignIn).where(*_open_sign_ins(face, person_id), SignIn.token_digest == token_digest)
    if session.scalars(one.values(ended_at=clock.now()).returning(SignIn.face)).first() is None:
        raise NotFound()


def _open_sign_ins(face: str, person_id: int) -> tuple[ColumnElement[bool], ...]:
    return SignIn.face == face, SignIn.person_id == person_id, SignIn.ended_at.is_(None)


def check_tries(session: Session, *, account: str, address: str) -> None:
    """Raise `TooManyTries` when this account, or this address on the network, has failed too often lately."""
    since = clock.now() - _TRIES_WINDOW
    recent = select(SignInTry.key, func.count()).where(SignInTry.key.in_([account, address]), SignInTry.at >= since)
    counts = {key: count for key, count in session.execute(recent.group_by(SignInTry.key))}
    if counts.get(account, 0) >= _TRIES_PER_ACCOUNT or counts.get(address, 0) >= _TRIES_PER_ADDRESS:
        raise TooManyTries()


def note_failed_try(session: Session, *, account: str, address: str) -> None:
    """Count a failed try, in a transaction of its own: the page that refuses the try keeps nothing else."""
    now = clock.now()
    with database.transaction(database.stand_of(session)) as aside:
        aside.execute(delete(SignInTry).where(SignInTry.at < now - _TRIES_WINDOW))
        aside.add_all([SignInTry(key=key, at=now) for key in (account, address)])


def forget_tries(session: Session, *, account: str) -> None:
    session.execute(delete(SignInTry).where(SignInTry.key == account))


def ask_for_code(session: Session, *, email: str, language: str, return_to: str, actor: Actor) -> SignInCode:
    """Promise a code and link to an address; its mail makes them.  `return_to` is a path of the portal to go on to.

    Raises `TooManyTries` after five codes in a quarter of an hour: each is a mail that somebody may not have asked for.
    """
    now = clock.now()
    recent = select(func.count()).where(SignInCode.email == email, SignInCode.created_at > now - CODE_LIFETIME)
    if (session.scalar(recent) or 0) >= _CODES_PER_WINDOW:
        raise TooManyTries()
    row = SignInCode(email=email, language=language, return_to=return_to, created_at=now)
    session.add(row)
    events.record(session, "sign_in_code.requested", row, actor=actor)
    return row


def make_code(row: SignInCode) -> NewCode:
    """Make the code and link of a request and return them for the mail; a second making voids the first."""
    made = NewCode(passwords.new_code(), passwords.new_token())
    row.code_digest = _code_digest(row.email, made.code)
    row.link_digest = passwords.digest(made.token)
    return made


def use_code(session: Session, email: str, code: str) -> bool:
    """Use up a typed code and say whether it was right; a wrong one counts against every open code of the address."""
    mine = (*_is_open(clock.now()), SignInCode.email == email)
    right = SignInCode.code_digest == _code_digest(email, code.strip())
    used = update(SignInCode).where(*mine, right).values(used_at=clock.now()).returning(SignInCode.id)
    if session.scalars(used).first() is not None:
        return True
    # In a transaction of its own: the page that refuses the code keeps nothing else.
    with database.transaction(database.stand_of(session)) as aside:
        aside.execute(update(SignInCode).where(*mine).values(tries=SignInCode.tries + 1))
    return False


def open_link(session: Session, token: str) -> SignInCode | None:
    """Return what a link stands for while it can be used; looking does not use it up, because mail scanners look."""
    link = SignInCode.link_digest == passwords.digest(token)
    return session.scalar(select(SignInCode).where(*_is_open(clock.now()), link))


def use_link(session: Session, token: str) -> str:
    """Use up a link and return its address, or raise `CodeRefused`."""
    link = SignInCode.link_digest == passwords.digest(token)
    used = update(SignInCode).where(*_is_open(clock.now()), link).values(used_at=clock.now()).returning(SignInCode.email)
    email = session.scalars(used).first()
    if email is None:
        raise CodeRefused()
    return email


def _is_open(now: datetime) -> tuple[ColumnElement[bool], ...]:
    fresh = SignInCode.created_at > now - CODE_LIFETIME
    return SignInCode.used_at.is_(None), SignInCode.tries < CODE_TRIES, fresh


def _code_digest(email: str, code: str) -> str:
    return passwords.digest(f"{email}:{code}")
