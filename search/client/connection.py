"""The connection to a service: requests that are repeated while it cannot be reached."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from search.client.refusals import KEY, refused, strange
from search.problem.errors import Fault, InvalidValuesError, LaunchError, UserError
from search.problem.names import quoted

if TYPE_CHECKING:
    import httpx2

Query = Mapping[str, str | int | float | bool | None]
OnLost = Callable[[str], None]
_SECONDS_TO_CONNECT = 10.0
_SECONDS_TO_ANSWER = 60.0
_SECONDS_BETWEEN_PINGS = 30.0  # the service sends one at least every 15 s
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_UNAVAILABLE = (502, 503, 504)


class Connection:
    """Asks a service. A request is repeated while the service cannot be reached.

    That is done with requests that change nothing when they are repeated; all of the service's are
    of that kind.

    Args:
        url: Of the service, like https://lab.example.
        key: The key; None if the service has none.
        patience: For how many seconds a request is repeated.
        on_lost: Told why, each time before a request is repeated.

    Raises:
        InvalidValuesError: If the URL is not one, or the key cannot be one.
        UserError: If httpx2 is not installed.
    """

    def __init__(self, url: str, key: str | None, patience: float, on_lost: OnLost) -> None:
        try:
            import httpx2  # a third of a second, which commands without a server do without
        except ModuleNotFoundError as error:
            raise UserError(
                f"a client of the service needs the Python package {error.name}: "
                'pip install "multirestart[client]"'
            ) from None
        _check(url, key)
        self.at = url.rstrip("/")
        self._has_key = key is not None
        self._patience = patience
        self._on_lost = on_lost
        self._broken = (
            httpx2.NetworkError,
            httpx2.TimeoutException,
            httpx2.ProxyError,
            httpx2.RemoteProtocolError,
        )
        self._cut = (*self._broken, httpx2.SSEError)
        self._session = httpx2.Client(
            base_url=self.at,
            headers={} if key is None else {"Authorization": f"Bearer {key}"},
            timeout=httpx2.Timeout(_SECONDS_TO_ANSWER, connect=_SECONDS_TO_CONNECT),
            trust_env=not _is_here(url),  # no proxy stands between this machine and itself
        )

    def close(self) -> None:
        """Close it."""
        self._session.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Any = None,
        content: bytes | None = None,
        media_type: str | None = None,
        if_repeated: int | None = None,
    ) -> Any:
        """The JSON of an answer; None if it has none.

        Args:
            method: Of HTTP.
            path: Of the address.
            query: Parameters; those that are None are left out.
            body: To be sent as JSON.
            content: Raw bytes of the body.
            media_type: Of the content.
            if_repeated: A status that is no refusal if the request was repeated, for the first
                may have been heard.

        Raises:
            UserError: As `refused` says.
            LaunchError: If the service cannot be reached, or fails.
        """
        headers = {} if media_type is None else {"Content-Type": media_type}
        request = self._session.build_request(
            method, path, params=_given(query), json=body, content=content, headers=headers
        )
        answer, repeats = self._sent(request)
        if repeats and answer.status_code == if_repeated:
            return None
        if answer.status_code == 204:
            return None
        self._require_success(answer)
        try:
            return answer.json()
        except ValueError:
            raise strange(answer, self.at) from None

    @contextmanager
    def answered(
        self, path: str, *, query: Query | None = None, seconds: float = _SECONDS_TO_ANSWER
    ) -> Iterator[httpx2.Response]:
        """The answer to a GET, which is read as it comes.

        Args:
            path: Of the address.
            query: Parameters; those that are None are left out.
            seconds: For which the service may be silent.

        Raises:
            UserError: As `refused` says.
            LaunchError: If the service cannot be reached, fails, or is cut off in its answer.
        """
        request = self._session.build_request("GET", path, params=_given(query), timeout=seconds)
        answer, _ = self._sent(request, stream=True)
        try:
            if not answer.is_success:
                answer.read()
            self._require_success(answer)
            yield answer
        except self._broken as error:
            raise LaunchError(f"{self.at} was cut off in its answer: {_why(error)}") from None
        finally:
            answer.close()

    def events(self, path: str, last: str) -> Iterator[httpx2.ServerSentEvent]:
        """Events as they come, until the stream ends or is cut off.

        Args:
            path: Of the address.
            last: Id of the last event that was seen; "" if none was.

        Raises:
            UserError: As `refused` says.
            LaunchError: If the service fails.
        """
        headers = {"Last-Event-ID": last} if last else {}
        try:
            with self._session.sse(path, headers=headers, timeout=_SECONDS_BETWEEN_PINGS) as found:
                if found.response.status_code in _UNAVAILABLE:
                    return  # as if it had been cut off: it comes back
                if not found.response.is_success:
                    found.response.read()
                    self._require_success(found.response)
                yield from found
        except self._cut:
            return

    def _require_success(self, answer: httpx2.Response) -> None:
        if not answer.is_success:
            raise refused(answer, self.at, has_key=self._has_key)

    def _sent(
        self, request: httpx2.Request, *, stream: bool = False
    ) -> tuple[httpx2.Response, int]:
        """The answer to a request, and how often that was repeated for it."""
        pause, repeats, deadline = _FIRST_PAUSE, 0, None
        while True:
            answer = None
            try:
                answer = self._session.send(request, stream=stream)
            except self._broken as error:
                why, wait = _why(error), pause
            else:
                if answer.status_code not in _UNAVAILABLE:
                    return answer, repeats
                why = f"it answers {answer.status_code} {answer.reason_phrase}"
                asked = answer.headers.get("retry-after", "")
                wait = max(pause, float(asked) if asked.isdigit() else 0.0)
            now = time.monotonic()
            deadline = deadline or now + self._patience
            if now + wait > deadline:
                if answer is not None:
                    return answer, repeats
                raise LaunchError(f"cannot reach the service at {self.at}: {why}")
            if answer is not None:
                answer.close()
            self._on_lost(why)
            time.sleep(wait)
            pause, repeats = min(2 * pause, _LONGEST_PAUSE), repeats + 1


def _given(query: Query | None) -> dict[str, str | int | float | bool]:
    return {name: value for name, value in (query or {}).items() if value is not None}


def _why(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _check(url: str, key: str | None) -> None:
    faults = []
    rule = "must be the URL of a service like https://lab.example"
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        is_url = is_url and not (parts.query or parts.fragment) and url.isprintable()
    except ValueError:
        is_url = False
    if not is_url:
        faults.append(Fault("server", rule, quoted(url)))
    elif parts.username is not None:
        rule = f"must be a URL without a name or password; a key is given as {KEY}"
        faults.append(Fault("server", rule, f"one for {parts.hostname}"))
    if key is not None and not (key.isascii() and key.isprintable() and key.strip() == key):
        faults.append(Fault("key", "must be a key as it was made", "another text"))
    if faults:
        raise InvalidValuesError(faults)


def _is_here(url: str) -> bool:
    return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
