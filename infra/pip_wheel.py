"""pip's own wheel, straight from the configured package index, for a Python that came without it."""

from __future__ import annotations

import configparser
import hashlib
import json
import os
import re
import ssl
import urllib.request
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin

INDEX = "https://pypi.org/simple"
WHEEL = re.compile(r"pip-(\d+(?:\.\d+)*)-py3-none-any\.whl$")
ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"


class IndexUnusable(RuntimeError):
    """The index cannot be reached, offers no pip, or sends something else than it promised."""


def download(directory: Path) -> Path:
    """Fetch the newest pip into `directory`, checked against the SHA-256 that the index gives (PEP 503, PEP 691)."""
    index = f"{configured('index-url') or INDEX}".rstrip("/") + "/pip/"
    kind, page = _fetch(index)
    offered = dict(_offered_by_json(page) if "json" in kind else _offered_by_html(page))
    wheels = {url: digest for url, digest in offered.items() if WHEEL.search(url) and digest}
    if not wheels:
        raise IndexUnusable(f"{index} offers no pip with a SHA-256.")
    newest = max(wheels, key=_version)
    _, content = _fetch(urljoin(index, newest))
    if hashlib.sha256(content).hexdigest() != wheels[newest]:
        raise IndexUnusable(f"{newest} is not the file that {index} promised.")
    wheel = directory / newest.rsplit("/", 1)[-1]
    wheel.write_bytes(content)
    return wheel


def configured(option: str) -> str | None:
    """Return pip's setting from the environment, else from its configuration files."""
    if given := os.environ.get(f"PIP_{option.upper().replace('-', '_')}"):
        return given
    files = [Path("/etc/pip.conf"), Path.home() / ".pip/pip.conf", Path.home() / ".config/pip/pip.conf"]
    named = os.environ.get("PIP_CONFIG_FILE")
    parser = configparser.RawConfigParser()
    parser.read([*files, named] if named else files)
    return parser.get("global", option, fallback=None)


def _fetch(url: str) -> tuple[str, bytes]:
    """Return (content type, body)."""
    context = ssl.create_default_context(cafile=configured("cert"))
    request = urllib.request.Request(url, headers={"Accept": ACCEPT})
    try:
        with urllib.request.urlopen(request, timeout=60, context=context) as answer:
            return answer.headers.get("Content-Type", ""), answer.read()
    except OSError as problem:
        raise IndexUnusable(f"{url}: {problem}") from None


def _offered_by_json(page: bytes) -> Iterator[tuple[str, str]]:
    for file in json.loads(page)["files"]:
        if not file.get("yanked"):
            yield file["url"], file["hashes"].get("sha256", "")


def _offered_by_html(page: bytes) -> Iterator[tuple[str, str]]:
    reader = _Links()
    reader.feed(page.decode(errors="replace"))
    for link in reader.links:
        url, fragment = urldefrag(link)
        yield url, fragment.partition("sha256=")[2]


class _Links(HTMLParser):
    """The links of an index page, without those withdrawn."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "a" and "data-yanked" not in attributes and (link := attributes.get("href")):
            self.links.append(link)


def _version(url: str) -> tuple[int, ...]:
    found = WHEEL.search(url)
    return tuple(int(part) for part in found[1].split(".")) if found else ()
