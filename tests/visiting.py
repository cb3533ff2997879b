"""A visitor over real HTTP who needs no screen: keeps cookies, fills in forms, tells what came back."""

import http.client
import http.cookies
import urllib.parse
from dataclasses import dataclass, field

from tests.browsing import FormReader


@dataclass
class Answer:
    status: int
    location: str
    text: str


@dataclass
class Visitor:
    """Somebody at `host`, by a connection to this machine (not every resolver knows `*.localhost`)."""

    host: str
    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def get(self, path: str) -> Answer:
        return self._ask("GET", path, None)

    def post(self, path: str, form: dict[str, str]) -> Answer:
        return self._ask("POST", path, urllib.parse.urlencode(form))

    def submit(self, page: str, form: dict[str, str], *, to: str | None = None) -> Answer:
        """Open `page` and send its form to `to` (or the page itself), hidden fields included."""
        return self.post(to or page, {**self.hidden(page, to or page), **form})

    def hidden(self, page: str, action: str) -> dict[str, str]:
        """Return the hidden fields of the form on `page` that goes to `action`; none when the page did not come."""
        answer = self.get(page)
        return FormReader.hidden_fields(answer.text, action) if answer.status == 200 else {}

    def _ask(self, method: str, path: str, body: str | None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Host": self.host}
        if self.cookies:
            headers["Cookie"] = self.cookie
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        text = response.read().decode()
        for line in response.headers.get_all("Set-Cookie", []):
            for name, morsel in http.cookies.SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        connection.close()
        return Answer(response.status, response.headers.get("Location", ""), text)
