"""Forms: shape is checked here, in the reader's language; the business's rules stand in the commands."""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import render_template
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import HiddenField
from wtforms.fields.choices import SelectChoice

from kernel.errors import DomainError, InvalidField
from kernel.files import FileRefused
from kernel.i18n import LANGUAGES
from kernel.i18n import lazy_text as _l
from web import htmx, languages, lifecycle

EMPTY = _l("This cannot be empty.")
TOO_LONG = _l("Use at most %(max)d characters.")
_NOT_OFFERED = _l("Choose one of the options offered.")
# What WTForms says of its own accord, in our words: it knows one Chinese only.
_WORDS = {
    "This field is required.": EMPTY,
    "Not a valid choice.": _NOT_OFFERED,
    "Invalid Choice: could not coerce.": _NOT_OFFERED,
    "'%(value)s' is not a valid choice for this field.": _NOT_OFFERED,
    "'%(value)s' are not valid choices for this field.": _NOT_OFFERED,
    "Not a valid integer value.": _l("Enter a whole number."),
    "Not a valid decimal value.": _l("Enter a number."),
    "Not a valid date value.": _l("Enter a date."),
    "Not a valid datetime value.": _l("Enter a date and a time."),
    "Number must be between %(min)s and %(max)s.": _l("Enter a number from %(min)s to %(max)s."),
}


class _OurWords:
    """The translations that WTForms asks for its messages."""

    def gettext(self, message: str) -> str:
        return str(_WORDS.get(message, message))

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        return self.gettext(singular if count == 1 else plural)


def choices(offered: Iterable[tuple[Any, Any]]) -> list[SelectChoice]:
    """Return what a field may be chosen from, given as value and name."""
    return [SelectChoice(value, name) for value, name in offered]


def offered_languages() -> list[SelectChoice]:
    """Return the languages that this face's tenant offers its customers, for a field."""
    return choices((language.code, language.name) for language in languages.offered())


LANGUAGE_CHOICES = choices((language.code, language.name) for language in LANGUAGES)


class Form(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """A form whose errors can also come from a command: beside their field, or on top."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        def get_translations(self, form: Any) -> _OurWords:
            return _OurWords()

    def add_error(self, error: DomainError) -> None:
        """Show what a command refused beside its field, or above the form when it is about no field of it."""
        field = self._fields.get(_field_of(error))
        if field is None:
            self.form_errors.append(str(error))
        else:
            field.errors = [*field.errors, str(error)]

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Run commands; what they refuse becomes an error of the form, and `is_refused` then says so."""
        try:
            yield
        except DomainError as error:
            self.refusal = error
            self.add_error(error)
            lifecycle.start_over()

    refusal: DomainError | None = None

    @property
    def is_refused(self) -> bool:
        return self.refusal is not None

    @property
    def first_error(self) -> str:
        """What is wrong with it, for a form too small to show errors beside its fields."""
        return str(next((message for messages in self.errors.values() for message in messages), ""))

    @property
    def http_status(self) -> int:
        """The HTTP status of the page that shows this form again."""
        return self.refusal.status if self.refusal else (422 if self.errors else 200)


def _field_of(error: DomainError) -> str:
    if isinstance(error, InvalidField):
        return error.field
    return "files" if isinstance(error, FileRefused) else ""


class OnceForm(Form):
    """A form that counts once however often it is sent: its key travels with it and is kept with what it made."""

    form_key = HiddenField(default=lambda: uuid.uuid4().hex)

    @property
    def key(self) -> str | None:
        given = self.form_key.data or ""
        return given if given.isalnum() and len(given) == 32 else None

    def renew_key(self) -> None:
        """Let what is in the form be sent after all: as something new."""
        self.form_key.data = uuid.uuid4().hex


def show(template: str, form: Form, **context: Any) -> Response:
    """Return the page or fragment with `form` as typed, with the status that its errors deserve."""
    body = render_template(template, form=form, **context)
    return htmx.answer(body, status=form.http_status)
