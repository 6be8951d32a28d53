"""What went wrong on the Hub, in a few words, from whatever its clients raise."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

T = TypeVar("T")
_log = logging.getLogger(__name__)

_WAITS = (1.0, 5.0)  # seconds before a request that failed is sent again
_PASSING = (429, 500, 502, 503, 504)  # status of what may succeed a little later

_OF_STATUS = {
    401: "the Hub refused the token; run `hf auth login` again",
    402: "the Hub asks for a payment; see the page of your account",
    403: "the token may not do that; give it the permission, or run `hf auth login` with another",
    412: "it was changed on the Hub at the same time; run the same command again",
    429: "the Hub got too many requests; wait a few minutes and run the same command again",
}
#: For a name that may also be a misspelt folder.
MISSING = "there is no such repo, or it is private; check the name, or run `hf auth login`"
OFFLINE = "it is not in the cache, and HF_HUB_OFFLINE or no network keeps the Hub out of reach"
_UNREACHABLE = "the Hub could not be reached; check the network and run the same command again"
_CUT = "a file came incomplete and was not kept; run the same command again"
_CHECK_OF_SIZE = "Consistency check failed"  # how huggingface_hub's message of that begins
# HTTP libraries of the clients; errors are recognised by module name.
_HTTP = ("httpx", "httpcore", "requests", "urllib3", "aiohttp")


def hub_problem(error: BaseException) -> str:
    """What the Hub, or the way to it, had against a request, and what to do; ``""`` if nothing.

    Example:
        >>> hub_problem(OfflineModeIsEnabled())
        'it is not in the cache, and HF_HUB_OFFLINE or no network keeps the Hub out of reach'
        >>> hub_problem(ValueError("a number"))
        ''
    """
    found = [text for one in _chain(error) if (text := _problem(one))]
    # The server's answer says more than a failed connection.
    return next((text for text in found if text not in (OFFLINE, _UNREACHABLE)), "") or next(
        iter(found[::-1]), ""
    )


def patiently(call: Callable[[], T]) -> T:
    """What a call that reads from the Hub returns; it is repeated while the Hub is out of order.

    Its clients repeat what a broken connection cut off, but not every request that was answered by
    an error of the server or by too few bytes.
    """
    for wait in _WAITS:
        try:
            return call()
        except Exception as error:
            if not any(map(_may_pass, _chain(error))):
                raise
            _log.warning("%s (retrying in %g s)", hub_problem(error), wait)
            time.sleep(wait)
    return call()


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code in _PASSING
    return _CHECK_OF_SIZE in str(error)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _problem(error: BaseException) -> str:
    is_of_datasets = type(error).__name__ == "DatasetNotFoundError"  # which drops its cause
    if isinstance(error, GatedRepoError) or (is_of_datasets and "gated" in str(error)):
        return "it is gated; ask for access on its page, then run `hf auth login`"
    if isinstance(error, RevisionNotFoundError):
        return "it has no such revision; check the name of the branch or commit"
    if isinstance(error, RepositoryNotFoundError) or is_of_datasets:
        return MISSING
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code
        if status >= 500:
            return f"the Hub is out of order (status {status}); try again later"
        return _OF_STATUS.get(status, "")
    is_offline = isinstance(error, OfflineModeIsEnabled | LocalEntryNotFoundError)
    if is_offline or f"({OfflineModeIsEnabled.__name__})" in str(error):  # in datasets' message
        return OFFLINE
    if _CHECK_OF_SIZE in str(error):
        return _CUT
    if isinstance(error, ConnectionError):
        return _UNREACHABLE
    is_http = type(error).__module__.partition(".")[0].rstrip("2") in _HTTP
    return _UNREACHABLE if is_http and not hasattr(error, "response") else ""
