"""Two daemons on two mounts of one share: every artifact has one of them, also when they are killed at random and come back.

The seed is printed; $HOSTS_SEED chooses another night, $DROPS how many artifacts come.
"""

import concurrent.futures
import os
import random
import threading

from tests.scenario.harness import namespace
from tests.scenario.harness.ssh_server import SshServer
from tests.scenario.harness.wait import PATIENCE
from tests.shares.harness.hosts import TwoHostsCase
from tests.shares.harness.mounts import SshfsMount

COUNT = int(os.environ.get("DROPS", "40"))
SEED = int(os.environ.get("HOSTS_SEED", "1"))

_pause = threading.Event()


class KilledHostsTest(TwoHostsCase):
    """On sshfs, by two mounts of one server."""

    switches = {"build_seconds": 0.2, "concurrent_builds": 100}

    def prepare(self):
        self.server = SshServer(os.path.join(self.site.root, "ssh"), self.site.logs)
        self.addCleanup(self.server.close)
        self.chance = random.Random(SEED)

    def mount(self, name, path, far):
        return SshfsMount(name, path, far, self.site.logs, self.server, "dir_cache=no")

    def write(self, kinds):
        """All of them, one after the other."""
        pauses = random.Random(SEED + 1)
        for number in range(1, COUNT + 1):
            self.tell(number, pauses.choice(kinds), size=pauses.choice((1 << 10, 20 << 10, 300 << 10)))
            _pause.wait(pauses.uniform(0, 0.4))

    def kill_and_start_again(self):
        """One of them, at a random moment of its work; it stays away for a moment, and the other one goes on."""
        host = self.chance.choice(self.hosts)
        _pause.wait(self.chance.uniform(0.2, 3) * PATIENCE)
        self.assertIsNone(host.daemon.code, host.daemon.stderr()[-1000:])
        host.kill()
        _pause.wait(self.chance.uniform(0, 3) * PATIENCE)
        host.start()

    def play(self, kinds=((),)):
        self.start_both()
        kills = 0
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            writing = pool.submit(self.write, kinds)
            while not writing.done():
                self.kill_and_start_again()
                kills += 1
            writing.result()
        # What was in flight when the last one came is in a ledger, and one more dies of it.
        self.kill_and_start_again()
        self.wait_until_all_told_are_delivered(seconds=240 + COUNT / 5)
        taken = [len(host.traces()) for host in self.hosts]
        print(f"\ntwo hosts on one share, seed | artifacts | kills | delivered by the first | by the second\n"
              f"{'with sidecars' if any(kinds) else 'without sidecars'}, {SEED} | {COUNT} | {kills + 1} | {taken[0]} | {taken[1]}")
        self.assertGreaterEqual(kills, 2)
        self.assertGreater(min(taken), 0, "one of them has done nothing: this proves nothing about two")
        self.stop_and_judge_both()

    def test_each_artifact_is_built_once(self):
        self.play()


if __name__ == "__main__":
    namespace.main()
