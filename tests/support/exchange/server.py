"""The server: a thread on the loopback interface that answers in every venue's dialect, and fails when told to."""

import json
import os
import socket
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from tests.support.exchange import binance, bybit, okx
from tests.support.exchange.faults import PAGES, Faulted, Faults
from tests.support.exchange.refusals import HTML, REFUSALS, TITLES
from tests.support.exchange.replies import Refused, rows_of

DIALECTS = (binance, bybit, okx)


class Exchange:
    """`with Exchange(truth, Faults(...)) as server`: all venues at `server.url`. `requests` are (method, path, query)
    in the order they came; `faulted` the faults served. `faults` and `truth` may be changed between requests."""

    def __init__(self, truth, faults: Faults | None = None):
        self.truth, self.faults = truth, faults or Faults()
        self.requests, self.faulted = [], []
        self.lock, self.stopping = threading.Lock(), threading.Event()
        self._pages = {}
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.exchange = self
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> "Exchange":
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *why) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer(self, method: str, path: str, query: dict):
        """(fault or None, status, body) of one request; counted, recorded, and time passed as told."""
        with self.lock:
            number = len(self.requests)
            self.requests.append((method, path, query))
            fault = self.faults.draw(path)
            if fault and fault.kind == "grow":
                self.truth.advance(fault.seconds)
            status, body = self._said(path, query)
            rows, key = rows_of(body) or [], (path, query.get("symbol"), query.get("instId"))
            before = list(rows)
            if fault and fault.kind in PAGES and not self._spoil(fault.kind, rows, self._pages.get(key)):
                fault = None
            self._pages[key] = before
            if fault:
                self.faulted.append(Faulted(number, fault.kind, path, query))
            self.truth.answered(len(self.requests))
            return fault, status, body if isinstance(body, str) else json.dumps(body)

    def _said(self, path, query):
        for dialect in DIALECTS:
            if path in dialect.ROUTES:
                try:
                    return 200, dialect.ROUTES[path](self.truth, query)
                except Refused as refusal:
                    return refusal.status, refusal.body
        return 404, HTML.format(TITLES[404])

    def _spoil(self, kind, rows, previous) -> bool:
        """Change a page. False where there is nothing to spoil."""
        if not rows or (kind == "shuffled" and len(rows) < 2):
            return False
        if kind == "duplicates":
            rows[:] = [rows[0], *rows, rows[-1]]
        elif kind == "overlap":
            rows[:0] = (previous or rows)[-3:]
        elif kind == "shuffled":
            self.faults.shuffle(rows)
        else:
            rows.pop()
        return True


class _Server(ThreadingHTTPServer):
    daemon_threads, block_on_close = True, False

    def handle_error(self, request, client_address):
        """A client that went away is no error of the server."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "nginx", ""
    disable_nagle_algorithm = True  # or each answer on a kept connection waits 40 ms for an acknowledgement

    def do_GET(self):
        split, exchange = urlsplit(self.path), self.server.exchange
        fault, status, body = exchange.answer(self.command, split.path, dict(parse_qsl(split.query, True)))
        kind = fault.kind if fault else None
        if kind in ("hang", "slow"):
            exchange.stopping.wait(fault.seconds)
        if kind == "hang":
            self.close_connection = True
        elif kind == "reset":
            self._reset()
        elif kind in REFUSALS:
            self._send(*REFUSALS[kind](fault, split.path))
        elif kind == "cut":
            self._send(status, body, sent=len(body) // 2)
        elif kind == "unparsable":
            self._send(status, body[: max(1, len(body) * 2 // 3)])
        else:
            self._send(status, "" if kind == "empty" else body)

    def _send(self, status, body, headers=(), sent=None):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if body.startswith("<") else "application/json;charset=UTF-8")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data[:sent])
        self.close_connection = self.close_connection or sent is not None

    def _reset(self):
        """Close at once with a reset instead of the usual end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        os.close(self.connection.detach())

    def log_message(self, *args):
        """Say nothing on the terminal."""
