"""Looks for credentials and signed URLs wherever a site and its processes could show them."""

import base64
import os
import re

from tests.scenario.harness.case import ScenarioCase


class SecretsCase(ScenarioCase):
    def needles(self):
        """{what it is: bytes that may stand nowhere}. The signed URLs' parameters are read from an answer of the portal."""
        url = self.portal.upload_url("probe.apk", 1000)["url"]
        names = re.findall(r"[?&]([^=&]+)=", url)
        self.assertTrue(names, url)
        found = {f"the query of a signed URL ({name})": f"{name}=".encode() for name in names}
        found["the token's secret"] = self.portal.secret.encode()
        found["the token's key"] = self.portal.key.encode()
        found["the token as a header has it"] = base64.b64encode(self.portal.token.encode())
        return found

    def assert_clean(self, where, content, needles):
        for what, needle in needles.items():
            at = content.find(needle)
            self.assertEqual(at, -1, f"{where} has {what}: {content[max(at - 60, 0):at + 20]!r}")
            # UTF-16 and hexadecimal are readable too.
            self.assertNotIn(needle.decode().encode("utf-16-le"), content, f"{where} has {what} in UTF-16")
            self.assertNotIn(needle.hex().encode(), content.lower(), f"{where} has {what} in hexadecimal")

    def assert_no_file_has_them(self, needles):
        seen = 0
        for folder, _, names in os.walk(self.site.root):
            for name in names:
                path = os.path.join(folder, name)
                if path == self.site.token_file or not os.path.isfile(path):  # a socket has no bytes to read
                    continue
                self.assert_clean("the name " + path, os.fsencode(path), needles)
                with open(path, "rb") as file:
                    self.assert_clean(path, file.read(), needles)
                seen += 1
        self.assertGreater(seen, 5)

    def assert_no_process_shows_them(self, daemon, needles):
        for process in (daemon.pid, *children(daemon.pid)):
            for what in ("cmdline", "environ"):
                try:
                    with open(f"/proc/{process}/{what}", "rb") as file:
                        self.assert_clean(f"/proc/{process}/{what}", file.read(), needles)
                except PermissionError:
                    # The kernel shows it to nobody but root: the process asked for that.
                    self.assertEqual(what, "environ")
            with open(f"/proc/{process}/limits", encoding="ascii") as file:
                self.assertRegex(file.read(), r"Max core file size +0 +0 ", "no core dump, whatever the shell allows")


def children(pid):
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
            found += [int(one) for one in file.read().split()]
    return found
