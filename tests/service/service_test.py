"""The service in a real systemd, from its package: installed, started, used, reloaded, stopped, broken, upgraded, removed. Root."""

import json
import os
import shutil
import sqlite3
import time
import unittest

from tests import runner
from tests.artifacts.make_artifacts import Workshop
from tests.service.box import Box, PATIENCE

PORT = 8085
TOKEN = "KEY1:SECRET1"
TENANT = "0123456789abcdef0123456789abcdef"
CONFIG = """
portal:
  url: http://127.0.0.1:{port}/{path}
  tenant: {tenant}
folders:
  - name: production
    path: /srv/drop/production
    output: /srv/protected/production
    version: production
    settle: 200ms
polling: {{interval: 200ms}}
log: {{format: json}}
"""
# What the ledger's last schema added to the one before.
SCHEMA_3 = ("expected_signers", "warn_checks", "provenance", "package", "version_name", "version_code", "output_package",
            "output_version_name", "output_version_code", "signature_schemes")


class ServiceTest(unittest.TestCase):
    """One machine for all; each test begins with the package installed, well configured, and the service stopped."""

    @classmethod
    def setUpClass(cls):
        cls.box = Box()
        cls.addClassCleanup(cls.box.close)
        box = cls.box
        shutil.copy(os.environ["DEB"], box.path("/root/tegodrop.deb"))
        shutil.copy(os.environ["PORTAL"], box.path("/root/portal"))
        os.makedirs(box.path("/root/samples"))
        cls.sample = shutil.copy(Workshop(box.path("/root/samples")).apk(), box.path("/root/app.apk"))
        box.must("systemd-run", "--quiet", "--unit=portal", "/root/portal", "--port", str(PORT), "--token", TOKEN, "--tenant", TENANT,
                 "--set", "build_seconds=0.3", "--storage-dir", "/run", "--ready-file", "/run/portal.ready")
        ready = json.loads(box.until(lambda: box.run("cat", "/run/portal.ready").stdout, "the simulator listens"))
        cls.url_path = ready["http"].partition("/")[2].partition("/")[2].partition("/")[2]
        for group in ("builders", "release"):
            box.must("groupadd", group)
        cls.first_words = box.must("dpkg", "--install", "/root/tegodrop.deb")
        # Those who drop and those who collect have a group of their own each; the daemon is in neither.
        box.must("install", "-d", "-o", "tegodrop", "-g", "builders", "-m", "2770", "/srv/drop/production")
        box.must("install", "-d", "-o", "tegodrop", "-g", "release", "-m", "2750", "/srv/protected/production")
        # In a minute nobody waits for; and not below /etc, from where the check would have it too.
        cls.quick = "[Service]\nRestartSec=1s\n"

    def setUp(self):
        self.configure()
        self.write_token(TOKEN)
        self.box.must("mkdir", "-p", "/run/systemd/system/tegodrop.service.d")
        self.box.must("sh", "-c", f"printf '%s' '{self.quick}' > /run/systemd/system/tegodrop.service.d/quick.conf")
        self.box.must("systemctl", "daemon-reload")
        self.addCleanup(self.box.run, "systemctl", "stop", "tegodrop.service")
        self.addCleanup(self.box.run, "systemctl", "reset-failed")

    def configure(self, text=None):
        self.box.write("/etc/tegodrop/tegodrop.yaml", text or CONFIG.format(port=PORT, path=self.url_path, tenant=TENANT))

    def write_token(self, token):
        self.box.write("/etc/tegodrop/token", token + "\n", 0o600)

    def start(self):
        self.box.must("systemctl", "start", "tegodrop.service")
        self.box.until(lambda: self.box.run("test", "-e", "/run/tegodrop/control.sock").returncode == 0, "the daemon takes commands")

    def drop(self, name):
        self.box.must("sh", "-c", f"cp /root/app.apk /srv/drop/production/.{name}.part && chmod 666 /srv/drop/production/.{name}.part && "
                      f"mv /srv/drop/production/.{name}.part /srv/drop/production/{name}.apk")

    def delivered(self, name):
        return [one for one in self.box.run("ls", "/srv/protected/production").stdout.split()
                if one.startswith(name + "-protected-") and one.endswith(".trace.json")]

    def wait_for(self, name):
        return self.box.until(lambda: self.delivered(name), f"{name} is delivered")

    def failures_told(self):
        """How often OnFailure= was called so far."""
        return self.box.journal("-t", "tegodrop-failed").count("tegodrop.service failed: result")

    def wait_until_failed(self):
        self.box.until(lambda: self.box.show("tegodrop.service", "ActiveState") == "failed", "the service has failed")

    def main_pid(self):
        return int(self.box.show("tegodrop.service", "MainPID"))

    def test_01_the_package_starts_nothing_that_is_not_configured(self):
        self.assertIn("not started yet", self.first_words)
        self.assertEqual(self.box.show("tegodrop.service", "ActiveState"), "inactive")
        self.assertEqual(self.box.show("tegodrop.service", "UnitFileState"), "disabled")
        self.assertNotIn("tegodrop", self.box.must("systemctl", "--failed", "--plain"))

    def test_02_what_is_dropped_is_delivered_to_those_it_is_for(self):
        self.box.must("systemctl", "start", "tegodrop-check.service")
        self.start()
        self.drop("first")
        trace = self.wait_for("first")[0]
        self.assertEqual(self.box.must("stat", "-c", "%U:%G %a", f"/srv/protected/production/{trace}").strip(), "tegodrop:release 640")
        self.assertEqual(self.box.must("stat", "-c", "%U:%G %a", "/srv/drop/production/.tegodrop/receipts").strip(), "tegodrop:builders 2770")
        self.assertIn("delivered", self.box.must("tegodrop", "status"))
        self.box.must("setpriv", "--reuid=tegodrop", "--regid=tegodrop", "--clear-groups", "tegodrop", "status")

    def test_03_a_stop_is_clean_and_quick_and_the_next_start_goes_on(self):
        self.start()
        self.drop("stopped")
        self.box.must("systemctl", "stop", "tegodrop.service", seconds=10)
        self.assertEqual(self.box.show("tegodrop.service", "Result"), "success")
        self.assertEqual(self.box.show("tegodrop.service", "ActiveState"), "inactive")
        self.start()
        self.assertEqual(len(self.wait_for("stopped")), 1)

    def test_04_a_killed_daemon_is_started_again(self):
        self.start()
        before = self.main_pid()
        told = self.failures_told()
        self.box.must("systemctl", "kill", "--signal=KILL", "--kill-who=main", "tegodrop.service")
        self.box.until(lambda: self.main_pid() not in (0, before), "another daemon runs")
        self.drop("killed")
        self.wait_for("killed")
        self.assertEqual(self.failures_told(), told)

    def test_05_ten_crashes_in_a_row_end_nothing(self):
        self.start()
        for _ in range(10):
            before = self.box.until(self.main_pid, "a daemon runs")
            self.box.run("systemctl", "kill", "--signal=KILL", "--kill-who=main", "tegodrop.service")
            self.box.until(lambda before=before: self.main_pid() not in (0, before), "another daemon runs")
        self.drop("crashes")
        self.wait_for("crashes")

    def test_06_a_bad_config_ends_with_78_and_is_told_once(self):
        told = self.failures_told()
        self.configure("portal: {url: nonsense}\n")
        self.box.run("systemctl", "start", "tegodrop.service")
        self.wait_until_failed()
        self.assertEqual(self.box.show("tegodrop.service", "ExecMainStatus"), "78")
        self.box.until(lambda: self.failures_told() > told, "OnFailure= was called")
        self.box.until(lambda: self.box.show("tegodrop-failed@tegodrop.service", "ActiveState") == "inactive", "it has said all")
        self.assertEqual(self.box.show("tegodrop.service", "NRestarts"), "0")
        self.assertEqual(self.failures_told(), told + 1)
        self.assertIn("tegodrop.service failed: result 'exit-code', exited 78", self.box.journal("-t", "tegodrop-failed"))
        self.assertIn("/etc/tegodrop/tegodrop.yaml:1:", self.box.journal("-t", "tegodrop-failed"))

    def test_07_a_missing_token_is_named(self):
        os.unlink(self.box.path("/etc/tegodrop/token"))
        self.box.run("systemctl", "start", "tegodrop.service")
        self.wait_until_failed()
        self.assertEqual(self.box.show("tegodrop.service", "ExecMainStatus"), "78")
        said = self.box.journal("-u", "tegodrop.service", "-n", "20")
        self.assertIn("apptego-token is empty", said)
        self.assertIn("/etc/tegodrop/token", said)
        self.assertNotEqual(self.box.run("systemctl", "start", "tegodrop-check.service").returncode, 0)
        self.assertIn("apptego-token is empty", self.box.journal("-u", "tegodrop-check.service", "-n", "20"))

    def test_08_the_token_of_the_config_needs_no_credential(self):
        os.unlink(self.box.path("/etc/tegodrop/token"))
        self.box.must("sh", "-c", f"umask 077; echo {TOKEN} > /etc/tegodrop/own; chown tegodrop /etc/tegodrop/own")
        self.configure(CONFIG.format(port=PORT, path=self.url_path, tenant=TENANT + "\n  token_file: /etc/tegodrop/own"))
        self.start()
        self.drop("own")
        self.wait_for("own")

    def test_09_what_a_drop_in_changes_holds_for_the_check_too(self):
        self.box.must("mkdir", "-p", "/etc/systemd/system/tegodrop.service.d")
        self.addCleanup(self.box.run, "rm", "-r", "/etc/systemd/system/tegodrop.service.d")
        shutil.copy(self.box.path("/usr/share/doc/tegodrop/examples/shares.conf"), self.box.path("/etc/systemd/system/tegodrop.service.d/shares.conf"))
        self.box.must("systemctl", "daemon-reload")
        for unit in ("tegodrop.service", "tegodrop-check.service", "tegodrop-nightly.service"):
            self.assertEqual(self.box.show(unit, "SupplementaryGroups"), "builders")
        self.box.must("systemctl", "start", "tegodrop-check.service")

    def test_10_a_folder_outside_of_the_sandbox_is_found_by_the_check(self):
        self.box.must("install", "-d", "-o", "tegodrop", "/opt/drop")
        self.configure(CONFIG.format(port=PORT, path=self.url_path, tenant=TENANT).replace("/srv/drop/production", "/opt/drop"))
        self.assertNotEqual(self.box.run("systemctl", "start", "tegodrop-check.service").returncode, 0)
        self.assertIn("cannot write to /opt/drop: Read-only file system", self.box.journal("-u", "tegodrop-check.service", "-n", "20"))

    def test_11_the_nightly_run_leaves_the_daemon_alone_and_works_without_it(self):
        self.start()
        before = self.main_pid()
        self.box.must("systemctl", "start", "tegodrop-nightly.service")
        self.assertEqual(self.box.show("tegodrop-nightly.service", "ConditionResult"), "no")
        self.assertEqual(self.main_pid(), before)
        self.box.must("systemctl", "stop", "tegodrop.service")
        self.drop("nightly")
        self.box.must("systemctl", "start", "tegodrop-nightly.service")
        self.assertEqual(len(self.delivered("nightly")), 1)

    def test_12_an_instance_has_config_token_and_state_of_its_own(self):
        self.box.write("/etc/tegodrop/acme.token", TOKEN + "\n", 0o600)
        self.box.must("install", "-d", "-o", "tegodrop", "/srv/drop/acme", "/srv/protected/acme")
        text = CONFIG.format(port=PORT, path=self.url_path, tenant=TENANT).replace("/production", "/acme")
        self.box.write("/etc/tegodrop/acme.yaml", text + "state_dir: /var/lib/tegodrop/acme\n")
        self.box.must("mkdir", "-p", "/run/systemd/system/tegodrop@.service.d")
        self.box.must("sh", "-c", f"printf '%s' '{self.quick}' > /run/systemd/system/tegodrop@.service.d/quick.conf")
        self.box.must("systemctl", "daemon-reload")
        self.start()
        self.box.must("systemctl", "start", "tegodrop@acme.service")
        self.addCleanup(self.box.run, "systemctl", "stop", "tegodrop@acme.service")
        self.box.must("cp", "/root/app.apk", "/srv/drop/acme/tenant.apk")
        self.box.until(lambda: "trace.json" in self.box.run("ls", "/srv/protected/acme").stdout, "the instance has delivered")
        self.box.must("systemctl", "stop", "tegodrop.service")
        self.assertEqual(self.box.show("tegodrop@acme.service", "ActiveState"), "active")
        self.assertEqual(self.box.run("test", "-e", "/run/tegodrop-acme/control.sock").returncode, 0)

    def test_13_a_reload_takes_a_new_folder_and_a_bad_config_is_refused(self):
        self.start()
        before = self.main_pid()
        self.box.must("install", "-d", "-o", "tegodrop", "/srv/drop/more", "/srv/protected/more")
        text = CONFIG.format(port=PORT, path=self.url_path, tenant=TENANT)
        more = "  - {name: more, path: /srv/drop/more, output: /srv/protected/more, version: staging}\n"
        self.configure(text.replace("polling:", more + "polling:"))
        self.box.must("systemctl", "reload", "tegodrop.service")
        self.box.until(lambda: '"more"' in self.box.run("tegodrop", "status", "--json").stdout, "the folder is there")
        self.configure("portal: {url: nonsense}\n")
        self.assertNotEqual(self.box.run("systemctl", "reload", "tegodrop.service").returncode, 0)
        self.configure()
        self.assertEqual(self.main_pid(), before)
        self.assertEqual(self.box.show("tegodrop.service", "ActiveState"), "active")

    def test_14_a_daemon_that_stands_still_is_started_again_by_the_watchdog(self):
        self.box.must("sh", "-c", "printf 'WatchdogSec=2s\\n' >> /run/systemd/system/tegodrop.service.d/quick.conf")
        self.box.must("systemctl", "daemon-reload")
        self.start()
        self.assertIn("folder", self.box.show("tegodrop.service", "StatusText"))
        before = self.main_pid()
        self.box.must("systemctl", "kill", "--signal=STOP", "--kill-who=main", "tegodrop.service")
        self.box.until(lambda: self.main_pid() not in (0, before), "another daemon runs")
        self.assertIn("watchdog", self.box.journal("-u", "tegodrop.service", "-n", "40").lower())

    def test_15_a_share_that_hangs_does_not_hold_up_the_stop_and_is_named(self):
        self.box.must("install", "-d", "-o", "tegodrop", "/srv/far-side", "/srv/drop/far", "/srv/protected/far")
        # sshfs with its server at the other end of a pipe.
        self.box.write("/root/no-ssh", "#!/bin/sh\nexec /usr/lib/openssh/sftp-server\n", 0o755)
        self.box.must("sshfs", "-o", "ssh_command=/root/no-ssh,allow_other", "far:/srv/far-side", "/srv/drop/far")
        self.addCleanup(self.box.run, "umount", "-l", "/srv/drop/far")
        self.addCleanup(self.box.run, "pkill", "-CONT", "-x", "sftp-server")
        self.configure(CONFIG.format(port=PORT, path=self.url_path, tenant=TENANT).replace("/production", "/far"))
        self.start()
        self.box.until(lambda: " ok " in self.box.run("tegodrop", "status").stdout, "the share is open", 60)
        self.box.must("pkill", "-STOP", "-x", "sftp-server")
        self.box.until(lambda: " stalled " in self.box.run("tegodrop", "status").stdout, "the share is known to hang", 90)
        told = self.failures_told()
        begun = time.monotonic()
        self.box.run("systemctl", "stop", "tegodrop.service")
        self.assertLess(time.monotonic() - begun, 10 * PATIENCE + 1)
        self.assertEqual(self.box.show("tegodrop.service", "Result"), "timeout")
        self.box.until(lambda: self.failures_told() > told, "OnFailure= was called")
        self.box.until(lambda: "stalled   /srv/drop/far" in self.box.journal("-t", "tegodrop-failed"), "it names the share")

    def test_22_the_journal_has_a_jobs_whole_life_by_its_id(self):
        self.configure(CONFIG.format(port=PORT, path=self.url_path, tenant=TENANT).replace("log: {format: json}\n", ""))
        self.start()
        self.drop("told")
        self.wait_for("told")
        job = next(one["id"] for one in json.loads(self.box.must("tegodrop", "status", "--json"))["jobs"] if one["file_name"] == "told.apk")
        lines = [json.loads(one) for one in self.box.until(
            lambda: self.box.journal("-o", "json", f"TEGODROP_JOB={job}", "-u", "tegodrop.service"), "the journal has them").splitlines()]
        print(f"journalctl -o json TEGODROP_JOB={job}:")
        for line in lines:
            print({name: line.get(name) for name in ("MESSAGE", "MESSAGE_ID", "PRIORITY", "TEGODROP_EVENT", "TEGODROP_FOLDER",
                                                     "TEGODROP_FILE", "TEGODROP_STATE", "TEGODROP_SHA256")})
        self.assertGreaterEqual(len(lines), 3)
        self.assertTrue(all(len(line["MESSAGE_ID"]) == 32 for line in lines))
        states = [line["TEGODROP_STATE"] for line in lines if "TEGODROP_STATE" in line]
        self.assertEqual((states[-1], sorted(set(states), key=states.index)), ("delivered", states), "each state is told once")
        digest = self.box.must("sha256sum", self.box.must("find", "/srv/drop/production", "-name", "told.apk").strip()).split()[0]
        self.assertEqual({line["TEGODROP_SHA256"] for line in lines if "TEGODROP_STATE" in line}, {digest})

    def test_23_64_mib_are_enough_for_two_uploads_of_2_gib_at_once(self):
        self.box.must("sh", "-c", "printf 'MemoryMax=64M\\nMemorySwapMax=0\\n' >> /run/systemd/system/tegodrop.service.d/quick.conf")
        self.box.must("systemctl", "daemon-reload")
        os.makedirs(self.box.path("/root/large"))
        workshop = Workshop(self.box.path("/root/large"))
        for number in (1, 2):
            source = workshop.apk(size=(2 << 30) - (1 << 20), version_code=100 + number)
            os.chmod(source, 0o666)
            os.rename(source, self.box.path(f"/root/large-{number}.apk"))
        self.start()
        before = self.main_pid()
        for number in (1, 2):
            self.box.must("mv", f"/root/large-{number}.apk", f"/srv/drop/production/large-{number}.apk")
        self.box.until(lambda: len(self.delivered("large-1") + self.delivered("large-2")) == 2, "both are delivered", 900)
        self.assertEqual((self.main_pid(), self.box.show("tegodrop.service", "NRestarts")), (before, "0"))
        self.assertEqual(self.box.show("tegodrop.service", "MemoryMax"), str(64 << 20))
        status = self.box.must("cat", f"/proc/{before}/status").splitlines()
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
        self.assertLess(peak, 64 << 10)
        print(f"two uploads of 2 GiB at once under MemoryMax=64M: peak resident {peak / 1024:.1f} MiB")

    def test_16_an_upgrade_restarts_the_daemon_and_its_job_goes_on(self):
        self.start()
        before = self.main_pid()
        self.drop("upgraded")
        self.box.must("dpkg", "--install", "/root/tegodrop.deb")
        self.assertNotIn(self.main_pid(), (0, before))
        self.assertEqual(len(self.wait_for("upgraded")), 1)

    def test_17_an_upgrade_leaves_a_daemon_running_whose_config_it_would_refuse(self):
        self.start()
        before = self.main_pid()
        self.configure("portal: {url: nonsense}\n")
        self.assertIn("goes on as the version from before", self.box.must("dpkg", "--install", "/root/tegodrop.deb"))
        self.assertEqual(self.main_pid(), before)

    def test_18_removed_it_is_stopped_and_installed_again_it_starts_by_itself(self):
        self.start()
        self.box.must("dpkg", "--remove", "tegodrop")
        self.assertEqual(self.box.run("pgrep", "-x", "tegodrop").stdout, "")
        self.box.must("dpkg", "--install", "/root/tegodrop.deb")
        self.assertEqual(self.box.show("tegodrop.service", "ActiveState"), "active")
        self.assertEqual(self.box.show("tegodrop.service", "UnitFileState"), "enabled")

    def install_anew(self, token=True):
        """As on a machine that never had it, with a config that is good; what was said."""
        self.box.must("dpkg", "--purge", "tegodrop")
        self.assertNotEqual(self.box.run("test", "-e", "/etc/tegodrop").returncode, 0)
        self.assertEqual(self.box.run("sh", "-c", "ls -R /etc/systemd/system | grep tegodrop").stdout, "")
        self.box.must("mkdir", "/etc/tegodrop")
        self.configure()
        if token:
            self.write_token(TOKEN)
        return self.box.must("dpkg", "--force-confold", "--install", "/root/tegodrop.deb")

    def test_19_it_is_started_only_once_the_check_passes(self):
        self.assertIn("not started yet", self.install_anew(token=False))
        self.assertEqual(self.box.show("tegodrop.service", "ActiveState"), "inactive")
        self.assertEqual(self.box.show("tegodrop.service", "UnitFileState"), "disabled")
        self.assertEqual(self.box.show("tegodrop-check.service", "ActiveState"), "inactive")
        told = self.install_anew()
        self.assertNotIn("not started", told)
        self.assertEqual(self.box.show("tegodrop.service", "ActiveState"), "active")
        self.assertEqual(self.box.show("tegodrop.service", "UnitFileState"), "enabled")

    def test_20_one_that_is_masked_stays_so(self):
        self.box.must("systemctl", "mask", "tegodrop.service")
        self.addCleanup(self.box.run, "systemctl", "unmask", "tegodrop.service")
        self.box.must("dpkg", "--remove", "tegodrop")
        self.box.must("dpkg", "--install", "/root/tegodrop.deb")
        self.assertEqual(self.box.show("tegodrop.service", "ActiveState"), "inactive")
        self.assertIn("install ok installed", self.box.must("dpkg-query", "-W", "-f", "${Status}", "tegodrop"))

    def test_21_an_upgrade_restarts_a_daemon_whose_ledger_is_of_the_version_before(self):
        self.start()
        before = self.main_pid()
        # Until the new version starts it cannot read that ledger, which says nothing of the config.
        ledger = sqlite3.connect(self.box.path("/var/lib/tegodrop/ledger.sqlite"))
        dropped = "; ".join(f"ALTER TABLE jobs DROP COLUMN {name}" for name in SCHEMA_3)
        ledger.executescript(f"BEGIN; {dropped}; PRAGMA user_version = 2; COMMIT")
        ledger.close()
        self.assertEqual(self.box.run("tegodrop", "status").returncode, 78)
        said = self.box.must("dpkg", "--install", "/root/tegodrop.deb")
        self.assertNotIn("goes on as the version from before", said)
        self.assertNotIn(self.main_pid(), (0, before))
        self.box.must("tegodrop", "status")


if __name__ == "__main__":
    runner.main()
