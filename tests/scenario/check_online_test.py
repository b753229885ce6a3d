"""check --online: what the portal says of us before anything is dropped, each trouble with its remedy."""

import email.utils
import json
import socket
import time

from tests import runner
from tests.scenario.harness.case import ScenarioCase


class CheckOnlineTest(ScenarioCase):
    def test_0_when_the_portal_accepts_token_and_tenant(self):
        done = self.site.run("check", "--online")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("portal accepts", done.stdout)
        self.assert_counts(objects_received=0, builds_queued=0)

    def test_1_when_no_protection_is_enabled(self):
        self.portal.set(controls_enabled=False)
        self.assertEqual(self.site.run("check", "--online").returncode, 1)

    def test_77_when_the_token_is_refused_and_it_is_not_shown(self):
        self.site.write_private(self.site.token_file, "wrong:secret-of-nobody\n")
        done = self.site.run("check", "--online")
        self.assertEqual(done.returncode, 77, done.stderr)
        self.assertIn("Builds permission", done.stderr)
        self.assertNotIn("secret-of-nobody", done.stdout + done.stderr)

    def test_77_when_the_permission_is_missing(self):
        self.portal.set(builds_permission=False)
        self.assertEqual(self.site.run("check", "--online").returncode, 77)

    def test_78_when_the_token_belongs_to_another_tenant(self):
        self.site.settings["portal"]["tenant"] = "0" * 32
        self.site.write_config()
        done = self.site.run("check", "--online", "--json")
        self.assertEqual(done.returncode, 78, done.stderr)
        [fault] = json.loads(done.stdout)["faults"]
        self.assertIn(self.portal.tenant, fault["message"])

    def test_69_when_the_portal_is_down(self):
        self.portal.set(portal_down=True)
        done = self.site.run("check", "--online")
        self.assertEqual(done.returncode, 69, done.stderr)

    def test_what_is_well_is_told(self):
        said = self.site.run("check", "--online").stdout
        for fact in ("Rehearsal, plan ", "it takes builds of production", "the store for uploads and downloads is reached: http://127.0.0.1:",
                     "this machine's clock is as the portal's"):
            self.assertIn(fact, said)
        document = json.loads(self.site.run("check", "--online", "--json").stdout)
        self.assertEqual(len(document["portal"]), 4)
        print(said)

    def test_the_store_is_connected_to_and_asked_for_nothing(self):
        self.site.run("check", "--online")
        self.assertEqual(sorted({one["endpoint"] for one in self.portal.requests()}), ["list", "tenants", "upload_request"])

    def grant(self, url):
        """An answer to a request for an upload URL."""
        return json.dumps({"url": url, "file_path": "t/uploads/x", "start_time": 1700000000, "expires_in": 3600, "signing_key_id": None})

    def test_69_when_the_store_cannot_be_reached(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            there = f"http://127.0.0.1:{nobody.getsockname()[1]}/storage/x?signature=not-to-be-shown"
            self.portal.fault("upload_request", {"status": 200, "body": self.grant(there)})
            done = self.site.run("check", "--online")
        self.assertEqual(done.returncode, 69, done.stderr)
        self.assertIn("firewall", done.stderr)
        self.assertNotIn("not-to-be-shown", done.stdout + done.stderr)

    def test_a_clock_that_is_wrong_is_a_warning(self):
        hour_ago = email.utils.formatdate(time.time() - 3600, usegmt=True)
        self.portal.fault("upload_request", {"status": 200, "headers": {"Date": hour_ago}, "body": self.grant(self.portal.url)})
        done = self.site.run("check", "--online")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("warning: clock", done.stderr)


class KeysTest(ScenarioCase):
    """What the config says of signing against what the portal has."""

    def check(self, code, words, **folder):
        self.site.settings["folders"][0].update(folder)
        self.site.write_config()
        done = self.site.run("check", "--online")
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(words, done.stdout + done.stderr)
        print(f"{code} | {folder} | {words}")
        return done

    def test_a_key_that_is_there_is_told_with_its_platform(self):
        self.portal.set(signing_keys="key-1:android:Mine;key-2:ios:Other")
        done = self.check(0, "the signing key key-1 is there, for android: an .ipa that asks for it would be refused",
                          signing_key="key-1", allow_keys=["key-1", "key-2"])
        self.assertEqual(done.stdout.count("key-1 is there"), 1)
        self.assertIn("the signing key key-2 is there, for ios", done.stdout)

    def test_1_for_a_key_that_is_not(self):
        self.portal.set(signing_keys="key-1:android:Mine")
        self.check(1, "the portal has no signing key key-2; 'tegodrop keys list'", allow_keys=["key-2"])
        self.check(1, "the portal has no signing key key-3", signing_key="key-3", allow_keys=[])

    def test_1_where_the_plan_signs_nothing(self):
        self.portal.set(plan="FREE")
        self.check(1, "the tenant's plan is FREE", signing_key="key-1")

    def test_a_default_key_that_is_missing_is_a_warning_where_a_signature_is_required(self):
        self.portal.set(signing_keys="key-1:android:Mine", default_signing_key="key-1")
        done = self.check(0, "no default signing key for ios", require_signed=True)
        self.assertNotIn("no default signing key for android", done.stderr)
        self.check(0, "it takes builds", require_signed="auto")

    def test_keys_are_checked_also_where_a_version_is_refused(self):
        self.portal.set(controls_enabled=False)
        self.check(1, "the portal has no signing key key-2", signing_key="key-2")


if __name__ == "__main__":
    runner.main()
