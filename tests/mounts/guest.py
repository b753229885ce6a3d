"""Inside the virtual machine: two shares, the daemon on their mounts, and whoever writes on the servers' side."""

import os
import signal
import subprocess
import sys
import threading
import time
import traceback

import in_guest
from in_guest import PAYLOAD
from shares import DAEMON_ID, GROUP_ID, MOUNTED, SERVED, WRITER_ID, CifsShare, NfsShare, make_users, run, write

# Nothing of a share needs root but the mount itself.
AS_DAEMON = {"user": DAEMON_ID, "group": GROUP_ID, "extra_groups": []}
AS_WRITER = {"user": WRITER_ID, "group": GROUP_ID, "extra_groups": []}
# How a drop folder is reached by whoever writes into it.
WRITTEN_AT = {"local": f"{PAYLOAD}/local/drop", "cifs": f"{SERVED}/cifs/drop", "nfs": f"{SERVED}/nfs/drop"}


def write_slowly(source, target, pause):
    """In four pieces with a pause after each but the last."""
    with open(source, "rb") as file:
        content = file.read()
    step = len(content) // 4 + 1
    with open(target, "wb", buffering=0) as file:
        for at in range(0, len(content), step):
            if at > 0:
                threading.Event().wait(pause)
            file.write(content[at:at + step])


class Guest:
    def __init__(self):
        self._shares = {}
        self._daemon = None
        self.orders = {"prepare": self.prepare, "configure": self.configure, "start": self.start, "end": self.end,
                       "tegodrop": self.tegodrop, "status": self.status, "write": self.write, "served": self.served,
                       "servers": self.servers, "mounts": self.mounts, "stop": self.stop}

    def prepare(self):
        """Users, folders, servers and mounts; what went wrong, or nothing."""
        try:
            self._prepare()
        except Exception:  # of whatever kind: the host is to hear of it
            return {"trouble": traceback.format_exc()}
        return {"trouble": ""}

    def _prepare(self):
        make_users()
        for name in ("local", "served/cifs", "served/nfs"):
            for folder in ("drop", "protected"):
                path = f"{PAYLOAD}/{name}/{folder}"
                os.makedirs(path)
                os.chown(path, 0, GROUP_ID)
                # After the chown, which takes set-group-id away.
                os.chmod(path, 0o2775)
        self._shares = {one.name: one for one in (CifsShare(), NfsShare())}
        for share in self._shares.values():
            share.start()
            self._mount(share)
        for path in ("state", "token"):
            os.chown(f"{PAYLOAD}/{path}", DAEMON_ID, GROUP_ID)

    @staticmethod
    def _mount(share):
        """smbd needs a moment before it listens, and an emulated one a long moment before it answers."""
        deadline = time.monotonic() + 200
        while True:
            try:
                return share.mount()
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
                threading.Event().wait(0.5)

    def configure(self, text):
        write(in_guest.CONFIG, text)
        return {}

    def start(self):
        self._daemon = subprocess.Popen([*in_guest.TEGODROP, "run"], env=in_guest.ENVIRONMENT, **AS_DAEMON)
        return {}

    def end(self):
        """SIGTERM; its exit code, null when it goes on for two minutes, and the seconds that it took."""
        begun = time.monotonic()
        self._daemon.send_signal(signal.SIGTERM)
        try:
            code = self._daemon.wait(120)
        except subprocess.TimeoutExpired:
            code = None
        return {"code": code, "seconds": time.monotonic() - begun}

    def tegodrop(self, arguments):
        """A command as the daemon's user; below its own root, so that shares in trouble are no matter."""
        done = subprocess.run([*in_guest.TEGODROP, *arguments], capture_output=True, text=True, env=in_guest.ENVIRONMENT, cwd="/",
                              check=False, **AS_DAEMON)
        return {"code": done.returncode, "out": done.stdout, "err": done.stderr}

    def status(self):
        return {"status": in_guest.status(**AS_DAEMON), "running": self._daemon.poll() is None}

    def write(self, folder, how, source, name, pause=0):
        """On the server's side, by a program of another user; when it was whole."""
        source, target = f"{PAYLOAD}/samples/{source}", f"{WRITTEN_AT[folder]}/{name}"
        if how == "slowly":
            run(sys.executable, os.path.abspath(__file__), "slowly", source, target, str(pause), **AS_WRITER)
        elif how == "cp":
            run("cp", source, target, **AS_WRITER)
        else:
            part = f"{WRITTEN_AT[folder]}/.{name}.part"
            run("cp", source, part, **AS_WRITER)
            run("mv", part, target, **AS_WRITER)
        return {"whole": time.time(), "inode": os.stat(target).st_ino}

    def served(self, folder):
        """What lies in a drop folder on the server's side: {path below it: inode}."""
        top = WRITTEN_AT[folder]
        found = {}
        for at, _, names in os.walk(top):
            for name in names:
                path = os.path.join(at, name)
                try:
                    found[os.path.relpath(path, top)] = os.stat(path).st_ino
                except FileNotFoundError:
                    pass  # moved on meanwhile
        return {"files": found}

    def servers(self, what):
        """kill, start, silence or speak, to both."""
        for share in self._shares.values():
            getattr(share, what)()
        return {}

    def mounts(self):
        """Their lines of the mount table."""
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            return {"lines": [line.strip() for line in file if line.split()[4].startswith(MOUNTED + "/")]}

    def stop(self):
        """Everything is put away, so that the disk is whole."""
        for share in self._shares.values():
            share.unmount()
        for share in self._shares.values():
            share.kill()
        run("exportfs", "-ua")
        return {}


def main():
    if sys.argv[1:2] == ["slowly"]:
        write_slowly(sys.argv[2], sys.argv[3], float(sys.argv[4]))
        return 0
    plan = in_guest.plan()
    in_guest.forward(plan["portal_port"])
    return in_guest.obey(plan["orders_port"], {}, Guest().orders)


sys.exit(main())
