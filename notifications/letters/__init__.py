"""Letters: the texts we send, one file each with all its languages, filled with data and nothing but data."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from liquid import Environment, StrictUndefined
from liquid.template import BoundTemplate

from kernel.i18n import Language

_FOLDER = Path(__file__).parent
# Liquid, not Jinja: a letter can name values and nothing else, so that a tenant may one day edit it.
_PLAIN = Environment(undefined=StrictUndefined)
_HTML = Environment(undefined=StrictUndefined, autoescape=True)


@dataclass(frozen=True)
class Letter:
    """A letter ready to send."""

    subject: str
    text: str
    html: str


def names() -> list[str]:
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def compose(name: str, language: Language, values: Mapping[str, Any]) -> Letter:
    """Fill the letter `name` in `language`.  A value that the letter names and `values` lacks raises; user text is escaped."""
    parts = {part: _filled(template, values) for part, template in _templates(name, language.code).items()}
    stars = values.get("rating_links", [])
    frame = {**parts, "language": language.tag, "company": values["company"], "url": values["url"], "stars": stars}
    frame["paragraphs"] = [paragraph for paragraph in parts["body"].split("\n\n") if paragraph.strip()]
    subject = " ".join(parts["subject"].split())
    return Letter(subject, _text(frame, language).strip() + "\n", _frame().render(**frame))


def _filled(template: BoundTemplate, values: Mapping[str, Any]) -> str:
    return str(template.render(**values)).strip()


@cache
def _templates(name: str, code: str) -> dict[str, BoundTemplate]:
    texts = yaml.safe_load((_FOLDER / f"{name}.yaml").read_text("utf-8"))[code]
    blank = {"quote": "", "code": "", "button": "", "rate": "", "closing": ""}
    return {part: _PLAIN.from_string(text) for part, text in {**blank, **texts}.items()}


@cache
def _frame() -> BoundTemplate:
    return _HTML.from_string((_FOLDER / "frame.liquid").read_text("utf-8"))


def _text(frame: Mapping[str, Any], language: Language) -> str:
    quote = "\n".join(f"> {line}" for line in frame["quote"].splitlines())
    button = f"{frame['button']}{language.colon}{frame['url']}" if frame["button"] else ""
    stars = "\n".join(f"{star['score']} ★  {star['url']}" for star in frame["stars"])
    rate = f"{frame['rate']}\n{stars}" if stars else ""
    blocks = [*frame["paragraphs"], quote, frame["code"], button, rate, frame["closing"], f"-- \n{frame['company']}"]
    return "\n\n".join(block for block in blocks if block)
