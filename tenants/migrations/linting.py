"""The expand/contract linter: what a tenant's migration must not do while the previous release still serves.

Most rules keep the old release running; some keep the product on Citus, where a tenant's schema lives on one of many
nodes; and some keep a change cheap when there are a thousand tenants.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tenants.migrations.rendering import Step, steps

# Revisions that a rule would refuse, with the reason why they may stay.
_OLDER = "written before the linter and the first release; the articles of a tenant are few"
GRANDFATHERED = {("0007", "rows changed"): _OLDER, ("0007", "not null without a backfill"): _OLDER}


@dataclass(frozen=True)
class Problem:
    revision: str
    rule: str
    why: str
    statement: str

    def __str__(self) -> str:
        return f"{self.revision}: {self.rule}: {self.why}\n    {' '.join(self.statement.split())[:160]}"


@dataclass(frozen=True)
class _Rule:
    name: str
    pattern: re.Pattern[str]
    why: str
    # What the module may declare to be allowed all the same: `after_backfill` or `contract`.
    unless: str = ""


def _rule(name: str, pattern: str, why: str, *, unless: str = "") -> _Rule:
    return _Rule(name, re.compile(pattern, re.I | re.S), why, unless)


_ADD_COLUMN = r"\bADD\s+(?:COLUMN\s+)?(?!CONSTRAINT|COLUMN|PRIMARY|UNIQUE|FOREIGN|CHECK|EXCLUDE)\S+\s[^;]*"
_UNIQUENESS = "uniqueness of old rows"
# On a table that exists already.
_ALTERATIONS = (
    _rule(
        "column with a default",
        rf"^ALTER TABLE.*{_ADD_COLUMN}\bDEFAULT\b",
        "PostgreSQL 15 reads the indexes of every tenant for it; add it nullable, then SET DEFAULT.",
    ),
    _rule(
        "column that must be filled",
        rf"^ALTER TABLE.*{_ADD_COLUMN}\bNOT\s+NULL\b",
        "the old release does not fill it; add it nullable, backfill it, and SET NOT NULL in a later release.",
    ),
    _rule("type change", r"^ALTER TABLE.*\b(?:SET\s+DATA\s+)?TYPE\s", "it writes the table anew under a lock; add a column."),
    _rule(
        "not null without a backfill",
        r"^ALTER TABLE.*\bSET\s+NOT\s+NULL\b",
        'rows may lack it; declare a backfill, and `after_backfill = "its name"` in this revision.',
        unless="after_backfill",
    ),
    _rule("rename", r"\bRENAME\s+(?:COLUMN\s|CONSTRAINT\s|TO\s|\S+\s+TO\s)", "the old release asks for the old name."),
    _rule(
        "something taken away",
        r"^DROP\s+(?:TABLE|SEQUENCE|TYPE|VIEW)\b|^ALTER TABLE.*\bDROP\s+(?:COLUMN|DEFAULT)\b",
        'the old release may use it; say in `contract = "…"` since when no release does.',
        unless="contract",
    ),
    _rule(
        "constraint with company",
        r"^ALTER TABLE(?=.*\bADD\s+CONSTRAINT\b).*,\s*(?:ADD|ALTER|DROP|VALIDATE)\s",
        "Citus takes an ADD CONSTRAINT only by itself.",
    ),
    _rule(
        "constraint checked at once",
        r"^ALTER TABLE.*\bADD\s+CONSTRAINT\s+\S+\s+(?:FOREIGN|CHECK)\b(?!.*\bNOT\s+VALID\b)",
        "it reads the table under a lock, and old rows may break it; add it NOT VALID, validate it later.",
    ),
    _rule(
        _UNIQUENESS,
        r"^ALTER TABLE.*\bADD\s+(?:CONSTRAINT\s+\S+\s+)?(?:UNIQUE|PRIMARY|EXCLUDE)\b|^CREATE\s+UNIQUE\s+INDEX\b",
        "old rows may break it; make them unique by a backfill, and declare `after_backfill`.",
        unless="after_backfill",
    ),
)
_ANYWHERE = (
    _rule(
        "concurrent index", r"\bCONCURRENTLY\b", "it cannot run in a transaction, and could not be resumed; tenants are small."
    ),
    _rule("trigger", r"^CREATE\s+(?:OR\s+REPLACE\s+)?(?:CONSTRAINT\s+)?(?:TRIGGER|RULE)\b", "Citus refuses it."),
    _rule("inheritance", r"\bINHERITS?\b|\bPARTITION\s+(?:BY|OF)\b", "Citus refuses it, and each part is a relation more."),
    _rule("reference out of the schema", r"\bREFERENCES\s+\"?\w+\"?\s*\.", "a tenant's rows refer to rows of its own only."),
    _rule("schema by name", r"\b(?:platform|public|no_tenant)\s*\.", "a tenant's schema knows no other."),
    _rule(
        "identity or serial",
        r"\b(?:SMALL|BIG)?SERIAL\d?\b|\bGENERATED\s+(?:ALWAYS|BY\s+DEFAULT)\s+AS\s+IDENTITY\b",
        "it makes a sequence a table; take ids from the tenant's one sequence: server_default=sa.text(\"nextval('ids')\").",
    ),
    _rule("small id", r"\bid\s+(?:INTEGER|INT|SMALLINT)\b", "ids are bigint or uuid."),
    _rule(
        "rows changed",
        r"^(?:INSERT|UPDATE|DELETE|TRUNCATE|COPY|WITH|DO)\b",
        "rows are changed by a backfill, in batches, not under the lock of a migration.",
    ),
    _rule(
        "housekeeping",
        r"^(?:VACUUM|CLUSTER|REINDEX|LOCK|ANALYZE|SET|RESET|BEGIN|COMMIT)\b",
        "a migration is one transaction with settings of its own.",
    ),
)
_CREATED = re.compile(r"^CREATE TABLE (?:IF NOT EXISTS )?\"?(\w+)\"?", re.I)
_TOUCHED = re.compile(r"^ALTER TABLE (?:ONLY )?\"?(\w+)\"?|^CREATE (?:UNIQUE )?INDEX .*? ON \"?(\w+)\"?", re.I | re.S)
_COLUMN_ADDED = re.compile(r"^ALTER TABLE \"?(\w+)\"? ADD COLUMN \"?(\w+)\"?", re.I)
_UNIQUE_OVER = re.compile(r"\((?P<columns>[^()]*)\)\s*$")
_STRING = re.compile(r"'(?:[^']|'')*'")


def problems(chain: Iterable[Step] | None = None) -> list[Problem]:
    """Return what is wrong with the tenants' revisions, but for what has been released and may stay."""
    found = [problem for step in (steps("tenant") if chain is None else chain) for problem in _problems_of(step)]
    return [problem for problem in found if (problem.revision, problem.rule) not in GRANDFATHERED]


def _problems_of(step: Step) -> list[Problem]:
    found, new, empty = [], set(), set()
    for statement in step.statements:
        bare = _STRING.sub("''", statement).strip()
        if created := _CREATED.match(bare):
            new.add(created[1])
        if added := _COLUMN_ADDED.match(bare):
            empty.add((added[1], added[2]))
        if ";" in bare:
            found.append(Problem(step.revision, "two statements in one", "Citus takes one at a time.", statement))
        touched = _TOUCHED.match(bare)
        is_about_new = touched is not None and (touched[1] or touched[2]) in new
        # What is done to a table made by this very revision can surprise nobody; a constraint is alone all the same.
        rules = [*_ANYWHERE, *(rule for rule in _ALTERATIONS if not is_about_new or rule.name == "constraint with company")]
        found += [
            Problem(step.revision, rule.name, rule.why, statement)
            for rule in rules
            if rule.pattern.search(bare)
            and not (rule.unless and getattr(step, rule.unless))
            and not (rule.name == _UNIQUENESS and touched and _is_over_an_empty_column(bare, touched[1] or touched[2], empty))
        ]
    return found


def _is_over_an_empty_column(statement: str, table: str, empty: set[tuple[str, str]]) -> bool:
    """Whether a uniqueness takes in a column that this revision has just added: every old row is empty there, and fits."""
    over = _UNIQUE_OVER.search(statement)
    return over is not None and any((table, name.strip(' "')) in empty for name in over["columns"].split(","))
