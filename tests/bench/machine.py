"""What measured: the machine, without its name, and the versions of everything that took part."""

import os
import platform
import re
import subprocess

import requests

_VERSIONS = {
    "curl": (["curl", "--version"], r"curl (\S+)"),
    "rclone": (["rclone", "version"], r"rclone v?(\S+)"),
    "nginx": (["/usr/sbin/nginx", "-v"], r"nginx/(\S+)"),
    "OpenSSL": (["openssl", "version"], r"OpenSSL (\S+)"),
}


def describe():
    versions = {name: _first(command, pattern) for name, (command, pattern) in _VERSIONS.items()}
    versions |= {"requests": requests.__version__, "Python": platform.python_version()}
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"^model name\s*:\s*(.+)$", file.read(), re.MULTILINE)
    return {"cpu": model[1].strip() if model else platform.machine(), "cores": len(os.sched_getaffinity(0)),
            "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
            "kernel": platform.release().partition("-")[0], "load_at_start": round(os.getloadavg()[0], 2), "versions": versions}


def memory_available():
    with open("/proc/meminfo", encoding="ascii") as file:
        return int(re.search(r"^MemAvailable:\s*(\d+) kB", file.read(), re.MULTILINE)[1]) * 1024


def file_system(folder):
    done = subprocess.run(["findmnt", "--noheadings", "--first-only", "--output", "FSTYPE", "--target", folder],
                          capture_output=True, text=True, check=True)
    return done.stdout.split()[0]


def _first(command, pattern):
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return re.search(pattern, done.stdout + done.stderr)[1]
