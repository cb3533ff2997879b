"""Who asks: somebody of the own house in one role, at one face, with the cookie that a real sign-in would have given."""

from dataclasses import dataclass
from typing import Any

from werkzeug.test import Client, TestResponse

import wsgi
from kernel import settings
from tests.isolation.houses import OPERATOR_TOKEN, House

FACES: dict[str, tuple[str, ...]] = {
    "portal": ("visitor", "customer"),
    "desk": ("visitor", "viewer", "agent", "manager", "admin"),
    "operators": ("visitor", "operator"),
}
ROLES = [(face, role) for face, roles in FACES.items() for role in roles]


@dataclass
class Caller:
    """Keeps no cookies of its own: each request carries exactly what it is told to."""

    client: Client
    face: str
    role: str
    host: str
    token: str = ""

    def ask(self, method: str, path: str, *, host: str = "", cookies: str = "", **more: Any) -> TestResponse:
        """`more` is what werkzeug's client takes: query_string, data, json, headers."""
        carried = "; ".join(filter(None, (self.cookie(), cookies)))
        headers = {
            "Host": host or self.host,
            "Accept-Language": "en",
            "User-Agent": "crawler",
            **({"Cookie": carried} if carried else {}),
            **more.pop("headers", {}),
        }
        return self.client.open(path, method=method, headers=headers, **more)

    def cookie(self, host: str = "") -> str:
        """Return the Cookie header of somebody who signed in at `host`, this caller's own unless told otherwise."""
        if not self.token:
            return ""
        app = wsgi.faces()[self.face]
        with app.test_request_context(base_url=f"http://{host or self.host}/"):
            serializer = app.session_interface.get_signing_serializer(app)
            value = serializer.dumps({"_user_id": self.token, "_fresh": True, "_permanent": True})
        return f"{app.config['SESSION_COOKIE_NAME']}={value}"


def _front_door(environ: Any, start_response: Any) -> Any:
    """The front door as it is when somebody knocks, which a mistake made on purpose may have changed."""
    return wsgi.front_door(environ, start_response)


def caller_of(house: House, face: str, role: str) -> Caller:
    """Return somebody at `face` of the house (operators: at the platform); staff get their role by `take_role`."""
    client = Client(_front_door, use_cookies=False)
    host = settings.current().platform_host if face == "operators" else house.tenant.host
    if role == "visitor":
        return Caller(client, face, role, host)
    token = OPERATOR_TOKEN if face == "operators" else house.mine.sign_in_token(face)
    return Caller(client, face, role, host, token)
