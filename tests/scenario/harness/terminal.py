"""A command on a terminal of its own, answered as a person would."""

import fcntl
import os
import pty
import select
import struct
import termios
import time

from tests.scenario.harness import wait


class Terminal:
    """Begins the command at once; `columns`: how wide its terminal is."""

    def __init__(self, command, environment, columns=80):
        self.shown = ""
        self.code = None
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
                os.execve(command[0], command, environment)
            finally:
                os._exit(127)

    def read_until(self, text, seconds=30):
        """Reads on until `text` was shown."""
        deadline = time.monotonic() + seconds * wait.PATIENCE
        while text not in self.shown:
            if not self._read(deadline - time.monotonic()):
                raise AssertionError(f"{text!r} is not shown:\n{self.shown}")
        return self.shown

    def type(self, text):
        os.write(self._fd, text.encode() + b"\n")

    def signal(self, number):
        os.kill(self.pid, number)

    def echoes(self):
        """Whether what is typed is shown."""
        return bool(termios.tcgetattr(self._fd)[3] & termios.ECHO)

    def end(self, seconds=30):
        """Its exit code, once it has ended; all that it showed is in `shown`."""
        deadline = time.monotonic() + seconds * wait.PATIENCE
        while self._read(deadline - time.monotonic()):
            pass
        if time.monotonic() > deadline:
            raise AssertionError(f"it does not end:\n{self.shown}")
        self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self._fd)
        self.shown = self.shown.replace("\r\n", "\n")
        return self.code

    def _read(self, seconds):
        """False at its end, and when nothing more comes in that time."""
        if not select.select([self._fd], [], [], max(0, seconds))[0]:
            return False
        try:
            more = os.read(self._fd, 65536)
        except OSError:  # the other end is closed
            return False
        self.shown += more.decode(errors="replace")
        return bool(more)
