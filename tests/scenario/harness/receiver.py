"""A webhook's receiver: strict about what it is sent, and in whatever trouble a test orders."""

import http.server
import json
import secrets
import socket
import threading

KEYS = {"schema", "event", "state", "host", "time", "tool", "count", "folder", "job", "file_name", "kind", "message", "remedy",
        "items", "text"}


class Receiver:
    """Listens from the beginning. `events` are the documents that it took, in their order; `violations` what was wrong."""

    def __init__(self):
        self.secret = "hook-" + secrets.token_hex(12)
        self.key = "sig-" + secrets.token_hex(12)
        self.path = f"/services/{self.secret}?key={self.key}"
        self.events = []
        self.asked = 0
        self.violations = []
        self._answers = []
        self._go_on = threading.Event()
        self._go_on.set()
        self._lock = threading.Lock()
        self._port = 0
        self.come_back()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._port}{self.path}"

    def answer(self, *statuses):
        """The next requests get these; every later one is taken."""
        with self._lock:
            self._answers += statuses

    def stall(self):
        """Nothing is answered from now on, until go_on."""
        self._go_on.clear()

    def go_on(self):
        self._go_on.set()

    def go_away(self):
        """Nobody listens any more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def come_back(self):
        """Listens again on the same port."""
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except OSError:  # whoever asked is gone
                    self.close_connection = True

            def do_POST(self):
                receiver._take(self)

            def __getattr__(self, name):
                if name.startswith("do_"):
                    receiver.violations.append(f"{name[3:]} {self.path}")
                    return lambda: self.send_error(405)
                raise AttributeError(name)

            def log_message(self, *_):
                pass

        self._server = _Server(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self):
        self.go_on()
        self.go_away()

    def _take(self, request):
        body = request.rfile.read(int(request.headers.get("Content-Length", "0")))
        with self._lock:
            self.asked += 1
            self.violations += self._faults(request, body)
            status = self._answers.pop(0) if self._answers else 200
        self._go_on.wait()
        if status == 200:
            with self._lock:
                self.events.append(json.loads(body))
        request.send_response(status)
        request.send_header("Content-Length", "0")
        if status == 301:
            request.send_header("Location", self.url + "-elsewhere")
        request.end_headers()

    def _faults(self, request, body):
        found = []
        if request.path != self.path:
            found.append(f"the path {request.path}")
        if request.headers.get("Content-Type") != "application/json":
            found.append(f"Content-Type: {request.headers.get('Content-Type')}")
        for name in ("Authorization", "tenant", "Cookie", "Transfer-Encoding", "Expect"):
            if name in request.headers:
                found.append(f"a header {name}")
        try:
            document = json.loads(body.decode())
        except ValueError as error:
            return found + [f"no JSON: {error}"]
        if document.get("schema") != "tegodrop-event/1" or set(document) != KEYS:
            found.append(f"not the keys of tegodrop-event/1: {sorted(document)}")
        elif not document["text"].startswith("tegodrop on ") or "\n" in document["text"]:
            found.append(f"a text that is no line: {document['text']}")
        return found


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = False
    allow_reuse_address = True
    address_family = socket.AF_INET
