"""A service manager's end of sd_notify(3)."""

import os
import socket

from tests.scenario.harness.wait import until


class ServiceManager:
    """The socket of a service manager, and what came through it."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.setblocking(False)
        self.said = []

    @property
    def environment(self):
        """Of a program that it has started."""
        return {"NOTIFY_SOCKET": self.path}

    def close(self):
        self._socket.close()

    def read(self):
        """All lines so far."""
        while True:
            try:
                self.said += self._socket.recv(65536).decode().splitlines()
            except BlockingIOError:
                return self.said

    def forget(self):
        self.read()
        self.said.clear()

    def wait_for(self, line, seconds=30):
        until(lambda: line in self.read(), f"the service manager is told {line}", seconds)

    def beats(self):
        return self.read().count("WATCHDOG=1")
