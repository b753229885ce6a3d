"""A real browser without a window, told what to do through two pipes (the DevTools protocol): no driver, no library."""

import base64
import json
import os
import select
import subprocess
import tempfile
import time

# Debian's, whichever is there.
PROGRAMS = ("/usr/bin/chromium-headless-shell", "/usr/bin/chromium")


class Browser:
    def __init__(self):
        program = next((one for one in PROGRAMS if os.path.exists(one)), None)
        if program is None:
            raise RuntimeError(f"none of {', '.join(PROGRAMS)} is there: third_party/install --night")
        self._home = tempfile.TemporaryDirectory(prefix="tegodrop-browser-", dir="/tmp")
        ours, its = os.pipe(), os.pipe()
        # It reads descriptor 3 and writes descriptor 4. What it shows is the test's own file, so it needs no sandbox,
        # which some machines do not let an ordinary user have.
        command = (f'exec 3<&{ours[0]} 4>&{its[1]}; exec {program} --headless --no-sandbox --disable-gpu '
                   f'--disable-dev-shm-usage --no-first-run --hide-scrollbars --user-data-dir={self._home.name} '
                   '--remote-debugging-pipe about:blank')
        self._process = subprocess.Popen(["bash", "-c", command], pass_fds=(ours[0], its[1]), stdin=subprocess.DEVNULL,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                                         env={"PATH": "/usr/bin:/bin", "HOME": self._home.name, "TZ": os.environ.get("TZ", "UTC")})
        os.close(ours[0])
        os.close(its[1])
        self._to, self._from = ours[1], its[0]
        self._number = 0
        self._read = b""
        self.events = []

    def close(self):
        self._process.kill()
        self._process.wait()
        os.close(self._to)
        os.close(self._from)
        # Its children write a moment longer.
        self._home._ignore_cleanup_errors = True
        self._home.cleanup()

    def call(self, method, session=None, seconds=60, **parameters):
        """Its answer to one command; what it tells of itself meanwhile is kept in `events`."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + seconds
        while True:
            answer = self._next(end)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, method, seconds=60):
        """The first event of that name, also one that came before."""
        end = time.monotonic() + seconds
        while True:
            for event in self.events:
                if event.get("method") == method:
                    return event
            self.events.append(self._next(end))

    def _next(self, end):
        while b"\0" not in self._read:
            if not select.select([self._from], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError("the browser does not answer")
            more = os.read(self._from, 1 << 20)
            if not more:
                raise AssertionError(f"the browser ended with {self._process.wait()}")
            self._read += more
        message, _, self._read = self._read.partition(b"\0")
        return json.loads(message)


class Page:
    """One page of one file, on a screen of that width; `scheme`: light or dark."""

    def __init__(self, browser, path, width, scheme="light", height=900):
        self._browser = browser
        browser.events.clear()
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self._call(f"{domain}.enable")
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 700)
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self._call("Page.navigate", url="file://" + path)
        browser.wait_for("Page.loadEventFired")

    def value(self, expression):
        """What a JavaScript expression gives in the page."""
        result = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise AssertionError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def requests(self):
        """The address of everything that was asked for."""
        return [event["params"]["request"]["url"] for event in self._browser.events
                if event.get("method") == "Network.requestWillBeSent"]

    def complaints(self):
        """What stands in the console: violations of the page's own policy, errors."""
        return [event["params"] for event in self._browser.events
                if event.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")]

    def screenshot(self, path, whole=False):
        """A PNG of what is to be seen; `whole`: of the page to its end."""
        shot = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))

    def _call(self, method, **parameters):
        return self._browser.call(method, session=self._session, **parameters)
