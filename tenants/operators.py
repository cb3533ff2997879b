"""Operators: who runs the platform, and how they sign in."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from kernel import clock, database, passwords
from kernel.errors import DomainError
from kernel.i18n import lazy_text as _l
from tenants.models import Operator as Operator
from tenants.models import OperatorSignIn, OperatorSignInTry
from tenants.sign_ins import TooManyTries, WrongSecret
from tenants.staff import mail_address

_TRIES_WINDOW = timedelta(minutes=15)
_TRIES = 5
_LIFETIME = timedelta(hours=12)


class OperatorExists(DomainError):
    status = 409
    message = _l("%(email)s is an operator already.")


def add(session: Session, *, email: str, name: str, password: str, language: str = "en") -> Operator:
    """Let somebody operate the platform.  Raises `InvalidField` or `OperatorExists`."""
    address = mail_address(email)
    passwords.check(password)
    if by_email(session, address) is not None:
        raise OperatorExists(email=address)
    operator = Operator(
        email=address,
        name=name,
        password_hash=passwords.hash_password(password),
        language=language,
        created_at=clock.now(),
    )
    session.add(operator)
    session.flush()
    return operator


def by_email(session: Session, email: str) -> Operator | None:
    return session.scalar(select(Operator).where(Operator.email == email.strip().lower()))


def sign_in(session: Session, *, email: str, password: str) -> tuple[Operator, str]:
    """Return the operator and the token for the browser's cookie.  Raises `TooManyTries` or `WrongSecret`."""
    key = email.strip().lower()
    since = clock.now() - _TRIES_WINDOW
    failed = select(func.count()).where(OperatorSignInTry.key == key, OperatorSignInTry.at >= since)
    if (session.scalar(failed) or 0) >= _TRIES:
        raise TooManyTries()
    operator = by_email(session, key)
    if not passwords.is_right(operator.password_hash if operator else None, password) or operator is None:
        with database.transaction() as aside:
            aside.execute(delete(OperatorSignInTry).where(OperatorSignInTry.at < since))
            aside.add(OperatorSignInTry(key=key, at=clock.now()))
        raise WrongSecret()
    return operator, _open(session, operator)


def _open(session: Session, operator: Operator) -> str:
    token, now = passwords.new_token(), clock.now()
    digest = passwords.digest(token)
    session.add(OperatorSignIn(token_digest=digest, operator_id=operator.id, created_at=now, seen_at=now))
    return token


def signed_in(session: Session, token: str) -> Operator | None:
    """Return the operator signed in with this token during the last twelve hours."""
    row = session.get(OperatorSignIn, passwords.digest(token))
    if row is None or row.ended_at is not None or row.created_at < clock.now() - _LIFETIME:
        return None
    return session.get(Operator, row.operator_id)


def sign_out(session: Session, token: str) -> None:
    digest = passwords.digest(token)
    session.execute(update(OperatorSignIn).where(OperatorSignIn.token_digest == digest).values(ended_at=clock.now()))


def last_seen(session: Session) -> dict[int, datetime]:
    """Return when each operator was last signed in, by their number."""
    query = select(OperatorSignIn.operator_id, func.max(OperatorSignIn.created_at)).group_by(OperatorSignIn.operator_id)
    return dict(session.execute(query).all())
