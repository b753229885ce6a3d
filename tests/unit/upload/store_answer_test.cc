#include "daemon/upload/store_answer.h"

#include <gtest/gtest.h>

namespace tegodrop {
namespace {

HttpAnswer Answer(int status, std::string body = "") {
  HttpAnswer answer;
  answer.status = status;
  answer.body = std::move(body);
  return answer;
}

StoreVerdict Judge(int status, bool whole, std::string body = "") {
  return JudgeStoreAnswer(Answer(status, std::move(body)), whole, 0);
}

TEST(StoreAnswer, ASuccessAfterTheWholeObjectIsStored) {
  for (const int status : {200, 201, 204}) EXPECT_EQ(Judge(status, true).stored, Stored::kYes);
}

TEST(StoreAnswer, ASuccessBeforeTheLastByteIsNone) {
  const StoreVerdict verdict = Judge(200, false);
  EXPECT_EQ(verdict.stored, Stored::kNo);
  EXPECT_EQ(verdict.error.kind, ErrorKind::kRetry);
}

TEST(StoreAnswer, AnErrorInsideASuccessIsUnknown) {
  const StoreVerdict verdict = Judge(200, true, "<?xml?><Error><Code>InternalError</Code></Error>");
  EXPECT_EQ(verdict.stored, Stored::kUnknown);
  EXPECT_TRUE(verdict.error.outcome_unknown);
}

TEST(StoreAnswer, EveryClassOfAnswerIsJudgedBeforeAndAfterTheLastByte) {
  struct Row {
    int status;
    const char* body;
    Stored before;
    Stored after;
    ErrorKind kind;
  };
  for (const Row& row : {
           Row{401, "", Stored::kNo, Stored::kNo, ErrorKind::kExpired},
           Row{403, "", Stored::kNo, Stored::kNo, ErrorKind::kExpired},
           Row{400, "<Code>ExpiredToken</Code>", Stored::kNo, Stored::kNo, ErrorKind::kExpired},
           Row{400, "Request has EXPIRED", Stored::kNo, Stored::kNo, ErrorKind::kExpired},
           Row{400, "<Code>BadDigest</Code>", Stored::kNo, Stored::kNo, ErrorKind::kRejected},
           Row{400, "<Error><Code>RequestTimeout</Code></Error>", Stored::kNo, Stored::kNo, ErrorKind::kRetry},
           Row{400, "<Error><Code>IncompleteBody</Code></Error>", Stored::kNo, Stored::kNo, ErrorKind::kRetry},
           Row{403, "<Error><Code>SlowDown</Code></Error>", Stored::kNo, Stored::kNo, ErrorKind::kRetry},
           Row{403, "<Code>RequestTimeTooSkewed</Code>", Stored::kNo, Stored::kNo, ErrorKind::kExpired},
           Row{400, "<Message>RequestTimeout</Message>", Stored::kNo, Stored::kNo, ErrorKind::kRejected},
           Row{503, "<Error><Code>SlowDown</Code></Error>", Stored::kNo, Stored::kUnknown, ErrorKind::kRetry},
           Row{404, "", Stored::kNo, Stored::kNo, ErrorKind::kRejected},
           Row{413, "", Stored::kNo, Stored::kNo, ErrorKind::kRejected},
           Row{307, "", Stored::kNo, Stored::kNo, ErrorKind::kRetry},
           Row{429, "", Stored::kNo, Stored::kNo, ErrorKind::kRetry},
           Row{408, "", Stored::kNo, Stored::kUnknown, ErrorKind::kRetry},
           Row{500, "", Stored::kNo, Stored::kUnknown, ErrorKind::kRetry},
           Row{503, "", Stored::kNo, Stored::kUnknown, ErrorKind::kRetry},
       }) {
    for (const bool whole : {false, true}) {
      const StoreVerdict verdict = Judge(row.status, whole, row.body);
      EXPECT_EQ(verdict.stored, whole ? row.after : row.before) << row.status << " " << whole;
      EXPECT_EQ(verdict.error.kind, row.kind) << row.status;
      EXPECT_EQ(verdict.error.outcome_unknown, verdict.stored == Stored::kUnknown) << row.status;
      EXPECT_EQ(verdict.error.http_status, row.status);
    }
  }
}

TEST(StoreAnswer, NoAnswerIsUnknownOnlyAfterTheLastByte) {
  Error error = MakeError(ErrorKind::kCorrupt, "the answer was cut short");
  error.outcome_unknown = true;  // the transfer counts the request's bytes, not whether they were the whole object
  const StoreVerdict before = JudgeStoreAnswer(Fail(error), false, 0);
  EXPECT_EQ(before.stored, Stored::kNo);
  EXPECT_FALSE(before.error.outcome_unknown);
  EXPECT_EQ(before.error.kind, ErrorKind::kRetry) << "a damaged answer does not make the artifact corrupt";
  const StoreVerdict after = JudgeStoreAnswer(Fail(error), true, 0);
  EXPECT_EQ(after.stored, Stored::kUnknown);
  EXPECT_TRUE(after.error.outcome_unknown);
}

TEST(StoreAnswer, RetryAfterIsHandedOn) {
  HttpAnswer answer = Answer(503);
  answer.headers.emplace_back("retry-after", "7");
  EXPECT_EQ(JudgeStoreAnswer(answer, false, 0).error.retry_after, std::chrono::seconds(7));
}

TEST(StoreAnswer, NothingButTheErrorCodeIsRepeated) {
  const std::string body =
      "<Error><Code>SignatureDoesNotMatch</Code><Message>X-Amz-Signature=abcdef</Message>"
      "<StringToSign>GET /a?X-Amz-Signature=abcdef</StringToSign></Error>";
  const Error error = Judge(403, false, body).error;
  EXPECT_NE(error.message.find("SignatureDoesNotMatch"), std::string::npos);
  EXPECT_EQ(error.message.find("abcdef"), std::string::npos);
  EXPECT_EQ(Judge(403, false, "<Code>a?signature=abcdef</Code>").error.message.find("abcdef"), std::string::npos);
  EXPECT_EQ(Judge(403, false, "<Code>never closed").error.message.find("never"), std::string::npos);
}

}  // namespace
}  // namespace tegodrop
