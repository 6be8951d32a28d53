"""What a client of the Hub raises becomes what to do; what may pass is tried again."""

from __future__ import annotations

import httpx
import pytest
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from rclicks_hf.support import hub_errors
from rclicks_hf.support.hub_errors import MISSING, OFFLINE, hub_problem, patiently


def answered(status: int, kind: type[HfHubHTTPError] = HfHubHTTPError) -> HfHubHTTPError:
    return kind("text", response=httpx.Response(status, request=httpx.Request("GET", "http://a")))


def caused(outer: Exception, inner: Exception) -> Exception:
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (answered(403, GatedRepoError), "it is gated"),
        (answered(401, RepositoryNotFoundError), MISSING),
        (answered(404, RevisionNotFoundError), "no such revision"),
        (answered(401), "refused the token"),
        (answered(403), "the token may not do that"),
        (answered(412), "changed on the Hub at the same time"),
        (answered(429), "too many requests"),
        (answered(502), "status 502"),
        (caused(OSError("transformers' own"), answered(403, GatedRepoError)), "it is gated"),
        (caused(ValueError("x"), LocalEntryNotFoundError("x")), OFFLINE),
        (caused(LocalEntryNotFoundError("x"), httpx.ConnectError("x")), "could not be reached"),
        (caused(LocalEntryNotFoundError("x"), OfflineModeIsEnabled()), OFFLINE),
        (ConnectionError("Couldn't reach 'a/b' on the Hub (OfflineModeIsEnabled)"), OFFLINE),
        (ConnectionResetError(), "could not be reached"),
        (OSError("Consistency check failed: file should be of size 2"), "came incomplete"),
    ],
)
def test_what_to_do(error: Exception, expected: str) -> None:
    assert expected in hub_problem(error)


@pytest.mark.parametrize("error", [ValueError("x"), FileNotFoundError("a"), answered(400)])
def test_other_errors_are_not_the_hubs(error: Exception) -> None:
    assert hub_problem(error) == ""


def test_a_circle_of_causes_ends() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert hub_problem(first) == ""


@pytest.mark.parametrize(
    ("error", "calls"),
    [
        (answered(503), 3),
        (OSError("Consistency check failed: x"), 3),
        (answered(403), 1),
        (ConnectionResetError(), 1),  # the clients have repeated that
        (ValueError("x"), 1),
    ],
)
def test_only_what_may_pass_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, error: Exception, calls: int
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(hub_errors.time, "sleep", waits.append)
    tried = []

    def fail() -> None:
        tried.append(1)
        raise error

    with pytest.raises(type(error)):
        patiently(fail)
    assert len(tried) == calls
    assert waits == [1.0, 5.0][: calls - 1]
    assert patiently(lambda: 7) == 7
