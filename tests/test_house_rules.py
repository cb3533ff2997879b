"""The rules of the house that a machine can hold: floors, doors, sizes, permissions, translations."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import wsgi
from kernel.i18n import CATALOGUES
from kernel.settings import PROJECT
from web import access

ROOMS = (
    *("kernel", "tenants", "crm", "service_desk", "knowledge_base", "notifications", "web", "portal", "backoffice", "infra"),
    *("wsgi.py", "worker.py", "cli.py", "rooms.py"),
)
LONGEST_FILE, LONGEST_FUNCTION, LONG_FUNCTION = 400, 40, 20
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_text": None, "ngettext": (1, 2)}


def sources() -> Iterator[Path]:
    for room in ROOMS:
        place = PROJECT / room
        found = [place] if place.is_file() else sorted(place.rglob("*.py"))
        yield from (path for path in found if "node_modules" not in path.parts)


def templates() -> list[Path]:
    return [path for room in ("web", "portal", "backoffice") for path in sorted((PROJECT / room / "templates").rglob("*.html"))]


def functions() -> list[tuple[str, int]]:
    found = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                found.append((f"{path.relative_to(PROJECT)}:{node.lineno} {node.name}", node.end_lineno - node.lineno + 1))
    return found


def test_the_import_contracts_hold():
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-3000:]


def test_every_route_says_who_may_call_it(house):
    silent = [
        f"{name}: {rule.rule}"
        for name, face in wsgi.faces().items()
        for rule in face.url_map.iter_rules()
        if access.access_of(face, rule.endpoint) is None
    ]
    assert silent == []


def test_every_public_route_says_why(house):
    unexplained = [
        f"{name}: {rule.rule}"
        for name, face in wsgi.faces().items()
        for rule in face.url_map.iter_rules()
        if (declared := access.access_of(face, rule.endpoint)) and declared.permission is None and len(declared.why) < 8
    ]
    assert unexplained == []


def test_only_one_module_commits():
    committing = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit":
                committing.add(str(path.relative_to(PROJECT)))
    assert committing <= {"kernel/database.py"}


def test_files_stay_readable_in_one_sitting():
    assert [f"{path}: {n}" for path in sources() if (n := len(path.read_text("utf-8").splitlines())) > LONGEST_FILE] == []


def test_functions_do_one_thing():
    found = functions()
    assert [f"{name}: {length}" for name, length in found if length > LONGEST_FUNCTION] == []
    lengths = sorted(length for _name, length in found)
    assert lengths[int(len(lengths) * 0.9)] <= LONG_FUNCTION


def test_every_module_opens_by_saying_what_it_is_for():
    assert [str(path) for path in sources() if not ast.get_docstring(ast.parse(path.read_text("utf-8")))] == []


FORBIDDEN_IN_TEMPLATES = {
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/(?:ld\+)?json)", re.I),
    "an inline style": re.compile(r"<style\b|<[^>{]*\sstyle\s*=", re.I),
    "an inline handler": re.compile(r"\son[a-z]+\s*=|\bhx-on\b|\bjavascript:", re.I),
    "markup trusted without a look": re.compile(r"\|\s*safe\b"),
    "a trigger filter, which needs eval": re.compile(r"hx-trigger=\"[^\"]*\["),
}


@pytest.mark.parametrize("fault", FORBIDDEN_IN_TEMPLATES)
def test_templates_hold_no(fault):
    pattern = FORBIDDEN_IN_TEMPLATES[fault]
    found = [
        f"{path.relative_to(PROJECT)}:{number} {line.strip()}"
        for path in templates()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if pattern.search(line) and "sanitised" not in line
    ]
    assert found == []


def messages() -> set[str]:
    """Every string of ours that a person may read."""
    found = set()
    method_map = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
    for room in ROOMS:
        if (PROJECT / room).is_dir():
            rows = extract_from_dir(str(PROJECT / room), method_map, options_map={}, keywords=KEYWORDS)
            for _file, _line, message, _comments, _context in rows:
                found.add(message if isinstance(message, str) else message[0])
    return found


@pytest.mark.parametrize("code", ["zh_Hans", "zh_Hant"])
def test_every_string_is_translated(code):
    path = CATALOGUES / code / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        catalogue = read_po(file, locale=code)
    translated = {}
    for entry in catalogue:
        key = entry.id if isinstance(entry.id, str) else entry.id[0]
        strings = [entry.string] if isinstance(entry.string, str) else list(entry.string)
        translated[key] = all(strings) and not entry.fuzzy
    assert sorted(message for message in messages() if not translated.get(message)) == []


@pytest.mark.parametrize("code", ["zh_Hans", "zh_Hant"])
def test_translations_keep_their_places(code):
    with (CATALOGUES / code / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=code)
    place = re.compile(r"%\((\w+)\)[sd]")
    broken = []
    for entry in catalogue:
        if not entry.id:
            continue
        known = set(place.findall(" ".join([entry.id] if isinstance(entry.id, str) else entry.id)))
        strings = [entry.string] if isinstance(entry.string, str) else entry.string
        broken += [entry.id for string in strings if set(place.findall(string)) - known or ("%(" in string) != bool(known)]
    assert broken == []
