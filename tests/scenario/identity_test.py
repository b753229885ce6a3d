"""Which app a trace says its source and its output are, and how the output is signed: as the platforms' own tools say it."""

import os
import plistlib
import re
import subprocess
import zipfile

from tests import runner
from tests.scenario.harness.case import ScenarioCase

# Whatever manifests may hold.
UNUSUAL = {"package": "org.example.x", "version_name": "2.0-\u03b2 (4)", "version_code": 2147483647}
PLAIN = {"package": "org.example.other", "version_name": "10.20.30", "version_code": 102030}
IDENTITY = ("package", "version_name", "version_code")


def output_of(*command):
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout


def badging(path):
    """What aapt2 says of an APK, in binary or in protobuf."""
    line = output_of("aapt2", "dump", "badging", path).splitlines()[0]
    # Nothing that is asked for here has a quote in it.
    found = re.fullmatch(r"package: name='([^']*)' versionCode='([^']*)' versionName='([^']*)'.*", line)
    return {"package": found[1], "version_code": found[2], "version_name": found[3]}


def info_plist(path, place):
    """What plistutil says of the Info.plist in an IPA."""
    with zipfile.ZipFile(path) as archive:
        [name] = [one for one in archive.namelist() if re.fullmatch(r"Payload/[^/]+\.app/Info\.plist", one)]
        archive.extract(name, place)
    text = os.path.join(place, "Info.xml")
    output_of("plistutil", "-i", os.path.join(place, name), "-o", text, "-f", "xml")
    with open(text, "rb") as file:
        said = plistlib.load(file)
    return {"package": said["CFBundleIdentifier"], "version_name": said["CFBundleShortVersionString"],
            "version_code": said["CFBundleVersion"]}


def bundle_manifest(path, place):
    """What aapt2 says of an app bundle's base module, packed as the APK in protobuf that it is made of."""
    packed = os.path.join(place, "base.apk")
    with zipfile.ZipFile(path) as bundle, zipfile.ZipFile(packed, "w") as apk:
        apk.writestr("AndroidManifest.xml", bundle.read("base/manifest/AndroidManifest.xml"))
        apk.writestr("resources.pb", bundle.read("base/resources.pb"))
    return badging(packed)


def verified_schemes(path, min_sdk):
    """The signatures that apksigner verifies for the systems from `min_sdk` on."""
    said = output_of("apksigner", "verify", "-v", "--min-sdk-version", str(min_sdk), path)
    return [name for name, valid in re.findall(r"^Verified using (v[\d.]+) scheme .*: (true|false)$", said, re.MULTILINE)
            if valid == "true"]


class IdentityCase(ScenarioCase):
    def deliver(self, source, name, output=None):
        """The trace of its delivery, with these bytes for an output or those that the portal makes; where the output lies."""
        if output is not None:
            self.portal.give_output(output)
        self.folder.drop(source, name)
        done = self.site.run("run", "--once")
        self.assertEqual(done.returncode, 0, done.stderr)
        trace = self.assert_one_delivery()
        return trace, os.path.join(self.folder.output, trace["protected_output"])

    def place(self, name):
        path = os.path.join(self.site.root, "outside", name)
        os.makedirs(path)
        return path


class ManifestTest(IdentityCase):
    def check(self, kind, about, tool):
        source = getattr(self.artifacts, kind)(**about)
        trace, output = self.deliver(source, f"app.{kind}")
        wanted = {key: str(value) for key, value in about.items()}
        for part, path in (("source", source), ("output", output)):
            with self.subTest(part=part):
                told = {key: trace[part][key] for key in IDENTITY}
                self.assertEqual(told, tool(path, part))
                self.assertEqual(told, wanted)
        results = {one["id"]: one["result"] for one in trace["validation"]["checks"]}
        self.assertEqual((results["package"], results["version"]), ("pass", "pass"))

    def test_an_apk(self):
        self.check("apk", PLAIN, lambda path, part: badging(self.as_apk(path, part)))

    def as_apk(self, path, part):
        """aapt2 goes by the name's ending."""
        link = os.path.join(self.place(part), "some.apk")
        os.symlink(path, link)
        return link

    def test_an_apk_with_unusual_words(self):
        self.check("apk", UNUSUAL, lambda path, part: badging(self.as_apk(path, part)))

    def test_an_app_bundle(self):
        self.check("aab", PLAIN, lambda path, part: bundle_manifest(path, self.place(part)))

    def test_an_app_bundle_with_unusual_words(self):
        self.check("aab", UNUSUAL, lambda path, part: bundle_manifest(path, self.place(part)))

    def test_an_ipa(self):
        self.check("ipa", PLAIN, lambda path, part: info_plist(path, self.place(part)))

    def test_an_ipa_with_unusual_words(self):
        self.check("ipa", {**UNUSUAL, "package": "org.example.Caf\u00e9", "version_code": "4.3.2.1"}, lambda path, part: info_plist(path, self.place(part)))

    def test_an_ipa_whose_info_plist_is_xml(self):
        with zipfile.ZipFile(self.artifacts.ipa(**PLAIN)) as archive:
            place = self.place("binary")
            archive.extract("Payload/Demo.app/Info.plist", place)
        text = os.path.join(place, "Info.xml")
        output_of("plistutil", "-i", os.path.join(place, "Payload/Demo.app/Info.plist"), "-o", text, "-f", "xml")
        with open(text, "rb") as file:
            content = file.read()
        self.assertTrue(content.startswith(b"<?xml"))
        source = self.artifacts.ipa(extra={"Payload/Demo.app/Info.plist": content})
        trace, output = self.deliver(source, "app.ipa")
        for part, path in (("source", source), ("output", output)):
            told = {key: trace[part][key] for key in IDENTITY}
            self.assertEqual(told, info_plist(path, self.place(part)))
            self.assertEqual(told, {key: str(value) for key, value in PLAIN.items()})

    def test_a_version_name_that_is_a_reference_is_not_known(self):
        trace, _ = self.deliver(self.artifacts.apk(version_name="@string/app_name", version_code=3), "app.apk")
        for part in ("source", "output"):
            self.assertEqual([trace[part][key] for key in IDENTITY], ["com.example.demo", None, "3"], part)

    def test_the_output_is_told_by_its_own_manifest(self):
        self.site.configure(warn_checks=["package", "version"])
        given = self.artifacts.apk(marker="protected", **PLAIN)
        trace, output = self.deliver(self.artifacts.apk(), "app.apk", given)
        self.assertEqual([trace["source"][key] for key in IDENTITY], ["com.example.demo", "1.0", "1"])
        self.assertEqual({key: trace["output"][key] for key in IDENTITY}, badging(output))


class SignatureTest(IdentityCase):
    def check(self, schemes, min_sdk):
        given = self.artifacts.apk(marker="protected", signed=True, schemes=schemes)
        self.assertEqual(verified_schemes(given, min_sdk), schemes.split("+"), "what the test itself has made")
        trace, output = self.deliver(self.artifacts.apk(), "app.apk", given)
        self.assertEqual(trace["output"]["signature_schemes"], verified_schemes(output, min_sdk))
        [check] = [one for one in trace["validation"]["checks"] if one["id"] == "signature"]
        self.assertEqual((check["result"], check["detail"]), ("pass", ", ".join(schemes.split("+"))))

    def test_v1(self):
        self.check("v1", 21)

    def test_v2(self):
        self.check("v2", 24)

    def test_v3(self):
        self.check("v3", 28)

    def test_v1_and_v2(self):
        self.check("v1+v2", 21)

    def test_v1_and_v3(self):
        self.check("v1+v3", 21)

    def test_v2_and_v3(self):
        self.check("v2+v3", 24)

    def test_all_three(self):
        self.check("v1+v2+v3", 21)

    def test_none(self):
        trace, output = self.deliver(self.artifacts.apk(), "app.apk")
        self.assertEqual(trace["output"]["signature_schemes"], [])
        self.assertNotEqual(subprocess.run(["apksigner", "verify", output], capture_output=True, check=False).returncode, 0)

    def test_an_app_bundle(self):
        given = self.artifacts.aab(marker="protected", signed=True)
        trace, output = self.deliver(self.artifacts.aab(), "app.aab", given)
        self.assertEqual(trace["output"]["signature_schemes"], ["v1"])
        self.assertIn("jar verified", output_of("jarsigner", "-verify", output))

    def test_an_ipa(self):
        given = self.artifacts.ipa(marker="protected", signed=True)
        trace, _ = self.deliver(self.artifacts.ipa(), "app.ipa", given)
        self.assertEqual(trace["output"]["signature_schemes"], ["code_signature"])

    def test_the_source_s_own_signature_is_not_the_output_s(self):
        # The portal takes it away and signs anew, or not at all.
        trace, _ = self.deliver(self.artifacts.apk(signed=True, schemes="v1"), "app.apk")
        self.assertEqual(trace["output"]["signature_schemes"], [])


class OutputNameTest(IdentityCase):
    def test_the_app_and_its_version_are_in_the_name(self):
        self.site.configure(output_name="{package}-{version_name}-{version_code}-{stem}{ext}")
        trace, _ = self.deliver(self.artifacts.apk(**PLAIN), "app.apk")
        self.assertEqual(trace["protected_output"], "org.example.other-10.20.30-102030-app.apk")

    def test_what_no_name_may_hold_is_replaced(self):
        self.site.configure(output_name="{stem} {version_name}+{version_code}{ext}")
        trace, _ = self.deliver(self.artifacts.ipa(version_name="2/0: a*b", version_code="4.5"), "app.ipa")
        self.assertEqual(trace["protected_output"], "app 2_0_ a_b+4.5.ipa")

    def test_what_is_not_known_is_said(self):
        self.site.configure(output_name="{stem}-{package}-{version_name}{ext}")
        trace, _ = self.deliver(self.artifacts.aab(version_name="@string/app_name"), "app.aab")
        self.assertEqual(trace["protected_output"], "app-com.example.demo-unknown.aab")

    def test_it_is_the_source_s_version_also_where_the_output_is_another(self):
        self.site.configure(output_name="{stem}-{version_name}{ext}", warn_checks=["version"])
        trace, _ = self.deliver(self.artifacts.apk(), "app.apk", self.artifacts.apk(marker="protected", version_name="9"))
        self.assertEqual((trace["protected_output"], trace["output"]["version_name"]), ("app-1.0.apk", "9"))


if __name__ == "__main__":
    runner.main()
