"""The page of a metric's Space: every one is built, one computes over HTTP, none asks a network."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rclicks_hf.evaluate_modules import metric_page
from rclicks_hf.metrics import METRICS
from rclicks_hf.support.gradio_import import without_type_stubs

with without_type_stubs():
    gradio = pytest.importorskip("gradio")
gradio_client = pytest.importorskip("gradio_client")


@pytest.fixture(autouse=True)
def _only_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def connect_here(self: socket.socket, address: Any) -> None:
        assert self.family == socket.AF_UNIX or address[0] in ("127.0.0.1", "localhost", "::1")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_here)
    monkeypatch.setattr(socket, "getaddrinfo", _local_only(socket.getaddrinfo))


def _local_only(lookup: Any) -> Any:
    def look_up(host: Any, *args: Any, **options: Any) -> Any:
        assert host in (None, "127.0.0.1", "localhost", "0.0.0.0", "::1"), host
        return lookup(host, *args, **options)

    return look_up


@pytest.mark.parametrize("name", METRICS)
def test_every_page_is_built(name: str, repo: Path) -> None:
    info = METRICS[name]
    page = metric_page(repo / "metrics" / info.module / "app.py")
    labels = [item.label.split()[0] for item in page.input_components]
    is_paired = info.inputs not in ("IoU", "group IoU")
    assert labels == ["predictions", "references"][: 1 + is_paired]
    assert page.title == f"{info.title} ({info.abbreviation})"
    assert "Metric card" in page.article
    assert page.flagging_mode == "never"  # what a visitor enters is not written to a file
    assert page.analytics_enabled is False


@pytest.fixture(scope="module")
def client(repo: Path) -> Iterator[Any]:
    page = metric_page(repo / "metrics" / "rclicks_noc" / "app.py")
    _, url, _ = page.launch(
        server_name="127.0.0.1", server_port=_free_port(), prevent_thread_lock=True, quiet=True
    )
    yield gradio_client.Client(url, verbose=False)
    page.close(verbose=False)


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def test_a_page_computes_over_http(client: Any) -> None:
    found = client.predict("[[0.7, 0.91, 0.95], [0.5, 0.6, 0.65]]", api_name="/compute")
    assert found == {"noc": 11.0, "noc_std": 0.0, "nof": 1.0}
    assert client.predict("[[0.95]]", api_name="/compute")["noc"] == 1.0  # nothing of the last one


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"predictions: not a JSON list \("),
        ("[" * 100_000, r"predictions: not a JSON list \("),
        ("5", "predictions must be a list with one entry per instance"),
        ("[]", "no instances were added"),
        ("[[2.0]]", r"predictions\[0\]"),
    ],
)
def test_a_wrong_input_is_told(client: Any, capfd: Any, text: str, message: str) -> None:
    with pytest.raises(Exception, match=message):
        client.predict(text, api_name="/compute")
    assert "Traceback" not in capfd.readouterr().err
