#include "daemon/ledger/job_codec.h"

#include <concepts>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include "daemon/ledger/column_text.h"
#include "daemon/ledger/job_columns.h"

namespace tegodrop {
namespace {

class Names {
 public:
  template <typename T>
  void Field(const char* column, const T&) {
    names.emplace_back(column);
  }
  template <typename T, typename Visit>
  void Group(const std::optional<T>&, Visit visit) {
    const T blank;
    visit(*this, blank);
  }

  std::vector<std::string> names;
};

class Binder {
 public:
  explicit Binder(Statement& to) : to_(to) {}

  template <typename T>
  void Field(const char*, const T& value) {
    if (absent_) {
      to_.BindNull();
    } else {
      Bind(value);
    }
  }
  template <typename T, typename Visit>
  void Group(const std::optional<T>& group, Visit visit) {
    const T blank;
    absent_ = !group.has_value();
    visit(*this, absent_ ? blank : *group);
    absent_ = false;
  }

 private:
  void Bind(const std::string& value) { to_.Bind(std::string_view(value)); }
  template <typename T>
  requires std::is_enum_v<T>
  void Bind(T value) { to_.Bind(ColumnWord(value)); }
  // Unsigned 64-bit values keep their bits.
  void Bind(std::integral auto value) { to_.Bind(static_cast<std::int64_t>(value)); }
  template <typename T>
  void Bind(const std::vector<T>& list) {
    to_.Bind(std::string_view(ColumnList(list)));
  }
  template <typename T>
  void Bind(const std::optional<T>& value) {
    if (value) {
      Bind(*value);
    } else {
      to_.BindNull();
    }
  }

  Statement& to_;
  bool absent_ = false;
};

class Reader {
 public:
  Reader(const Statement& row, int first) : row_(row), next_(first) {}

  template <typename T>
  void Field(const char* column, T& value) {
    const int at = next_++;
    if (absent_) return;
    if (!Read(at, value) && bad_column_ == nullptr) bad_column_ = column;
  }
  template <typename T, typename Visit>
  void Group(std::optional<T>& group, Visit visit) {
    T blank;
    absent_ = row_.IsNull(next_);
    visit(*this, absent_ ? blank : group.emplace());
    absent_ = false;
  }

  // The first column that could not be read, or nullptr.
  const char* bad_column() const { return bad_column_; }

 private:
  bool Read(int at, std::string& value) {
    value = row_.Text(at);
    return !row_.IsNull(at);
  }
  template <typename T>
  requires std::is_enum_v<T>
  bool Read(int at, T& value) { return FromColumnWord(row_.Text(at), value); }
  template <std::integral T>
  bool Read(int at, T& value) {
    const std::int64_t wide = row_.Int(at);
    value = static_cast<T>(wide);
    return !row_.IsNull(at) && static_cast<std::int64_t>(value) == wide;
  }
  template <typename T>
  bool Read(int at, std::vector<T>& list) {
    return FromColumnList(row_.Text(at), list);
  }
  template <typename T>
  bool Read(int at, std::optional<T>& value) {
    if (row_.IsNull(at)) return true;
    return Read(at, value.emplace());
  }

  const Statement& row_;
  int next_;
  bool absent_ = false;
  const char* bad_column_ = nullptr;
};

}  // namespace

const std::vector<std::string>& JobColumns() {
  static const std::vector<std::string> kNames = [] {
    Names names;
    const Job blank;
    VisitJob(names, blank);
    return std::move(names.names);
  }();
  return kNames;
}

void BindJob(const Job& job, Statement& to) {
  Binder binder(to);
  VisitJob(binder, job);
}

Result<Job> ReadJob(const Statement& row, int first) {
  Job job;
  Reader reader(row, first);
  VisitJob(reader, job);
  if (reader.bad_column() != nullptr) {
    return Fail(ErrorKind::kCorrupt, "the ledger's row of job " + row.Text(first) + " cannot be read: its column " +
                                         reader.bad_column() + " holds no value that this tegodrop knows");
  }
  return job;
}

}  // namespace tegodrop
