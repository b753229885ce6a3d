"""tests/bench/run, behind its building: arguments, the rows, the results in a folder. See --help."""

import argparse
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile

from tests.bench import absolute, machine, report, servers, svg
from tests.bench.artifact import Artifacts
from tests.bench.contestants import CHUNK, Programs
from tests.bench.rounds import Bench, Failed

MEGABYTE = 10**6
TITLES = {"put": "Upload", "get": "Download", "nginx": "nginx", "discarding": "a server that discards", "plain": "plain HTTP",
          "tls": "TLS 1.3"}
# Memory is looked at, not compared by time: a few rounds show it.
MEMORY_ROUNDS = 3


def arguments_of(words):
    parser = argparse.ArgumentParser(
        prog="tests/bench/run", description="Measures tegodrop against curl, Python requests and rclone on loopback servers, in turn, "
        "and what only tegodrop is measured at: from a rename to the first request, its loop, its polling, its growth. Writes results.json, "
        "results.txt and results.svg.")
    parser.add_argument("--rounds", type=int, default=None, metavar="N", help="of each row (7, with --quick 3)")
    parser.add_argument("--size", type=int, nargs="+", default=None, metavar="BYTES",
                        help="of the artifact (500000000, with --quick 50000000)")
    parser.add_argument("--only", nargs="+", default=[], metavar="ROW",
                        help="rows whose names begin so: put, get-nginx, memory, rename, loop, polling, scale, …")
    parser.add_argument("--out", default="bench-results", metavar="DIR", help="where the results go (bench-results)")
    parser.add_argument("--quick", action="store_true", help="small and few: shows that it works, not how fast")
    parser.add_argument("--work", metavar="DIR",
                        help="where all files lie meanwhile (what is sent in the temporary folder; the rest in /dev/shm where there is room)")
    parser.add_argument("--client", default="", metavar="PATH", help="instead of the built one; rows of tegodrop alone are left out")
    parser.add_argument("--client-unhashed", default="", metavar="PATH",
                        help="likewise; with --client and without this it is left out")
    parser.add_argument("--peers", action="store_true", help="only the peers, without tegodrop, its rows left out")
    parser.add_argument("--list", action="store_true", help="only says which rows there are")
    parser.add_argument("--server", help=argparse.SUPPRESS)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    out = parser.parse_args(words)
    out.rounds = out.rounds or (3 if out.quick else 7)
    out.size = out.size or [50 * MEGABYTE if out.quick else 500 * MEGABYTE]
    if out.rounds < 1 or min(out.size) < MEGABYTE or max(out.size) > 2000 * MEGABYTE:
        parser.error("there is at least one round, and a size is 1000000 to 2000000000")
    return out


def rows_of(arguments):
    """What is to be measured, as rows without contestants."""
    rows = []
    for size in arguments.size:
        suffix = f"-{size // MEGABYTE}MB" if len(arguments.size) > 1 else ""
        for direction in ("put", "get"):
            for server in ("nginx", "discarding"):
                for transport in ("plain", "tls"):
                    rows.append({"name": f"{direction}-{server}-{transport}{suffix}", "direction": direction, "server": server,
                                 "transport": transport, "size": size,
                                 "title": f"{TITLES[direction]} of {size // MEGABYTE} MB, {TITLES[server]}, {TITLES[transport]}"})
    for size in (10 * MEGABYTE, 50 * MEGABYTE) if arguments.quick else (100 * MEGABYTE, 2000 * MEGABYTE):
        rows.append({"name": f"memory-{size // MEGABYTE}MB", "direction": "memory", "server": "discarding", "transport": "plain",
                     "size": size, "title": f"Peak memory at {size // MEGABYTE} MB"})
    return [row for row in rows if _wanted(arguments, row["name"])]


def absolute_of(arguments):
    """The names of what is measured of tegodrop alone: by the programs that tests/bench/run has built and names in the environment."""
    if arguments.peers or "TEGODROP" not in os.environ and not (arguments.list and not arguments.client):
        return []
    return [name for name in absolute.NAMES if _wanted(arguments, name)]


def _wanted(arguments, name):
    return not arguments.only or name.startswith(tuple(arguments.only))


def parent_of_work(arguments, sizes):
    """Memory, where what nginx keeps of a source and a download have room beside what a contestant takes."""
    if arguments.work:
        return arguments.work
    need = 2 * sum(sizes) + 4 * max(sizes, default=0)
    shm = "/dev/shm"
    if os.access(shm, os.W_OK) and min(shutil.disk_usage(shm).free, machine.memory_available()) > need:
        return shm
    return tempfile.gettempdir()


def measure(arguments, rows, alone, sizes, work, files, say):
    """(the rows, those of tegodrop alone), measured."""
    done, done_alone = [], []
    with contextlib.ExitStack() as stack:
        needs = None
        if sizes:
            artifacts = Artifacts(files)
            sources = {size: artifacts.make(size) for size in sizes}
            # Written out, and from here on read from memory by everybody alike.
            os.sync()
            with open(os.path.join(work, "rclone.conf"), "w", encoding="ascii"):
                pass
            ca = servers.make_certificates(work)
            there = start_servers({row["server"] for row in rows} | {"discarding"}, arguments, work, sources, ca, stack)
            needs = (there["discarding"], ca, sources[arguments.size[0]], work) if arguments.size[0] in sources else None
        if rows:
            programs = Programs(arguments.client, arguments.client_unhashed)
            bench = Bench(work, programs, arguments.measure, ca, there, say)
        for row in rows:
            leave_out = ()
            if row["direction"] == "memory" and machine.memory_available() < 4 * row["size"]:
                say(f"{row['name']}: without requests' r.content, which takes more memory than there is")
                leave_out = ("requests_content",)
            rounds = min(arguments.rounds, MEMORY_ROUNDS) if row["direction"] == "memory" else arguments.rounds
            done.append(bench.row(row, sources[row["size"]], rounds, leave_out))
        for name in alone:
            done_alone.append(absolute.measure(name, arguments.quick, say, needs))
    return done, done_alone


def start_servers(names, arguments, work, sources, ca, stack):
    there = {}
    for name, start in (("discarding", lambda: servers.Discarding(arguments.server, work, sources.values())),
                        ("nginx", lambda: servers.Nginx(work, sources.values()))):
        if name not in names:
            continue
        there[name] = start()
        stack.callback(there[name].close)
        if not servers.trusts(there[name].urls["tls"], ca):
            raise Failed(f"{name} does not speak TLS 1.3")
    return there


def write(results, folder):
    os.makedirs(folder, exist_ok=True)
    texts = {"results.json": json.dumps(results, indent=1, ensure_ascii=False) + "\n",
             "results.txt": report.about(results) + "\n" + report.tables(results), "results.svg": svg.draw(results)}
    for name, text in texts.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    return texts["results.txt"]


def main(words):
    arguments = arguments_of(words)
    rows = rows_of(arguments)
    alone = absolute_of(arguments)
    if arguments.list:
        print("\n".join([row["name"] for row in rows] + alone))
        return 0
    if not rows and not alone:
        print(f"tests/bench/run: no row begins with {', '.join(arguments.only)}; --list names them", file=sys.stderr)
        return 64
    # So that servers and files are put away then, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    about = machine.describe()
    # Of the artifacts that go to and fro; the loop's are of the first size.
    sizes = sorted({row["size"] for row in rows} | {arguments.size[0] for name in alone if name.startswith(absolute.LOOP)})
    # What is sent lies on a disk's file system, in its cache, as a daemon's files do; what is fetched goes to memory, so that no
    # disk's speed is in it.
    with (tempfile.TemporaryDirectory(prefix="tegodrop-bench-", dir=parent_of_work(arguments, sizes)) as work,
          tempfile.TemporaryDirectory(prefix="tegodrop-bench-", dir=arguments.work) as files):
        where = f"{os.path.dirname(files)} ({machine.file_system(files)}), fetched to {os.path.dirname(work)} ({machine.file_system(work)})"
        settings = {"rounds": arguments.rounds, "quick": arguments.quick, "sizes": arguments.size, "files": where, "chunk": CHUNK}
        try:
            done, done_alone = measure(arguments, rows, alone, sizes, work, files, lambda text: print(text, file=sys.stderr, flush=True))
        # The harness of the scenarios asserts.
        except (Failed, AssertionError) as error:
            print(f"tests/bench/run: {error}", file=sys.stderr)
            return 1
    print(write(report.document(about, settings, done, done_alone), arguments.out), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
