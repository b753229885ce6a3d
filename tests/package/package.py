"""The package as a test sees it: unpacked once, and its program."""

import atexit
import gzip
import os
import re
import shutil
import subprocess
import tempfile

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
_unpacked = None


def path_of(variable):
    """The file that environment variable `variable` names, as an absolute path; Bazel sets it."""
    return os.path.abspath(os.environ[variable])


def run(*command, **how):
    """The CompletedProcess, with text output and a small environment."""
    how = {"capture_output": True, "text": True, "check": False, "stdin": subprocess.DEVNULL, "env": ENVIRONMENT, "timeout": 120, **how}
    return subprocess.run(command, **how)


def new_folder():
    """A temporary folder that goes with the test."""
    folder = tempfile.mkdtemp(prefix="tegodrop-", dir="/tmp")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def unpacked():
    """The package's files below a folder, with its control files in DEBIAN."""
    global _unpacked
    if _unpacked is None:
        _unpacked = os.path.join(new_folder(), "root")
        subprocess.run(["dpkg-deb", "-R", path_of("DEB"), _unpacked], check=True)
    return _unpacked


def read(*parts):
    """A file of the package, as text."""
    path = os.path.join(unpacked(), *parts)
    with gzip.open(path, "rt", encoding="utf-8") if path.endswith(".gz") else open(path, encoding="utf-8") as file:
        return file.read()


def help_of(*command):
    """What the program's --help prints."""
    done = run(path_of("TEGODROP"), *command, "--help")
    assert done.returncode == 0, done.stderr
    return done.stdout


def _below(heading, text):
    lines = text.split("\n" + heading + "\n")
    return lines[1].split("\n\n")[0].splitlines() if len(lines) > 1 else []


def commands(*above):
    """The commands that the program has, or that one of its commands has."""
    return [line.split()[0] for line in _below("Subcommands:", help_of(*above)) if re.match(r"  [a-z]", line)]


def every_command():
    """All that do something: "run", "apps list", …"""
    return [" ".join((one, *below)) for one in commands() for below in ([(sub,) for sub in commands(one)] or [()])]


def options(*command):
    """The long options that a command has, as its help names them."""
    return {match[1] for line in _below("Options:", help_of(*command)) if (match := re.match(r"  (?:-\w,)?(--[a-z-]+)", line))}
