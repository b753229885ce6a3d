#include "daemon/tracking/tracker.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace tegodrop {
namespace {

// The most that the page allows: fewer requests for the same rows.
constexpr std::int64_t kPageSize = 50;
// A busy tenant's listing may shift under every look: after so many the next timer has another try.
constexpr int kMostStarts = 3;

// One look: pages are read one after the other until all awaited builds are found or the pages end.
class HistoryReader final : public Handle {
 public:
  HistoryReader(Portal& portal, std::string version, std::vector<BuildIdentity> awaited,
                std::function<void(Result<HistoryLook>)> done)
      : portal_(portal), version_(std::move(version)), awaited_(std::move(awaited)), done_(std::move(done)) {
    found_.resize(awaited_.size());
    by_name_.reserve(awaited_.size());
    for (std::size_t i = 0; i < awaited_.size(); ++i) by_name_.emplace(NameOf(awaited_[i]), i);
    AskPage(1);
  }

 private:
  // Ten thousand may be awaited, and a listing shows as many rows: each finds its own without a look at the others.
  using Name = std::pair<std::int64_t, std::string_view>;
  struct HashOfName {
    std::size_t operator()(const Name& name) const {
      return std::hash<std::string_view>()(name.second) ^ static_cast<std::size_t>(name.first) * 0x9E3779B97F4A7C15U;
    }
  };
  template <typename T>
  static Name NameOf(const T& build) {
    return {build.start_time, build.name};
  }

  void AskPage(std::int64_t page) {
    page_ = page;
    asked_ = portal_.ListBuilds(version_, page, kPageSize,
                                [this](Result<HistoryPage> answer) { TakePage(std::move(answer)); });
  }

  void TakePage(Result<HistoryPage> answer) {
    if (!answer) return Finish(Fail(answer.error()));
    for (const BuildRow& row : answer->rows) TakeRow(row);
    if (AllFound()) return Finish(Give(true));
    if (page_ == 1) {
      total_ = answer->total_count;
      first_ = FirstOf(*answer);
    } else if (answer->total_count != total_) {
      return Shifted();
    }
    // An empty page ends the listing whatever total_pages says.
    if (answer->rows.empty() || page_ >= answer->total_pages) return CheckEnd();
    AskPage(page_ + 1);
  }

  // More than one page was read: rows may have moved from one to the other meanwhile without a change of the count (one
  // came, one went), which the first row shows in every order that a portal may choose.
  void CheckEnd() {
    if (page_ == 1) return Finish(Give(true));
    asked_ = portal_.ListBuilds(version_, 1, kPageSize, [this](Result<HistoryPage> answer) {
      if (!answer) return Finish(Fail(answer.error()));
      for (const BuildRow& row : answer->rows) TakeRow(row);
      const bool steady = answer->total_count == total_ && FirstOf(*answer) == first_;
      if (AllFound() || steady) return Finish(Give(true));
      Shifted();
    });
  }

  void Shifted() {
    if (++starts_ >= kMostStarts) return Finish(Give(AllFound()));
    AskPage(1);
  }

  // A later row of the same build is the newer one: it was read later.
  void TakeRow(const BuildRow& row) {
    times_.Add(row);
    const auto [first, last] = by_name_.equal_range(NameOf(row));
    for (auto it = first; it != last; ++it) {
      if (!Matches(row, awaited_[it->second])) continue;
      std::optional<BuildRow>& found = found_[it->second];
      count_found_ += found ? 0 : 1;
      found = row;
    }
  }

  bool AllFound() const { return count_found_ == awaited_.size(); }

  static std::optional<BuildIdentity> FirstOf(const HistoryPage& page) {
    if (page.rows.empty()) return std::nullopt;
    const BuildRow& row = page.rows.front();
    return BuildIdentity{row.version, row.platform, row.start_time, row.name};
  }

  Result<HistoryLook> Give(bool complete) {
    HistoryLook look;
    look.complete = complete;
    look.times = std::move(times_);
    look.found.reserve(count_found_);
    for (std::optional<BuildRow>& row : found_) {
      if (row) look.found.push_back(std::move(*row));
    }
    return look;
  }

  // Last: `done` may destroy this.
  void Finish(Result<HistoryLook> result) {
    const auto done = std::move(done_);
    done(std::move(result));
  }

  Portal& portal_;
  const std::string version_;
  const std::vector<BuildIdentity> awaited_;
  std::function<void(Result<HistoryLook>)> done_;
  std::unordered_multimap<Name, std::size_t, HashOfName> by_name_;  // into awaited_
  std::vector<std::optional<BuildRow>> found_;                      // one for each awaited
  std::size_t count_found_ = 0;                                     // how many of them
  LearntTimes times_;
  std::int64_t page_ = 1;
  std::int64_t total_ = 0;
  std::optional<BuildIdentity> first_;
  int starts_ = 0;
  HandlePtr asked_;
};

}  // namespace

HandlePtr Tracker::Look(const std::string& version, std::vector<BuildIdentity> awaited,
                        std::function<void(Result<HistoryLook>)> done) {
  return std::make_unique<HistoryReader>(portal_, version, std::move(awaited), std::move(done));
}

}  // namespace tegodrop
