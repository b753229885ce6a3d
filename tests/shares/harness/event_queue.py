"""How long a daemon leaves events lying in its inotify queue, asked of the queue itself: nothing is traced, so nothing is slowed down.

The kernel puts an event into the queue before the call that raises it returns; FIONREAD on a descriptor of the same queue says how
many bytes lie in it. The descriptor is the daemon's own, got by pidfd_getfd, which the root of a test's namespace may.
"""

import array
import ctypes
import fcntl
import math
import os
import subprocess
import sys
import termios
import threading
import time

_PIDFD_GETFD = 438
_MOST_DESCRIPTORS = 512
_CLOSE_WRITE = 0x8
_libc = ctypes.CDLL(None, use_errno=True)
_never = threading.Event()
# Between two looks; what is measured is true to this and the time that a sleeper takes to wake up.
_LOOK = 50e-6


class EventQueue:
    """Close it, or use it in a `with`."""

    def __init__(self, fd):
        self._fd = fd

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        os.close(self._fd)

    def bytes(self):
        """So many lie in it unread."""
        count = array.array("i", [0])
        fcntl.ioctl(self._fd, termios.FIONREAD, count)
        return count[0]


class DaemonsQueue(EventQueue):
    """That of process `pid` which watches `folder`."""

    def __init__(self, pid, folder):
        inode = f" ino:{os.stat(folder).st_ino:x} "
        process = os.pidfd_open(pid)
        try:
            for number in range(_MOST_DESCRIPTORS):
                fd = _libc.syscall(_PIDFD_GETFD, process, number, 0)
                if fd < 0:
                    continue
                with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as file:
                    lines = [line for line in file if line.startswith("inotify ")]
                if any(inode in line for line in lines):
                    super().__init__(fd)
                    return
                os.close(fd)
        finally:
            os.close(process)
        raise AssertionError(f"process {pid} watches {folder} by no inotify queue")


class BareQueue(EventQueue):
    """That of a process which does nothing but read it: what the machine itself takes, at the same time."""

    def __init__(self, folder):
        fd = _libc.inotify_init1(0)
        if fd < 0 or _libc.inotify_add_watch(fd, os.fsencode(folder), _CLOSE_WRITE) < 0:
            raise OSError(ctypes.get_errno(), "inotify", folder)
        super().__init__(fd)
        program = "import os, sys\nwhile True: os.read(int(sys.argv[1]), 1 << 16)"
        self._reader = subprocess.Popen([sys.executable, "-c", program, str(fd)], pass_fds=[fd], stdin=subprocess.DEVNULL)

    def close(self):
        self._reader.kill()
        self._reader.wait()
        super().close()


class Prober:
    """Closes a file that it had open for writing, in `folder` but of no artifact's name, and looks how long each of `queues` keeps
    the event; `times` are in milliseconds, a list for each. Use it in a `with`: the file goes at the end."""

    def __init__(self, folder, *queues):
        self._path = os.path.join(folder, "probe.part")
        self._queues = queues
        self.times = [[] for _ in queues]
        with open(self._path, "wb"):
            pass  # whoever reads knows of it from here on

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.unlink(self._path)

    def probe(self, pause):
        """Once, after so many seconds; chosen at random, they meet whatever the reader does."""
        _never.wait(pause)
        fd = os.open(self._path, os.O_WRONLY)
        os.close(fd)
        begun = time.perf_counter()
        unread = dict(enumerate(self._queues))
        while True:
            for number, queue in list(unread.items()):
                if queue.bytes() == 0:
                    self.times[number].append((time.perf_counter() - begun) * 1000)
                    del unread[number]
            if not unread:
                return
            if time.perf_counter() - begun > 30:
                raise AssertionError(f"for 30 s nobody has read the events of {self._path}")
            _never.wait(_LOOK)


def at(times, percent):
    """The time that so many percent are not above."""
    return sorted(times)[max(0, math.ceil(len(times) * percent / 100) - 1)]
