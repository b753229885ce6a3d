"""The portal simulator, started on a free loopback port, and its control API."""

import base64
import json
import os
import secrets
import time
import urllib.error
import urllib.request

from tests.scenario.harness.programs import Program, path_of
from tests.scenario.harness.wait import until

# Never through a proxy that the environment names.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Portal:
    def __init__(self, folder, https=False, log_file=None, **switches):
        """`log_file`: a line for each request, as it ends."""
        os.makedirs(folder, exist_ok=True)
        self.folder = folder
        self.key = "key-" + secrets.token_hex(6)
        self.secret = "secret-" + secrets.token_hex(16)
        self.tenant = secrets.token_hex(16)
        self.violations_file = os.path.join(folder, "violations")
        ready = os.path.join(folder, "ready")
        command = [path_of("PORTAL"), "--port", "0", "--ready-file", ready, "--violations-file", self.violations_file,
                   "--token", self.token, "--tenant", self.tenant, "--storage-dir", folder, "--die-with-parent"]
        if https:
            command += ["--tls-dir", folder]
        if log_file:
            command += ["--log-file", log_file]
        for name, value in switches.items():
            command += ["--set", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
        self.program = Program("portal", command, folder, {"PATH": "/usr/bin:/bin"})
        told = until(lambda: self._read_ready(ready), "the simulator is ready")
        self._http, self._control_url, self.ca_file = told["http"], told["control"], told["ca_file"]
        # What a client is given to know.
        self.url = told["https"] if https else told["http"]

    @property
    def token(self):
        return f"{self.key}:{self.secret}"

    def state(self):
        return self._control("GET", "state")

    def counters(self):
        return self.state()["counters"]

    def violations(self):
        return self.state()["violations"]

    def requests(self):
        """Each request in the order of arrival: {"ms", "endpoint", "status", "bytes_received", "bytes_sent",
        "range"}; `range` is the header as it was sent, or None."""
        return self.state()["requests"]

    def bodies(self):
        """[endpoint, body] of every call of the API that had a body, as it was sent, but "(hidden)" for passwords."""
        return [[one["endpoint"], json.loads(one["body"])] for one in self._control("GET", "bodies")["bodies"]]

    def clock_offset(self):
        """Add it to a request's "ms" / 1000 for its time on this machine's monotonic clock; true to half a round trip."""
        best = None
        for _ in range(5):
            before = time.monotonic()
            state = self.state()
            after = time.monotonic()
            if best is None or after - before < best[0]:
                best = (after - before, (before + after) / 2 - state["ms"] / 1000)
        return best[1]

    def set(self, **switches):
        self._control("POST", "set", switches)

    def advance(self, seconds):
        self._control("POST", "advance", {"seconds": seconds})

    def fault(self, where, action, **more):
        """Orders trouble for the next request of a kind, such as fault("put", {"lost_answer": True}, times=2)."""
        self._control("POST", "faults", {"where": where, "action": action, **more})

    def give_output(self, path):
        """The next build that succeeds has the bytes of this file, as they are now, for its output."""
        self._control("POST", "output", {"path": os.path.abspath(path)})

    def clear_faults(self):
        self._control("POST", "clear_faults", {})

    def history(self, version="production"):
        """All rows of the build history, asked for as a client does."""
        rows = []
        page = 1
        while True:
            answer = self._api("get_application_builds", {"version": version, "page": page, "page_size": 50})
            rows += answer["results"]
            if page >= answer["total_pages"]:
                return rows
            page += 1

    def upload_url(self, file_name, size):
        """An answer of upload_application_build, asked for as a client does."""
        return self._api("upload_application_build", {"file_name": file_name, "platform": "android",
                                                      "version": "production", "file_size": size})

    def _read_ready(self, path):
        if self.program.code is not None:
            raise AssertionError(f"the simulator ended with {self.program.code}:\n{self.program.stderr()}")
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    def _control(self, method, what, body=None):
        return self._ask(method, f"{self._control_url}/{what}", body, {})

    def headers(self):
        """Of a client's call of the API."""
        credentials = base64.b64encode(self.token.encode()).decode()
        return {"Authorization": f"Bearer {credentials}", "tenant": self.tenant, "Content-Type": "application/json"}

    def _api(self, endpoint, body):
        return self._ask("POST", f"{self._http}/{endpoint}", body, self.headers())

    def _ask(self, method, url, body, headers):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, method=method,
                                         headers={"Content-Type": "application/json", **headers})
        try:
            with _opener.open(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {url}: {error.code} {error.read().decode(errors='replace')}") from error
        return json.loads(text) if text.strip() else None
