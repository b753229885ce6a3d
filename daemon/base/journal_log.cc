#include "daemon/base/journal_log.h"

#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

// We give the fields by ourselves: where in the code a line was logged helps nobody who reads the journal.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "daemon/base/digest.h"
#include "daemon/base/text.h"

namespace tegodrop {
namespace {

int PriorityOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return LOG_DEBUG;
    case LogLevel::kInfo:
      return LOG_INFO;
    case LogLevel::kWarning:
      return LOG_WARNING;
    case LogLevel::kError:
      return LOG_ERR;
  }
  return LOG_ERR;
}

// Of the journal's rules: capitals, digits and underscores.
std::string FieldName(std::string_view key) {
  std::string name = "TEGODROP_";
  for (const char c : key) {
    const bool letter = c >= 'a' && c <= 'z';
    const bool digit = c >= '0' && c <= '9';
    name += letter ? static_cast<char>(c - 'a' + 'A') : digit ? c : '_';
  }
  return name;
}

class JournalLog final : public AdjustableLog {
 public:
  explicit JournalLog(LogLevel level) : level_(level) {}

  void SetLevel(LogLevel level) override { level_ = level; }

  void Write(LogLevel level, std::string_view event, std::string_view message,
             std::initializer_list<LogField> fields) override {
    if (level < level_.load(std::memory_order_relaxed)) return;
    std::vector<std::string> lines{
        "MESSAGE=" + FormatLogText(event, message, fields),
        "PRIORITY=" + std::to_string(PriorityOf(level)),
        "SYSLOG_IDENTIFIER=tegodrop",
        "MESSAGE_ID=" + MessageId(event),
        "TEGODROP_EVENT=" + std::string(event),
    };
    for (const LogField& field : fields) lines.push_back(FieldName(field.key) + "=" + Printable(field.text));
    std::vector<iovec> parts;
    parts.reserve(lines.size());
    for (std::string& line : lines) parts.push_back({line.data(), line.size()});
    (void)sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
  }

 private:
  std::atomic<LogLevel> level_;
};

}  // namespace

std::unique_ptr<AdjustableLog> MakeJournalLog(LogLevel level) { return std::make_unique<JournalLog>(level); }

bool JournalListens() { return access("/run/systemd/journal/socket", W_OK) == 0; }

bool StderrIsJournal(const char* journal_stream) {
  struct stat stream {};
  if (journal_stream == nullptr || fstat(STDERR_FILENO, &stream) != 0) return false;
  return std::to_string(stream.st_dev) + ":" + std::to_string(stream.st_ino) == journal_stream;
}

std::string MessageId(std::string_view event) {
  std::string id = Sha256Hex("tegodrop message " + std::string(event)).substr(0, 32);
  // As sd-id128(3) wants them: a random (version 4) UUID of the usual variant.
  id[12] = '4';
  id[16] = "89ab"[static_cast<std::size_t>(id[16] % 4)];
  return id;
}

}  // namespace tegodrop
