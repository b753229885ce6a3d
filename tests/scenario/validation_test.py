"""What the portal returns in place of a protected build is not delivered, and the record says which check found it out."""

import os
import re
import subprocess
import warnings
import zipfile

from tests import runner
from tests.scenario.harness.site import sha256_of
from tests.scenario.refusals_test import RefusalCase

KEY = {"android": "key-uuid-1234", "ios": "key-uuid-5678"}
# As the README has them.
CHECKS = ["length", "differs", "zip_structure", "zip_entries", "kind", "signing_block", "signature", "provisioning", "package",
          "version", "signer"]
NAMES = {"apk": "app.apk", "aab": "app.aab", "ipa": "App.ipa"}
OTHER_SIGNER = "1e08a903aef9c3a721510b64ec764d01d3d094eb954161b62544ea8f187b5953"


def signer_of(apk):
    """The SHA-256 of the certificate, as apksigner shows it."""
    done = subprocess.run(["apksigner", "verify", "--print-certs", apk], capture_output=True, text=True, check=True)
    return re.search(r"^Signer #1 certificate SHA-256 digest: ([0-9a-f]{64})$", done.stdout, re.MULTILINE)[1]


def certificate_of(pem):
    """The same of a certificate's file, as openssl shows it: upper-case, with colons."""
    done = subprocess.run(["openssl", "x509", "-in", pem, "-noout", "-fingerprint", "-sha256"], capture_output=True, text=True, check=True)
    return done.stdout.strip().partition("=")[2]


class ValidationCase(RefusalCase):
    def setUp(self):
        super().setUp()
        self.sources = {"apk": self.artifacts.apk(), "aab": self.artifacts.aab(), "ipa": self.artifacts.ipa()}

    def protected(self, kind="apk", **about):
        """An artifact that could be a protected one: the source's app with other bytes."""
        make = {"apk": self.artifacts.apk, "aab": self.artifacts.aab, "ipa": self.artifacts.ipa}[kind]
        return make(**{"marker": "protected", **about})

    def protected_bytes(self, **about):
        with open(self.protected(**about), "rb") as file:
            return bytearray(file.read())

    def give(self, output, kind="apk"):
        """Drops a source whose build has `output` (a path or bytes) for its output; (the daemon, where the output lies)."""
        if not isinstance(output, str):
            output = self.scratch("output", bytes(output))
        self.portal.give_output(output)
        daemon = self.site.start()
        self.folder.drop(self.sources[kind], NAMES[kind])
        return daemon, output

    def output_room(self, room):
        try:
            return os.listdir(os.path.join(self.folder.output, self.folder.rooms, room))
        except FileNotFoundError:
            return []

    def assert_fails(self, check, output, kind="apk", said="", also=()):
        """The build with this output fails by this check (and `also` by others), and nothing of it is delivered; its record."""
        daemon, output = self.give(output, kind)
        source = self.sources[kind]
        record = self.assert_refused({"validation_failed"}, source, NAMES[kind])
        checks = {one["id"]: one for one in record["validation"]["checks"]}
        self.assertEqual(list(checks), CHECKS)
        self.assertEqual([name for name, one in checks.items() if one["result"] == "fail"], [check, *also], checks)
        self.assertEqual(record["validation"]["result"], "fail")
        self.assertIn(f"'{check}'", record["failure"]["message"])
        self.assertIn(checks[check]["detail"], record["failure"]["message"])
        self.assertIn(said, checks[check]["detail"])
        self.assertIn("quarantine", record["failure"]["remedy"])
        self.assertEqual((record["output"]["sha256"], record["output"]["size"]), (sha256_of(output), os.path.getsize(output)))
        self.assertEqual(self.folder.delivered_names(), [f"{NAMES[kind]}.{record['job']}.failed.json"])
        [kept] = self.output_room("quarantine")
        self.assertIn(record["job"], kept)
        self.assertEqual(sha256_of(os.path.join(self.folder.output, self.folder.rooms, "quarantine", kept)), sha256_of(output))
        self.assertEqual(self.output_room("staging"), [])
        # A download may have been damaged on its way; a build is never asked for again.
        self.assert_counts(objects_received=1, builds_queued=1, downloads_completed=4)
        self.stop(daemon)
        return record

    def assert_delivered(self, output, kind="apk"):
        """The build with this output is delivered; (its trace, its checks by id)."""
        daemon, _ = self.give(output, kind)
        self.folder.wait_for_receipt()
        trace = self.assert_one_delivery()
        checks = {one["id"]: one for one in trace["validation"]["checks"]}
        self.assertEqual(list(checks), CHECKS)
        self.assertEqual(self.output_room("quarantine"), [])
        warned = [one for one in self.site.log_events(daemon) if one["event"] == "delivery.check_warned"]
        self.assertEqual(len(warned), len([one for one in checks.values() if one["result"] == "warn"]))
        self.warned = [one["message"] for one in warned]
        self.assertTrue(all(one["level"] == "warning" and one["job"] == trace["job"] for one in warned), warned)
        self.stop(daemon)
        return trace, checks


class ArchiveTest(ValidationCase):
    def appended(self, name, content, **about):
        """A protected APK with one entry more, as no build tool would add it."""
        path = self.scratch("appended.apk", bytes(self.protected_bytes(**about)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a name that is there already
            with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
                archive.writestr(name, content)
        return path

    def with_flipped_byte(self, entry, **about):
        """A protected APK in which a byte of this entry's data, as it is stored, is another one."""
        content = self.protected_bytes(**about)
        with zipfile.ZipFile(self.protected(**about)) as archive:
            about_entry = archive.getinfo(entry)
        at = about_entry.header_offset
        lengths = int.from_bytes(content[at + 26:at + 28], "little") + int.from_bytes(content[at + 28:at + 30], "little")
        self.assertGreater(about_entry.compress_size, 8)
        content[at + 30 + lengths + about_entry.compress_size // 2] ^= 0x10
        return content

    def test_a_whole_output_of_another_hand_is_delivered(self):
        """So that what fails below fails for its fault alone."""
        trace, checks = self.assert_delivered(self.protected())
        self.assertEqual(trace["validation"]["result"], "pass")
        self.assertEqual({name for name, one in checks.items() if one["result"] == "pass"},
                         {"length", "differs", "zip_structure", "zip_entries", "kind", "package", "version"})

    def test_the_source_itself(self):
        self.assert_fails("differs", self.sources["apk"])

    def test_a_zip_without_its_end(self):
        self.assert_fails("zip_structure", self.protected_bytes(size=100_000)[:-30])

    def test_half_a_zip(self):
        self.assert_fails("zip_structure", self.protected_bytes(size=100_000)[:50_000])

    def test_a_page_in_place_of_the_file(self):
        self.assert_fails("zip_structure", b"<html>Please sign in</html>" * 100)

    def test_a_flipped_byte_in_a_stored_entry(self):
        self.assert_fails("zip_entries", self.with_flipped_byte("assets/padding.bin", size=100_000), said="assets/padding.bin")

    def test_a_flipped_byte_in_a_compressed_entry(self):
        self.assert_fails("zip_entries", self.with_flipped_byte("classes.dex", marker="".join(map(str, range(5000)))),
                          said="classes.dex")

    def test_a_name_that_is_there_twice(self):
        self.assert_fails("zip_entries", self.appended("classes.dex", b"other code"), said="same name")

    def test_a_name_that_leads_upward(self):
        self.assert_fails("zip_entries", self.appended("../x", b"somewhere else"), said="../x")

    def test_a_name_that_leads_upward_in_the_middle(self):
        self.assert_fails("zip_entries", self.appended("assets/../../../etc/x", b"somewhere else"), said="..")

    def test_an_absolute_name(self):
        # zipfile takes the slash away.
        content = open(self.appended("_etc/x", b"somewhere else"), "rb").read()
        self.assertEqual(content.count(b"_etc/x"), 2)
        self.assert_fails("zip_entries", content.replace(b"_etc/x", b"/etc/x"), said="/etc/x")

    def test_a_bomb(self):
        self.assert_fails("zip_entries", self.appended("assets/zeros", bytes(64 << 20)), said="assets/zeros")

    def test_an_ipa_in_place_of_an_apk(self):
        self.assert_fails("kind", self.protected("ipa"))

    def test_an_apk_in_place_of_an_app_bundle(self):
        self.assert_fails("kind", self.protected(), "aab")

    def test_a_signing_block_of_the_wrong_size(self):
        content = self.protected_bytes(signed=True, schemes="v1+v2")
        magic = content.index(b"APK Sig Block 42")
        content[magic - 8] ^= 1  # the size that stands at its end
        self.assert_fails("signing_block", content)


class IdentityTest(ValidationCase):
    def test_another_app(self):
        self.assert_fails("package", self.protected(package="com.example.other"), said="com.example.other")

    def test_another_version_name(self):
        self.assert_fails("version", self.protected(version_name="1.1"), said="1.1")

    def test_another_version_code(self):
        self.assert_fails("version", self.protected(version_code=2), said="2")

    def test_another_app_bundle(self):
        self.assert_fails("package", self.protected("aab", package="com.example.other"), "aab", said="com.example.other")

    def test_another_version_of_an_app_bundle(self):
        self.assert_fails("version", self.protected("aab", version_code=7), "aab", said="7")

    def test_another_ios_app(self):
        self.assert_fails("package", self.protected("ipa", package="com.example.other"), "ipa", said="com.example.other")

    def test_another_build_of_an_ios_app(self):
        self.assert_fails("version", self.protected("ipa", version_code="1.0.1"), "ipa", said="1.0.1")

    def test_a_manifest_that_cannot_be_read(self):
        output = self.protected("ipa", extra={"Payload/Demo.app/Info.plist": b"bplist00 no more"})
        record = self.assert_fails("package", output, "ipa", said="cannot be read", also=["version"])
        self.assertEqual((record["output"]["package"], record["output"]["version_name"], record["output"]["version_code"]), (None, None, None))


class SignatureTest(ValidationCase):
    """The history says signed, because the folder names a key."""

    def test_an_unsigned_apk(self):
        self.site.configure(signing_key=KEY["android"])
        record = self.assert_fails("signature", self.protected(), said="signed")
        self.assertTrue(record["build"]["signed"])
        self.assertEqual(record["output"]["signature_schemes"], [])

    def test_an_unsigned_app_bundle(self):
        self.site.configure(signing_key=KEY["android"])
        self.assert_fails("signature", self.protected("aab"), "aab")

    def test_an_unsigned_ipa(self):
        self.site.configure(signing_key=KEY["ios"])
        self.assert_fails("signature", self.protected("ipa"), "ipa")

    def test_signed_ones_are_delivered(self):
        self.site.configure(signing_key=KEY["android"])
        trace, checks = self.assert_delivered(self.protected(signed=True, schemes="v1+v2"))
        self.assertEqual((checks["signature"]["result"], trace["output"]["signature_schemes"]), ("pass", ["v1", "v2"]))


class SignerTest(ValidationCase):
    """What the folder's expect_signer_sha256 wants, and who signed."""

    def test_another_certificate(self):
        output = self.protected(signed=True, signer="somebody")
        expected = signer_of(self.protected(signed=True))
        self.site.configure(expect_signer_sha256=expected)
        self.assertNotEqual(signer_of(output), expected)
        record = self.assert_fails("signer", output, said=signer_of(output))
        self.assertIn(expected, record["failure"]["message"])

    def test_no_signature_at_all(self):
        self.site.configure(expect_signer_sha256=OTHER_SIGNER)
        self.assert_fails("signer", self.protected())

    def test_another_certificate_of_an_app_bundle(self):
        self.site.configure(expect_signer_sha256=OTHER_SIGNER)
        self.assert_fails("signer", self.protected("aab", signed=True), "aab")

    def test_another_certificate_of_an_ipa(self):
        self.site.configure(expect_signer_sha256=OTHER_SIGNER)
        self.assert_fails("signer", self.protected("ipa", signed=True), "ipa")

    def test_an_ipa_whose_executable_names_no_certificate(self):
        self.site.configure(expect_signer_sha256=OTHER_SIGNER)
        output = self.protected("ipa", extra={"Payload/Demo.app/_CodeSignature/CodeResources": b"<plist/>"})
        self.assert_fails("signer", output, "ipa")

    def passes(self, expected, output, kind="apk"):
        self.site.configure(expect_signer_sha256=expected)
        trace, checks = self.assert_delivered(output, kind)
        self.assertEqual(checks["signer"]["result"], "pass", checks["signer"])
        self.assertEqual(trace["validation"]["result"], "pass")

    def test_the_right_certificate_of_scheme_v1(self):
        self.passes(self.fingerprint(), self.protected(signed=True, schemes="v1"))

    def test_the_right_certificate_of_scheme_v2(self):
        self.passes(self.fingerprint(), self.protected(signed=True, schemes="v2"))

    def test_the_right_certificate_of_scheme_v3(self):
        self.passes(self.fingerprint(), self.protected(signed=True, schemes="v3"))

    def test_the_right_certificate_of_all_schemes(self):
        self.passes(self.fingerprint(), self.protected(signed=True, schemes="v1+v2+v3"))

    def fingerprint(self, signer="testing"):
        return certificate_of(self.artifacts.certificate(signer)).replace(":", "").lower()

    def test_it_is_the_one_that_apksigner_shows(self):
        output = self.protected(signed=True)
        self.assertEqual(signer_of(output), self.fingerprint())
        self.passes(signer_of(output), output)

    def test_as_openssl_writes_it(self):
        expected = certificate_of(self.artifacts.certificate())
        self.assertRegex(expected, r"^([0-9A-F]{2}:){31}[0-9A-F]{2}$")
        self.passes(expected, self.protected(signed=True))

    def test_as_one_of_a_list(self):
        self.passes([OTHER_SIGNER, self.fingerprint("somebody")], self.protected(signed=True, signer="somebody"))

    def test_the_right_certificate_of_an_app_bundle(self):
        self.passes(self.fingerprint(), self.protected("aab", signed=True), "aab")

    def test_the_right_certificate_of_an_ipa(self):
        self.passes(self.fingerprint(), self.protected("ipa", signed=True), "ipa")


class WarnTest(ValidationCase):
    def test_another_version_is_delivered_with_a_warning(self):
        self.site.configure(warn_checks=["version"])
        trace, checks = self.assert_delivered(self.protected(version_name="1.1"))
        self.assertEqual((trace["validation"]["result"], checks["version"]["result"]), ("warn", "warn"))
        self.assertIn("warn_checks", checks["version"]["detail"])
        # What each is, is told as it is.
        self.assertEqual((trace["source"]["version_name"], trace["output"]["version_name"]), ("1.0", "1.1"))
        [message] = self.warned
        self.assertIn("'version'", message)
        self.assertIn("1.1", message)

    def test_other_checks_fail_all_the_same(self):
        self.site.configure(warn_checks=["version", "signer"])
        self.assert_fails("package", self.protected(package="com.example.other", version_name="1.1"))

    def test_each_that_warns_is_told(self):
        self.site.configure(warn_checks=["package", "version", "signer", "signature"], expect_signer_sha256=OTHER_SIGNER,
                            signing_key=KEY["android"])
        trace, checks = self.assert_delivered(self.protected(package="com.example.other", version_code=2))
        self.assertEqual([name for name, one in checks.items() if one["result"] == "warn"], ["signature", "package", "version", "signer"])
        self.assertEqual((trace["output"]["package"], trace["output"]["version_code"]), ("com.example.other", "2"))
        self.assertEqual(len(self.warned), 4)

    def test_what_no_check_is_called_is_no_config(self):
        self.site.configure(warn_checks=["length"])
        done = self.site.run("check")
        self.assertEqual(done.returncode, 78)
        self.assertIn("warn_checks", done.stdout + done.stderr)


if __name__ == "__main__":
    runner.main()
