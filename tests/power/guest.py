"""Inside the virtual machine: runs the daemon and drops artifacts, as the host says line by line."""

import os
import signal
import subprocess
import sys

import in_guest
from in_guest import PAYLOAD


def set_kernel_to_lose_what_is_not_synced():
    """Nothing reaches the disk by the kernel's own haste: only what somebody synced is there after the cut."""
    for name, value in {"dirty_writeback_centisecs": "0", "dirty_expire_centisecs": "360000"}.items():
        with open(f"/proc/sys/vm/{name}", "w", encoding="ascii") as file:
            file.write(value)
    # Without ext4's own care for renames that were not synced, and with a journal that commits seldom by itself.
    subprocess.run(["mount", "-o", "remount,noauto_da_alloc,commit=300", PAYLOAD], check=True)


def sync_folder(path):
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


def drop(source, folder, name):
    """As a careful build agent: what this returned for outlives a power cut."""
    part = os.path.join(folder, f".{name}.part")
    with open(os.path.join(PAYLOAD, "samples", source), "rb") as origin, open(part, "wb") as copy:
        copy.write(origin.read())
        copy.flush()
        os.fsync(copy.fileno())
    os.rename(part, os.path.join(folder, name))
    sync_folder(folder)
    return {"durable": name}


def main():
    plan = in_guest.plan()
    set_kernel_to_lose_what_is_not_synced()
    in_guest.forward(plan["portal_port"])
    found = in_guest.status()
    daemon = subprocess.Popen([*in_guest.TEGODROP, "run"], env={**in_guest.ENVIRONMENT, **plan["environment"]})

    def status():
        return {"status": in_guest.status(), "running": daemon.poll() is None}

    def stop():
        daemon.send_signal(signal.SIGTERM)
        return {"code": daemon.wait(20)}

    return in_guest.obey(plan["orders_port"], {"found": found}, {"drop": drop, "status": status, "stop": stop})


sys.exit(main())
