"""The two programs under test, where Bazel built them."""

import os
import signal
import subprocess

from tests.scenario.harness.wait import until


def path_of(variable):
    """The program that environment variable `variable` names, as an absolute path."""
    path = os.environ.get(variable)
    if not path:
        raise RuntimeError(f"${variable} must name the program; tests/run and Bazel set it")
    return os.path.abspath(path)


SANITIZER_MARKS = ("ERROR: AddressSanitizer", "WARNING: ThreadSanitizer", "ERROR: LeakSanitizer", "runtime error:")


class Program:
    """A running program with its output in files; `name` names the files."""

    def __init__(self, name, command, folder, env=None):
        self.name = name
        self.command = command
        self.out_path = os.path.join(folder, name + ".stdout")
        self.err_path = os.path.join(folder, name + ".stderr")
        with open(self.out_path, "ab") as out, open(self.err_path, "ab") as err:
            # A session of its own, so that no terminal's signal reaches it.
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env,
                                             start_new_session=True)

    @property
    def pid(self):
        return self._process.pid

    @property
    def code(self):
        """The exit code, or None while it runs."""
        return self._process.poll()

    def stands_still(self):
        """Whether a signal has stopped it."""
        with open(f"/proc/{self.pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] == "T"

    def send(self, number):
        self._process.send_signal(number)

    def wait(self, seconds):
        """Waits for its end by itself; the exit code."""
        until(lambda: self.code is not None, f"{self.name} ends", seconds)
        return self.code

    def stop(self, seconds=30):
        """SIGTERM, and its exit code."""
        if self.code is None:
            self.send(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        """Ends it at once, whatever state it is in."""
        if self.code is None:
            self._process.kill()
        self._process.wait()

    def stdout(self):
        return _text(self.out_path)

    def stderr(self):
        return _text(self.err_path)

    def complaints(self):
        """Lines in which a sanitizer speaks."""
        return complaints_in(self.err_path)


def complaints_in(path):
    """The lines of a log in which a sanitizer speaks."""
    return [line for line in _text(path).splitlines() if any(mark in line for mark in SANITIZER_MARKS)]


def _text(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()
