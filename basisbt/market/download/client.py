"""The client: one ccxt class, guarded. The only module that imports ccxt.

Knows requests, refusals and pauses: what is worth another try, how long to wait, and what never will be. Every answer
that is not parsed JSON is an error (ccxt turns a broken one into an empty page). Time is the venue's, not ours.
"""

import email.utils
import random
import time
import urllib.parse
from functools import cache

import ccxt

from basisbt.errors import ConfigError, DataError
from basisbt.market.download.dialects import DIALECTS

TRIES = 8
FIRST_PAUSE = 1.0  # seconds, then twice as long each time
LONGEST_PAUSE = 60.0
PATIENCE = 600.0  # seconds; a venue that asks for more is left alone
FINAL = {400, 401, 403, 404, 405, 410, 451}  # HTTP: another try would say the same
NEVER_NEEDED = {"option", "hip3", "stock"}  # kinds of markets that would only be loaded
TIMEOUT = 20_000  # ms
PARSING = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)  # ccxt met JSON of another shape

sleep = time.sleep  # tests put theirs here


class Unserved(DataError):
    """The venue does not offer this: another series may well come."""


class Unreachable(DataError):
    """The venue does not answer, or not us: nothing else of it will come now either."""


class Client:
    """One ccxt class of one venue. `api`: another base under every URL. `seed`: of the jitter in pauses."""

    def __init__(self, venue: str, name: str, api: str | None = None, seed: int = 0) -> None:
        self.venue, self.name, self.version = venue, name, ccxt.__version__
        self._random = random.Random(f"{seed} {name}")
        self.exchange = _guarded(name)({"enableRateLimit": True, "timeout": TIMEOUT})
        self.host = urllib.parse.urlsplit(_first_url(self.exchange.urls["api"])).netloc
        self.host = self.host.replace("{hostname}", str(self.exchange.hostname))
        if api is not None:
            self._rebase(api)
        types = self.exchange.options.get("fetchMarkets")
        if isinstance(types, dict) and isinstance(types.get("types"), list):
            only = DIALECTS[name].only
            types["types"] = [k for k in types["types"] if k not in NEVER_NEEDED and (not only or k in only)]
        self._lists_currencies = self.has("fetchCurrencies")
        self._markets: dict | None = None
        self._currencies: dict | None = None
        self._now: int | None = None

    def _rebase(self, api: str) -> None:
        parts = urllib.parse.urlsplit(api)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ConfigError(f"{self.venue}: api {api!r} is no URL; expected one like https://mirror.example.com")
        self.host = parts.netloc
        self.exchange.urls["api"] = _rebased(self.exchange.urls["api"], api.rstrip("/"))
        if parts.hostname in ("localhost", "127.0.0.1", "::1"):
            self.exchange.session.trust_env = False  # no proxy between us and ourselves

    def call(self, method: str, *arguments, what: str = "") -> object:
        """Call a method of ccxt, again after errors of the network. Raises Unserved, Unreachable, DataError."""
        title = f"{self.venue} {what or method}"
        for attempt in range(1, TRIES + 1):
            try:
                return getattr(self.exchange, method)(*arguments)
            except (ccxt.NotSupported, ccxt.AuthenticationError) as error:
                raise Unserved(f"{title}: not offered without keys, or not at all ({_brief(error)})") from None
            except (ccxt.NetworkError, ccxt.BadResponse, *PARSING) as error:
                self._refuse_final(error, title)
                if attempt == TRIES:
                    raise Unreachable(f"{title}: {TRIES} tries, the last: {_brief(error)}") from None
                sleep(self._pause(attempt, title))
            except ccxt.BaseError as error:
                raise DataError(f"{title}: refused: {_brief(error)}") from None
        raise AssertionError("unreachable")

    def _refuse_final(self, error: Exception, title: str) -> None:
        status = self.exchange.status
        if status == 451:
            raise Unreachable(
                f"{title}: HTTP 451: {self.venue} does not serve the region this request comes from; trying again will "
                f"not help ({_brief(error)})"
            ) from None
        if status in FINAL and type(error) is ccxt.ExchangeNotAvailable:
            raise Unreachable(f"{title}: HTTP {status}: refused ({_brief(error)})") from None

    def _pause(self, attempt: int, title: str) -> float:
        """Seconds until the next try: what the venue asks for, else growing, with jitter."""
        asked = _retry_after(self.exchange.headers_seen)
        if asked is not None and asked > PATIENCE:
            raise Unreachable(f"{title}: the venue asks to wait {asked:,.0f} s; try again then") from None
        growing = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (attempt - 1)) * self._random.uniform(0.5, 1.5)
        return growing if asked is None else max(asked, FIRST_PAUSE) + self._random.uniform(0.0, FIRST_PAUSE)

    @property
    def now(self) -> int:
        """The venue's time in ms when it was first asked; nothing later is taken, however long a download lasts."""
        if self._now is None:
            if self.exchange.has.get("fetchTime"):
                answer = self.call("fetch_time", what="time")
            else:
                _ = self.markets
                answer = _date(self.exchange.headers_seen)
            if not isinstance(answer, int) or answer <= 0:
                raise DataError(f"{self.venue}: no time from the venue; without it an unfinished bar cannot be told")
            self._now = answer
            self.exchange.skew = answer - time.time_ns() // 1_000_000
            self.exchange.lastRestRequestTimestamp = 0
        return self._now

    @property
    def markets(self) -> dict:
        """ccxt's markets by symbol, loaded once, without currencies."""
        if self._markets is None:
            self.exchange.has["fetchCurrencies"] = False
            self._markets = self.call("load_markets", what="markets")
        return self._markets

    @property
    def currencies(self) -> dict:
        """ccxt's currencies by code, asked for once; empty where they need keys."""
        if self._currencies is None:
            listed = self.call("fetch_currencies", what="currencies") if self._lists_currencies else {}
            self._currencies = listed or {}
        return self._currencies

    def market(self, symbol: str) -> dict:
        """One market. DataError with suggestions for one that the venue does not list."""
        found = self.markets.get(symbol)
        if found is None:
            import difflib

            close = difflib.get_close_matches(symbol, [str(name) for name in self.markets], 3)
            hint = f"; did you mean {', '.join(close)}?" if close else ""
            raise DataError(f"{self.venue} {symbol}: the venue lists no such market{hint}")
        return found

    def has(self, feature: str) -> bool:
        """Whether ccxt offers a unified call, by its name in `has`."""
        return bool(self.exchange.has.get(feature))

    def timeframes(self) -> dict:
        """Bar lengths by name, as ccxt lists them."""
        return self.exchange.timeframes or {}


@cache
def _guarded(name: str):
    base = getattr(ccxt, name, None)
    if base is None:
        raise ConfigError(f"ccxt {ccxt.__version__} has no class {name}; another version may")

    class Guarded(base):
        """ccxt's class with a strict reading of answers, the venue's clock, and pauses that tests can shorten."""

        status: int | None = None
        headers_seen: dict = {}
        skew = 0  # ms by which the venue is ahead of us

        def fetch(self, url, method="GET", headers=None, body=None):
            self.status, self.headers_seen = None, {}
            found = super().fetch(url, method, headers, body)
            if isinstance(found, (str, bytes)):
                raise ccxt.BadResponse(f"{self.id} {method} {url}: no JSON but {found[:60]!r}")
            return found

        def on_rest_response(self, code, reason, url, method, headers, *rest):
            self.status, self.headers_seen = code, {key.lower(): value for key, value in headers.items()}
            return super().on_rest_response(code, reason, url, method, headers, *rest)

        def milliseconds(self):
            return time.time_ns() // 1_000_000 + self.skew

        def seconds(self):
            return self.milliseconds() // 1000

        def throttle(self, cost=None):
            due = self.lastRestRequestTimestamp + self.rateLimit * (1 if cost is None else cost) - self.milliseconds()
            if due > 0:
                sleep(due / 1000.0)

    return Guarded


def _rebased(urls, base: str):
    if isinstance(urls, dict):
        return {key: _rebased(value, base) for key, value in urls.items()}
    if isinstance(urls, str):
        return base + urllib.parse.urlsplit(urls).path
    return urls


def _first_url(urls) -> str:
    while isinstance(urls, dict):
        urls = next(iter(urls.values()))
    return str(urls)


def _retry_after(headers: dict) -> float | None:
    text = str(headers.get("retry-after", "")).strip()
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        pass
    try:
        until = email.utils.parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None
    said = _date(headers)
    return max(0.0, until - (time.time() if said is None else said / 1000.0))


def _date(headers: dict) -> int | None:
    """The answer's own time in ms."""
    try:
        return int(email.utils.parsedate_to_datetime(headers["date"]).timestamp()) * 1000
    except (KeyError, ValueError, TypeError):
        return None


def _brief(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}"
