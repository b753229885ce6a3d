#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/config_text.h"

namespace tegodrop {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FaultsOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Lines;
using testing::Minimal;
using ::testing::StartsWith;
using testing::WithFolderKey;

Settings Good(const std::string& yaml) {
  ConfigResult result = ParseConfig(yaml, "/etc/tegodrop/t.yaml");
  EXPECT_THAT(Lines(result), IsEmpty());
  return result.settings.value_or(Settings());
}

TEST(ParseConfig, GivesDefaultsWhereTheFileIsSilent) {
  const Settings settings = Good(Minimal());
  ASSERT_EQ(settings.folders.size(), 1U);
  EXPECT_EQ(settings.portal.url, "https://portal.example/frontend");
  EXPECT_EQ(settings.portal.tenant, "9f1c0a4e7b8d4a4db52e6a6d5c5c1f11");
  EXPECT_EQ(settings.folders[0].name, "production");
  EXPECT_EQ(settings.folders[0].output_mode, 0640U);
  EXPECT_EQ(settings.folders[0].settle, std::nullopt);
  EXPECT_EQ(settings.polling.mode, PollingMode::kAdaptive);
  EXPECT_EQ(settings.polling.interval, std::chrono::seconds(15));
  EXPECT_EQ(settings.polling.ceiling, std::chrono::minutes(2));
}

TEST(ParseConfig, ReadsEveryBuiltKindOfValue) {
  const Settings settings = Good(
      "state_dir: ../state//x/./y/\n"
      "portal: {url: 'https://p.example:8443/f/', tenant: 9F1C0A4E7B8D4A4DB52E6A6D5C5C1F11, token_file: token,\n"
      "         proxy: http://proxy.example:3128, proxy_token_file: /p, ca_file: ca.pem}\n"
      "folders:\n"
      "  - {name: a, path: /in/a, output: /out, version: staging, signing_key: none, allow_keys: [k1, k2], watch: "
      "poll,\n"
      "     poll_interval: 1s, settle: 500ms, refuse_after: 2m, after: keep, keep_processed: 1d, rooms: _tegodrop,\n"
      "     require_signed: true, output_name: '{stem}{ext}', output_mode: 0664, priority: -5}\n"
      "  - {name: b, path: /in/b, output: /out, version: development, require_signed: false}\n"
      "limits: {concurrent_uploads: 7}\n"
      "polling: {mode: fixed, interval: 100ms, ceiling: 1d, alarm_after: 10m, deadline: 10m, confirm_after: 1m}\n"
      "log: {level: warning, format: json}\n");
  EXPECT_EQ(settings.state_dir, "/etc/state/x/y");
  EXPECT_EQ(settings.portal.url, "https://p.example:8443/f");
  EXPECT_EQ(settings.portal.tenant, "9f1c0a4e7b8d4a4db52e6a6d5c5c1f11");
  EXPECT_EQ(settings.portal.token_file, "/etc/tegodrop/token");
  EXPECT_EQ(settings.portal.ca_file, "/etc/tegodrop/ca.pem");
  EXPECT_EQ(settings.portal.proxy, "http://proxy.example:3128");
  EXPECT_EQ(settings.portal.proxy_token_file, "/p");
  ASSERT_EQ(settings.folders.size(), 2U);
  const FolderSettings& a = settings.folders[0];
  EXPECT_EQ(a.version, "staging");
  EXPECT_EQ(a.signing_key, "none");
  EXPECT_THAT(a.allow_keys, ElementsAre("k1", "k2"));
  EXPECT_EQ(a.watch, WatchMode::kPoll);
  EXPECT_EQ(a.poll_interval, std::chrono::seconds(1));
  EXPECT_EQ(a.settle, std::chrono::milliseconds(500));
  EXPECT_EQ(a.refuse_after, std::chrono::minutes(2));
  EXPECT_EQ(a.after, After::kKeep);
  EXPECT_EQ(a.keep_processed, std::chrono::hours(24));
  EXPECT_EQ(a.rooms, "_tegodrop");
  EXPECT_EQ(a.require_signed, RequireSigned::kYes);
  EXPECT_EQ(a.output_name, "{stem}{ext}");
  EXPECT_EQ(a.output_mode, 0664U);
  EXPECT_EQ(a.priority, -5);
  EXPECT_EQ(settings.folders[1].require_signed, RequireSigned::kNo);
  EXPECT_EQ(settings.limits.concurrent_uploads, 7);
  EXPECT_EQ(settings.polling.mode, PollingMode::kFixed);
  EXPECT_EQ(settings.polling.ceiling, std::chrono::hours(24));
  EXPECT_EQ(settings.polling.deadline, std::chrono::minutes(10));
  EXPECT_EQ(settings.log.level, LogLevel::kWarning);
  EXPECT_EQ(settings.log.format, LogOutput::kJson);
}

TEST(ParseConfig, SaysFiveFaultsAtOnceInTheOrderOfTheFile) {
  EXPECT_THAT(Lines(ParseConfig("portal:\n"
                                "  url: ftp://portal.example\n"
                                "  tenant: 12\n"
                                "foldrs: []\n"
                                "folders:\n"
                                "  - name: a\n"
                                "    path: /in\n"
                                "    version: prod\n"
                                "polling:\n"
                                "  interval: 15\n",
                                "/etc/t.yaml")),
              ElementsAre(StartsWith("/etc/t.yaml:2:3: 'portal.url' has the scheme 'ftp'; allowed is https://"),
                          StartsWith("/etc/t.yaml:3:3: 'portal.tenant' is wrong: '12' is not a tenant id; allowed"),
                          StartsWith("/etc/t.yaml:4:1: unknown key 'foldrs'; did you mean 'folders'?"),
                          StartsWith("/etc/t.yaml:6:5: this folder has no 'output'; it has no default"),
                          StartsWith("/etc/t.yaml:8:5: 'version' is 'prod'; allowed is development, staging or"),
                          StartsWith("/etc/t.yaml:10:3: 'polling.interval' is '15'; allowed is a duration from 100ms "
                                     "to 1h")));
}

TEST(ParseConfig, GivesNoSettingsWhereThereIsAFault) {
  EXPECT_FALSE(ParseConfig(Minimal() + "x: 1\n", "/t").settings.has_value());
}

TEST(ParseConfig, AsksForEverythingThatHasNoDefault) {
  const auto all = ElementsAre(StartsWith("1:1: 'portal.url' is missing"),
                               StartsWith("1:1: 'portal.tenant' is missing"), StartsWith("1:1: 'folders' is missing"));
  EXPECT_THAT(FaultsOf(""), all);
  EXPECT_THAT(FaultsOf("# nothing but a comment\n"), all);
  EXPECT_THAT(FaultsOf("portal:\n  url: https://p\n  tenant: 9f1c0a4e7b8d4a4db52e6a6d5c5c1f11\nfolders:\n"),
              ElementsAre(StartsWith("4:1: 'folders' holds no folder")));
  EXPECT_THAT(
      FaultsOf("portal:\nfolders: [{}]\n"),
      ElementsAre(StartsWith("1:1: 'portal.url' is missing"), StartsWith("1:1: 'portal.tenant' is missing"),
                  StartsWith("2:11: this folder has no 'name'"), StartsWith("2:11: this folder has no 'path'"),
                  StartsWith("2:11: this folder has no 'output'"), StartsWith("2:11: this folder has no 'version'")));
}

TEST(ParseConfig, NamesTheNearestKeyOrTheHomeOfAStrayOneOrWhatIsAllowed) {
  EXPECT_THAT(FaultsOf(WithFolderKey("setle: 2s")), ElementsAre(StartsWith("9:5: unknown key 'setle'; did you mean "
                                                                           "'settle'?")));
  EXPECT_THAT(FaultsOf(Minimal() + "deadline: 1h\n"),
              ElementsAre("9:1: unknown key 'deadline' here; it belongs under 'polling'"));
  EXPECT_THAT(FaultsOf(Minimal() + "log: {colour: red}\n"),
              ElementsAre("9:7: unknown key 'colour'; allowed here: level, format"));
  EXPECT_THAT(FaultsOf(Minimal() + "log: {state_dir: /x}\n"),
              ElementsAre("9:7: unknown key 'state_dir' here; it belongs to the top level"));
}

TEST(ParseConfig, FindsDuplicateKeysAtEveryLevel) {
  EXPECT_THAT(FaultsOf(Minimal() + "log: {level: info, level: info}\n\"log\": {}\n"),
              ElementsAre(StartsWith("9:20: duplicate key 'level'; it stands on line 9 already"),
                          StartsWith("10:1: duplicate key 'log'; it stands on line 9 already")));
  EXPECT_THAT(FaultsOf(WithFolderKey("name: other")), ElementsAre(StartsWith("9:5: duplicate key 'name'; it stands on "
                                                                             "line 5")));
}

TEST(ParseConfig, CountsColumnsInCharactersAsEditorsDo) {
  EXPECT_THAT(FaultsOf(Minimal() + "\"größe\": 1\nlog: {\"ü\": 1, level: loud}\n"),
              ElementsAre(StartsWith("9:1: unknown key 'größe'"), StartsWith("10:7: unknown key 'ü'"),
                          StartsWith("10:15: 'log.level' is 'loud'")));
  EXPECT_THAT(FaultsOf("\xEF\xBB\xBFx: 1\n" + Minimal()), ElementsAre(StartsWith("1:1: unknown key 'x'")));
}

TEST(ParseConfig, ReadsWindowsLineEnds) {
  std::string text;
  for (const char c : Minimal() + "limits: {concurrent_uploads: 0}\n") text += c == '\n' ? "\r\n" : std::string(1, c);
  EXPECT_THAT(FaultsOf(text), ElementsAre(StartsWith("9:10: 'limits.concurrent_uploads' is '0'; allowed is a whole "
                                                     "number from 1 to 64")));
}

TEST(ParseConfig, RefusesWrongTypes) {
  EXPECT_THAT(FaultsOf("portal: [1]\nfolders: 7\nlog: x\n"),
              ElementsAre(StartsWith("1:1: 'portal' is no mapping; allowed are the keys url, tenant"),
                          StartsWith("2:1: 'folders' is no list"), StartsWith("3:1: 'log' is no mapping")));
  EXPECT_THAT(FaultsOf("- a\n"), ElementsAre(StartsWith("1:1: the config is no mapping")));
  EXPECT_THAT(FaultsOf("portal\n"), ElementsAre(StartsWith("1:1: the config is no mapping")));
  EXPECT_THAT(FaultsOf(Minimal() + "  - production\n"),
              ElementsAre(StartsWith("9:5: an entry of 'folders' is no mapping")));
  EXPECT_THAT(FaultsOf(Minimal() + "state_dir: [/x]\nlimits: {concurrent_uploads: {a: 1}}\n"),
              ElementsAre(StartsWith("9:1: 'state_dir' is a list; allowed is a path"),
                          StartsWith("10:10: 'limits.concurrent_uploads' is a mapping; allowed is a whole number")));
  EXPECT_THAT(FaultsOf(Minimal() + "state_dir: true\n"), ElementsAre(StartsWith("9:1: 'state_dir' is the flag true")));
  EXPECT_THAT(FaultsOf(WithFolderKey("allow_keys: k1")), ElementsAre(StartsWith("9:5: 'allow_keys' is 'k1'; allowed is "
                                                                                "a list")));
  EXPECT_THAT(FaultsOf(WithFolderKey("allow_keys: [k1, 'k 2', [k3]]")),
              ElementsAre(StartsWith("9:22: 'allow_keys' is wrong: 'k 2' is no key id"),
                          StartsWith("9:29: 'allow_keys' holds something that is no text")));
  EXPECT_THAT(FaultsOf(Minimal() + "[a, b]: c\n"), ElementsAre(StartsWith("9:1: a key here is no plain text")));
}

TEST(ParseConfig, ReadsWholeNumbersOnly) {
  for (const char* wrong : {"0", "65", "-1", "2.5", "010", "0x2", "'2'", "two", "99999999999999999999", "1e1", "+2"}) {
    EXPECT_THAT(FaultsOf(Minimal() + "limits: {concurrent_uploads: " + wrong + "}\n"),
                ElementsAre(HasSubstr("allowed is a whole number from 1 to 64, without quotes")))
        << wrong;
  }
}

TEST(ParseConfig, KeepsDurationsInTheirBounds) {
  for (const char* wrong : {"999ms", "61m", "10", "1.5s", "5 s", "-5s", "1w", "99999999999999999d", "''"}) {
    EXPECT_THAT(FaultsOf(WithFolderKey(std::string("poll_interval: ") + wrong)),
                ElementsAre(AllOf(StartsWith("9:5: 'poll_interval' is '"),
                                  HasSubstr("allowed is a duration from 1s to 1h, written as 500ms, 15s, 10m, 4h or "
                                            "1d, or auto"))))
        << wrong;
  }
  EXPECT_EQ(Good(WithFolderKey("poll_interval: 1h")).folders[0].poll_interval, std::chrono::hours(1));
  EXPECT_EQ(Good(WithFolderKey("poll_interval: auto")).folders[0].poll_interval, std::nullopt);
  EXPECT_THAT(FaultsOf(Minimal() + "polling: {interval: 99ms}\n"), ElementsAre(StartsWith("9:11: 'polling.interval'")));
}

TEST(ParseConfig, ReadsTheModeAsTheOctalDigitsThatStandThere) {
  for (const char* right : {"0640", "\"0640\"", "'0640'"}) {
    EXPECT_EQ(Good(WithFolderKey(std::string("output_mode: ") + right)).folders[0].output_mode, 0640U) << right;
  }
  for (const char* wrong : {"640", "416", "0o640", "4640", "02640", "0240", "0648", "rw-r-----", "0x1A0"}) {
    EXPECT_THAT(FaultsOf(WithFolderKey(std::string("output_mode: ") + wrong)),
                ElementsAre(StartsWith("9:5: 'output_mode' is '" + std::string(wrong) + "'; allowed is four octal")))
        << wrong;
  }
}

TEST(ParseConfig, TakesOnlyTrueAndFalseForFlags) {
  EXPECT_FALSE(Good(WithFolderKey("recursive: false")).folders[0].recursive);
  EXPECT_TRUE(Good(WithFolderKey("recursive: true")).folders[0].recursive);
  for (const char* wrong : {"yes", "no", "on", "off", "True", "FALSE", "0", "'false'", "n"}) {
    EXPECT_THAT(FaultsOf(WithFolderKey(std::string("recursive: ") + wrong)),
                ElementsAre(AllOf(StartsWith("9:5: 'recursive' is '"),
                                  HasSubstr("only true or false, without quotes (yes, no, on and off are not"))))
        << wrong;
  }
  EXPECT_THAT(FaultsOf(WithFolderKey("require_signed: yes")),
              ElementsAre("9:5: 'require_signed' is 'yes'; allowed is auto, true or false"));
}

TEST(ParseConfig, TakesNullOnlyWhereItIsAllowed) {
  for (const char* null : {"null", "~", ""}) {
    const std::string text = Minimal() + "report_dir: " + null + "\nlog: " + null + "\n";
    EXPECT_EQ(Good(text).report_dir, std::nullopt) << null;
    EXPECT_THAT(FaultsOf(Minimal() + "state_dir: " + null + "\n"),
                ElementsAre("9:1: 'state_dir' has no value; allowed is a path; or leave the key out"))
        << null;
    EXPECT_THAT(FaultsOf(WithFolderKey(std::string("settle: ") + null)),
                ElementsAre(StartsWith("9:5: 'settle' has no value; allowed is a duration")))
        << null;
  }
}

TEST(ParseConfig, GivesEachFolderTheProvenanceOfTheTopLevelUnlessItHasItsOwn) {
  const auto of = [](const std::string& lines) {
    const Settings settings = Good(Minimal() + lines);
    return settings.folders[0].provenance;
  };
  EXPECT_EQ(of(""), ProvenanceForm::kStatement);
  EXPECT_EQ(of("provenance: off\n"), ProvenanceForm::kOff);
  EXPECT_EQ(of("    provenance: signed\nprovenance: off\n"), ProvenanceForm::kSigned);
  EXPECT_EQ(of("    provenance: null\nprovenance: signed\n"), ProvenanceForm::kSigned);
  EXPECT_THAT(FaultsOf(Minimal() + "provenance: maybe\n"), ElementsAre(StartsWith("9:1: 'provenance'")));
}

TEST(ParseConfig, TakesACertificatesFingerprintInEveryUsualForm) {
  const std::string hex(64, 'a');
  std::string colons;
  for (int i = 0; i < 32; ++i) colons += (i == 0 ? "AA" : ":AA");
  for (const std::string& value : {hex, "'" + colons + "'", "[" + hex + "]", "[ '" + colons + "' ]"}) {
    EXPECT_EQ(Good(Minimal() + "    expect_signer_sha256: " + value + "\n").folders[0].expect_signer_sha256,
              std::vector<std::string>{hex})
        << value;
  }
  // What YAML would take for a number.
  EXPECT_EQ(
      Good(Minimal() + "    expect_signer_sha256: " + std::string(64, '1') + "\n").folders[0].expect_signer_sha256,
      std::vector<std::string>{std::string(64, '1')});
  EXPECT_THAT(FaultsOf(Minimal() + "    expect_signer_sha256: " + hex.substr(1) + "\n"),
              ElementsAre(HasSubstr("64 hex digits")));
}

TEST(ParseConfig, NamesTheChecksThatMayWarn) {
  EXPECT_EQ(Good(Minimal() + "    warn_checks: [version, signer]\n").folders[0].warn_checks,
            (std::vector<std::string>{"version", "signer"}));
  for (const char* check : {"length", "provisioning", "versions"}) {
    EXPECT_THAT(FaultsOf(Minimal() + "    warn_checks: [" + check + "]\n"),
                ElementsAre(HasSubstr("allowed are differs, zip_structure")))
        << check;
  }
}

TEST(ParseConfig, RefusesACommitPatternThatCouldFindNothing) {
  EXPECT_EQ(Good(Minimal() + "    commit_pattern: '-([0-9a-f]{40})[.]'\n").folders[0].commit_pattern,
            "-([0-9a-f]{40})[.]");
  EXPECT_THAT(FaultsOf(Minimal() + "    commit_pattern: '[0-9a-f]{40}'\n"), ElementsAre(HasSubstr("has 0 groups")));
  EXPECT_THAT(FaultsOf(Minimal() + "    commit_pattern: '(['\n"), ElementsAre(HasSubstr("no regular expression")));
}

TEST(ParseConfig, TakesEveryPlaceholderOfAnOutputName) {
  const std::string name = "{package}-{version_name}-{version_code}-{stem}{ext}";
  EXPECT_EQ(Good(Minimal() + "    output_name: '" + name + "'\n").folders[0].output_name, name);
  EXPECT_EQ(Good(Minimal() + "    output_name: '{package}{ext}'\n").folders[0].output_name, "{package}{ext}");
}

TEST(ParseConfig, TakesRelativePathsFromTheFilesFolder) {
  EXPECT_EQ(ParseConfig(Minimal() + "state_dir: a/../../b\n", "/x/y/t.yaml").settings->state_dir, "/x/b");
  EXPECT_THAT(Lines(ParseConfig(Minimal() + "state_dir: a\n", "t.yaml")),
              ElementsAre(StartsWith("t.yaml:9:1: 'state_dir' is relative")));
  EXPECT_THAT(FaultsOf(Minimal() + "state_dir: ''\n"), ElementsAre(StartsWith("9:1: 'state_dir' is empty")));
  EXPECT_THAT(FaultsOf(Minimal() + "state_dir: ~/state\n"),
              ElementsAre(StartsWith("9:1: 'state_dir' begins with '~'")));
  EXPECT_THAT(FaultsOf(Minimal() + "state_dir: \"/a\\nb\"\n"), ElementsAre(HasSubstr("control character")));
  EXPECT_THAT(FaultsOf(Minimal() + "state_dir: /" + std::string(4096, 'a') + "\n"), ElementsAre(HasSubstr("longer")));
}

TEST(ParseConfig, PutsNoControlByteIntoAFault) {
  const std::vector<std::string> faults = FaultsOf(Minimal() + "\"a\\e[31m\\n9:1: forged\": 1\n");
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].find_first_of("\n\x1b"), std::string::npos);
}

TEST(ToString, IsOneLineWithFileLineAndColumn) {
  EXPECT_EQ(ToString({"a\nb.yaml", 3, 7, "wrong\n"}), "a\\x0ab.yaml:3:7: wrong\\x0a");
}

}  // namespace
}  // namespace tegodrop
