"""What the kernel tells of a folder while somebody writes into it."""

import ctypes
import itertools
import os
import struct

_libc = ctypes.CDLL(None, use_errno=True)
NAMES = {0x2: "MODIFY", 0x4: "ATTRIB", 0x8: "CLOSE_WRITE", 0x10: "CLOSE_NOWRITE", 0x20: "OPEN", 0x40: "MOVED_FROM", 0x80: "MOVED_TO",
         0x100: "CREATE", 0x200: "DELETE"}
_HEADER = struct.Struct("iIII")
_OVERFLOW = 0x4000


class Recorder:
    """Records the events of one folder from its construction on; close it, or use it in a `with`."""

    def __init__(self, folder):
        self._fd = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0 or _libc.inotify_add_watch(self._fd, os.fsencode(folder), sum(NAMES)) < 0:
            raise OSError(ctypes.get_errno(), "inotify", folder)
        self._events = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        os.close(self._fd)

    def events(self):
        """(name, event) in the order of the kernel, so far."""
        while True:
            try:
                data = os.read(self._fd, 1 << 16)
            except BlockingIOError:
                return list(self._events)
            at = 0
            while at < len(data):
                _, mask, _, length = _HEADER.unpack_from(data, at)
                if mask & _OVERFLOW:
                    raise AssertionError("the queue of events has overflowed: what is recorded is not whole")
                name = data[at + _HEADER.size:at + _HEADER.size + length].rstrip(b"\0").decode(errors="replace")
                self._events += [(name, word) for bit, word in NAMES.items() if mask & bit]
                at += _HEADER.size + length

    def sequence(self, name):
        """The events as one line: of `name` as they are, of others with what stands for their name in front. Repetitions are not
        counted: how many writes a copy takes differs from run to run."""
        parts = []
        # What has no name is the folder itself, which others look into too.
        named = [one for one in self.events() if one[0]]
        for other, run in itertools.groupby(named, key=lambda one: one[0]):
            words = _folded([event for _, event in run])
            parts.append(words if other == name else f"[{_stand_in(other, name)}: {words}]")
        return " ".join(parts)


def _folded(words):
    """Repetitions of one event, or of two in turns, as one with a +."""
    out, at = [], 0
    while at < len(words):
        for width in (1, 2):
            count = 1
            while words[at:at + width] == words[at + count * width:at + (count + 1) * width]:
                count += 1
            if count > 1:
                group = " ".join(words[at:at + width])
                out.append(f"{group}+" if width == 1 else f"({group})+")
                at += count * width
                break
        else:
            out.append(words[at])
            at += 1
    return " ".join(out)


def _stand_in(other, name):
    if other.startswith(f".{name}."):
        return ".NAME.XXXXXX"
    return other.replace(name, "NAME")
