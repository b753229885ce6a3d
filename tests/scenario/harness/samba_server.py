"""A Samba server on a loopback port, with a config and all its state in a folder of its own; its one share `drop` is open to guests.

Clients write in pieces of 64 KiB, as old ones do: a put can be met in its middle."""

import os
import signal
import subprocess

from tests.scenario.harness.namespace import SERVER_USER, as_server
from tests.scenario.harness.programs import Program
from tests.scenario.harness.ssh_server import free_port
from tests.scenario.harness.wait import until

_CONFIG = """[global]
  server role = standalone server
  interfaces = 127.0.0.1
  bind interfaces only = yes
  smb ports = {port}
  disable netbios = yes
  private dir = {folder}
  lock directory = {folder}
  state directory = {folder}
  cache directory = {folder}
  pid directory = {folder}
  ncalrpc dir = {folder}/ncalrpc
  passdb backend = tdbsam:{folder}/passdb.tdb
  map to guest = Bad User
  guest account = {user}
  disable spoolss = yes
  load printers = no
  printing = bsd
  printcap name = /dev/null
  smb2 max write = 65536
[drop]
  path = {share}
  guest ok = yes
  read only = no
  create mask = 0660
"""


class SambaServer:
    """Runs from its construction until `close`, serving `share`."""

    def __init__(self, folder, share, logs):
        self.port = free_port()
        self._config = os.path.join(folder, "smb.conf")
        os.makedirs(folder, mode=0o700)
        with open(self._config, "w", encoding="utf-8") as file:
            file.write(_CONFIG.format(port=self.port, folder=folder, share=share, user=SERVER_USER))
        self.program = Program("smbd", as_server("/usr/sbin/smbd", "--foreground", "--no-process-group", "--debug-stdout", "-s",
                                                 self._config), logs)
        until(self._answers, "smbd answers")

    def client(self, command):
        """The command line of a smbclient that is to do `command`, such as `put FILE NAME`."""
        return ["smbclient", "-s", self._config, "-N", "-p", str(self.port), "//127.0.0.1/drop", "-c", command]

    def run(self, command):
        done = subprocess.run(self.client(command), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise AssertionError(f"smbclient {command}: {done.stdout}{done.stderr}")
        return done.stdout

    def close(self):
        # It started in a session of its own, and what it forks stays there.
        if self.program.code is None:
            os.killpg(self.program.pid, signal.SIGKILL)
        self.program.kill()

    def _answers(self):
        if self.program.code is not None:
            raise AssertionError(f"smbd ended with {self.program.code}:\n{self.program.stdout()}{self.program.stderr()}")
        done = subprocess.run(self.client("ls"), stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        return done.returncode == 0
