// The in-toto statement that a trace gives.
#include "daemon/provenance/statement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/base/digest.h"
#include "daemon/base/safe_json.h"

namespace tegodrop {
namespace {

const std::string kCommit(40, 'a');
const std::string kSource(64, '1');
const std::string kOutput(64, '2');

std::string Trace(const std::string& sidecar, const std::string& commit) {
  return R"({"schema": "tegodrop-trace/1", "version": "production", "platform": "android", "file_name": "app.apk",
    "file_path": "t/app.apk", "start_time": 1767225100, "protected_output": "app-protected.apk", "commit_sha": )" +
         commit + R"(, "tenant": "9f1c", "portal_url": "https://app.apptego.com/frontend", "folder": "production",
    "source": {"size": 1, "sha256": ")" +
         kSource + R"("}, "output": {"size": 2, "sha256": ")" + kOutput + R"("}, "sidecar": )" + sidecar +
         R"(, "build": {"end_time": 1767225400, "signing_key_id": "key-1"}, "tool": {"name": "tegodrop", "version": "1.2"}})";
}

std::string Full() {
  return Trace(R"({"repository": "https://git.example/app", "ref": "refs/tags/v1"})", '"' + kCommit + '"');
}

// The value under a path of members and indexes, as JSON; "none" where it is not there.
std::string At(const std::string& document, const std::vector<std::string>& path) {
  const auto parsed = ParseJson(document);
  if (!parsed) return parsed.error().message;
  const JsonValue* at = &*parsed;
  for (const std::string& step : path) {
    if (at->IsArray()) {
      const auto index = static_cast<rapidjson::SizeType>(std::stoul(step));
      if (index >= at->Size()) return "none";
      at = &(*at)[index];
    } else {
      at = Member(*at, step);
      if (at == nullptr) return "none";
    }
  }
  return JsonText(*at);
}

std::string Quoted(const std::string& text) { return '"' + text + '"'; }

TEST(ProvenanceStatement, IsAboutTheProtectedOutput) {
  const auto statement = ProvenanceStatement(Full(), "app-protected.apk.trace.json");
  ASSERT_TRUE(statement) << statement.error().message;
  EXPECT_EQ(At(*statement, {"_type"}), Quoted("https://in-toto.io/Statement/v1"));
  EXPECT_EQ(At(*statement, {"predicateType"}), Quoted("https://slsa.dev/provenance/v1"));
  EXPECT_EQ(At(*statement, {"subject"}), R"([{"name":"app-protected.apk","digest":{"sha256":")" + kOutput + R"("}}])");
}

TEST(ProvenanceStatement, SaysHowItWasBuilt) {
  const std::string statement = *ProvenanceStatement(Full(), "x");
  EXPECT_EQ(At(statement, {"predicate", "buildDefinition", "buildType"}), Quoted(std::string(kBuildType)));
  EXPECT_EQ(At(statement, {"predicate", "buildDefinition", "externalParameters"}),
            R"({"version":"production","platform":"android","file_name":"app.apk","signing_key_id":"key-1"})");
  EXPECT_EQ(At(statement, {"predicate", "buildDefinition", "internalParameters"}),
            R"({"tenant":"9f1c","folder":"production","file_path":"t/app.apk","start_time":1767225100})");
}

TEST(ProvenanceStatement, NamesTheSourceAndTheCommitThatItCameFrom) {
  const std::string statement = *ProvenanceStatement(Full(), "x");
  EXPECT_EQ(
      At(statement, {"predicate", "buildDefinition", "resolvedDependencies"}),
      R"([{"name":"app.apk","digest":{"sha256":")" + kSource +
          R"("}},{"name":"https://git.example/app","uri":"git+https://git.example/app@refs/tags/v1","digest":{"gitCommit":")" +
          kCommit + R"("}}])");
}

TEST(ProvenanceStatement, NamesACommitWithoutItsRepository) {
  const std::string statement = *ProvenanceStatement(Trace("null", '"' + kCommit + '"'), "x");
  EXPECT_EQ(At(statement, {"predicate", "buildDefinition", "resolvedDependencies", "1"}),
            R"({"name":"commit","digest":{"gitCommit":")" + kCommit + R"("}})");
}

TEST(ProvenanceStatement, NamesARepositoryByAUriOrNotByOne) {
  const auto uri = [](const std::string& repository, const std::string& ref) {
    const std::string sidecar = R"({"repository": ")" + repository + R"(", "ref": ")" + ref + R"("})";
    const auto statement = ProvenanceStatement(Trace(sidecar, '"' + kCommit + '"'), "x");
    return statement ? At(*statement, {"predicate", "buildDefinition", "resolvedDependencies", "1", "uri"}) : "";
  };
  EXPECT_EQ(uri("git@git.example:team/app.git", "main"), Quoted("git+ssh://git@git.example/team/app.git@main"));
  EXPECT_EQ(uri("git+ssh://git@git.example/app", ""), Quoted("git+ssh://git@git.example/app"));
  EXPECT_EQ(uri("https://git.example/x y#z", "feature/größe"),
            Quoted("git+https://git.example/x%20y%23z@feature/gr%C3%B6%C3%9Fe"));
  EXPECT_EQ(uri("\\\\\\\\srv\\\\share\\\\app", "main"), "none");
  EXPECT_EQ(uri("/srv/git/app.git", "main"), "none");
  EXPECT_EQ(uri("app", "main"), "none");
}

TEST(ProvenanceStatement, ClaimsNoCommitThatNobodyNamed) {
  const std::string statement =
      *ProvenanceStatement(Trace(R"({"repository": "https://git.example/app", "ref": "main"})", "null"), "x");
  EXPECT_EQ(At(statement, {"predicate", "buildDefinition", "resolvedDependencies", "1"}), "none");
}

TEST(ProvenanceStatement, SaysWhoBuiltItAndWhenAndNamesTheTraceByItsDigest) {
  const std::string trace = Full();
  const std::string statement = *ProvenanceStatement(trace, "app-protected.apk.trace.json");
  EXPECT_EQ(At(statement, {"predicate", "runDetails", "builder"}),
            R"({"id":"https://app.apptego.com/frontend","version":{"tegodrop":"1.2"}})");
  EXPECT_EQ(At(statement, {"predicate", "runDetails", "metadata"}),
            R"({"invocationId":"9f1c/production/android/1767225100/app.apk","startedOn":"2025-12-31T23:51:40.000Z",)"
            R"("finishedOn":"2025-12-31T23:56:40.000Z"})");
  EXPECT_EQ(At(statement, {"predicate", "runDetails", "byproducts"}),
            R"([{"name":"app-protected.apk.trace.json","digest":{"sha256":")" + Sha256Hex(trace) +
                R"("},"mediaType":"application/json"}])");
}

TEST(ProvenanceStatement, IsTheSameForTheSameTrace) {
  EXPECT_EQ(*ProvenanceStatement(Full(), "x"), *ProvenanceStatement(Full(), "x"));
  EXPECT_NE(*ProvenanceStatement(Full(), "x"), *ProvenanceStatement(Full() + " ", "x"));
}

TEST(ProvenanceStatement, IsRefusedForWhatIsNoTraceOfADelivery) {
  for (const char* trace : {"", "[]", "{}", R"({"schema": "tegodrop-trace/1"})", R"({"schema": "tegodrop-trace/2"})"}) {
    EXPECT_FALSE(ProvenanceStatement(trace, "x")) << trace;
  }
}

}  // namespace
}  // namespace tegodrop
