"""A Samba server's own folder as the drop folder: people far away write into it with smbclient."""

import json
import os
import subprocess

from tests.scenario.harness import namespace
from tests.scenario.harness.mint import sha256
from tests.scenario.harness.samba_server import SambaServer
from tests.scenario.harness.wait import until
from tests.shares.harness.case import SharesCase


class SambaTest(SharesCase):
    # The server's own folder is a local one.
    folders = ("served",)

    def setUp(self):
        super().setUp()
        self.server = SambaServer(os.path.join(self.site.root, "samba"), self.folder.path, self.site.logs)
        self.addCleanup(self.server.close)
        self.sources = os.path.join(self.site.root, "sources")
        os.mkdir(self.sources)

    def source(self, number, size=100 << 10, finished=True):
        content = self.mint.make(number, size)
        path = os.path.join(self.sources, f"{number}.apk")
        with open(path, "wb") as file:
            file.write(content)
        if finished:
            self.dropped[self.folder.name].append(sha256(content))
        return path

    def begin(self, name, content):
        """A client that has put `content` and has not said yet that this is all."""
        client = subprocess.Popen(self.server.client(f"put - {name}"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        client.stdin.write(content)
        client.stdin.flush()
        until(lambda: os.path.getsize(os.path.join(self.folder.path, name)) > 0, "something of it is on the server")
        return client

    def test_what_is_put_and_what_is_renamed_is_built_once(self):
        daemon = self.site.start_and_watch()
        self.server.run(f"put {self.source(1)} one.apk")
        self.server.run(f"put {self.source(2, size=3 << 20)} two.apk.part; rename two.apk.part two.apk")
        self.wait_until_all_delivered(self.folder)
        self.stop_and_judge(daemon)

    def test_sidecars_go_first_and_the_receipt_is_read_from_far_away(self):
        daemon = self.site.start_and_watch()
        commit, about = "4" * 40, os.path.join(self.sources, "about")
        with open(about, "w", encoding="ascii") as file:
            json.dump({"commit_sha": commit, "submit_id": "night-17"}, file)
        self.server.run(f"put {about} app.apk.json; put {self.source(1)} app.apk")
        self.wait_until_all_delivered(self.folder)
        received = os.path.join(self.sources, "receipt")
        self.server.run(f"get .tegodrop\\receipts\\night-17.json {received}")
        with open(received, encoding="utf-8") as file:
            self.assertEqual(json.load(file)["state"], "delivered")
        self.assertEqual([one["commit_sha"] for one in self.folder.traces().values()], [commit])
        self.stop_and_judge(daemon)

    def test_a_put_that_takes_its_time_is_waited_for(self):
        daemon = self.site.start_and_watch()
        with open(self.source(1, size=400 << 10), "rb") as file:
            content = file.read()
        client = self.begin("slow.apk", content[:200 << 10])
        # What comes after it has been through everything.
        self.server.run(f"put {self.source(2)} quick.apk")
        until(lambda: len(self.folder.receipts()) == 1, "the quick one is delivered")
        self.assertEqual(self.folder.waiting_names(), ["slow.apk"])
        client.communicate(content[200 << 10:])
        self.assertEqual(client.returncode, 0)
        self.wait_until_all_delivered(self.folder)
        self.stop_and_judge(daemon)

    def test_a_put_that_died_is_left_alone_until_it_is_put_again(self):
        daemon = self.site.start_and_watch()
        with open(self.source(1, size=400 << 10), "rb") as file:
            client = self.begin("died.apk", file.read()[:200 << 10])
        client.kill()
        client.communicate()
        self.server.run(f"put {self.source(2)} other.apk")
        until(lambda: len(self.folder.receipts()) == 1, "the other one is delivered")
        self.assertEqual(self.folder.waiting_names(), ["died.apk"])
        self.server.run(f"put {os.path.join(self.sources, '1.apk')} died.apk")
        self.wait_until_all_delivered(self.folder)
        self.stop_and_judge(daemon)

    def test_the_same_name_again_while_the_first_is_in_flight(self):
        self.portal.set(hold_builds=True)
        daemon = self.site.start_and_watch()
        for number in (1, 2):
            self.server.run(f"put {self.source(number)} same.apk")
            until(lambda: self.folder.waiting_names() == [], "it is claimed")
        self.portal.set(hold_builds=False)
        self.wait_until_all_delivered(self.folder)
        self.stop_and_judge(daemon)


if __name__ == "__main__":
    namespace.main()
