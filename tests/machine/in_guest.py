"""What every guest of the virtual machine does: reaches the simulator on the host, and takes its orders from there line by line."""

import asyncio
import json
import socket
import subprocess
import threading

PAYLOAD = "/payload"
HOST = "10.0.2.2"  # the host's loopback, as qemu gives it to its guest
CONFIG = f"{PAYLOAD}/tegodrop.yaml"
TEGODROP = [f"{PAYLOAD}/bin/tegodrop", "--config", CONFIG]
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


def plan():
    """What the host wrote down for this guest."""
    with open(f"{PAYLOAD}/plan.json", encoding="utf-8") as file:
        return json.load(file)


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


def status(**how):
    """The document of `status --json`; `error` in it when there is none. `how` goes to subprocess.run."""
    done = subprocess.run([*TEGODROP, "status", "--json"], capture_output=True, text=True, env=ENVIRONMENT, check=False, **how)
    return json.loads(done.stdout) if done.returncode == 0 else {"jobs": [], "folders": [], "error": done.stderr}


def obey(port, first, orders):
    """Says `first` to the host and does what it orders: `orders` are functions by their names, each takes the order's own words and
    gives the answer. Ends with the order that is called `stop`, or with the host."""
    with socket.create_connection((HOST, port)) as line, line.makefile("rw", encoding="utf-8") as lines:
        def say(what):
            lines.write(json.dumps(what) + "\n")
            lines.flush()

        say(first)
        for text in lines:
            order = json.loads(text)
            what = order.pop("do")
            say(orders[what](**order))
            if what == "stop":
                return 0
    return 1
