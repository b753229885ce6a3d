"""A small machine with a real systemd on this one: booted, given commands, turned off. Root."""

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", "SYSTEMD_PAGER": "",
               "SYSTEMD_COLORS": "0"}
PATIENCE = int(os.environ.get("TEST_PATIENCE", "1"))


def tree():
    """The machine's files, made once for each version of make_tree."""
    if os.geteuid() != 0:
        raise AssertionError("only root can boot a systemd")
    script = os.path.join(HERE, "make_tree")
    with open(script, "rb") as file:
        version = hashlib.sha256(file.read()).hexdigest()[:12]
    cache = os.environ.get("TEGODROP_MACHINE_CACHE", "/var/cache/tegodrop-machine")
    path = os.path.join(cache, f"systemd-{version}")
    if not os.path.isdir(path):
        os.makedirs(cache, exist_ok=True)
        subprocess.run([script, path], check=True)
    return path


def pause(seconds):
    threading.Event().wait(seconds)


class Box:
    """Boots at once. What is written into it goes with it: the tree itself stays as it is."""

    def __init__(self):
        self._room = tempfile.mkdtemp(prefix="tegodrop-box-", dir="/var/tmp")
        self.top = os.path.join(self._room, "tree")
        for name in ("up", "work", "tree"):
            os.mkdir(os.path.join(self._room, name))
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", f"lowerdir={tree()},upperdir={self._room}/up,workdir={self._room}/work",
                        self.top], check=True)
        self._pid = None
        log = os.path.join(self._room, "log")
        self._name = f"tegobox{os.getpid()}"
        done = subprocess.run([os.path.join(HERE, "boot_tree"), self.top, self._name, log], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.close()
            raise AssertionError(f"no systemd came up: {done.stderr}")
        self._pid = int(done.stdout)

    def path(self, path):
        """Where a file of the machine is on this one; not one below /run, /tmp of a service, and the like."""
        return os.path.join(self.top, path.lstrip("/"))

    def write(self, path, text, mode=0o644):
        with open(os.open(self.path(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
            file.write(text)

    def run(self, *command, seconds=120):
        """Runs a command inside; the CompletedProcess, with text output."""
        return subprocess.run(["nsenter", "-t", str(self._pid), "-a", *command], env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace", timeout=seconds * PATIENCE, check=False)

    def must(self, *command, **how):
        """Its output; AssertionError where it fails."""
        done = self.run(*command, **how)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def show(self, unit, value):
        """One property of a unit."""
        return self.must("systemctl", "show", "--property", value, "--value", unit).strip()

    def journal(self, *matches):
        """The messages that match, one a line."""
        return self.must("journalctl", "--no-pager", "-o", "cat", *matches)

    def until(self, condition, what, seconds=30):
        """Waits until `condition()` is true; its value."""
        deadline = time.monotonic() + seconds * PATIENCE
        while True:
            if value := condition():
                return value
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds * PATIENCE} s: {what}\n{self.journal('-n', '60')}")
            pause(0.1)

    def close(self):
        if self._pid is not None:
            try:
                os.kill(self._pid, signal.SIGRTMIN + 4)
                for _ in range(100):
                    os.kill(self._pid, 0)
                    pause(0.1)
                os.kill(self._pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        subprocess.run(["umount", "-R", "-l", self.top], check=False)
        for controller in ("memory", "pids", "cpu", "cpuacct", "systemd", "unified"):
            folder = f"/sys/fs/cgroup/{controller}/{self._name}"
            for inner, _, _ in os.walk(folder, topdown=False):
                try:
                    os.rmdir(inner)
                except OSError:
                    pass  # a process in it is just ending
        shutil.rmtree(self._room, ignore_errors=True)
