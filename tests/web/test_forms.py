"""Forms: whatever is sent to them, what they say about it is in our words and in the reader's language."""

import re

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import DateField, DateTimeLocalField, DecimalField, IntegerField, SelectField
from wtforms.validators import InputRequired, NumberRange

import wsgi
from kernel.i18n import SIMPLIFIED, TRADITIONAL, catalogue, speaking
from web.forms import Form, choices

NONSENSE = "nonsense"


class EveryForm(Form):
    """One field of each kind that complains of its own accord."""

    missing = DecimalField(validators=[InputRequired()])
    whole = IntegerField()
    range = IntegerField(validators=[NumberRange(1, 5)])
    amount = DecimalField()
    day = DateField()
    moment = DateTimeLocalField()
    choice = SelectField(choices=choices([("a", "A")]))
    priority = SelectField(choices=choices([(1, "Low")]), coerce=int)


SENT = {name: NONSENSE for name in ("whole", "amount", "day", "moment", "choice", "priority")} | {"range": "9"}


def forms_of_ours():
    found, waiting = [], [Form]
    while waiting:
        waiting += (more := waiting.pop().__subclasses__())
        found += more
    return [
        form
        for form in found
        if form.__module__.startswith(("backoffice.", "portal.", "web.")) and form.__name__ != "RecordForm"
    ]


def complaints(form_class, sent, language):
    """Return what a form says about `sent`, in `language`."""
    face = wsgi.faces()["portal"]
    with face.test_request_context("/", method="POST"), speaking(language):
        form = form_class(formdata=MultiDict(sent), meta={"csrf": False})
        for field in (field for field in form if getattr(field, "choices", ()) is None):
            field.choices = []  # its view reads them
        form.validate()
        return {name: str(errors[0]) for name, errors in form.errors.items()}


@pytest.mark.parametrize("language", [SIMPLIFIED, TRADITIONAL], ids=lambda language: language.code)
def test_what_wtforms_says_of_its_own_accord_is_said_in_our_words(house, language):
    said = complaints(EveryForm, SENT, language)
    assert set(said) == {*SENT, "missing"}
    ours = {re.sub(r"%\(\w+\)s", "#", str(text)) for text in catalogue(language)._catalog.values()}
    assert {re.sub(r"\d+", "#", text) for text in said.values()} <= ours


def test_each_script_has_its_own_words(house):
    assert complaints(EveryForm, SENT, TRADITIONAL)["range"] == "請輸入 1 到 5 之間的數字。"
    assert complaints(EveryForm, SENT, SIMPLIFIED)["range"] == "请输入 1 到 5 之间的数字。"


def test_no_form_of_ours_answers_nonsense_in_english(house):
    english = []
    for form in forms_of_ours():
        names = [name for name in dir(form) if hasattr(getattr(form, name), "field_class")]
        for sent in ({}, {name: NONSENSE for name in names}, {name: "x" * 300_000 for name in names}):
            said = complaints(form, sent, TRADITIONAL)
            # An address is an address in every language.
            said = {name: re.sub(r"[\w.]+@[\w.]+", "", text) for name, text in said.items()}
            english += [f"{form.__name__}.{name}: {text}" for name, text in said.items() if re.search("[a-z]{3}", text)]
    assert english == []


def test_a_page_refuses_what_was_not_offered_in_its_readers_script(staff_browser, alpha):
    agent = staff_browser(alpha, language="zh_Hant")
    answer = agent.submit("/desk/tickets/new", {"email": "mei@mail.example", "subject": "水", "body": "水", "priority": "9"})
    assert answer.status_code == 422
    assert "請從提供的選項中選擇。" in answer.text
