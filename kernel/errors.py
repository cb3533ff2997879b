"""Errors a person can act on: each is a sentence, and the faces turn it into a page."""

from typing import Any, ClassVar

from kernel.i18n import LazyText
from kernel.i18n import lazy_text as _l


class DomainError(Exception):
    """A change that the business refuses.  `message` may hold %(name)s places, filled from the keyword arguments."""

    status: ClassVar[int] = 422
    message: ClassVar[LazyText] = _l("This cannot be done.")

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        super().__init__(self.message.message)

    def __str__(self) -> str:
        return str(self.message % self.facts if self.facts else self.message)


class NotFound(DomainError):
    """There is no such thing, or it is not theirs: the two must look the same."""

    status = 404
    message = _l("We could not find what you were looking for.")


class Forbidden(DomainError):
    status = 403
    message = _l("Your role does not allow this. Ask an administrator if you need it.")


class StaleEdit(DomainError):
    """Somebody else changed the row since the form was opened (RFC 9110 §15.5.10)."""

    status = 409
    message = _l("Somebody changed this while you were editing. Your text is kept below: compare, then save again.")


class AlreadySent(DomainError):
    """The same form arrived a second time."""

    status = 409
    message = _l("This form has already been sent, and nothing was sent twice.")


class InvalidField(DomainError):
    """A value that a command refuses; `field` is the form field the message belongs beside."""

    def __init__(self, field: str, message: LazyText, **facts: Any) -> None:
        self.field = field
        self.message = message  # type: ignore[misc]  # an instance's own sentence instead of its class's
        super().__init__(**facts)
