"""The daemon beside a simulator, and what it costs: processor time, memory, requests, and the time until it is ready."""

import http.client
import json
import os
import socket
import subprocess
import time
import urllib.parse

from tests.scenario.harness.programs import path_of
from tests.scenario.harness.wait import until


def cpu_seconds(pid):
    """The processor time of a process with all its threads, also of those that have ended, to the nanosecond."""
    return time.clock_gettime_ns(((~pid) << 3) | 2) / 1e9


def memory(pid, what="VmRSS"):
    """In bytes; "VmHWM": the most that it has had."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(what + ":"))


class Manager:
    """A service manager's socket that waits for READY=1."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)

    def close(self):
        self._socket.close()

    def wait_for_ready(self, seconds=60):
        self._socket.settimeout(seconds)
        while "READY=1" not in self._socket.recv(65536).decode().splitlines():
            pass


def start_until_ready(site, manager):
    """(the daemon, seconds until READY=1, processor time until then)."""
    begun = time.monotonic()
    daemon = site.start(extra_environment={"NOTIFY_SOCKET": manager.path})
    manager.wait_for_ready()
    return daemon, time.monotonic() - begun, cpu_seconds(daemon.pid)


def stop(daemon):
    code = daemon.stop(seconds=20)
    if code != 0:
        raise AssertionError(f"the daemon ended with {code}: {daemon.stderr()[-2000:]}")


def command_seconds(site, *arguments):
    """(seconds, processor time, most memory) of a command of the program, from its start to its end."""
    command = [path_of("TEGODROP"), "--config", site.config_file, *arguments]
    begun = time.monotonic()
    # Without subprocess, which looks only now and then whether a process has ended.
    child = os.posix_spawn(command[0], command, site.environment,
                           file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
    _, status, usage = os.wait4(child, 0)
    seconds = time.monotonic() - begun
    if status != 0:
        raise AssertionError(f"{' '.join(command)}: status {status}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def steps(pid, count, quiet, seconds=120, every=0.004):
    """What a daemon does at intervals and rests between: [(seconds, processor time)] of `count` such steps. It rests where it
    has used no processor time for `quiet` seconds."""
    found = []
    rest_since = changed = time.monotonic()
    base = last = cpu_seconds(pid)
    began = None
    resting = False

    def look():
        nonlocal rest_since, changed, base, last, began, resting
        now, cpu = time.monotonic(), cpu_seconds(pid)
        if cpu != last:
            if resting and began is None:
                began = now
            last, changed = cpu, now
        elif now - changed >= quiet:
            if began is not None:
                found.append((changed - began, cpu - base))
            began, base, resting = None, cpu, True
        return len(found) >= count

    until(look, f"{count} steps with rests of {quiet} s between", seconds, every)
    return found


class RequestLog:
    """The simulator's log of requests, counted as it grows."""

    def __init__(self, path):
        self.path = path
        self._position = 0
        self._counts = {}

    def counts(self):
        """{endpoint: requests so far}."""
        with open(self.path, encoding="utf-8") as file:
            file.seek(self._position)
            while True:
                line = file.readline()
                if not line.endswith("\n"):
                    return self._counts
                self._position = file.tell()
                endpoint = dict(field.partition("=")[::2] for field in line.split())["endpoint"]
                self._counts[endpoint] = self._counts.get(endpoint, 0) + 1


class Uploads:
    """Builds at the simulator, sent as a client sends them but over one connection: thousands."""

    def __init__(self, portal):
        self._portal = portal
        address = urllib.parse.urlsplit(portal.url)
        self._root = address.path
        self._connection = http.client.HTTPConnection(address.hostname, address.port)
        self.lines = []  # of each: file_name, start_time, file_path

    def grow_to(self, count):
        for number in range(len(self.lines) + 1, count + 1):
            name = f"app-{number:06}.apk"
            asked = json.dumps({"file_name": name, "platform": "android", "version": "production", "file_size": 4})
            answer = json.loads(self._send("POST", f"{self._root}/upload_application_build", asked, self._portal.headers()))
            self._send("PUT", answer["url"], "bits", {"Content-Type": "application/octet-stream"})
            self.lines.append((name, answer["start_time"], answer["file_path"]))

    def _send(self, method, url, body, headers):
        address = urllib.parse.urlsplit(url)
        self._connection.request(method, address.path + ("?" + address.query if address.query else ""), body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status not in (200, 201):
            raise AssertionError(f"{method} {address.path}: {answer.status} {content[:300]}")
        return content


def fill_ledger(state_dir, *arguments, lines=None):
    """Runs scale_ledger."""
    text = "".join("\t".join(str(field) for field in line) + "\n" for line in lines or ())
    subprocess.run([path_of("SCALE_LEDGER"), state_dir, *(str(one) for one in arguments)], input=text, text=True, check=True)
