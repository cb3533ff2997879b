"""The installer takes a step once, takes it again when its inputs change, and finds its tools anywhere."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from infra import bootstrap, pip_wheel


@pytest.fixture
def venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    return tmp_path


def test_a_step_is_taken_again_only_when_its_inputs_change(venv: Path, tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    taken: list[str] = []
    for content in ("a", "a", "b"):
        lock.write_text(content)
        bootstrap.step("packages", "packages", [lock], lambda: taken.append(lock.read_text()))
    assert taken == ["a", "b"]


def test_a_step_whose_product_was_deleted_is_taken_again(venv: Path, tmp_path: Path) -> None:
    product = tmp_path / "product"
    for _ in range(2):
        bootstrap.step("front-end", "front end", ["same"], product.touch, proofs=[product])
        product.unlink()
    bootstrap.step("front-end", "front end", ["same"], product.touch, proofs=[product])
    assert product.exists()


def test_a_failed_step_is_not_taken_for_done(venv: Path) -> None:
    def fail() -> None:
        bootstrap.run(["sh", "-c", "echo 'disk full'; exit 1"], "Free some space.")

    for _ in range(2):
        with pytest.raises(bootstrap.CannotInstall, match=r"disk full\n\nFree some space"):
            bootstrap.step("packages", "packages", [], fail)


def test_a_moved_checkout_gets_a_new_environment(venv: Path) -> None:
    (venv / "stamps").mkdir()
    (venv / "stamps" / "place").write_text("/elsewhere/.venv")
    assert not bootstrap._venv_is_sound()


def test_node_comes_from_the_wheel_where_the_system_has_none(
    venv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (venv / "bin").mkdir()
    for name, answer in (("node", "v24.1.0"), ("npm", "11.0.0")):
        _program(venv / "bin" / name, f"echo {answer}")
    (tmp_path / "old").mkdir()
    _program(tmp_path / "old" / "node", "echo v12.22.0")
    monkeypatch.setenv("PATH", f"{tmp_path / 'old'}")
    assert bootstrap.node_path().split(os.pathsep)[0] == str(venv / "bin")


def test_without_any_node_the_message_says_so(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(bootstrap.CannotInstall, match=r"Node\.js 18"):
        bootstrap.node_path()


def test_the_named_browser_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_CHROMIUM", "/opt/my/chromium")
    assert bootstrap.find_browser() == "/opt/my/chromium"


def test_the_newest_pip_is_taken_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offered = {"pip-9.0.3-py3-none-any.whl": b"old", "pip-26.3-py3-none-any.whl": b"new", "pip-27.0.tar.gz": b"source"}
    _serve(offered, monkeypatch)
    assert pip_wheel.download(tmp_path).read_bytes() == b"new"


def test_a_pip_that_is_not_what_the_index_promised_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _serve({"pip-26.3-py3-none-any.whl": b"new"}, monkeypatch, sent=b"swapped")
    with pytest.raises(pip_wheel.IndexUnusable, match="not the file"):
        pip_wheel.download(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_plain_html_index_is_understood() -> None:
    page = b'<a href="../pip-26.3-py3-none-any.whl#sha256=ab">x</a><a data-yanked href="pip-27.0-py3-none-any.whl">y</a>'
    assert list(pip_wheel._offered_by_html(page)) == [("../pip-26.3-py3-none-any.whl", "ab")]


def _serve(files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, *, sent: bytes | None = None) -> None:
    """Stand in for the network: an index page in JSON, and the files it lists."""
    listing = [{"url": name, "hashes": {"sha256": hashlib.sha256(body).hexdigest()}} for name, body in files.items()]

    def fetch(url: str) -> tuple[str, bytes]:
        if url.endswith("/pip/"):
            return "application/vnd.pypi.simple.v1+json", json.dumps({"files": listing}).encode()
        return "application/zip", sent or files[url.rsplit("/", 1)[-1]]

    monkeypatch.setattr(pip_wheel, "_fetch", fetch)


def _program(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
