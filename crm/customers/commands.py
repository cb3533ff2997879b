"""What changes about customers."""

from collections.abc import Callable, Iterable
from typing import Any

import phonenumbers
from sqlalchemy.orm import Session

from crm.customers import queries
from crm.customers.models import Customer
from kernel import clock, database, events, logs, passwords
from kernel.actors import SYSTEM, VISITOR, Actor
from kernel.errors import DomainError, InvalidField, StaleEdit
from kernel.i18n import CODES
from kernel.i18n import lazy_text as _l
from kernel.text import clean, search_text, sort_key
from tenants import sign_ins
from tenants.sign_ins import CodeRefused, WrongSecret
from tenants.staff import mail_address

NAME_LENGTH = 120
_EDITABLE = frozenset({"name", "email", "phone", "organisation", "language", "tags", "notes"})


class EmailTaken(DomainError):
    status = 409
    message = _l("Another customer already has the address %(email)s.")


def add(
    session: Session,
    *,
    name: str,
    actor: Actor,
    email: str = "",
    phone: str = "",
    organisation: str = "",
    language: str = "en",
    tags: Iterable[str] = (),
    notes: str = "",
) -> Customer:
    """Write down a new customer.  Raises `InvalidField` or `EmailTaken`."""
    now = clock.now()
    customer = Customer(language="en", tags=[], created_at=now, updated_at=now)
    values = {"name": name, "email": email, "phone": phone, "organisation": organisation, "notes": notes}
    _fill(session, customer, {**values, "language": language, "tags": list(tags)})
    database.insert_or_refuse(session, customer, EmailTaken(email=customer.email))
    events.record(session, "customer.added", customer, actor=actor)
    return customer


def change(session: Session, customer: Customer, *, values: dict[str, Any], version: int | None, actor: Actor) -> None:
    """Change the given fields.  Raises `StaleEdit` when `version`, which the editor saw, is no longer the present one."""
    if version is not None and version != customer.version:
        raise StaleEdit()
    before = {field: getattr(customer, field) for field in values}
    _fill(session, customer, values)
    changed = sorted(field for field in values if before[field] != getattr(customer, field))
    if changed:
        customer.updated_at = clock.now()
        told = [field for field in changed if field in _TOLD]
        changes = {field: [_TOLD[field](before[field]), _TOLD[field](getattr(customer, field))] for field in told}
        events.record(session, "customer.changed", customer, actor=actor, fields=changed, changes=changes)


def _initial(value: str) -> str:
    return f"{value[:1]}***" if value else ""


# How the audit trail tells what a field was and became.  It is never changed, so a person can only be in it by a hint;
# notes are not in it at all.
_TOLD: dict[str, Callable[[Any], Any]] = {
    "name": _initial,
    "organisation": _initial,
    "email": lambda value: logs.masked(value or ""),
    "phone": lambda value: f"***{value[-2:]}" if value else "",
    "language": lambda value: value,
    "tags": list,
}


def add_tag(session: Session, customer: Customer, *, tag: str, actor: Actor) -> None:
    """Put a tag on a customer; one that is there already changes nothing."""
    if clean_tag(tag) not in customer.tags:
        change(session, customer, values={"tags": [*customer.tags, tag]}, version=None, actor=actor)


def _fill(session: Session, customer: Customer, values: dict[str, Any]) -> None:
    """Set checked values only: what is not listed as editable cannot be set by a form, whatever it sends."""
    for field, value in values.items():
        if field not in _EDITABLE:
            raise ValueError(f"customers have no editable field {field!r}")
        setattr(customer, field, _CHECKS[field](value))
    if "email" in values and customer.email:
        # Asked before the change is sent, or the database would refuse it in its own words.
        with session.no_autoflush:
            other = queries.by_email(session, customer.email)
        if other is not None and other is not customer:
            raise EmailTaken(email=customer.email)
    customer.sort_key = sort_key(customer.name)
    customer.search_text = searched(customer)


def searched(customer: Customer) -> str:
    """Return what the quick search looks in: by tags too, in either script."""
    return search_text(customer.name, customer.email, customer.organisation, customer.phone, *customer.tags)


def _name(value: str) -> str:
    name = " ".join(clean(value).split())
    if not name:
        raise InvalidField("name", _l("Enter a name."))
    if len(name) > NAME_LENGTH:
        raise InvalidField("name", _l("A name has at most 120 characters."))
    return name


def _phone(value: str) -> str:
    """Return a number in E.164; it must be written with its country code."""
    if not value.strip():
        return ""
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException as error:
        raise InvalidField("phone", _l("Write the number with its country code, such as +886 2 5550 0188.")) from error
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _language(value: str) -> str:
    if value not in CODES:
        raise InvalidField("language", _l("Choose one of the languages offered."))
    return value


def clean_tag(tag: str) -> str:
    return clean(tag).strip()[:40]


def _tags(value: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(tag for tag in map(clean_tag, value) if tag))[:20]


_CHECKS: dict[str, Any] = {
    "name": _name,
    "email": lambda value: mail_address(value) if (value or "").strip() else None,
    "phone": _phone,
    "organisation": lambda value: " ".join(clean(value).split())[:NAME_LENGTH],
    "language": _language,
    "tags": _tags,
    "notes": lambda value: clean(value).strip()[:10_000],
}


def welcome(session: Session, *, email: str, name: str, language: str) -> Customer:
    """Return the customer with this address, written down now if nobody has it yet (a guest's first request)."""
    address = mail_address(email)
    known = queries.by_email(session, address)
    if known is not None:
        return known
    try:
        return add(session, name=name, email=address, language=language, actor=SYSTEM)
    except EmailTaken:
        # Two forms at once: the other one has just written the customer down.
        written = queries.by_email(session, address)
        assert written is not None
        return written


def ask_for_code(session: Session, *, email: str, language: str, return_to: str = "") -> None:
    """Send a sign-in code and link to an address, whether or not a customer has it: the page must not tell.

    Raises `InvalidField` or `TooManyTries`.
    """
    sign_ins.ask_for_code(session, email=mail_address(email), language=language, return_to=return_to, actor=VISITOR)


def sign_in_by_code(session: Session, *, email: str, code: str, language: str) -> Customer:
    """Return the customer that typed the right code; somebody new is written down now.  Raises `CodeRefused`."""
    address = mail_address(email)
    if not sign_ins.use_code(session, address, code):
        raise CodeRefused()
    return _proved(session, address, language)


def sign_in_by_link(session: Session, *, token: str, language: str) -> Customer:
    """Return the customer that followed the link of a mail.  Raises `CodeRefused`."""
    return _proved(session, sign_ins.use_link(session, token), language)


def _proved(session: Session, address: str, language: str) -> Customer:
    customer = welcome(session, email=address, name=address.partition("@")[0], language=language)
    customer.verified_at = customer.verified_at or clock.now()
    events.record(session, "customer.signed_in", customer, actor=customer.as_actor())
    return customer


def sign_in_by_password(session: Session, *, email: str, password: str, address: str) -> Customer:
    """Return the customer with this password; `address` is the network address, counted against guessing.

    Raises `TooManyTries` or `WrongSecret`, which is the same for an unknown address and a wrong password.
    """
    keys = {"account": f"portal:{email.strip().lower()}", "address": f"portal@{address}"}
    sign_ins.check_tries(session, **keys)
    customer = queries.by_email(session, email)
    if not passwords.is_right(customer.password_hash if customer else None, password) or customer is None:
        sign_ins.note_failed_try(session, **keys)
        raise WrongSecret()
    sign_ins.forget_tries(session, account=keys["account"])
    events.record(session, "customer.signed_in", customer, actor=customer.as_actor())
    return customer


def set_password(session: Session, customer: Customer, *, password: str) -> None:
    """Let the customer sign in with a password too; every browser signed in until now is signed out."""
    passwords.check(password)
    customer.password_hash = passwords.hash_password(password)
    sign_ins.end_all(session, face="portal", person_id=customer.id)
    events.record(session, "customer.password_set", customer, actor=customer.as_actor())
