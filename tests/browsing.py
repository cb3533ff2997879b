"""A browser without a screen: follows links and sends forms as a person would, hidden fields and all."""

from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from werkzeug.test import Client, TestResponse


@dataclass
class Browser:
    """A visitor at one host, speaking `language` (an Accept-Language header)."""

    client: Client
    host: str
    language: str = "en"

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=self._headers(headers))

    def fragment(self, path: str) -> TestResponse:
        """Ask as htmx does."""
        return self.get(path, **{"HX-Request": "true", "HX-Request-Type": "partial"})

    def post(self, path: str, data: dict[str, Any], **headers: str) -> TestResponse:
        """Send exactly this, without reading the page first."""
        return self.client.post(path, data=data, headers=self._headers(headers))

    def submit(self, path: str, data: dict[str, Any], *, to: str | None = None, **headers: str) -> TestResponse:
        """Open the page at `path`, and send its form to `to` (or `path`) with the hidden fields that it holds."""
        page = self.get(path)
        action = to or path
        hidden = FormReader.hidden_fields(page.text, action)
        return self.post(action, {**hidden, **data}, **headers)

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        return {"Host": self.host, "Accept-Language": self.language, "User-Agent": "test browser", **more}


class FormReader(HTMLParser):
    """Reads the hidden fields of each form on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        if tag == "form":
            self.forms.append((facts.get("action") or "", {}))
        elif tag == "input" and facts.get("type") == "hidden" and self.forms and facts.get("name"):
            self.forms[-1][1][str(facts["name"])] = facts.get("value") or ""

    @classmethod
    def hidden_fields(cls, html: str, action: str) -> dict[str, str]:
        """Return the hidden fields of the form that goes to `action`, else of the first POST form with a CSRF token."""
        reader = cls()
        reader.feed(html)
        for target, fields in reader.forms:
            if target == action:
                return fields
        return next((fields for _target, fields in reader.forms if "csrf_token" in fields), {})
