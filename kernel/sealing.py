"""Sealing: secrets and files that a stolen dump, disk or backup must not give away (AES-256-GCM, a key a tenant).

Each tenant's key lies in `platform.sealing_key`, itself sealed with the installation's data key, which is in no database: the
setting `FRONTDESK_DATA_KEY`, else derived from the secret key.  Whoever has only the database, only the files, or both, reads
nothing; when a tenant is purged its key goes, and what older copies still hold of it can no longer be opened.
"""

import base64
import os
from datetime import datetime
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import clock, database, settings
from kernel.database import PlatformBase
from kernel.tenancy import Stand, platform_at

_NONCE_BYTES = 12


class Unreadable(RuntimeError):
    """What was sealed cannot be opened: another data key, another tenant or purpose, a purged key, or damage."""


class SealingKey(PlatformBase):
    """The key of one schema, sealed with the installation's data key."""

    __tablename__ = "sealing_key"

    schema_name: Mapped[str] = mapped_column(primary_key=True)
    wrapped: Mapped[str]
    created_at: Mapped[datetime]


def seal(session: Session, text: str, *, purpose: str) -> str:
    """Return `text` as nobody but this tenant, asking for the same `purpose`, can read it: base64, fit for a text column."""
    return base64.b64encode(seal_bytes(session, text.encode(), purpose=purpose)).decode()


def unseal(session: Session, sealed: str, *, purpose: str) -> str:
    """Return the text that `seal` was given.  Raises `Unreadable`."""
    try:
        content = base64.b64decode(sealed, validate=True)
    except ValueError as error:
        raise Unreadable() from error
    return unseal_bytes(session, content, purpose=purpose).decode()


def seal_bytes(session: Session, content: bytes, *, purpose: str) -> bytes:
    """Return the nonce and the ciphertext of `content`."""
    return _seal(_key_of(database.stand_of(session)), content, purpose)


def unseal_bytes(session: Session, sealed: bytes, *, purpose: str) -> bytes:
    """Return the content that `seal_bytes` was given.  Raises `Unreadable`."""
    return _unseal(_key_of(database.stand_of(session)), sealed, purpose)


def _seal(key: bytes, content: bytes, purpose: str) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, purpose.encode())


def _unseal(key: bytes, sealed: bytes, purpose: str) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], purpose.encode())
    except (InvalidTag, ValueError) as error:
        raise Unreadable() from error


_keys: dict[tuple[str, str], bytes] = {}


def _key_of(stand: Stand) -> bytes:
    """Return the tenant's key, made at first use and on disk before anything is sealed with it."""
    name = (stand.placement, stand.schema)
    if name not in _keys:
        _keys[name] = _stored_key(stand)
    return _keys[name]


def _stored_key(stand: Stand) -> bytes:
    fresh = base64.b64encode(_seal(_data_key(), AESGCM.generate_key(256), stand.schema)).decode()
    new = insert(SealingKey).values(schema_name=stand.schema, wrapped=fresh, created_at=clock.now())
    with database.transaction(platform_at(stand.placement)) as session:
        session.execute(new.on_conflict_do_nothing())
        wrapped = session.scalars(select(SealingKey.wrapped).where(SealingKey.schema_name == stand.schema)).one()
    return _unseal(_data_key(), base64.b64decode(wrapped), stand.schema)


@cache
def _data_key() -> bytes:
    secret = os.environ.get("FRONTDESK_DATA_KEY") or settings.current().secret_key
    return HKDF(hashes.SHA256(), length=32, salt=None, info=b"frontdesk data key").derive(secret.encode())


def destroy_key(session: Session, schema: str) -> None:
    """Throw a tenant's key away for good, when it is purged.  `session` stands on the platform of its database."""
    session.execute(delete(SealingKey).where(SealingKey.schema_name == schema))
    forget_keys()


def forget_keys() -> None:
    """Read keys afresh at next use (after a purge, when a test changes the data key)."""
    _keys.clear()
    _data_key.cache_clear()
