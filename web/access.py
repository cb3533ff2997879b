"""May this role do this at all?  Every route answers with `@requires` or `@public`, and one gate asks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, current_app, g, request
from flask import session as cookie
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from werkzeug.wrappers import Response

from kernel.actors import VISITOR, Actor
from kernel.errors import Forbidden
from web import returning

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Access:
    """Who may call a route: holders of `permission`, or everybody because `why`."""

    permission: str | None
    why: str = ""


def requires(permission: str) -> Callable[[View], View]:
    """Let through only those who hold `permission`; who is not signed in is asked to."""
    return _declare(Access(str(permission)))


def public(why: str) -> Callable[[View], View]:
    """Let everybody through, for the reason given."""
    return _declare(Access(None, why))


def _declare(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.access = access  # type: ignore[attr-defined]
        return view

    return mark


def access_of(app: Flask, endpoint: str) -> Access | None:
    return getattr(app.view_functions[endpoint], "access", None)


class Person(UserMixin):  # type: ignore[misc]  # flask-login has no types
    """Who is signed in, for flask-login: its id is the token of this browser's sign-in, never the person's own."""

    def __init__(self, actor: Actor, token: str, record: Any) -> None:
        self.actor, self.token, self.record = actor, token, record

    def get_id(self) -> str:
        return self.token


def install(app: Flask, *, load_person: Callable[[str], Person | None], sign_in_url: Callable[[str], Response]) -> None:
    """`load_person` finds who a token belongs to; `sign_in_url` answers a visitor who must sign in first."""
    manager = LoginManager(app)
    # Sign-ins are rows that can be ended; tying them to the browser's headers as well would sign people out at updates.
    manager.session_protection = None
    manager.user_loader(load_person)
    app.extensions["sign_in_url"] = sign_in_url


def gate() -> Response | None:
    """Ask of every request what its route declares; a path that is no route is answered by 404 soon enough."""
    person = current_person()
    g.actor = person.actor if person else VISITOR
    if request.endpoint is None:
        return None
    access = access_of(current_app, request.endpoint)
    if access is None:
        raise Forbidden()  # a route that forgot to say who may call it is for nobody
    if access.permission is None or g.actor.may(access.permission):
        return None
    if g.actor.kind == "visitor":
        answer: Response = current_app.extensions["sign_in_url"](returning.here())
        return answer
    raise Forbidden()


def current_person() -> Person | None:
    """Return who is signed in at this face, or nothing."""
    return current_user._get_current_object() if current_user.is_authenticated else None


def actor() -> Actor:
    found: Actor = g.get("actor", VISITOR)
    return found


def sign_in(person: Person) -> None:
    """Sign this browser in: under a new session, so that nobody can have planted the old one."""
    kept = {key: cookie[key] for key in ("visitor", "_flashes") if key in cookie}
    cookie.clear()
    cookie.update(kept)
    cookie.permanent = True
    login_user(person)
    g.actor = person.actor


def sign_out() -> None:
    logout_user()
    cookie.clear()
