"""An sshd on a loopback port, with keys and a config of its own, that gives SFTP and nothing else."""

import os
import signal
import socket
import subprocess

from tests.scenario.harness.namespace import SERVER_USER, as_server
from tests.scenario.harness.programs import Program
from tests.scenario.harness.wait import until

# Where a session begins must be the user's own: sshfs learns from it what the user's number is.
_SERVER = """ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/key.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
MaxStartups 200
MaxSessions 200
Subsystem sftp internal-sftp
ForceCommand internal-sftp -d {folder}
"""
_CLIENT = """Host far
 HostName 127.0.0.1
 Port {port}
 User {user}
 IdentityFile {folder}/key
 IdentitiesOnly yes
 UserKnownHostsFile {folder}/known_hosts
 GlobalKnownHostsFile /dev/null
 BatchMode yes
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class SshServer:
    """Runs from its construction until `close`. `client_config`: for `-F`; the host is called `far`."""

    def __init__(self, folder, logs):
        self.folder, self._logs = folder, logs
        self.port = free_port()
        self.client_config = os.path.join(folder, "client")
        os.makedirs(folder, mode=0o700)
        for name in ("host_key", "key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", os.path.join(folder, name)], check=True)
        with open(os.path.join(folder, "host_key.pub"), encoding="ascii") as key:
            self._write("known_hosts", f"[127.0.0.1]:{self.port} {key.read()}")
        self._write("server", _SERVER.format(port=self.port, folder=folder))
        self._write("client", _CLIENT.format(port=self.port, folder=folder, user=SERVER_USER))
        self.start()

    def start(self):
        self.program = Program("sshd", as_server("/usr/sbin/sshd", "-D", "-e", "-f", os.path.join(self.folder, "server")), self._logs)
        until(self._answers, "sshd answers")

    def stop_answering(self):
        """SIGSTOP to it and all its sessions: connections stay, and nothing is answered."""
        for pid in self._processes():
            os.kill(pid, signal.SIGSTOP)

    def answer_again(self):
        for pid in self._processes():
            os.kill(pid, signal.SIGCONT)

    def kill_sessions(self):
        """Every connection breaks; new ones are taken."""
        for pid in self._processes()[1:]:
            _kill(pid)

    def close(self):
        """Ends it with all its sessions, stopped or not."""
        for pid in self._processes():
            _kill(pid)
        self.program.kill()

    def _answers(self):
        if self.program.code is not None:
            raise AssertionError(f"sshd ended with {self.program.code}:\n{self.program.stderr()}")
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as one:
            return one.recv(4) == b"SSH-"

    def _processes(self):
        """The listener, then everything below it."""
        parents = {}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                        parents[int(entry)] = int(file.read().rpartition(")")[2].split()[1])
                except OSError:
                    continue  # it has ended meanwhile
        found = [self.program.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="ascii") as file:
            file.write(text)


def _kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # ended by itself
