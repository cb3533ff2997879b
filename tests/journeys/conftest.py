"""A person's browser in front of the whole running service."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from infra.bootstrap import find_browser
from kernel.settings import PROJECT
from tests.running import RunningService, running_demo

AXE = PROJECT / "web" / "assets" / "node_modules" / "axe-core" / "axe.min.js"
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-gpu")


@pytest.fixture(scope="session")
def demo() -> Iterator[RunningService]:
    """The demo chain, as `make run` starts it."""
    with running_demo() as service:
        yield service


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    program = find_browser()
    # As root the browser's own sandbox cannot be set up; the pages are ours.
    arguments = [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """`open_page(width=360, locale="zh-TW", scripts=False)` is a new person's browser; its console must stay silent."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def new(*, width: int = 1280, locale: str = "en-GB", scripts: bool = True) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 800 if width > 600 else 740},
            locale=locale,
            java_script_enabled=scripts,
            color_scheme="light",
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" and _matters(said.text) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield new
    for context in contexts:
        context.close()
    assert complaints == []


def _matters(text: str) -> bool:
    """A refused form is a 4xx, which Chromium reports on the console; the page tells the reader."""
    return "Failed to load resource" not in text


@pytest.fixture
def a_picture(tmp_path: Path) -> Path:
    from PIL import Image

    path = tmp_path / "水漬 photo.png"
    Image.new("RGB", (640, 480), "#7aa2c8").save(path)
    return path


def axe_faults(page: Page) -> list[str]:
    """Return what axe-core finds wrong on the page (WCAG 2.0 to 2.2, A and AA), and what is wrong with its dark colours."""
    page.evaluate(AXE.read_text("utf-8"))
    tags = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    faults = _violations(page, tags)
    # Nothing else differs in the second theme.
    _wear(page, "dark")
    faults += [f"dark {fault}" for fault in _violations(page, {"type": "rule", "values": ["color-contrast"]})]
    _wear(page, "light")
    return faults


def _wear(page: Page, theme: Literal["dark", "light"]) -> None:
    """Change the theme, with every colour at once where it goes: one in a closed fold never gets there by itself."""
    page.emulate_media(color_scheme=theme)
    page.evaluate("() => document.getAnimations().forEach(each => each instanceof CSSTransition && each.finish())")


def _violations(page: Page, wanted: dict[str, Any]) -> list[str]:
    result: dict[str, Any] = page.evaluate("wanted => axe.run(document, {runOnly: wanted})", wanted)
    return [f"{fault['id']}: {node['html'][:160]}" for fault in result["violations"] for node in fault["nodes"]]
