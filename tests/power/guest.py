"""Inside the virtual machine: runs the daemon and drops artifacts, as the host says line by line."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading

PAYLOAD = "/payload"
HOST = "10.0.2.2"  # the host's loopback, as qemu gives it to its guest
DAEMON = [f"{PAYLOAD}/bin/tegodrop", "--config", f"{PAYLOAD}/tegodrop.yaml"]


def set_kernel_to_lose_what_is_not_synced():
    """Nothing reaches the disk by the kernel's own haste: only what somebody synced is there after the cut."""
    for name, value in {"dirty_writeback_centisecs": "0", "dirty_expire_centisecs": "360000"}.items():
        with open(f"/proc/sys/vm/{name}", "w", encoding="ascii") as file:
            file.write(value)
    # Without ext4's own care for renames that were not synced, and with a journal that commits seldom by itself.
    subprocess.run(["mount", "-o", "remount,noauto_da_alloc,commit=300", PAYLOAD], check=True)


def forward(port):
    """The simulator listens on the host's loopback, and plain http is for loopback alone: here it stands on ours."""
    async def pump(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()

    async def connected(reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, port)
        except OSError:
            return writer.close()
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    async def serve():
        server = await asyncio.start_server(connected, "127.0.0.1", port)
        async with server:
            listening.set()
            await server.serve_forever()

    listening = threading.Event()
    threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
    listening.wait(30)


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


def status():
    done = subprocess.run([*DAEMON, "status", "--json"], capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else {"jobs": [], "folders": [], "error": done.stderr}


def main():
    with open(f"{PAYLOAD}/plan.json", encoding="utf-8") as file:
        plan = json.load(file)
    set_kernel_to_lose_what_is_not_synced()
    forward(plan["portal_port"])
    found = status()
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **plan["environment"]}
    daemon = subprocess.Popen([*DAEMON, "run"], env=environment)
    with socket.create_connection((HOST, plan["orders_port"])) as line, line.makefile("rw", encoding="utf-8") as orders:
        def say(**what):
            orders.write(json.dumps(what) + "\n")
            orders.flush()

        say(found=found)
        for text in orders:
            order = json.loads(text)
            if order["do"] == "drop":
                drop(order["source"], order["folder"], order["name"])
                say(durable=order["name"])
            elif order["do"] == "status":
                say(status=status(), running=daemon.poll() is None)
            elif order["do"] == "stop":
                daemon.send_signal(signal.SIGTERM)
                say(code=daemon.wait(20))
                return 0
    return 1


sys.exit(main())
