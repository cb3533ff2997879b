"""The crawl: one caller asks every route for a stranger's rows, in every place where an id can stand."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from werkzeug.test import TestResponse

from tenants.permissions import Permission
from tests.isolation import oracles
from tests.isolation.callers import Caller, caller_of
from tests.isolation.canaries import Shelf
from tests.isolation.found_forms import Fields, filled, id_fields
from tests.isolation.houses import PLATFORM_CANARY, Town
from tests.isolation.places import Ask, asks, forged_fields, ids_of, nobodys, value_at
from tests.isolation.role_matrix import ALLOWED, MATRIX, REFUSED, SIGN_IN

# Whoever gives somebody else's own thing, though of the same house, must not find it.
_PERSONAL_ARGUMENTS = ("view_id", "token_digest")
# Roles for whom the dearer questions are asked too: those who can do the most.
_STRONGEST = ("customer", "admin", "operator")
_WEAKEST = ("visitor", "customer", "viewer")
_AS_HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@dataclass
class Crawler:
    """Asks as one caller and returns what went wrong, each as a sentence; `successes` counts good answers by route."""

    town: Town
    caller: Caller
    forms: Mapping[tuple[str, str], Fields]
    successes: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.words = oracles.foreign_words(self.town.foreign, is_operator=self.caller.role == "operator")
        self._sent: list[str] = []
        self.visitor = caller_of(self.town.own, self.caller.face, "visitor")

    def crawl(self, endpoints: tuple[str, ...] | None = None) -> list[str]:
        """Ask all routes of the caller's face, or those of `endpoints`."""
        wrong: list[str] = []
        for ask in asks(self.caller.face):
            if endpoints is None or ask.endpoint in endpoints:
                said = [sentence for question in self._questions(ask) for sentence in question(ask)]
                said += self._damage()
                self.town.restore_own()
                wrong += [f"{ask.name} as {self.caller.role}: {sentence}" for sentence in dict.fromkeys(said)]
        return wrong

    def _questions(self, ask: Ask) -> Iterator[Callable[[Ask], Iterator[str]]]:
        yield self.own_rows
        if ask.method == "GET" and self.caller.role in _WEAKEST:
            yield self.fragments
        if ask.rows:
            yield self.foreign_rows
        if self.is_strongest or self.caller.role == "visitor":
            yield self.foreign_fields
            yield self.forged_headers
        if self.is_strongest:
            yield self.next_door

    @property
    def is_strongest(self) -> bool:
        return self.caller.role in _STRONGEST

    def unanswered(self) -> list[str]:
        """Return what this caller may do, and yet no answer of the crawl was a good one: a house of 404s leaks nothing."""
        allowed = [
            ask.name for ask in asks(self.caller.face) if MATRIX[self.caller.face, ask.name][self.caller.role] == ALLOWED
        ]
        return [name for name in allowed if name not in self.successes and name not in HARD_TO_PLEASE]

    def own_rows(self, ask: Ask) -> Iterator[str]:
        """The house's own rows: as the role matrix says, nothing that is a colleague's, and no change by what is refused."""
        answer = self._send(ask, self._ids(ask, self.town.own.mine), follow=True)
        yield from self._overheard(ask, answer)
        is_private = ask.permission is not None or "public_id" in ask.arguments
        yield from oracles.manners(answer, self.caller.host, is_private=is_private)
        yield from self._against_matrix(ask, answer)
        yield from self._after(ask, answer)
        for argument in set(ask.rows) & set(_PERSONAL_ARGUMENTS if ask.permission != Permission.STAFF_MANAGE else ()):
            theirs = self._send(ask, self._ids(ask, self.town.own.mine, **{argument: self.town.own.other}))
            if theirs.status_code < 400 and not oracles.is_asked_to_sign_in(theirs):
                yield f"reaches a colleague's own {argument}"
            yield from self._after(ask, theirs)

    def fragments(self, ask: Ask) -> Iterator[str]:
        """What htmx is answered with says no more than the page."""
        answer = self._send(ask, self._ids(ask, self.town.own.mine), headers=_AS_HTMX)
        yield from self._overheard(ask, answer)
        yield from self._after(ask, answer)

    def _overheard(self, ask: Ask, answer: TestResponse) -> list[str]:
        manages_staff = ask.permission == Permission.STAFF_MANAGE
        is_linked = "public_id" in ask.arguments
        return oracles.overheard(answer, self.caller.role, is_linked=is_linked, manages_staff=manages_staff)

    def _is_asked_to_sign_in(self, ask: Ask, answer: TestResponse) -> bool:
        """Who signs out is led to the sign-in page too, and was not refused."""
        leaves = self.caller.role != "visitor" and "sign_out" in ask.endpoint
        return oracles.is_asked_to_sign_in(answer) and ask.permission is not None and not leaves

    def _against_matrix(self, ask: Ask, answer: TestResponse) -> Iterator[str]:
        expected = MATRIX.get((self.caller.face, ask.name), {}).get(self.caller.role)
        found = ALLOWED
        if self._is_asked_to_sign_in(ask, answer):
            found = SIGN_IN
        elif answer.status_code == 403:
            found = REFUSED
        elif answer.status_code < 400:
            self.successes[ask.name] = self.successes.get(ask.name, 0) + 1
        if found != expected:
            yield f"the role matrix says {expected!r}, but it is {found!r} ({answer.status_code})"

    def _after(self, ask: Ask, answer: TestResponse) -> Iterator[str]:
        """What every question ends with: leaks in the answer, and what it changed."""
        yield from oracles.manners(answer, self.caller.host, is_private=False)
        sent = [*self._sent, *(_OPEN if ask.endpoint.startswith("captured_mail.") else ())]
        yield from oracles.leaks(answer, self.words, sent)
        if ask.method == "GET":
            return
        if answer.status_code >= 400 or self._is_asked_to_sign_in(ask, answer):
            yield from (f"is refused, and changes {table} all the same" for table in self.town.traces())
        yield from self._damage()
        if self.caller.face == "operators":
            self.town.restore()
        self.town.restore_own()

    def _damage(self) -> list[str]:
        """Operators may change what the platform knows of a house, by its own tables."""
        is_operator = self.caller.role == "operator"
        changed = [table for table in self.town.damage() if not (is_operator and table.startswith("platform."))]
        return [f"changes {table} of another house" for table in changed]

    def foreign_rows(self, ask: Ask) -> Iterator[str]:
        """A stranger's id, alone or beside our own, looks like nobody's; nor is a row found under another than its own."""
        own, foreign = self._ids(ask, self.town.own.mine), self._ids(ask, self.town.foreign.mine)
        if self.caller.role == "operator" or ask.endpoint.startswith("captured_mail."):
            return
        # The last argument alone, the others being ours; and all of them.
        for theirs in {tuple(ask.rows), ask.rows[:1], ask.rows[1:]} - {()}:
            ids = {**own, **{name: foreign[name] for name in theirs}}
            nobody = {**own, **{name: nobodys(foreign[name]) for name in theirs}}
            yield from self._compared(ask, ids, nobody, sent=(foreign[name] for name in theirs))
        if len(ask.rows) > 1:
            mixed = self._send(ask, self._ids(ask, self.town.own.mine, **{self._inner(ask): self.town.own.other}))
            if mixed.status_code < 400 and not oracles.is_asked_to_sign_in(mixed):
                yield f"finds a row under another's {ask.rows}"
            yield from self._after(ask, mixed)

    @staticmethod
    def _inner(ask: Ask) -> str:
        return max(ask.rows, key=ask.rule.index)

    def _compared(self, ask: Ask, ids: dict[str, str], nobody: dict[str, str], sent: Any, **more: Any) -> Iterator[str]:
        values = [*sent, *(nobody[name] for name in nobody if nobody[name] != ids.get(name))]
        theirs = self._send(ask, ids, **more)
        yield from self._after(ask, theirs)
        nobodies = self._send(ask, nobody, **more)
        yield from self._after(ask, nobodies)
        if oracles.essence(theirs, values) != oracles.essence(nobodies, values):
            yield f"tells a stranger's {sorted(ids)} from nobody's ({theirs.status_code}, {nobodies.status_code})"
        if theirs.status_code < 300:
            yield f"answers {theirs.status_code} for a stranger's row"

    def foreign_fields(self, ask: Ask) -> Iterator[str]:
        """Our own row and form, but one of its ids is a stranger's; and every name that any view reads, in query and body."""
        ids = self._ids(ask, self.town.own.mine)
        form = self.forms.get((self.caller.face, ask.endpoint), {}) if ask.method != "GET" else {}
        elsewhere = f"http://{self.town.foreign.tenant.host}/en/"
        for name in set(form) & {"next"}:
            yield from self._after(ask, self._send(ask, ids, form={name: elsewhere}))
        for name, place in id_fields(form, self.town.own).items():
            value = value_at(place, self.town.foreign.mine)
            yield from self._same(ask, ids, [{"form": {name: one}} for one in (value, nobodys(value))], f"field {name}")
        if self.is_strongest:
            foreign = {**forged_fields(self.town.foreign.mine), **self._house_names()}
            nobody = {name: nobodys(value) for name, value in foreign.items()}
            yield from self._same(ask, ids, [{"extra": foreign}, {"extra": nobody}], "fields that nobody asked for")
        if ask.method != "GET" and self.is_strongest:
            foreign = forged_fields(self.town.foreign.mine)
            answer, self._sent = self.caller.ask(ask.method, ask.path(ids), json=foreign), list(foreign.values())
            yield from self._after(ask, answer)

    def _house_names(self) -> dict[str, str]:
        tenant = self.town.foreign.tenant
        return {"tenant": tenant.slug, "tenant_id": str(tenant.id), "schema": tenant.stand.schema, "host": tenant.host}

    def _same(self, ask: Ask, ids: dict[str, str], pair: list[dict[str, Any]], what: str) -> Iterator[str]:
        essences = []
        sent = [value for one in pair for values in one.values() for value in values.values()]
        for one in pair:
            answer = self._send(ask, ids, **one)
            essences.append(oracles.essence(answer, sent))
            yield from self._after(ask, answer)
        if essences[0] != essences[1]:
            yield f"tells a stranger's from nobody's in {what} ({essences[0][0]}, {essences[1][0]})"

    def forged_headers(self, ask: Ask) -> Iterator[str]:
        """Headers and cookies that name another house change nothing: the host says whose it is."""
        if ask.endpoint in _NEVER_THE_SAME:
            return
        ids, host = self._ids(ask, self.town.own.mine), self.town.foreign.tenant.host
        plain = self._send(ask, ids)
        yield from self._after(ask, plain)
        answer = self._send(ask, ids, headers=forged(host), cookies=f"tenant={self.town.foreign.tenant.slug}; host={host}")
        yield from self._after(ask, answer)
        if oracles.essence(plain) != oracles.essence(answer):
            yield f"answers otherwise to forged headers ({plain.status_code}, {answer.status_code})"

    def next_door(self, ask: Ask) -> Iterator[str]:
        """Who signed in at one house is a stranger at the other: with the cookie as it is, or with the token in one of ours."""
        if ask.permission is None or ask.method != "GET" or self.caller.face == "operators":
            return
        foreign = caller_of(self.town.foreign, self.caller.face, self.caller.role)
        path = ask.path(self._ids(ask, self.town.own.mine))
        forger = Caller(foreign.client, foreign.face, foreign.role, self.caller.host, foreign.token)
        answers = {
            "a stranger's cookie": self.visitor.ask("GET", path, cookies=foreign.cookie()),
            "a stranger's token in our cookie": forger.ask("GET", path),
            "our cookie at a stranger's": self.visitor.ask("GET", path, host=foreign.host, cookies=self.caller.cookie()),
        }
        for what, answer in answers.items():
            yield from oracles.leaks(answer, self.words[:5])
            if not oracles.is_asked_to_sign_in(answer):
                yield f"takes {what} for a sign-in ({answer.status_code})"

    def _ids(self, ask: Ask, shelf: Shelf, **others: Shelf | None) -> dict[str, str]:
        ids = ids_of(ask, shelf, self.town.row_id)
        for name, other in others.items():
            assert other is not None
            ids[name] = ids_of(ask, other, self.town.row_id)[name]
        return ids

    def _send(
        self,
        ask: Ask,
        ids: Mapping[str, str],
        *,
        form: Mapping[str, str] | None = None,
        extra: Mapping[str, str] | None = None,
        follow: bool = False,
        **more: Any,
    ) -> TestResponse:
        self._sent = [*ids.values(), *(form or {}).values(), *(extra or {}).values()]
        fields = self.forms.get((self.caller.face, ask.endpoint), {})
        send = partial(self.caller.ask, ask.method, query_string=dict(extra or {}), **more)
        if ask.method != "GET":
            return send(ask.path(ids), data={**(extra or {}), **filled(fields, **(form or {}))})
        answer = send(ask.path(ids))
        if follow and answer.status_code == 301 and ask.rows:
            return self.caller.ask("GET", answer.headers["Location"])
        return answer


# What a crawl cannot do well, because it takes what only a person has: a code from a phone or a mail, a solved request.
HARD_TO_PLEASE = {
    "POST /signin/code": "the code is in a mail",
    "POST /desk/me/second-step": "the code is on a phone",
    "POST /ops/signin": "its form knows the tenant's people only",
    "POST /<language:language>/requests/<public_id>/rate": "the request is not solved",
    "GET /files/<file_id>": "the file at hand is a request's, and no article's",
    **dict.fromkeys(
        (
            "POST /desk/articles/<int:record_id>/approve",
            "POST /desk/articles/<int:record_id>/confirm",
            "POST /desk/articles/<int:record_id>/discard",
            "POST /desk/articles/<int:record_id>/history/<int:number>/restore",
            "POST /desk/articles/<int:record_id>/schedule",
            "POST /desk/articles/<int:record_id>/send-back",
            "POST /desk/articles/<int:record_id>/submit",
            "POST /desk/articles/<int:record_id>/unschedule",
        ),
        "the article is published, and nothing that may follow it is written yet",
    ),
    "POST /desk/articles/<int:record_id>/translate/<code>": "it is in that language already",
    "POST /desk/categories/<int:category_id>/delete": "the category holds an article",
    **dict.fromkeys(
        (
            "GET /desk/enter/<token>",
            "GET /desk/signin/reset/<token>",
            "POST /desk/signin/reset/<token>",
            "POST /desk/first-password",
        ),
        "the link at hand is an invitation's, and has been used",
    ),
    **dict.fromkeys(
        (
            "POST /desk/help",
            "GET /desk/help/<public_id>",
            "POST /desk/help/<public_id>/reply",
            "GET /desk/help/<public_id>/files/<file_id>",
            "GET /desk/help/<public_id>/files/<file_id>/thumbnail",
        ),
        "this town has no vendor: tests/backoffice/test_support_help.py",
    ),
    **dict.fromkeys(
        (
            "GET /desk/questions/phrase",
            "GET /desk/questions/export.<format>",
            "POST /desk/feedback/bulk",
            "POST /desk/questions/also-asked",
            "POST /desk/questions/dismiss",
            "POST /desk/questions/reconsider",
            "POST /desk/questions/write",
        ),
        "what it is about stands in the query: tests/backoffice/knowledge_base/test_questions.py",
    ),
    **dict.fromkeys(
        (
            "GET /ops/tenants/<int:tenant_id>/",
            "POST /ops/tenants/<int:tenant_id>/count",
            "GET /ops/tenants/<int:tenant_id>/certificate.json",
            "POST /ops/tenants/<int:tenant_id>/step/<step>",
            "POST /ops/tenants/<int:tenant_id>/enter/<int:pass_id>",
            "POST /ops/tenants/new/",
            "POST /ops/upkeep/<int:tenant_id>/retry",
        ),
        "the tenant at hand is nobody's: tests/backoffice/operators",
    ),
    **dict.fromkeys(
        (
            "POST /desk/settings/people/<int:staff_id>/invite-again",
            "POST /desk/settings/people/<int:staff_id>/revoke-invitation",
            "POST /desk/settings/people/<int:staff_id>/role",
            "POST /desk/settings/people/invite",
            "POST /desk/settings/support/<int:pass_id>/end",
            "POST /desk/settings/languages",
            "POST /desk/settings/domain",
            "POST /desk/settings/domain/address",
            "POST /desk/settings/domain/check",
            "POST /desk/settings/domain/remove",
            "POST /desk/settings/closing",
            "POST /desk/settings/closing/undo",
            "GET /desk/settings/export/<uuid:export_key>.zip",
        ),
        "it takes a state or a word that the house does not have: tests/backoffice/settings",
    ),
    "GET /<language:language>/preview": "its address is signed",
    "GET /brand/logo": "the house has no logo",
    "POST /<language:language>/requests/solved": "no page at hand offers an article for it",
    "POST /desk/synonyms": "a line of synonyms needs two words",
    "POST /desk/tickets/<int:number>/article": "the request is not solved",
    "POST /desk/feedback/views/<int:view_id>/delete": "the view at hand is one of the inbox",
    "POST /desk/articles/views/<int:view_id>/delete": "the view at hand is one of the inbox",
    "POST /desk/customers/views/<int:view_id>/delete": "the view at hand is one of the inbox",
}
# Captured mail is open to everybody, in demo and test mode only: see its routes.
_OPEN = (PLATFORM_CANARY,)
# A picture of a new secret, or where one goes on from a referrer that we forge.
_NEVER_THE_SAME = ("my_settings.second_step", "settings_audit.export")


def forged(host: str) -> dict[str, str]:
    """Headers by which a proxy, a framework or a hopeful visitor might name another house."""
    names = ("X-Forwarded-Host", "X-Forwarded-Server", "X-Host", "X-Original-Host", "X-HTTP-Host-Override", "X-Tenant-Host")
    slug = host.partition(".")[0]
    return {
        **dict.fromkeys(names, host),
        **dict.fromkeys(("X-Tenant", "X-Tenant-Id", "X-Tenant-Slug", "X-Organization"), slug),
        "Forwarded": f"host={host};proto=http",
        "X-Forwarded-Prefix": f"//{host}",
        "X-Original-URL": f"http://{host}/",
        "X-Rewrite-URL": f"http://{host}/",
        "Referer": f"http://{host}/desk/",
    }
