"""Pictures and films in an article: our own files are shown, what lies elsewhere becomes a link."""

import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from html import escape
from urllib.parse import urlsplit

from markdown_it.token import Token

# Where a face serves the help centre's files; `#640x480` behind it tells a picture's size, so that nothing jumps.
OWN_FILE = re.compile(r"/files/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:#([1-9]\d{0,4})x([1-9]\d{0,4}))?")
_FILE_IN_HTML = re.compile(r"\b(?:src|href)=\"" + OWN_FILE.pattern + r"\"")
# Who shows films: everything else is a link like any other.
_FILM_HOSTS = {
    **{"www.youtube.com": "YouTube", "youtube.com": "YouTube", "youtu.be": "YouTube", "vimeo.com": "Vimeo"},
    **{"www.bilibili.com": "Bilibili", "b23.tv": "Bilibili", "v.qq.com": "腾讯视频", "v.youku.com": "优酷"},
}


def put_in(tokens: Sequence[Token]) -> None:
    """Rewrite images and films: `![words](address)`, and `@[words](address)` alone in its paragraph."""
    for inline in (token for token in tokens if token.type == "inline" and token.children):
        assert inline.children is not None
        inline.children = _film(inline.children) or list(_pictures(inline.children))


def _film(children: list[Token]) -> list[Token] | None:
    if len(children) < 3 or children[0].content != "@" or children[1].type != "link_open":
        return None
    if children[-1].type != "link_close" or sum(child.type == "link_open" for child in children) > 1:
        return None
    address = str(children[1].attrGet("href") or "")
    if OWN_FILE.fullmatch(address):
        # Written as HTML, because Markdown has no token for it; the allow-list reads it next.
        words = escape("".join(child.content for child in children[2:-1]))
        film = f'<video src="{address.partition("#")[0]}" title="{words}" controls preload="metadata"></video>'
        return [Token("html_inline", "", 0, content=film)]
    return _film_elsewhere(children[1:], address)


def _film_elsewhere(link: list[Token], address: str) -> list[Token]:
    """A film on another server is a link that names the server: nothing of it loads before the reader decides to go there."""
    host = None
    with suppress(ValueError):  # what only looks like an address
        host = _FILM_HOSTS.get(urlsplit(address).hostname or "")
    if host is None:
        return link
    link[0].attrSet("class", "video-link")
    return [*link[:-1], Token("text", "", 0, content=f" ({host})"), link[-1]]


def _pictures(children: list[Token]) -> Iterator[Token]:
    for child in children:
        if child.type != "image":
            yield child
        elif own := OWN_FILE.fullmatch(str(child.attrGet("src") or "")):
            child.attrSet("src", f"/files/{own[1]}")
            for name, pixels in (("width", own[2]), ("height", own[3])):
                if pixels:
                    child.attrSet(name, pixels)
            yield child
        else:
            yield from _as_link(child)


def _as_link(image: Token) -> list[Token]:
    address = str(image.attrGet("src") or "")
    words = Token("text", "", 0, content=image.content or address)
    return [Token("link_open", "a", 1, attrs={"href": address}), words, Token("link_close", "a", -1)]


def file_ids(html: str) -> list[uuid.UUID]:
    """Return the public ids of our own files that sanitised HTML shows or offers, each once."""
    return [uuid.UUID(found) for found in dict.fromkeys(match[0] for match in _FILE_IN_HTML.findall(html))]
