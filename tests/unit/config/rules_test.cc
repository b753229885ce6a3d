// Combinations of keys that cannot work, and what single texts must look like.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
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
using ::testing::Not;
using ::testing::StartsWith;
using testing::WithFolderKey;
using testing::WithUrl;

TEST(NotifyOn, NamesKnownEventsOnly) {
  EXPECT_TRUE(ParseConfig(Minimal() + "notify: {on: [failed, stuck]}\n", "/t").settings);
  EXPECT_TRUE(ParseConfig(Minimal() + "notify: {on: []}\n", "/t").settings);
  EXPECT_THAT(FaultsOf(Minimal() + "notify: {on: [failed, fialed]}\n"),
              ElementsAre(AllOf(HasSubstr("'fialed' is no event; did you mean 'failed'?"), HasSubstr("credentials"))));
}

std::string UrlOf(const std::string& url) {
  const ConfigResult result = ParseConfig(WithUrl("'" + url + "'"), "/t");
  return result.settings ? result.settings->portal.url : "fault";
}

TEST(PortalUrl, IsHttpsOrLoopbackAndLosesItsSlash) {
  EXPECT_EQ(UrlOf("https://app.apptego.com/frontend"), "https://app.apptego.com/frontend");
  EXPECT_EQ(UrlOf("https://app.apptego.com/frontend//"), "https://app.apptego.com/frontend");
  EXPECT_EQ(UrlOf("HTTPS://portal.example:8443/"), "https://portal.example:8443");
  EXPECT_EQ(UrlOf("https://[2001:db8::1]:8443/f"), "https://[2001:db8::1]:8443/f");
  EXPECT_EQ(UrlOf("http://127.0.0.1:8080/frontend/"), "http://127.0.0.1:8080/frontend");
  EXPECT_EQ(UrlOf("http://127.255.0.9"), "http://127.255.0.9");
  EXPECT_EQ(UrlOf("http://[::1]:80"), "http://[::1]:80");
  EXPECT_EQ(UrlOf("http://LocalHost:9"), "http://LocalHost:9");
}

TEST(PortalUrl, IsRefusedAtItsKeyWhereItCouldSendTheTokenElsewhere) {
  for (const char* wrong : {"http://portal.example",
                            "http://128.0.0.1",
                            "http://127.0.0.1.evil.example",
                            "http://localhost.evil.example",
                            "http://127.1",
                            "http://[::2]",
                            "http://[::ffff:127.0.0.1]",
                            "http://2130706433",
                            "ftp://127.0.0.1",
                            "file:///x",
                            "portal.example",
                            "",
                            "https://",
                            "https:///x",
                            "https://a b",
                            "https://a..b",
                            "https://-a",
                            "https://a:0",
                            "https://a:65536",
                            "https://a:",
                            "https://a:x",
                            "https://[::1",
                            "https://[::1]x",
                            "https://[1.2.3.4]",
                            "https://a/../b",
                            "https://a\\b",
                            "https://b\xC3\xBC"
                            "cher.example"}) {
    EXPECT_THAT(FaultsOf(WithUrl("'" + std::string(wrong) + "'")),
                ElementsAre(AllOf(StartsWith("2:3: 'portal.url' "), HasSubstr("; allowed is https://HOST"))))
        << wrong;
  }
}

TEST(PortalUrl, WithAPasswordOrQueryIsRefusedWithoutRepeatingIt) {
  for (const char* wrong : {"https://user:hunter2@p.example/f", "https://hunter2@p.example", "https://p/f?k=hunter2",
                            "https://p/f#hunter2", "https://p?hunter2", "http://hunter2@localhost"}) {
    EXPECT_THAT(FaultsOf(WithUrl(wrong)),
                ElementsAre(AllOf(StartsWith("2:3: 'portal.url' h"), Not(HasSubstr("hunter2")))))
        << wrong;
  }
}

TEST(Proxy, IsPlainHttpWithAHostAndAPort) {
  const auto faults = [](const std::string& proxy) {
    std::string text = Minimal();
    return FaultsOf(text.insert(text.find("folders:"), "  proxy: '" + proxy + "'\n"));
  };
  EXPECT_THAT(faults("http://proxy.example:3128"), ElementsAre());
  EXPECT_THAT(faults("http://[::1]:3128/"), ElementsAre());
  for (const char* wrong :
       {"https://p:1", "socks5://p:1", "http://p", "http://p:1/x", "p:1", "http://u:hunter2@p:1", ""}) {
    EXPECT_THAT(faults(wrong), ElementsAre(AllOf(StartsWith("4:3: 'portal.proxy' "), HasSubstr("http://HOST:PORT"),
                                                 Not(HasSubstr("hunter2")))))
        << wrong;
  }
}

TEST(Proxy, TokenFileNeedsAProxy) {
  std::string text = Minimal();
  EXPECT_THAT(FaultsOf(text.insert(text.find("folders:"), "  proxy_token_file: /p\n")),
              ElementsAre(StartsWith("4:3: 'portal.proxy_token_file' is set without 'portal.proxy'")));
}

TEST(Tenant, IsThirtyTwoHexDigits) {
  for (const char* wrong : {"9f1c0a4e7b8d4a4db52e6a6d5c5c1f1", "9f1c0a4e7b8d4a4db52e6a6d5c5c1f111", "''",
                            "9f1c0a4e-7b8d-4a4d-b52e-6a6d5c5c1f11", "zf1c0a4e7b8d4a4db52e6a6d5c5c1f11"}) {
    std::string text = Minimal();
    const std::string_view old = "9f1c0a4e7b8d4a4db52e6a6d5c5c1f11";
    EXPECT_THAT(FaultsOf(text.replace(text.find(old), old.size(), wrong)),
                ElementsAre(AllOf(StartsWith("3:3: 'portal.tenant' is wrong:"), HasSubstr("exactly 32 hex digits"))))
        << wrong;
  }
}

// Two folders; the second one's name stands on 6:5, its path on 7:5, its output on 8:5.
std::string TwoFolders(const std::string& name, const std::string& path, const std::string& output) {
  return "portal: {url: https://p.example, tenant: 9f1c0a4e7b8d4a4db52e6a6d5c5c1f11}\n"
         "folders:\n"
         "  - {name: first,\n"
         "     path: /srv/drop/a,\n"
         "     output: /srv/out/a, version: staging}\n"
         "  - name: " +
         name + "\n    path: " + path + "\n    output: " + output + "\n    version: staging\n";
}

TEST(Folders, MayShareAnOutput) {
  EXPECT_THAT(FaultsOf(TwoFolders("second", "/srv/drop/b", "/srv/out/a")), ElementsAre());
  EXPECT_THAT(FaultsOf(TwoFolders("second", "/srv/drop/ab", "/srv/out/a/deeper")), ElementsAre());
}

TEST(Folders, NeedNamesOfTheirOwn) {
  EXPECT_THAT(FaultsOf(TwoFolders("first", "/srv/drop/b", "/srv/out/b")),
              ElementsAre(StartsWith("6:5: the name 'first' is taken by the folder on line 3")));
  for (const std::string& wrong : {std::string("''"), std::string("'a b'"), std::string("a/b"), std::string("'grün'"),
                                   std::string("'-a'"), std::string("'..'"), std::string(65, 'a')}) {
    EXPECT_THAT(FaultsOf(TwoFolders(wrong, "/srv/drop/b", "/srv/out/b")),
                ElementsAre(AllOf(StartsWith("6:5: 'name' is wrong: '"), HasSubstr("1 to 64 of A-Z a-z 0-9 . _ -"))))
        << wrong;
  }
  EXPECT_THAT(FaultsOf(TwoFolders("2024", "/srv/drop/b", "/srv/out/b")), ElementsAre());
}

TEST(Folders, MustStandApart) {
  EXPECT_THAT(FaultsOf(TwoFolders("b", "/srv//drop/x/../a/", "/srv/out/b")),
              ElementsAre(StartsWith("7:5: the drop folder '/srv/drop/a' is also that on line 4")));
  EXPECT_THAT(FaultsOf(TwoFolders("b", "/srv/drop/a/inner", "/srv/out/b")),
              ElementsAre(StartsWith("7:5: the drop folder '/srv/drop/a/inner' lies inside the drop folder")));
  EXPECT_THAT(FaultsOf(TwoFolders("b", "/srv/drop", "/srv/out/b")),
              ElementsAre(StartsWith("4:6: the drop folder '/srv/drop/a' lies inside the drop folder '/srv/drop'")));
}

TEST(Folders, AreToldApartByWhereTheyLead) {
  const WhereItLeads leads = [](const std::string& path) {
    if (path == "/srv/drop/b/elsewhere") return std::string("/srv/out");
    const std::string link = "/srv/link";
    return path.starts_with(link) ? "/srv/drop/a" + path.substr(link.size()) : path;
  };
  const auto faults = [&](std::string_view yaml) { return testing::Lines(ParseConfig(yaml, "/t", leads)); };
  EXPECT_THAT(
      faults(TwoFolders("b", "/srv/link", "/srv/out/b")),
      ElementsAre(StartsWith("/t:7:5: the drop folder '/srv/link' (which leads to '/srv/drop/a') is also that on "
                             "line 4")));
  EXPECT_THAT(
      faults(TwoFolders("b", "/srv/drop/b", "/srv/link/out")),
      ElementsAre(StartsWith("/t:8:5: the output folder '/srv/link/out' (which leads to '/srv/drop/a/out') lies "
                             "inside the drop folder '/srv/drop/a'")));
  EXPECT_THAT(
      faults(TwoFolders("b", "/srv/drop/b", "/srv/drop/b/elsewhere")),
      ElementsAre(StartsWith("/t:8:5: the output folder '/srv/drop/b/elsewhere' (which leads to '/srv/out') lies")))
      << "the link may be replaced by a folder";
  EXPECT_THAT(faults("state_dir: /srv/link/state\n" + TwoFolders("b", "/srv/drop/b", "/srv/out/b")),
              ElementsAre(HasSubstr("(which leads to '/srv/drop/a/state') and the drop folder '/srv/drop/a' on line")));
  EXPECT_THAT(faults(TwoFolders("b", "/srv/drop/b", "/srv/out/b")), ElementsAre());
}

TEST(Folders, DemandNoSignatureThatNoKeyCouldMake) {
  const std::string none = WithFolderKey("signing_key: none");
  EXPECT_THAT(
      FaultsOf(none + "    require_signed: true\n"),
      ElementsAre(StartsWith("10:5: 'require_signed: true' refuses every build of 'signing_key: none' on line 9")));
  EXPECT_THAT(FaultsOf(none + "    require_signed: auto\n"), ElementsAre());
  EXPECT_THAT(FaultsOf(none + "    require_signed: true\n    allow_keys: [key-1]\n"), ElementsAre());
}

TEST(Folders, KeepOutputsAndDropFoldersApart) {
  EXPECT_THAT(FaultsOf(TwoFolders("b", "/srv/drop/b", "/srv/drop/b")),
              ElementsAre(StartsWith("8:5: the output folder '/srv/drop/b' is also the drop folder")));
  EXPECT_THAT(FaultsOf(TwoFolders("b", "/srv/drop/b", "/srv/drop/a/out")),
              ElementsAre(StartsWith("8:5: the output folder '/srv/drop/a/out' lies inside the drop folder")));
  EXPECT_THAT(FaultsOf(TwoFolders("b", "/srv/out/a/drop", "/srv/out/b")),
              ElementsAre(StartsWith("7:5: the drop folder '/srv/out/a/drop' lies inside the output folder")));
  EXPECT_THAT(FaultsOf(TwoFolders("b", "/srv/drop/b", "/srv/drop")),
              ElementsAre(StartsWith("4:6: the drop folder '/srv/drop/a' lies inside the output folder '/srv/drop'"),
                          StartsWith("7:5: the drop folder '/srv/drop/b' lies inside the output folder '/srv/drop'")));
  EXPECT_THAT(FaultsOf(TwoFolders("b", "/", "/srv/out/b")),
              ElementsAre(HasSubstr("4:6: "), HasSubstr("5:6: the output folder"), HasSubstr("7:5: "),
                          HasSubstr("8:5: the output folder '/srv/out/b' lies inside the drop folder '/'")));
}

TEST(StateDir, StandsApartFromDropAndOutputFolders) {
  for (const char* wrong : {"/srv/drop", "/srv/drop/state", "/srv", "/srv/protected/../protected/x", "/"}) {
    EXPECT_THAT(FaultsOf(Minimal() + "state_dir: " + wrong + "\n"),
                ElementsAre(AllOf(StartsWith("9:1: 'state_dir' '"), HasSubstr("keep them apart"))))
        << wrong;
  }
  EXPECT_THAT(FaultsOf(TwoFolders("b", "/var/lib/tegodrop/in", "/srv/out/b")),
              ElementsAre(AllOf(StartsWith("7:5: the drop folder '/var/lib/tegodrop/in' and 'state_dir'"),
                                HasSubstr("its default"))));
}

TEST(Rules, SayNothingOfAKeyWhoseValueIsFaultyAlready) {
  EXPECT_THAT(FaultsOf(Minimal() + "state_dir: [/srv]\n"), ElementsAre(StartsWith("9:1: 'state_dir' is a list")));
  EXPECT_THAT(FaultsOf(Minimal() + "polling: {alarm_after: 2d, deadline: soon}\n"),
              ElementsAre(StartsWith("9:28: 'polling.deadline' is 'soon'")));
}

TEST(Polling, AlarmsBeforeItsDeadline) {
  EXPECT_THAT(FaultsOf(Minimal() + "polling: {alarm_after: 2h, deadline: 1h}\n"),
              ElementsAre("9:11: 'polling.alarm_after' (2h) is longer than 'polling.deadline' (1h); allowed is at most "
                          "the deadline"));
  EXPECT_THAT(FaultsOf(Minimal() + "polling: {alarm_after: 25h}\n"), ElementsAre(HasSubstr("(1d, its default)")));
  const ConfigResult alarm_left_out = ParseConfig(Minimal() + "polling: {deadline: 1h}\n", "/t");
  ASSERT_TRUE(alarm_left_out.settings);
  EXPECT_EQ(alarm_left_out.settings->polling.alarm_after, std::chrono::hours(1));
}

TEST(Polling, HasItsCeilingAboveItsInterval) {
  EXPECT_THAT(FaultsOf(Minimal() + "polling: {interval: 1m, ceiling: 59s}\n"),
              ElementsAre("9:25: 'polling.ceiling' (59s) is shorter than 'polling.interval' (1m); allowed is at least "
                          "the interval"));
  EXPECT_THAT(FaultsOf(Minimal() + "polling: {ceiling: 14s}\n"), ElementsAre(HasSubstr("(15s, its default)")));
  EXPECT_THAT(FaultsOf(Minimal() + "polling: {interval: 1m, ceiling: 1m}\n"), IsEmpty());
  EXPECT_THAT(FaultsOf(Minimal() + "polling: {interval: often, ceiling: 1s}\n"),
              ElementsAre(StartsWith("9:11: 'polling.interval' is 'often'")));
}

TEST(Polling, LeavesOutACeilingThatFollowsTheInterval) {
  const auto ceiling = [](const std::string& polling) {
    const ConfigResult loaded = ParseConfig(Minimal() + "polling: " + polling + "\n", "/t");
    EXPECT_THAT(Lines(loaded), IsEmpty());
    return loaded.settings ? loaded.settings->polling.ceiling : milliseconds(0);
  };
  EXPECT_EQ(ceiling("{interval: 100ms}"), std::chrono::milliseconds(800));
  EXPECT_EQ(ceiling("{interval: 1s}"), std::chrono::seconds(8));
  EXPECT_EQ(ceiling("{interval: 15s}"), std::chrono::minutes(2));
  EXPECT_EQ(ceiling("{}"), std::chrono::minutes(2));
  EXPECT_EQ(ceiling("{interval: 90s}"), std::chrono::minutes(2));
  EXPECT_EQ(ceiling("{interval: 10m}"), std::chrono::minutes(10)) << "never below it";
  EXPECT_EQ(ceiling("{interval: 1s, ceiling: 2m}"), std::chrono::minutes(2)) << "one that is set stands";
  EXPECT_EQ(ceiling("{interval: 1s, ceiling: 1s}"), std::chrono::seconds(1));
}

TEST(Polling, HasTwoModes) {
  EXPECT_THAT(FaultsOf(Minimal() + "polling: {mode: clever}\n"),
              ElementsAre(AllOf(StartsWith("9:11: 'polling.mode' is 'clever'"), HasSubstr("adaptive or fixed"))));
}

TEST(Rooms, IsOnePlainComponent) {
  for (const char* wrong : {"''", "'.'", "'..'", "a/b", "'a\\b'", "'a:b'", "'a '", "'a.'", "x.apk"}) {
    EXPECT_THAT(FaultsOf(WithFolderKey(std::string("rooms: ") + wrong)),
                ElementsAre(AllOf(StartsWith("9:5: 'rooms' is wrong: '"), HasSubstr("one plain folder name"))))
        << wrong;
  }
  EXPECT_THAT(FaultsOf(WithFolderKey("rooms: _TegoDrop")), ElementsAre());
}

TEST(OutputName, EndsInTheExtensionAndKnowsItsPlaceholders) {
  struct {
    const char* name;
    const char* fault;
  } cases[] = {
      {"{stem}", "does not end in {ext}"},
      {"{stem}{ext}x", "does not end in {ext}"},
      {"a/{stem}{ext}", "holds '/'"},
      {"{stem}:{ext}", "holds ':'"},
      {"{stem}{start-time}{ext}", "did you mean {start_time}?"},
      {"{stem}{branch}{ext}", "uses the unknown placeholder '{branch}'"},
      {"{stem{ext}", "uses the unknown placeholder '{stem{ext}'"},
      {"{stem}}{ext}", "has a '}' without its '{'"},
      {"{stem}{ext", "has a '{' without its '}'"},
      {"release-{version}{ext}", "would be the same for every artifact"},
      {"{stem}{version-name}{ext}", "did you mean {version_name}?"},
      {"", "does not end in {ext}"},
  };
  for (const auto& one : cases) {
    EXPECT_THAT(FaultsOf(WithFolderKey("output_name: '" + std::string(one.name) + "'")),
                ElementsAre(AllOf(StartsWith("9:5: 'output_name' "), HasSubstr(one.fault))))
        << one.name;
  }
  EXPECT_THAT(FaultsOf(WithFolderKey("output_name: '{job}{commit}{sha256}{version}{platform}{start_time}{ext}'")),
              ElementsAre());
  EXPECT_THAT(FaultsOf(WithFolderKey("output_name: '" + std::string(150, 'a') + "{job}{ext}'")),
              ElementsAre(HasSubstr("longer than 150 bytes")));
}

TEST(SigningKey, IsAnIdWithoutSpaces) {
  EXPECT_THAT(FaultsOf(WithFolderKey("signing_key: key-uuid-1234")), ElementsAre());
  EXPECT_THAT(FaultsOf(WithFolderKey("signing_key: 'a b'")), ElementsAre(StartsWith("9:5: 'signing_key' is wrong")));
  EXPECT_THAT(FaultsOf(WithFolderKey("signing_key: ''")), ElementsAre(StartsWith("9:5: 'signing_key' is wrong")));
}

}  // namespace
}  // namespace tegodrop
