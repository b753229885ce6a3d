#include "tests/unit/portal_live/cases.h"

#include <ctime>

namespace tegodrop::testing {
namespace {

using std::chrono::seconds;

constexpr auto kRetry = ErrorKind::kRetry;
constexpr auto kSignIn = ErrorKind::kSignIn;
constexpr auto kRejected = ErrorKind::kRejected;
constexpr auto kSlowDown = ErrorKind::kSlowDown;

bool NeedsTenant(const Operation& one) { return one.tenant; }
bool NeedsBuilds(const Operation& one) { return one.builds; }
bool NeedsTeam(const Operation& one) { return one.team; }
bool NeedsFields(const Operation& one) { return !one.takes_empty; }
bool NeedsObject(const Operation& one) { return !one.takes_list; }
bool SendsPassword(const Operation& one) { return one.password; }
bool SaysWhatItNeeds(const Operation& one) { return one.builds || one.team; }

std::string DateIn(int seconds_from_now) {
  const std::time_t when = std::time(nullptr) + seconds_from_now;
  std::tm parts{};
  gmtime_r(&when, &parts);
  char text[64];
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return text;
}

std::string Answer(int status, const std::string& body, const std::string& headers = "{}") {
  return R"({"status":)" + std::to_string(status) + R"(,"headers":)" + headers + R"(,"body":")" + body + "\"}";
}

std::vector<Case> Successes() {
  return {{.name = "success"},
          {.name = "fields that nobody knows", .switches = R"({"extra_fields":true})"},
          {.name = "fields that are null", .switches = R"({"null_fields":true})"},
          {.name = "both of them", .switches = R"({"extra_fields":true,"null_fields":true})"},
          {.name = "the answer drips", .fault = R"({"drip":50000})"}};
}

std::vector<Case> Credentials() {
  std::vector<Case> cases = {
      {.name = "wrong token", .account = Account::kOtherToken, .kind = kSignIn, .words = "Invalid API token"},
      {.name = "no token", .account = Account::kNoToken, .kind = kSignIn, .words = "there is no token", .sent = false},
      {.name = "token of a wrong form",
       .account = Account::kBrokenToken,
       .kind = kSignIn,
       .words = "KEY:SECRET",
       .sent = false},
      {.name = "wrong tenant",
       .account = Account::kOtherTenant,
       .kind = kSignIn,
       .words = "does not belong to that tenant",
       .bites = NeedsTenant},
      {.name = "no Builds permission",
       .switches = R"({"builds_permission":false})",
       .kind = kSignIn,
       .words = "has not the Builds permission",
       .bites = NeedsBuilds},
      {.name = "plan FREE",
       .switches = R"({"plan":"FREE"})",
       .kind = kSignIn,
       .words = "needs a Team or Enterprise plan",
       .bites = NeedsTeam},
      {.name = "plan ENTERPRISE", .switches = R"({"plan":"ENTERPRISE"})"},
      {.name = "403 without a word", .fault = Answer(403, ""), .kind = kSignIn, .words = "does not permit it"},
      {.name = "403 without a word, what is needed",
       .fault = Answer(403, ""),
       .kind = kSignIn,
       .words = "it needs ",
       .everywhere = false,
       .bites = SaysWhatItNeeds}};
  for (const std::string shape : {"message", "error", "detail", "text", "html", "empty"}) {
    cases.push_back({.name = "401, error body " + shape,
                     .switches = R"({"error_body":")" + shape + "\"}",
                     .account = Account::kOtherToken,
                     .kind = kSignIn,
                     .words = shape == "empty" ? "refused the credentials (HTTP 401)" : "Invalid API token"});
    cases.push_back({.name = "403, error body " + shape,
                     .switches = R"({"builds_permission":false,"error_body":")" + shape + "\"}",
                     .kind = kSignIn,
                     .words = shape == "empty" ? "it needs the Builds permission" : "has not the Builds permission",
                     .bites = NeedsBuilds});
  }
  return cases;
}

std::vector<Case> Statuses() {
  std::vector<Case> cases = {
      {.name = "503", .fault = Answer(503, "busy"), .kind = kRetry, .words = "busy", .unknown = true},
      {.name = "503, Retry-After in seconds",
       .fault = Answer(503, "", R"({"Retry-After":"7"})"),
       .kind = kRetry,
       .words = "HTTP 503",
       .unknown = true,
       .retry_after = {{seconds(7), seconds(7)}}},
      {.name = "503, Retry-After as a date",
       .fault = Answer(503, "", R"({"Retry-After":")" + DateIn(3600) + "\"}"),
       .kind = kRetry,
       .words = "HTTP 503",
       .unknown = true,
       .retry_after = {{seconds(1800), seconds(3600)}}},
      {.name = "429, Retry-After in seconds",
       .fault = Answer(429, R"({\"message\":\"Too many requests\"})", R"({"Retry-After":"9"})"),
       .kind = kSlowDown,
       .words = "Too many requests",
       .retry_after = {{seconds(9), seconds(9)}}},
      {.name = "429", .fault = Answer(429, ""), .kind = kSlowDown, .words = "HTTP 429"},
      {.name = "302 to a login",
       .fault = Answer(302, "", R"({"Location":"https://login.example/in?X-Signature=1"})"),
       .kind = kRetry,
       .words = "redirects to https://login.example/in",
       .unknown = true},
      {.name = "502, a gateway's HTML page",
       .fault = Answer(502, "<html><head><title>Bad Gateway</title></head><body>nginx</body></html>"),
       .kind = kRetry,
       .words = "Bad Gateway: nginx",
       .unknown = true},
      {.name = "404, a gateway's HTML page",
       .fault = Answer(404, "<html><head><title>Nothing here</title></head></html>"),
       .kind = kRetry,
       .words = "in the portal's place",
       .unknown = true},
      {.name = "404, JSON",
       .fault = Answer(404, R"({\"message\":\"No such thing\"})"),
       .kind = kRejected,
       .words = "No such thing"}};
  for (const int status : {408, 500, 504, 599}) {
    const std::string number = std::to_string(status);
    cases.push_back({.name = number,
                     .fault = Answer(status, "words of " + number),
                     .kind = kRetry,
                     .words = "words of " + number,
                     .unknown = true});
  }
  for (const int status : {400, 402, 409, 413, 422}) {
    const std::string number = std::to_string(status);
    cases.push_back({.name = number,
                     .fault = Answer(status, R"({\"error\":\"words of )" + number + R"(\"})"),
                     .kind = kRejected,
                     .words = "words of " + number});
  }
  return cases;
}

std::vector<Case> OddAnswers() {
  return {{.name = "200, not JSON", .fault = Answer(200, "OK"), .kind = kRetry, .words = "not JSON", .unknown = true},
          {.name = "200, an HTML page",
           .fault = Answer(200, "<html><head><title>Maintenance</title></head></html>"),
           .kind = kRetry,
           .words = "Maintenance",
           .unknown = true},
          {.name = "200, empty", .fault = Answer(200, ""), .kind = kRetry, .words = "is empty", .unknown = true},
          {.name = "204", .fault = Answer(204, ""), .kind = kRetry, .words = "is empty", .unknown = true},
          {.name = "200, null", .fault = Answer(200, "null"), .kind = kRetry, .words = "answer", .unknown = true},
          {.name = "200, an error in it",
           .fault = Answer(200, R"({\"error\":\"We encountered an internal error\"})"),
           .kind = kRetry,
           .words = "We encountered an internal error",
           .unknown = true},
          {.name = "200, success false in it",
           .fault = Answer(200, R"({\"success\":false,\"message\":\"Try again later\"})"),
           .kind = kRetry,
           .words = "Try again later",
           .unknown = true},
          {.name = "200, XML's error in it",
           .fault = Answer(200, "<Error><Code>InternalError</Code><Message>Try again later</Message></Error>"),
           .kind = kRetry,
           .words = "Try again later",
           .unknown = true},
          {.name = "200, {}",
           .fault = Answer(200, "{}"),
           .kind = kRetry,
           .words = "has no ",
           .unknown = true,
           .bites = NeedsFields},
          {.name = "200, []",
           .fault = Answer(200, "[]"),
           .kind = kRetry,
           .words = "no JSON object",
           .unknown = true,
           .bites = NeedsObject},
          {.name = "400, the answer repeats credentials and a URL",
           .fault = Answer(400, R"({\"message\":\"rehearsal-key:rehearsal-secret )"
                                R"(cmVoZWFyc2FsLWtleTpyZWhlYXJzYWwtc2VjcmV0 https://a.example/b?X-Signature=1\"})"),
           .kind = kRejected,
           .words = "(token) (token) https://a.example/b?"},
          {.name = "200, the same in no JSON",
           .fault = Answer(200, "rehearsal-secret https://a.example/b?X-Signature=1"),
           .kind = kRetry,
           .words = "it says: (token) https://a.example/b?",
           .unknown = true},
          {.name = "422, the answer repeats the password",
           .fault = Answer(422, R"({\"detail\":[{\"input\":{\"password\":\"Zebra9&<\\\"keystore\"}}]})"),
           .kind = kRejected,
           .words = "words are left out",
           .everywhere = false,
           .bites = SendsPassword},
          {.name = "500, a page repeats the password",
           .fault = Answer(500, "<p>alias release, password Zebra9&amp;&lt;&quot;keystore</p>"),
           .kind = kRetry,
           .words = "words are left out",
           .unknown = true,
           .everywhere = false,
           .bites = SendsPassword},
          {.name = "200, no JSON, it repeats the password",
           .fault = Answer(200, R"(Zebra9&<\"keystore is too weak)"),
           .kind = kRetry,
           .words = "words are left out",
           .unknown = true,
           .everywhere = false,
           .bites = SendsPassword},
          {.name = "the answer's last byte is missing, its length knows",
           .fault = R"({"short_by":1})",
           .kind = kRetry,
           .words = "not JSON",
           .unknown = true,
           .effect = Effect::kDone},
          {.name = "zero bytes behind the answer",
           .fault = R"({"longer_by":5})",
           .kind = kRetry,
           .words = "not UTF-8",
           .unknown = true,
           .effect = Effect::kDone},
          {.name = "a broken byte in the answer",
           .fault = R"({"corrupt_at":0})",
           .kind = kRetry,
           .words = "not JSON",
           .unknown = true,
           .effect = Effect::kDone},
          {.name = "an answer over every limit",
           .fault = R"({"longer_by":9000000})",
           .kind = kRetry,
           .words = "bytes",
           .unknown = true,
           .effect = Effect::kDone}};
}

std::vector<Case> Connections() {
  const auto cut = [](const std::string& name, const std::string& fault, Effect effect, bool impatient = false) {
    return Case{.name = name,
                .fault = fault,
                .impatient = impatient,
                .kind = kRetry,
                .words = "asked for",
                .unknown = true,
                .effect = effect};
  };
  constexpr auto kNone = Effect::kNone;
  constexpr auto kDone = Effect::kDone;
  return {{.name = "nobody listens",
           .account = Account::kNobody,
           .kind = kRetry,
           .words = "asked for",
           .unknown = false,
           .sent = false},
          {.name = "the portal is down",
           .switches = R"({"portal_down":true})",
           .kind = kRetry,
           .words = "asked for",
           .unknown = true},
          cut("FIN once the request is there", R"({"close_after_bytes":0,"of":"request"})", kNone),
          cut("reset once the request is there", R"({"close_after_bytes":0,"of":"request","reset":true})", kNone),
          cut("the answer is lost, FIN", R"({"lost_answer":true})", kDone),
          cut("the answer is lost, reset", R"({"lost_answer":true,"reset":true})", kDone),
          cut("FIN before the answer's body", R"({"close_after_bytes":0,"of":"answer"})", kDone),
          cut("FIN within the answer", R"({"close_after_bytes":3,"of":"answer"})", kDone),
          cut("reset within the answer", R"({"close_after_bytes":3,"of":"answer","reset":true})", kDone),
          cut("stall before the answer", R"({"stall":true})", kNone, true),
          cut("stall within the answer", R"({"stall":true,"after_bytes":3,"of":"answer"})", kDone, true),
          cut("no HTTP", R"({"garbage":"SSH-2.0-OpenSSH_9.2\r\n"})", kNone)};
}

}  // namespace

const std::vector<Case>& AllCases() {
  static const std::vector<Case> all = [] {
    std::vector<Case> out;
    for (const auto& some : {Successes(), Credentials(), Statuses(), OddAnswers(), Connections()}) {
      out.insert(out.end(), some.begin(), some.end());
    }
    return out;
  }();
  return all;
}

}  // namespace tegodrop::testing
