"""Whatever happens in the house has a name that people read: no event, no field of one, is shown by its name in the code."""

import ast

from backoffice.settings.audit_words import _FIELDS, _UNTOLD, DEEDS
from kernel.settings import PROJECT

ROOMS = ("backoffice", "billing", "crm", "knowledge_base", "notifications", "portal", "service_desk", "tenants")
# Written for the platform's trail, which has its own words (tenants/operator_log.py), or for a listener only.
_NOT_HERE = {"tenant.purge_begun", "tenant.purged"}
_WRITERS = ("events.record", "events.record_view", "_record", "_pass_on")
_SPECIAL = {"changes", "before", "after", "actor"}


def _recorded():
    """Yield name and fields of every event that is written with its name spelt out."""
    for source in (path for room in ROOMS for path in (PROJECT / room).rglob("*.py")):
        for call in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in _WRITERS:
                fields = {keyword.arg for keyword in call.keywords if keyword.arg}
                yield from ((given.value, fields) for given in call.args if isinstance(given, ast.Constant))


def test_every_event_has_words():
    unnamed = {name for name, _ in _recorded()} - DEEDS.keys() - _NOT_HERE
    assert unnamed == set()


def test_every_field_of_an_event_has_words():
    unnamed = {(name, field) for name, fields in _recorded() for field in fields - _SPECIAL - _FIELDS.keys() - _UNTOLD}
    assert unnamed == set()
