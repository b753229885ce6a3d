"""Writers of every kind that drop folders meet, and what each of them says that it finished.

A writer is a method of Writers that takes a Drop and fills its list: `finished` are the contents that it has written whole, so that
each is to be built once; `passing` are contents that were whole for a moment and may be built once, or not. What it has begun and
not finished is in no list: a portal that receives it convicts the daemon.
"""

import contextlib
import dataclasses
import os
import shutil
import signal
import subprocess
import threading

from tests.scenario.harness.mint import sha256
from tests.scenario.harness.wait import until

_never = threading.Event()


@dataclasses.dataclass
class Drop:
    number: int
    kind: str
    name: str
    size: int
    finished: list = dataclasses.field(default_factory=list)
    passing: list = dataclasses.field(default_factory=list)


def _run(*command, stdin=None, expect=0):
    done = subprocess.run(command, input=stdin, stdin=None if stdin else subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
    if done.returncode != expect:
        raise AssertionError(f"{' '.join(command)}: exit {done.returncode}: {done.stdout}{done.stderr}")


class Writers:
    """Into the drop folder `path`. `near` lies on the same file system, `across` on another one; `pace`: the seconds that a slow
    writer leaves between two of its writes."""

    def __init__(self, mint, path, near, across, ssh, samba, pace):
        self._delayed = threading.Lock()
        self._mint, self.path, self._near, self._across, self._ssh, self._samba, self._pace = (
            mint, path, near, across, ssh, samba, pace)
        for folder in (near, across):
            os.makedirs(folder, exist_ok=True)
        self.kinds = {
            "cp": self.cp,
            "cp -p": self.cp_p,
            "mv": self.mv,
            "mv across": self.mv_across,
            "ln": self.ln,
            "rsync": self.rsync,
            "rsync --inplace": self.rsync_inplace,
            "rsync --partial --delay-updates": self.rsync_delayed,
            "scp": self.scp,
            "sftp put": self.sftp,
            "sftp put -p": self.sftp_p,
            "smbclient put": self.smbclient,
            "sha256, then cp": self.sha256_first,
            "slow": self.slow,
            "preallocating": self.preallocating,
            "mv while written": self.renamed_while_written,
            "two, one after the other": self.two_in_turn,
            "two at once, same bytes": self.two_at_once,
            "two at once, first killed": self.two_first_killed,
            "cp killed": self.cp_killed,
            "cp killed, finished later": self.cp_killed_finished,
            "scp killed": self.scp_killed,
            "scp killed, finished later": self.scp_killed_finished,
            "smbclient killed": self.smbclient_killed,
            "smbclient killed, finished later": self.smbclient_killed_finished,
            "rsync --inplace killed, finished later": self.rsync_inplace_killed_finished,
            "rsync --partial killed, finished later": self.rsync_partial_killed_finished,
            "preallocating killed": self.preallocating_killed,
        }

    def close(self):
        for folder in (self._near, self._across):
            shutil.rmtree(folder)

    # Those that are done at once.

    def cp(self, drop):
        with self._source(drop) as source:
            _run("cp", source, self._target(drop))

    def cp_p(self, drop):
        with self._source(drop) as source:
            os.utime(source, (1e9, 1e9))
            _run("cp", "-p", source, self._target(drop))

    def mv(self, drop):
        with self._source(drop, self._near) as source:
            _run("mv", source, self._target(drop))

    def mv_across(self, drop):
        with self._source(drop, self._across) as source:
            _run("mv", source, self._target(drop))

    def ln(self, drop):
        with self._source(drop, self._near) as source:
            _run("ln", source, self._target(drop))

    def rsync(self, drop, *options):
        with self._source(drop) as source:
            _run("rsync", *options, source, self._target(drop))

    def rsync_inplace(self, drop):
        self.rsync(drop, "--inplace", "--times")

    def rsync_delayed(self, drop):
        # Two of them at once in one folder take its .~tmp~ away from each other.
        with self._delayed:
            self.rsync(drop, "--partial", "--delay-updates")

    def scp(self, drop):
        with self._source(drop) as source:
            _run("scp", "-q", "-F", self._ssh.client_config, source, f"far:{self._target(drop)}")

    def sftp(self, drop, *options):
        with self._source(drop) as source:
            command = " ".join(["put", *options, source, self._target(drop)])
            _run("sftp", "-q", "-F", self._ssh.client_config, "-b", "-", "far", stdin=command.encode() + b"\n")

    def sftp_p(self, drop):
        self.sftp(drop, "-p")

    def smbclient(self, drop):
        with self._source(drop) as source:
            _run(*self._samba.client(f"put {source} {drop.name}"))

    # Those that take their time.

    def slow(self, drop):
        with self._fed("cp", drop) as (pipe, content, _):
            self._feed(pipe, content)

    def sha256_first(self, drop):
        """The sidecar, which admits at once, stands before the first byte."""
        content = self._content(drop)
        with open(f"{self._target(drop)}.sha256", "w", encoding="ascii") as file:
            file.write(f"{sha256(content)}  {drop.name}\n")
        self.slow(drop)

    def preallocating(self, drop):
        content = self._content(drop)
        with open(self._target(drop), "wb", buffering=0) as file:
            os.posix_fallocate(file.fileno(), 0, len(content))
            self._feed(file, content)
        drop.finished.append(sha256(content))

    def renamed_while_written(self, drop):
        """As a tool does that renames before it closes."""
        content = self._content(drop)
        staged = os.path.join(self._near, f"{drop.number}.renamed")
        with open(staged, "wb", buffering=0) as file:
            file.write(content[:len(content) // 2])
            os.rename(staged, self._target(drop))
            self._feed(file, content[len(content) // 2:])
        drop.finished.append(sha256(content))

    # Two of them.

    def two_in_turn(self, drop):
        """The first content is whole until the second one begins to replace it."""
        first = Drop(-drop.number, drop.kind, drop.name, drop.size)
        self.cp(first)
        drop.passing += first.finished
        self.cp(drop)

    def two_at_once(self, drop):
        """A second job copies the same bytes while the first one is in the middle of them, and is done first."""
        content = self._content(drop)
        with open(self._target(drop), "wb", buffering=0) as file:
            half = len(content) // 2
            self._feed(file, content[:half])
            with open(self._target(drop), "r+b", buffering=0) as second:
                second.write(content)
            self._feed(file, content[half:])
        drop.finished.append(sha256(content))

    def two_first_killed(self, drop):
        """The job that the second one supersedes dies in the middle, while the second one is still writing."""
        old, content = self._mint.make(-drop.number, drop.size), self._content(drop)
        half = len(content) // 2
        with contextlib.ExitStack() as both:
            with open(self._target(drop), "wb", buffering=0) as first:
                first.write(old[:half])
                second = both.enter_context(open(self._target(drop), "wb", buffering=0))
                second.write(content[:half])
            self._feed(second, content[half:])
        drop.finished.append(sha256(content))

    # Those that die halfway; a person, or the next run of the job, does it again later, or not.

    def cp_killed(self, drop):
        with self._fed("cp", drop, dies=True) as (pipe, content, process):
            pipe.write(content[:len(content) // 2])
            self._until_begun(drop)
            process.kill()

    def cp_killed_finished(self, drop):
        self.cp_killed(drop)
        self._later(drop, self.cp)

    def scp_killed(self, drop):
        with self._source(drop, dies=True) as source:
            # Slowly enough to be met in the middle: 600 KiB a second.
            self._kill_in_the_middle(drop, ["scp", "-q", "-l", "4800", "-F", self._ssh.client_config, source, f"far:{self._target(drop)}"])

    def scp_killed_finished(self, drop):
        self.scp_killed(drop)
        self._later(drop, self.scp)

    def smbclient_killed(self, drop):
        content = self._content(drop)
        process = subprocess.Popen(self._samba.client(f"put - {drop.name}"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
        with process:
            process.stdin.write(content[:-1000])
            process.stdin.flush()
            self._until_begun(drop)
            process.kill()

    def smbclient_killed_finished(self, drop):
        self.smbclient_killed(drop)
        self._later(drop, self.smbclient)

    def rsync_inplace_killed_finished(self, drop):
        with self._source(drop, dies=True) as source:
            self._kill_in_the_middle(drop, ["rsync", "--inplace", "--bwlimit=300", source, self._target(drop)])
        self._later(drop, self.rsync_inplace)

    def rsync_partial_killed_finished(self, drop):
        """Asked to end, it renames what it has to the name that the whole would have."""
        with self._source(drop, dies=True) as source:
            process = subprocess.Popen(["rsync", "--partial", "--bwlimit=300", source, self._target(drop)], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            with process:
                until(lambda: [name for name in os.listdir(self.path) if name.startswith(f".{drop.name}.")
                               and os.path.getsize(os.path.join(self.path, name))], "rsync has received something")
                os.killpg(process.pid, signal.SIGTERM)
            if process.returncode != 20:
                raise AssertionError(f"rsync was to be ended in the middle: exit {process.returncode}")
        self._later(drop, self.rsync)

    def preallocating_killed(self, drop):
        """Its size is right from the first moment, and stays so."""
        content = self._content(drop)
        with open(self._target(drop), "wb", buffering=0) as file:
            os.posix_fallocate(file.fileno(), 0, len(content))
            self._feed(file, content[:len(content) // 2])

    # What they are made of.

    def _content(self, drop):
        return self._mint.make(drop.number, drop.size)

    def _target(self, drop):
        return os.path.join(self.path, drop.name)

    @contextlib.contextmanager
    def _source(self, drop, folder=None, dies=False):
        """A file with the drop's content, whole, to copy from, which the writer finishes unless it `dies`. What is left of it goes at
        the end, but for a link's."""
        content = self._content(drop)
        path = os.path.join(folder or self._across, f"{drop.number}.source")
        with open(path, "wb") as file:
            file.write(content)
        yield path
        if not dies:
            drop.finished.append(sha256(content))
        if os.path.exists(path) and drop.kind != "ln":
            os.unlink(path)

    @contextlib.contextmanager
    def _fed(self, program, drop, dies=False):
        """A copy that reads from a FIFO, so that its writes come when the test feeds it: (the FIFO, the content, the process)."""
        content = self._content(drop)
        fifo = os.path.join(self._across, f"{drop.number}.fifo")
        os.mkfifo(fifo)
        process = subprocess.Popen([program, fifo, self._target(drop)], stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            with open(fifo, "wb", buffering=0) as pipe:
                yield pipe, content, process
        finally:
            os.unlink(fifo)
        code = process.wait(60)
        if code != (-signal.SIGKILL if dies else 0):
            raise AssertionError(f"{program} ended with {code}")
        if not dies:
            drop.finished.append(sha256(content))

    def _feed(self, file, content):
        """In four pieces, with a pause after each: what a quick look takes for a quiet file."""
        step = len(content) // 4 + 1
        for at in range(0, len(content), step):
            piece = memoryview(content)[at:at + step]
            while piece:
                piece = piece[file.write(piece):]
            _never.wait(self._pace)

    def _kill_in_the_middle(self, drop, command):
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   start_new_session=True)
        with process:
            self._until_begun(drop)
            os.killpg(process.pid, signal.SIGKILL)
        if process.returncode != -signal.SIGKILL:
            raise AssertionError(f"{command[0]} was to be killed in the middle, but had ended with {process.returncode}")

    def _until_begun(self, drop):
        until(lambda: os.path.getsize(self._target(drop)) > 0, f"{drop.kind} has written something into {drop.name}", every=0.005)

    def _later(self, drop, again):
        # Long enough for a daemon that believes in quiet to be led astray.
        _never.wait(4 * self._pace)
        again(drop)
