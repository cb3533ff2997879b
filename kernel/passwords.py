"""Passwords and one-time secrets: how they are hashed, made and compared."""

import hashlib
import hmac
import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kernel.errors import DomainError
from kernel.i18n import lazy_text as _l

MINIMUM_LENGTH = 10

_hasher = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)
# Each check holds 19 MiB: a crowd of sign-ins must queue, not exhaust the machine.
_slots = threading.Semaphore(2)
_NOBODY = _hasher.hash("nobody has this password")


class PasswordTooShort(DomainError):
    message = _l("Choose a password of at least 10 characters.")


def check(password: str) -> None:
    """Raise `PasswordTooShort` for a password that nobody should have; length is what counts (ASVS 6.2)."""
    if len(password) < MINIMUM_LENGTH:
        raise PasswordTooShort()


def hash_password(password: str) -> str:
    with _slots:
        return _hasher.hash(password)


def is_right(password_hash: str | None, password: str) -> bool:
    """Compare in the same time whether or not there is a hash, so that an account's existence cannot be timed."""
    with _slots:
        try:
            return _hasher.verify(password_hash or _NOBODY, password) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False


def new_password() -> str:
    """Return a password to begin with: 96 random bits, easy to copy."""
    return secrets.token_urlsafe(12)


def new_token() -> str:
    """Return 256 random bits for a URL or cookie."""
    return secrets.token_urlsafe(32)


def new_code() -> str:
    """Return six random digits, to be typed by a person within minutes and a few tries."""
    return f"{secrets.randbelow(1_000_000):06d}"


def digest(secret: str) -> str:
    """Return what is stored in place of a random secret.  Not for passwords, which are guessable."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())
