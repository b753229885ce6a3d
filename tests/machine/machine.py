"""The virtual machine from outside: made, booted, told what to do, turned off, and its power cut."""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = ("qemu-system-x86_64", "debootstrap", "mke2fs", "e2fsck", "debugfs")


class NoMachine(AssertionError):
    """What a virtual machine needs is not here."""


def image():
    """The machine's own disk, made once for each version of make_image."""
    missing = [tool for tool in TOOLS if shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None]
    if missing:
        raise NoMachine(f"missing: {', '.join(missing)}; 'third_party/install --night' installs them")
    script = os.path.join(HERE, "make_image")
    with open(script, "rb") as file:
        version = hashlib.sha256(file.read()).hexdigest()[:12]
    cache = os.environ.get("TEGODROP_MACHINE_CACHE", "/var/cache/tegodrop-machine")
    path = os.path.join(cache, f"guest-{version}")
    if not os.path.exists(path):
        if os.geteuid() != 0:
            raise NoMachine(f"{path} is not there yet, and only root can make it")
        os.makedirs(cache, exist_ok=True)
        subprocess.run([script, path], check=True)
    return path


class Line:
    """The orders to the guest and its answers, one line each; Cut when the guest is gone."""

    class Cut(Exception):
        pass

    def __init__(self, connection):
        self._connection = connection
        self._lines = connection.makefile("rw", encoding="utf-8")

    def hear(self, seconds):
        self._connection.settimeout(seconds)
        try:
            text = self._lines.readline()
        except OSError as error:
            raise Line.Cut(str(error)) from error
        if not text.endswith("\n"):
            raise Line.Cut("the guest is gone")
        return json.loads(text)

    def ask(self, seconds=60, **order):
        try:
            self._lines.write(json.dumps(order) + "\n")
            self._lines.flush()
        except OSError as error:
            raise Line.Cut(str(error)) from error
        return self.hear(seconds)


class Machine:
    """A guest with `payload` (a folder, made into a disk once) as its second disk. With one of `cores` it is slow and steady: two
    that are emulated on a busy machine wait for each other."""

    def __init__(self, room, payload, orders, cores=2):
        self._image = image()
        self._room = room
        self._orders = orders  # a listening socket
        self._cores = cores
        self._lives = 0
        self._qemu = None
        self.disk = os.path.join(room, "payload.img")
        subprocess.run(["truncate", "-s", "1G", self.disk], check=True)
        subprocess.run(["/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-d", payload, self.disk], check=True)

    @property
    def console(self):
        """What the guest of the present life printed so far: the daemon's log among it."""
        with open(self._console_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def boot(self, seconds=180):
        """Turns it on; the line to the guest once it has come up."""
        self._lives += 1
        self._console_path = os.path.join(self._room, f"console-{self._lives}")
        with open(self._console_path, "wb") as console:
            self._qemu = subprocess.Popen(
                # It does not outlive the test, however that ends.
                ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "max",
                 "-smp", str(self._cores), "-m", "1024",
                 # Nothing is booted over the network, and asking for it takes a while.
                 "-nographic", "-no-reboot", "-nic", "user,model=virtio-net-pci", "-global", "virtio-net-pci.romfile=",
                 "-drive", f"file={self._image},if=virtio,format=raw,snapshot=on",
                 # What the guest synced is in the host's hands, which lives on; what it did not is lost with qemu.
                 "-drive", f"file={self.disk},if=virtio,format=raw,cache=writeback",
                 "-kernel", self._image + ".kernel", "-initrd", self._image + ".initrd",
                 # Emulated on a busy machine, the kernel takes a timer that is late for none, and a cipher that is late for a broken
                 # one; so it does not test them.
                 "-append", "root=/dev/vda rw console=ttyS0 quiet net.ifnames=0 mitigations=off no_timer_check cryptomgr.notests panic=-1 "
                 "init=/sbin/machine-init"],
                stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT, start_new_session=True)
        self._orders.settimeout(seconds)
        try:
            connection, _ = self._orders.accept()
        except socket.timeout as late:
            raise AssertionError(f"the guest did not come up within {seconds} s:\n{self.console[-3000:]}") from late
        return Line(connection)

    def cut(self):
        """The power fails."""
        if self._qemu is not None and self._qemu.poll() is None:
            self._qemu.kill()
            self._qemu.wait()

    def wait_for_the_end(self, seconds=120):
        """It turns itself off, its disks put away."""
        try:
            self._qemu.wait(seconds)
        except subprocess.TimeoutExpired as late:
            raise AssertionError(f"the guest does not turn itself off:\n{self.console[-3000:]}") from late

    def check_disk(self):
        """e2fsck's words and code: 0 is clean."""
        done = subprocess.run(["/sbin/e2fsck", "-f", "-n", self.disk], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def copy_out(self, folder, to):
        """A folder of the payload disk, read without mounting it."""
        os.makedirs(to)
        subprocess.run(["/sbin/debugfs", "-R", f"rdump {folder} {to}", self.disk], capture_output=True, check=True)
        return os.path.join(to, os.path.basename(folder))


def orders_socket():
    listening = socket.create_server(("127.0.0.1", 0))
    return listening, listening.getsockname()[1]


def pause(seconds):
    threading.Event().wait(seconds)
