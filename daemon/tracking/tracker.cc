#include "daemon/tracking/tracker.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

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
    for (std::size_t i = 0; i < awaited_.size(); ++i) by_name_.emplace_back(NameOf(awaited_[i]), i);
    std::sort(by_name_.begin(), by_name_.end());
    AskPage(1);
  }

 private:
  using Name = std::pair<std::int64_t, std::string_view>;
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
    const std::optional<BuildIdentity> first = FirstOf(*answer);
    TakeRows(answer->rows);
    if (AllFound()) return Finish(Give(true));
    if (page_ == 1) {
      total_ = answer->total_count;
      first_ = first;
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
      const bool steady = answer->total_count == total_ && FirstOf(*answer) == first_;
      TakeRows(answer->rows);
      if (AllFound() || steady) return Finish(Give(true));
      Shifted();
    });
  }

  void Shifted() {
    if (++starts_ >= kMostStarts) return Finish(Give(AllFound()));
    AskPage(1);
  }

  // A later row of the same build is the newer one: it was read later.
  void TakeRows(std::vector<BuildRow>& rows) {
    for (BuildRow& row : rows) {
      times_.Add(row);
      const Name name = NameOf(row);
      std::optional<BuildRow>* place = nullptr;
      for (auto it = std::lower_bound(by_name_.begin(), by_name_.end(), std::pair(name, std::size_t{0}));
           it != by_name_.end() && it->first == name; ++it) {
        if (!Matches(row, awaited_[it->second])) continue;
        if (place != nullptr) *place = row;  // one that is awaited twice
        place = &found_[it->second];
        count_found_ += *place ? 0 : 1;
      }
      if (place != nullptr) *place = std::move(row);
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
    look.found = std::move(found_);
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
  // Places in awaited_, in the order of names. Ten thousand may be awaited, and a listing shows as many rows: each
  // finds its own without a look at the others. And most listings are by time, so that one's is beside the last one's:
  // ten thousand that are hashed lie about and take twice as long.
  std::vector<std::pair<Name, std::size_t>> by_name_;
  std::vector<std::optional<BuildRow>> found_;  // one for each awaited
  std::size_t count_found_ = 0;                 // how many of them
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
