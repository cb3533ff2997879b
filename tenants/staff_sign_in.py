"""How staff prove who they are: a password, and a second step for those who switched it on."""

import pyotp
from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from kernel import clock, events, passwords, sealing
from kernel.errors import Forbidden, InvalidField
from kernel.i18n import lazy_text as _l
from tenants import sign_ins, staff
from tenants.models import StaffMember
from tenants.sign_ins import WrongSecret

# A phone's clock may be half a minute off (RFC 6238 §5.2).
_STEP_SECONDS, _STEPS_OFF = 30, 1
_WRONG_PASSWORD = _l("This is not your current password.")
_WRONG_CODE = _l("This code is not right. Type the six digits that your app shows now.")


def sign_in_by_password(session: Session, *, email: str, password: str, address: str) -> StaffMember:
    """Return the member with this password, who may still owe the second step; `address` is the network's, against guessing.

    Raises `TooManyTries` or `WrongSecret`, which is the same for somebody unknown, a wrong password and who has left.
    """
    tries = _tries(email, address)
    sign_ins.check_tries(session, **tries)
    member = staff.by_email(session, email)
    known = member if member and member.is_active else None
    if not passwords.is_right(known.password_hash if known else None, password) or known is None:
        sign_ins.note_failed_try(session, **tries)
        raise WrongSecret()
    if known.totp_secret is None:
        _come_in(session, known)
    return known


def sign_in_by_second_step(session: Session, member: StaffMember, *, code: str, address: str) -> None:
    """Take the code of the member's app, each only once.  Raises `TooManyTries` or `InvalidField`."""
    tries = _tries(member.email, address)
    sign_ins.check_tries(session, **tries)
    step = _step_of(_secret_of(session, member), code)
    if step is None or not _use_up(session, member, step):
        sign_ins.note_failed_try(session, **tries)
        raise InvalidField("code", _WRONG_CODE)
    _come_in(session, member)


# A dump of the database must not hold what makes codes.
_SEALED_FOR = "second step"


def _secret_of(session: Session, member: StaffMember) -> str:
    """Return the secret of the member's app; one from before secrets were sealed is sealed now."""
    kept = member.totp_secret or ""
    if not is_secret(kept):
        return sealing.unseal(session, kept, purpose=_SEALED_FOR)
    member.totp_secret = sealing.seal(session, kept, purpose=_SEALED_FOR)
    return kept


def _tries(email: str, address: str) -> dict[str, str]:
    return {"account": f"desk:{email.strip().lower()}", "address": f"desk@{address}"}


def _come_in(session: Session, member: StaffMember) -> None:
    sign_ins.forget_tries(session, account=_tries(member.email, "")["account"])
    events.record(session, "staff_member.signed_in", member, actor=member.as_actor())


def _step_of(secret: str, code: str) -> int | None:
    """Return the half minute, counted since 1970, to which a code belongs, if it is one of those around now."""
    typed = "".join(code.split())
    now = int(clock.now().timestamp()) // _STEP_SECONDS
    app = pyotp.TOTP(secret, interval=_STEP_SECONDS)
    steps = range(now - _STEPS_OFF, now + _STEPS_OFF + 1)
    return next((step for step in steps if passwords.same(app.generate_otp(step), typed)), None)


def _use_up(session: Session, member: StaffMember, step: int) -> bool:
    """Note the code's step, unless it or a later one was used before: whoever watched it being typed is too late."""
    is_new = or_(StaffMember.totp_last_step.is_(None), StaffMember.totp_last_step < step)
    used = update(StaffMember).where(StaffMember.id == member.id, is_new).values(totp_last_step=step).returning(StaffMember.id)
    return session.scalars(used).first() is not None


def new_secret() -> str:
    """Return a secret for an authenticator app, to be shown once."""
    return pyotp.random_base32()


def app_address(member: StaffMember, secret: str, *, company: str) -> str:
    """Return what the QR code says to the app (otpauth://…)."""
    return str(pyotp.TOTP(secret).provisioning_uri(name=member.email, issuer_name=company))


def require_second_step(session: Session, member: StaffMember, *, secret: str, code: str) -> None:
    """Ask for a code from now on, once a first one proves that the member's app holds the secret.  Raises `InvalidField`."""
    step = _step_of(secret, code) if is_secret(secret) else None
    if step is None:
        raise InvalidField("code", _WRONG_CODE)
    member.totp_secret, member.totp_last_step = sealing.seal(session, secret, purpose=_SEALED_FOR), step
    events.record(session, "staff_member.second_step_required", member, actor=member.as_actor())


def is_secret(text: str) -> bool:
    """Say whether `text` could be one of `new_secret`."""
    return len(text) == 32 and set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def drop_second_step(session: Session, member: StaffMember, *, password: str, address: str) -> None:
    """Ask for the password only again.  Raises `InvalidField` or `TooManyTries`."""
    _check_password(session, member, "password", password, address)
    member.totp_secret = member.totp_last_step = None
    events.record(session, "staff_member.second_step_dropped", member, actor=member.as_actor())


def change_password(session: Session, member: StaffMember, *, present: str, new: str, token: str, address: str) -> None:
    """Change the member's own password and sign them out in every browser but that of `token`.

    Raises `InvalidField`, `PasswordTooShort` or `TooManyTries`.
    """
    _check_password(session, member, "present_password", present, address)
    passwords.check(new)
    member.password_hash = passwords.hash_password(new)
    sign_ins.end_all(session, face="desk", person_id=member.id, but=token)
    events.record(session, "staff_member.password_changed", member, actor=member.as_actor())


def set_first_password(session: Session, member: StaffMember, *, password: str) -> None:
    """Give somebody a password who has none yet: whoever has one must know it to change it.  Raises `PasswordTooShort`."""
    if member.password_hash is not None:
        raise Forbidden()
    passwords.check(password)
    member.password_hash = passwords.hash_password(password)
    events.record(session, "staff_member.password_changed", member, actor=member.as_actor())


def _check_password(session: Session, member: StaffMember, field: str, password: str, address: str) -> None:
    tries = _tries(member.email, address)
    sign_ins.check_tries(session, **tries)
    if not passwords.is_right(member.password_hash, password):
        sign_ins.note_failed_try(session, **tries)
        raise InvalidField(field, _WRONG_PASSWORD)
