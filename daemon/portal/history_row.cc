#include "daemon/portal/history_row.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/portal/answer_json.h"

namespace tegodrop {

Result<BuildRow> ReadBuildRow(const JsonValue& value, const std::string& version) {
  if (!value.IsObject()) return Fail(ErrorKind::kRetry, "a row of the build history is no object");
  BuildRow row;
  const std::optional<std::int64_t> start_time = IntegerMember(value, "start_time");
  std::optional<std::string> name = NonEmpty(TextMember(value, "name"));
  if (!name) return Fail(ErrorKind::kRetry, "a row of the build history has no name");
  if (!start_time)
    return Fail(ErrorKind::kRetry, "the row of " + Printable(name->substr(0, 100)) + " has no start_time");
  row.start_time = *start_time;
  row.name = std::move(*name);
  row.end_time = IntegerMember(value, "end_time");
  row.version = NonEmpty(TextMember(value, "version")).value_or(version);
  row.platform = TextMember(value, "platform").value_or("");
  row.success = BoolMember(value, "success");
  row.signed_ = BoolMember(value, "signed");
  row.error_message = WordsMember(value, "error_message");
  row.status_message = WordsMember(value, "status_message");
  row.signing_key_id = TextMember(value, "signing_key_id");
  row.signing_key_name = TextMember(value, "signing_key_name");
  row.signing_error_message = WordsMember(value, "signing_error_message");
  row.deleted = BoolMember(value, "deleted").value_or(false);
  return row;
}

std::int64_t TotalPages(const JsonValue& answer, std::size_t rows, const HistoryQuestion& question) {
  if (const auto pages = IntegerMember(answer, "total_pages")) return std::max<std::int64_t>(1, *pages);
  const std::int64_t size = std::max<std::int64_t>(1, IntegerMember(answer, "page_size").value_or(question.page_size));
  if (const auto count = IntegerMember(answer, "total_count"); count && *count >= 0) {
    return std::max<std::int64_t>(1, *count / size + (*count % size != 0 ? 1 : 0));
  }
  return static_cast<std::int64_t>(rows) >= size ? question.page + 1 : question.page;
}

}  // namespace tegodrop
