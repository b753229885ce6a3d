"""What verifying costs, against the tools that one would use by hand, on the same files in the same run; prints the figures.

A ratio's bound is the project's own: looking into an APK of 200 MB takes at most 1.5 times as long as `unzip -t`. What is timed here
is all of `verify`, which reads the file once more for its SHA-256.
"""

import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import zipfile

from tests import runner
from tests.scenario.harness.case import workshop
from tests.scenario.harness.programs import path_of
from tests.scenario.harness.site import sha256_of
from tests.scenario.verify_test import VerifyCase

MIB = 1 << 20
ROUNDS = 7


def large_apk(path, size):
    """An APK of about this size: three quarters of it deflated code and resources, the rest stored media."""
    source = random.Random(size)
    words = [source.randbytes(source.randint(3, 12)) for _ in range(4000)]
    code = b"".join(source.choices(words, k=1_000_000))
    shutil.copyfile(workshop().apk(), path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as apk:
        number = 0
        while os.path.getsize(path) < size:
            number += 1
            media = os.path.getsize(path) > size * 3 // 4
            entry = zipfile.ZipInfo(f"assets/{number}.mp4" if media else f"lib/arm64-v8a/lib{number}.so")
            entry.compress_type = zipfile.ZIP_STORED if media else zipfile.ZIP_DEFLATED
            apk.writestr(entry, source.randbytes(4 * MIB) if media else code[number * 1000:] + source.randbytes(MIB))


# In a process of its own: what a child has of memory begins with what its parent had when it was forked.
MEASURE = """
import os, sys, time
begun = time.monotonic()
null = os.open("/dev/null", os.O_RDWR)
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, null, one) for one in (0, 1)])
_, status, used = os.wait4(child, 0)
print(time.monotonic() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def timed(command):
    """(wall seconds, CPU seconds, peak KiB) of a command that must succeed."""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", MEASURE, shutil.which(command[0]), *command[1:]],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    return tuple(float(one) for one in done.stdout.split())


class VerifyFiguresTest(VerifyCase):
    def record(self, trace, path):
        """Has the delivery's records say that it is this file."""
        output = self.here(trace)
        shutil.copyfile(path, output)
        with open(output + ".trace.json", encoding="utf-8") as file:
            document = json.load(file)
        document["output"].update(size=os.path.getsize(path), sha256=sha256_of(path))
        with open(output + ".trace.json", "w", encoding="utf-8") as file:
            json.dump(document, file)
        with open(output + ".sha256", "w", encoding="utf-8") as file:
            file.write(f"{document['output']['sha256']}  {trace['protected_output']}\n")
        return output

    def test_looking_into_an_apk_of_200_mb_against_unzip(self):
        self.site.settings["provenance"] = "off"
        self.site.write_config()
        trace = self.deliver()
        peaks = {}
        for size in (20 * MIB, 200 * MIB):
            path = os.path.join(self.site.root, "large.apk")
            large_apk(path, size)
            output = self.record(trace, path)
            verify = [path_of("TEGODROP"), "verify", "--no-apksigner", output]
            ratios = {"wall": [], "CPU": []}
            for _ in range(ROUNDS):
                unzip = timed(["unzip", "-tq", output])
                ours = timed(verify)
                ratios["wall"].append(ours[0] / unzip[0])
                ratios["CPU"].append(ours[1] / unzip[1])
                peaks[size] = ours[2]
            told = ", ".join(f"{kind} {statistics.median(values):.2f}" for kind, values in ratios.items())
            print(f"{size // MIB} MiB, median of {ROUNDS} rounds: verify / unzip -t = {told}; peak {peaks[size]:.0f} KiB", flush=True)
        self.assertLessEqual(statistics.median(ratios["wall"]), 1.5)
        self.assertLess(peaks[200 * MIB] - peaks[20 * MIB], 4096, "memory grows with the file")

    def test_a_thousand_traces_at_once_against_reading_their_files(self):
        self.site.settings["provenance"] = "off"
        self.site.write_config()
        trace = self.deliver(source=workshop().apk(size=4 * MIB))
        with open(self.here(trace, ".trace.json"), encoding="utf-8") as file:
            document = json.load(file)
        for number in range(1000):
            name = f"app-{number}.apk"
            shutil.copyfile(self.here(trace), os.path.join(self.folder.output, name))
            with open(os.path.join(self.folder.output, name + ".trace.json"), "w", encoding="utf-8") as file:
                json.dump({**document, "protected_output": name}, file)
            with open(os.path.join(self.folder.output, name + ".sha256"), "w", encoding="utf-8") as file:
                file.write(f"{document['output']['sha256']}  {name}\n")
        read = ["sh", "-c", f"cat {self.folder.output}/*.apk > /dev/null"]
        sums = ["sh", "-c", f"cd {self.folder.output} && ls *.apk | xargs -P {os.cpu_count()} -n 20 sha256sum > /dev/null"]
        verify = [path_of("TEGODROP"), "verify", "--no-apksigner", self.folder.output]
        rows = {"cat": [], "sha256sum": [], "verify": []}
        for _ in range(ROUNDS):
            for name, command in (("cat", read), ("sha256sum", sums), ("verify", verify)):
                rows[name].append(timed(command))
        for name, row in rows.items():
            wall, cpu, peak = (statistics.median(values) for values in zip(*row))
            print(f"1001 traces of 4 MiB: {name:9} wall {wall:6.2f} s, CPU {cpu:6.2f} s, peak {int(peak)} KiB", flush=True)
        print(f"processors: {os.cpu_count()}", flush=True)
        # Every byte is read twice and inflated: no more than that on as many processors as there are.
        cpu, wall = (statistics.median(one[index] for one in rows["verify"]) for index in (1, 0))
        self.assertGreater(cpu / wall, 0.75 * min(os.cpu_count(), 4), "the processors are idle")


if __name__ == "__main__":
    runner.main()
