"""What the callbacks of the daemon's loop cost while four transfers run in one process, against the server that discards."""

import filecmp
import json
import os
import subprocess

from tests.bench import contestants, found
from tests.bench.contestants import CHUNK, Place
from tests.bench.rounds import SECONDS, Failed


def measure(transport, server, ca, source, folder, rounds, say):
    """Measures of the worst of the rounds."""
    runs = []
    for number in range(1, rounds + 1):
        runs.append(_run(transport, server, ca, source, folder))
        say(f"loop, {transport}: round {number} of {rounds}")
    return found.worst_loop(runs)


def _run(transport, server, ca, source, folder):
    size = os.path.getsize(source)
    places = []
    for number in (1, 2):
        out = os.path.join(folder, f"loop-{number}", "out.apk")
        os.makedirs(os.path.dirname(out), exist_ok=True)
        name = f"loop-{number}.apk"
        places.append(Place(base=server.urls[transport], server="discarding", ca=ca if transport == "tls" else "", source=source,
                            size=size, out=out, name=name, upload_id=server.begin(name)))
    first = places[0]
    command = [os.path.abspath(os.environ["LOOP_CLIENT"]), source, str(CHUNK), *(one.part_prefix for one in places), first.blob,
               *(one.out for one in places), *([first.ca] if first.ca else [])]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False,
                          env=contestants.environment(folder, first.base, first.ca))
    if done.returncode != 0:
        raise Failed(f"exit {done.returncode} of {' '.join(command)}\n{done.stderr[-3000:]}")
    for one in places:
        if server.received(one.name, one.upload_id) != size or not filecmp.cmp(one.out, source, shallow=False):
            raise Failed(f"loop, {transport}: what arrived is not what was sent")
        os.remove(one.out)
    return json.loads(done.stdout)
