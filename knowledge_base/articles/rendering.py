"""Markdown to what readers get: sanitised HTML, plain text, and the headings for a table of contents."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from kernel.text import slug

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_TAGS = {
    *("h2", "h3", "h4", "p", "br", "hr", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong", "s", "a"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "h2": {"id"}, "h3": {"id"}, "h4": {"id"}, "ol": {"start"}}


@dataclass(frozen=True)
class Rendered:
    """`headings` are (level, anchor, text) in the order of the page."""

    html: str
    text: str
    headings: list[tuple[int, str, str]]


def render(markdown: str) -> Rendered:
    """Render Markdown.  Raw HTML in it is shown as text; what remains passes an allow-list besides.

    Headings start at level 2, because the article's title is the page's only level 1.
    """
    tokens = _MARKDOWN.parse(markdown)
    headings = _number_headings(tokens)
    raw = str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))
    html = nh3.clean(
        raw,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener nofollow",
    )
    return Rendered(_reachable(html), _plain(tokens), headings)


def _reachable(html: str) -> str:
    """Let what may be wider than a phone scroll by itself, and by keyboard too (WCAG 2.1.1)."""
    html = html.replace("<table>", '<div tabindex="0"><table>').replace("</table>", "</table></div>")
    return html.replace("<pre>", '<pre tabindex="0">')


def _number_headings(tokens: Sequence[Token]) -> list[tuple[int, str, str]]:
    headings: list[tuple[int, str, str]] = []
    for token, inline in pairwise(tokens):
        if token.type == "heading_open":
            level = min(max(int(token.tag[1]), 2), 4)
            text = _words(inline)
            anchor = f"{slug(text)}-{len(headings) + 1}"
            token.tag = f"h{level}"
            token.attrSet("id", anchor)
            headings.append((level, anchor, text))
        elif token.type == "heading_close":
            token.tag = f"h{headings[-1][0]}"
    return headings


def _words(inline: Token) -> str:
    return "".join(child.content for child in inline.children or ()).strip()


def _plain(tokens: Sequence[Token]) -> str:
    texts = (_words(token) if token.type == "inline" else token.content for token in tokens)
    return "\n".join(text for text in texts if text.strip())
