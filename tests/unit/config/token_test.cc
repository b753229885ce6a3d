#include "config/token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tests/fakes/scratch_folder.h"

namespace tegodrop {
namespace {

using ::testing::AllOf;
using testing::AsOrdinaryUser;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ScratchFolder;

PortalSettings WithFile(const std::string& path) {
  PortalSettings portal;
  portal.token_file = path;
  return portal;
}

std::string Shown(const Result<Secret>& token) { return token ? std::string(token->Reveal()) : "fault"; }
std::string FaultOf(const Result<Secret>& token) { return token ? "none" : token.error().message; }

TEST(LoadToken, TakesTheFileAloneWhereItIsSet) {
  const ScratchFolder folder;
  folder.Write("apptego-token", "credential:secret", 0400);
  const std::string directory = folder.Path("");
  const PortalSettings portal = WithFile(folder.Write("token", "key:secret\n", 0600));
  EXPECT_EQ(Shown(LoadToken(portal, directory.c_str(), Secret("env:secret"))), "key:secret");
  const Result<Secret> missing = LoadToken(WithFile(folder.Path("none")), directory.c_str(), Secret("env:secret"));
  EXPECT_THAT(FaultOf(missing), AllOf(HasSubstr("the token file: cannot open"), HasSubstr("No such file"),
                                      HasSubstr("chmod 600 " + folder.Path("none"))));
  EXPECT_EQ(missing.error().kind, ErrorKind::kLocalDisk);
}

TEST(LoadToken, TakesTheCredentialBeforeTheEnvironment) {
  const ScratchFolder folder;
  const std::string directory = folder.Path("");
  const Secret environment("env:secret");
  EXPECT_EQ(Shown(LoadToken({}, nullptr, environment)), "env:secret");
  EXPECT_EQ(Shown(LoadToken({}, "", environment)), "env:secret");
  EXPECT_EQ(Shown(LoadToken({}, directory.c_str(), environment)), "env:secret");
  for (const mode_t mode : {0400U, 0440U}) {
    folder.Write("apptego-token", "credential:secret\n", 0600);
    ASSERT_EQ(chmod(folder.Path("apptego-token").c_str(), mode), 0);
    EXPECT_EQ(Shown(LoadToken({}, directory.c_str(), environment)), "credential:secret") << mode;
    ASSERT_EQ(unlink(folder.Path("apptego-token").c_str()), 0);
  }
}

TEST(LoadToken, DoesNotPassOverACredentialThatIsThereButUnusable) {
  const ScratchFolder folder;
  const std::string directory = folder.Path("");
  const std::string path = folder.Write("apptego-token", "nonsense", 0400);
  EXPECT_THAT(FaultOf(LoadToken({}, directory.c_str(), Secret("env:secret"))),
              AllOf(HasSubstr("the systemd credential"), HasSubstr("holds no ':'")));
  ASSERT_EQ(chmod(path.c_str(), 0444), 0);
  EXPECT_THAT(FaultOf(LoadToken({}, directory.c_str(), Secret("env:secret"))), HasSubstr("group or others"));
  ASSERT_EQ(chmod(path.c_str(), 0000), 0);
  AsOrdinaryUser([&] {
    EXPECT_THAT(FaultOf(LoadToken({}, directory.c_str(), Secret("env:secret"))), HasSubstr("Permission denied"));
  });
}

TEST(LoadToken, NamesAllThreeSourcesWhereThereIsNone) {
  const Result<Secret> token = LoadToken({}, nullptr, Secret());
  EXPECT_THAT(FaultOf(token), AllOf(HasSubstr("portal.token_file"), HasSubstr("LoadCredential=apptego-token"),
                                    HasSubstr("$APPTEGO_TOKEN")));
  EXPECT_EQ(token.error().kind, ErrorKind::kRejected);
}

TEST(LoadToken, RefusesAFileThatGroupOrOthersMayReadOrWrite) {
  const ScratchFolder folder;
  for (const mode_t mode : {0640U, 0604U, 0620U, 0602U, 0644U, 0666U, 0440U}) {
    const std::string path = folder.Write("token" + std::to_string(mode), "kkkk:ssss\n", mode);
    const Result<Secret> token = LoadToken(WithFile(path), nullptr, Secret());
    EXPECT_THAT(FaultOf(token), AllOf(HasSubstr("run: chmod 600 " + path), Not(HasSubstr("ssss")))) << mode;
    PortalSettings portal;
    portal.proxy_token_file = path;
    EXPECT_THAT(FaultOf(LoadProxyToken(portal)), AllOf(HasSubstr("run: chmod 600 " + path), Not(HasSubstr("ssss"))));
  }
  EXPECT_EQ(Shown(LoadToken(WithFile(folder.Write("good", "kkkk:ssss\n", 0400)), nullptr, Secret())), "kkkk:ssss");
}

TEST(LoadToken, TrimsLineEndsAndByteOrderMark) {
  for (const char* value : {"k:s", "k:s\n", "k:s\r\n", "\xEF\xBB\xBFk:s\r\n", "\nk:s\n\n"}) {
    EXPECT_EQ(Shown(LoadToken({}, nullptr, Secret(value))), "k:s");
  }
  EXPECT_EQ(Shown(LoadToken({}, nullptr, Secret("k:s:t=="))), "k:s:t==");
}

TEST(LoadToken, RefusesEveryOtherFormAndNeverRepeatsAByteOfIt) {
  struct {
    std::string value;
    const char* fault;
  } cases[] = {
      {"ZQXJZQXJ", "holds no ':'"},
      {":ZQXJZQXJ", "has an empty key"},
      {"ZQXJZQXJ:", "has an empty secret"},
      {"ZQXJ:ZQXJ\nZQXJ:ZQXJ\n", "has a second line"},
      {"ZQXJ: ZQXJ", "holds a space"},
      {"ZQXJ:ZQXJ ", "holds a space"},
      {"ZQXJ:ZQ\tXJ", "not printable ASCII"},
      {"ZQXJ:ZQ\xC3\xBCXJ", "not printable ASCII"},
      {std::string("ZQXJ:ZQ\0XJ", 10), "not printable ASCII"},
      {"\r\n", "is empty"},
      {"ZQXJ:" + std::string(4096, 'Z'), "4"},
  };
  const ScratchFolder folder;
  for (const auto& one : cases) {
    const std::string path = folder.Write("token", one.value, 0600);
    for (const Result<Secret>& token :
         {LoadToken(WithFile(path), nullptr, Secret()), LoadToken({}, nullptr, Secret(one.value))}) {
      // The folder's random name may hold what the token holds.
      std::string fault = FaultOf(token);
      if (const std::size_t at = fault.find(path); at != std::string::npos) fault.erase(at, path.size());
      EXPECT_THAT(fault, AllOf(HasSubstr(one.fault), Not(HasSubstr("ZQ")), Not(HasSubstr("XJ"))));
    }
  }
}

TEST(LoadToken, RefusesAFolderOrAFifo) {
  const ScratchFolder folder;
  ASSERT_EQ(mkfifo(folder.Path("fifo").c_str(), 0600), 0);
  EXPECT_THAT(FaultOf(LoadToken(WithFile(folder.Path("fifo")), nullptr, Secret())), HasSubstr("no regular file"));
  EXPECT_THAT(FaultOf(LoadToken(WithFile(folder.Path("")), nullptr, Secret())), HasSubstr("no regular file"));
}

TEST(LoadProxyToken, IsEmptyWithoutAFileAndMayHoldSpaces) {
  EXPECT_EQ(Shown(LoadProxyToken({})), "");
  const ScratchFolder folder;
  PortalSettings portal;
  portal.proxy_token_file = folder.Write("p", "DOMAIN\\user:pass word\n", 0600);
  EXPECT_EQ(Shown(LoadProxyToken(portal)), "DOMAIN\\user:pass word");
  portal.proxy_token_file = folder.Path("none");
  EXPECT_THAT(FaultOf(LoadProxyToken(portal)), AllOf(HasSubstr("the proxy's token file"), HasSubstr("USER:PASSWORD")));
}

TEST(LoadPassword, IsOneLineOfAFileThatNobodyElseMayRead) {
  const ScratchFolder folder;
  EXPECT_EQ(Shown(LoadPassword(folder.Write("p", "pass w\u00f6rd: \"1\"\r\n", 0600))), "pass w\u00f6rd: \"1\"");
  EXPECT_THAT(FaultOf(LoadPassword(folder.Write("open", "Zebra9", 0640))),
              AllOf(HasSubstr("chmod 600"), Not(HasSubstr("Zebra9"))));
  EXPECT_THAT(FaultOf(LoadPassword(folder.Write("two", "Zebra9\nmore", 0600))),
              AllOf(HasSubstr("second line"), Not(HasSubstr("Zebra9"))));
  EXPECT_THAT(FaultOf(LoadPassword(folder.Path("none"))), HasSubstr("the password file"));
}

NotifySettings WithWebhook(const std::string& path) {
  NotifySettings notify;
  notify.webhook_file = path;
  return notify;
}

TEST(LoadWebhook, IsAnHttpsUrlWithItsQueryOrNothing) {
  EXPECT_EQ(Shown(LoadWebhook({})), "");
  const ScratchFolder folder;
  for (const char* url : {"https://chat.example/hooks/T0/B0?sig=a%20b&v=1", "https://chat.example:8443",
                          "http://127.0.0.1:9/x", "http://[::1]/x", "https://chat.example?code=1"}) {
    EXPECT_EQ(Shown(LoadWebhook(WithWebhook(folder.Write("w", std::string(url) + "\n", 0600)))), url);
  }
  EXPECT_THAT(FaultOf(LoadWebhook(WithWebhook(folder.Path("none")))),
              AllOf(HasSubstr("the webhook's file"), HasSubstr("chmod 600")));
}

TEST(LoadWebhook, RefusesWhatWouldTravelReadableAndNeverRepeatsAByteOfIt) {
  struct {
    const char* value;
    const char* fault;
  } cases[] = {
      {"http://chat.example/ZQXJ", "plain http to a host that is not loopback"},
      {"http://127.0.0.1.ZQXJ.example/x", "plain http to a host that is not loopback"},
      {"ftp://chat.example/ZQXJ", "a scheme other than https"},
      {"ZQXJ://chat.example/", "a scheme other than https"},
      {"https://ZQXJ:ZQXJ@chat.example/", "a user or password"},
      {"https://chat.example/ZQXJ#ZQXJ", "a fragment"},
      {"https://chat.example/ZQXJ ZQXJ", "holds a space"},
      {"https:///ZQXJ", "no valid host name"},
      {"ZQXJ", "has no scheme"},
      {"https://chat.example\\ZQXJ", "a backslash"},
      {"https://a.example/ZQXJ\nhttps://b.example/ZQXJ", "has a second line"},
      {"", "is empty"},
  };
  const ScratchFolder folder;
  for (const auto& one : cases) {
    EXPECT_THAT(FaultOf(LoadWebhook(WithWebhook(folder.Write("w", one.value, 0600)))),
                AllOf(HasSubstr(one.fault), Not(HasSubstr("ZQXJ"))))
        << one.value;
  }
  for (const mode_t mode : {0640U, 0604U, 0622U}) {
    const std::string path = folder.Write("w" + std::to_string(mode), "https://chat.example/x", mode);
    EXPECT_THAT(FaultOf(LoadWebhook(WithWebhook(path))), HasSubstr("run: chmod 600 " + path));
  }
}

std::string OwnEnvironment() {
  std::ifstream file("/proc/self/environ", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The BUILD file starts this test with the variable set, so that its bytes stand where the kernel shows them.
TEST(TakeEnvironmentToken, LeavesNothingBehindInTheEnvironment) {
  ASSERT_THAT(OwnEnvironment(), HasSubstr("ENVKEY:ENVSECRET"));
  const Secret token = TakeEnvironmentToken();
  EXPECT_EQ(token.Reveal(), "ENVKEY:ENVSECRET");
  EXPECT_EQ(std::getenv("APPTEGO_TOKEN"), nullptr);
  EXPECT_THAT(OwnEnvironment(), Not(HasSubstr("ENVSECRET")));
  EXPECT_TRUE(TakeEnvironmentToken().empty());
}

}  // namespace
}  // namespace tegodrop
