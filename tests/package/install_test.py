"""What dpkg does with the package, in a root of an ordinary user's: installed, kept, removed, purged. No systemd runs there."""

import os
import shutil
import unittest

from tests import runner
from tests.package.package import ENVIRONMENT, new_folder, path_of, read, run


class InstallTest(unittest.TestCase):
    def setUp(self):
        self.root = new_folder()
        os.makedirs(self.path("var/lib/dpkg/info"))
        os.makedirs(self.path("var/lib/dpkg/updates"))
        os.makedirs(self.path("etc"))
        for name in ("status", "available"):
            self.write(f"var/lib/dpkg/{name}", "")

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def write(self, path, text):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        with open(self.path(path), "w", encoding="utf-8") as file:
            file.write(text)

    def text(self, path):
        with open(self.path(path), encoding="utf-8") as file:
            return file.read()

    def dpkg(self, *arguments):
        done = run("dpkg", f"--root={self.root}", "--force-not-root", "--force-script-chrootless", "--force-depends", "--force-bad-path",
                   "--log=/dev/null", *arguments, env={**ENVIRONMENT, "HOME": self.root})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_scripts_are_shell(self):
        for script in ("postinst", "prerm", "postrm"):
            with self.subTest(script=script):
                self.assertTrue(read("DEBIAN", script).startswith("#!/bin/sh\n"))
                self.assertEqual(run("sh", "-n", "-", input=read("DEBIAN", script), stdin=None).stderr, "")

    def test_installed_without_a_running_systemd_it_has_its_user_and_is_not_enabled(self):
        said = self.dpkg("-i", path_of("DEB"))
        self.assertIn("systemctl enable --now tegodrop", said)
        self.assertRegex(self.text("etc/passwd"), r"(?m)^tegodrop:.*:/var/lib/tegodrop:/usr/sbin/nologin$")
        self.assertFalse(os.path.lexists(self.path("etc/systemd/system/multi-user.target.wants/tegodrop.service")))

    def test_the_config_it_comes_with_is_refused_until_it_is_edited(self):
        self.dpkg("-i", path_of("DEB"))
        config = self.path("etc/tegodrop/tegodrop.yaml")
        done = run(path_of("TEGODROP"), "--config", config, "check")
        self.assertEqual(done.returncode, 78)
        self.assertEqual(len([line for line in done.stderr.splitlines() if line.startswith(config + ":")]), 2, done.stderr)
        edited = self.text("etc/tegodrop/tegodrop.yaml").replace("tenant: CHANGE", "tenant: " + "0a" * 16).replace(": CHANGE", ": production")
        self.write("etc/tegodrop/tegodrop.yaml", edited)
        self.assertNotIn(config, run(path_of("TEGODROP"), "--config", config, "check").stderr)

    def test_an_upgrade_leaves_the_edited_config_alone_and_asks_nothing(self):
        self.dpkg("-i", path_of("DEB"))
        self.write("etc/tegodrop/tegodrop.yaml", "edited\n")
        self.dpkg("-i", path_of("DEB"))
        self.assertEqual(self.text("etc/tegodrop/tegodrop.yaml"), "edited\n")
        self.assertEqual(os.listdir(self.path("etc/tegodrop")), ["tegodrop.yaml"])

    def test_removed_it_leaves_config_token_and_ledger_and_purged_nothing(self):
        self.dpkg("-i", path_of("DEB"))
        self.write("etc/tegodrop/token", "KEY:SECRET\n")
        self.write("var/lib/tegodrop/ledger", "")
        self.write("srv/drop/production/.tegodrop/failed/app.apk", "")
        self.dpkg("-r", "tegodrop")
        self.assertFalse(os.path.exists(self.path("usr/bin/tegodrop")))
        for kept in ("etc/tegodrop/tegodrop.yaml", "etc/tegodrop/token", "var/lib/tegodrop/ledger"):
            self.assertTrue(os.path.exists(self.path(kept)), kept)
        self.dpkg("-P", "tegodrop")
        for gone in ("etc/tegodrop", "var/lib/tegodrop", "usr/share/doc/tegodrop"):
            self.assertFalse(os.path.exists(self.path(gone)), gone)
        self.assertTrue(os.path.exists(self.path("srv/drop/production/.tegodrop/failed/app.apk")))

    def tearDown(self):
        shutil.rmtree(self.root)


if __name__ == "__main__":
    runner.main()
