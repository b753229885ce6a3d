"""A file system in user space that passes everything through to another folder, and fails or hangs where it is told to.

    python3 -m tests.shares.harness.faulty_fs ROOT MOUNTPOINT SOCKET        (Debian: python3-fusepy, fuse3)

Rules come over the stream socket SOCKET, one JSON document a line, and are in force when the answer comes:
    {"rules": [{"operation": "rename", "path": "*.apk", "error": "EIO", "times": 2}, …]}      replaces all of them
    {}                                                                                        only asks
The answer: {"hits": [how often each rule has struck, …], "calls": {operation: how often it was asked for}}.
`operation` is one of fusepy's names (`fsync` is also a folder's) or `*`; `path` a pattern, from the mount point on; `error` an errno's
name, or `stall`, which holds the call until the rules are replaced; `times` how often it strikes, null for always. The first rule
that fits a call counts.
"""

import collections
import errno
import fnmatch
import json
import os
import socket
import sys
import threading

from fusepy import FUSE, FuseOSError, Operations

_STAT = ("st_mode", "st_ino", "st_nlink", "st_uid", "st_gid", "st_size", "st_atime", "st_mtime", "st_ctime")
_STATFS = ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_favail", "f_ffree", "f_files", "f_flag", "f_frsize", "f_namemax")
# The end of a file's use never fails: its errors have nobody to go to.
_NEVER = ("init", "destroy", "release", "releasedir")
_ALSO = {"fsyncdir": "fsync"}


class Rules:
    def __init__(self):
        self._changed = threading.Condition()
        self._rules = []
        self._hits = []
        self._calls = collections.Counter()

    def apply(self, operation, path):
        with self._changed:
            self._calls[operation] += 1
            for number, rule in enumerate(self._rules):
                if not self._fits(number, rule, operation, path):
                    continue
                self._hits[number] += 1
                if rule["error"] != "stall":
                    raise FuseOSError(getattr(errno, rule["error"]))
                rules = self._rules
                self._changed.wait_for(lambda: self._rules is not rules)
                return

    def obey(self, request):
        """Takes a request of the socket; the answer."""
        with self._changed:
            if "rules" in request:
                self._rules = request["rules"]
                self._hits = [0] * len(self._rules)
                self._changed.notify_all()
            return {"hits": list(self._hits), "calls": dict(self._calls)}

    def _fits(self, number, rule, operation, path):
        if rule["operation"] not in ("*", operation) or not fnmatch.fnmatchcase(path, rule.get("path") or "*"):
            return False
        times = rule.get("times")
        return times is None or self._hits[number] < times


class FaultyFileSystem(Operations):
    def __init__(self, root, rules):
        self._root, self._rules = root, rules

    def __call__(self, operation, path, *arguments):
        if operation not in _NEVER:
            self._rules.apply(_ALSO.get(operation, operation), path)
        return super().__call__(operation, path, *arguments)

    def _at(self, path):
        return self._root + path

    def access(self, path, mode):
        if not os.access(self._at(path), mode):
            raise FuseOSError(errno.EACCES)

    def chmod(self, path, mode):
        os.chmod(self._at(path), mode)

    def chown(self, path, uid, gid):
        os.chown(self._at(path), uid, gid)

    def create(self, path, mode, fi=None):
        return os.open(self._at(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)

    def flush(self, path, fh):
        os.close(os.dup(fh))

    def fsync(self, path, datasync, fh):
        os.fsync(fh)

    def fsyncdir(self, path, datasync, fh):
        fd = os.open(self._at(path), os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def getattr(self, path, fh=None):
        about = os.lstat(self._at(path))
        return {name: getattr(about, name) for name in _STAT}

    def link(self, target, source):
        os.link(self._at(source), self._at(target))

    def mkdir(self, path, mode):
        os.mkdir(self._at(path), mode)

    def open(self, path, flags):
        return os.open(self._at(path), flags)

    def read(self, path, size, offset, fh):
        return os.pread(fh, size, offset)

    def readdir(self, path, fh):
        return [".", "..", *os.listdir(self._at(path))]

    def readlink(self, path):
        return os.readlink(self._at(path))

    def release(self, path, fh):
        os.close(fh)

    def rename(self, old, new):
        os.rename(self._at(old), self._at(new))

    def rmdir(self, path):
        os.rmdir(self._at(path))

    def statfs(self, path):
        about = os.statvfs(self._at(path))
        return {name: getattr(about, name) for name in _STATFS}

    def truncate(self, path, length, fh=None):
        os.truncate(self._at(path), length)

    def unlink(self, path):
        os.unlink(self._at(path))

    def utimens(self, path, times=None):
        os.utime(self._at(path), times)

    def write(self, path, data, offset, fh):
        return os.pwrite(fh, data, offset)


def _serve(listener, rules):
    while True:
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb") as stream:
            for line in stream:
                stream.write(json.dumps(rules.obey(json.loads(line))).encode() + b"\n")
                stream.flush()


def main():
    root, mountpoint, address = sys.argv[1:]
    rules = Rules()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    threading.Thread(target=_serve, args=(listener, rules), daemon=True).start()
    # Nothing remembered: a fault is met by the next call. Ids of files as they are below: a share keeps them.
    FUSE(FaultyFileSystem(os.path.realpath(root), rules), mountpoint, foreground=True, nothreads=False, fsname="faulty", subtype="faulty",
         nonempty=True, use_ino=True, hard_remove=True, attr_timeout=0, entry_timeout=0, negative_timeout=0)


if __name__ == "__main__":
    main()
