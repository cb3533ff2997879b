"""The forms of the own house, found on its pages: what a person could send, and which fields of it hold ids."""

import json
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from werkzeug.exceptions import HTTPException

import wsgi
from tests.isolation.callers import Caller
from tests.isolation.canaries import PASSWORD, Shelf
from tests.isolation.houses import House
from tests.isolation.places import asks, ids_of, place_of

Fields = dict[str, list[str]]


class _Reader(HTMLParser):
    """Collects the forms of a page, and what htmx would post by itself, as (address, fields)."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, Fields]] = []
        self._select, self._area = "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((facts.get("action", "") or facts.get("hx-post", ""), {}))
        elif "hx-post" in facts:
            self.forms.insert(0, (facts["hx-post"], {k: [str(v)] for k, v in json.loads(facts.get("hx-vals") or "{}").items()}))
        self._field(tag, facts)

    def _field(self, tag: str, facts: dict[str, str]) -> None:
        name, fields = facts.get("name", ""), self.forms[-1][1] if self.forms else {}
        if tag == "option" and self._select:
            known = fields.setdefault(self._select, [])
            if "selected" in facts:
                known.insert(0, facts.get("value", ""))
            else:
                known.append(facts.get("value", ""))
        elif tag == "select":
            self._select = name
        elif tag == "textarea" and name:
            fields[name] = ["Some words"]
        elif tag in ("input", "button") and name:
            values = fields.setdefault(name, [])
            values.insert(0 if "checked" in facts else len(values), facts.get("value") or _typed(facts))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""


def _typed(facts: dict[str, str]) -> str:
    """What a person would write into an empty field."""
    words = {
        "email": "someone@mail.example",
        "password": PASSWORD,
        "number": "1",
        "tel": "",
        "search": "words",
        **dict.fromkeys(("file", "date", "datetime-local"), ""),
    }
    return words.get(facts.get("type", "text"), "Some words")


OWN_EMAIL = Shelf("inhouse-mine", 0).email
# Forms that pages show in another state only, and the trap that people leave empty: by endpoint, or by its last word.
_FURTHER: dict[str, Fields] = {
    "vote": {"helpful": ["yes"]},
    "rate": {"score": ["5"], "comment": ["Some words"]},
    "save_view": {"name": ["Some words"], "next": ["/desk/?view=all"], "shared": ["1"]},
    "preview": {"body": ["Some words"]},
    "send": {"website": [""]},
    "by_password": {"email": [OWN_EMAIL]},
    "sign_in_by_password": {"email": [OWN_EMAIL]},
    "drop_second_step": {"password": [PASSWORD]},
    "feedback.bulk": {"action": ["handle"]},
}


def find(callers: Iterable[Caller], house: House, row_id: str) -> dict[tuple[str, str], Fields]:
    """Return the fields of the form for each (face, endpoint) that pages of the house offer to one of the callers."""
    found: dict[tuple[str, str], Fields] = {}
    for caller in callers:
        for ask in asks(caller.face):
            if ask.method == "GET" and ask.endpoint not in ("captured_mail.html",):
                page = caller.ask("GET", ask.path(ids_of(ask, house.mine, row_id)), follow_redirects=ask.rows != ())
                if page.mimetype == "text/html":
                    for endpoint, fields in _on(page.text, caller.face):
                        known = found.setdefault((caller.face, endpoint), fields)
                        for name, values in fields.items():
                            known.setdefault(name, values)
            elif ask.method != "GET":
                further = _FURTHER.get(ask.endpoint) or _FURTHER.get(ask.endpoint.rpartition(".")[2], {})
                found.setdefault((caller.face, ask.endpoint), {}).update(further)
    return found


def _on(text: str, face: str) -> Iterator[tuple[str, Fields]]:
    reader = _Reader()
    reader.feed(text)
    adapter = wsgi.faces()[face].url_map.bind("house")
    for address, fields in reader.forms:
        try:
            endpoint, _arguments = adapter.match(urlsplit(address).path, method="POST")
        except HTTPException:
            continue
        yield endpoint, fields


def filled(fields: Fields, **instead: str) -> dict[str, Any]:
    """Return a form as sent: the first choice of each field, `instead` where given."""
    sent = {name: next((value for value in values if value), "") for name, values in fields.items()}
    return {**sent, **instead}


def id_fields(fields: Fields, house: House) -> dict[str, str]:
    """Return the fields that take an id and where it comes from: by their name, or because they offer the house's own."""
    own = {
        str(row["id"]): table for shelf in house.shelves for table, row in shelf.everything() if isinstance(row.get("id"), int)
    }
    places = {}
    for name, values in fields.items():
        offered = next((own[value] for value in values if value in own), None)
        if place := (f"{offered}.id" if offered else place_of(name)):
            places[name] = place
    return places
