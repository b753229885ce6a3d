// Keeps one drop folder open and listed: opens it and opens it again, lists it on hints and on time, says in log and
// ledger what it is. What a listing means is its owner's matter.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/settings.h"
#include "daemon/intake/world.h"
#include "daemon/loop/handle.h"

namespace tegodrop {

class FolderKeeper {
 public:
  struct Owner {
    std::function<void()> opened;
    std::function<void()> lost;
    std::function<void(const Hint&)> hint;  // for each named hint; it calls WantListing where one is needed
    // `number`: this listing's, as started() counted when it began.
    std::function<void(const Listing&, std::uint64_t number)> listed;
    std::function<void()> state_changed;
  };

  FolderKeeper(IntakeWorld& world, FolderSettings settings, FolderRecord known, Owner owner);
  FolderKeeper(const FolderKeeper&) = delete;
  FolderKeeper& operator=(const FolderKeeper&) = delete;

  void Start();
  // No callback any more.
  void Stop();
  // Takes the folder that stands at the path now for the right one, whatever it was before, and opens it; an error
  // where that cannot be opened either, and then the folder stays the one that it was. One call at a time.
  void Accept(std::function<void(Status)> done);
  // Lists at once, or as soon as the listing under way is done; under a flood at least 20 ms apart.
  void WantListing();
  // Whether something happens here: then a folder without events is listed more often. `sample_every`: a file waits to
  // be seen unchanged again after that time, however seldom the folder is listed otherwise.
  void SetActive(bool active, std::optional<std::chrono::milliseconds> sample_every);

  // The folder is in use from now on: with `existing: ignore` its record says so only then.
  void MarkSeen();
  // Why it takes nothing at the moment although it is open: degraded. Empty: not so.
  void SetCrowded(std::string reason);
  // A file of it that cannot be read just now, and why: degraded. Empty: none.
  void SetUnreadable(std::string reason);
  // Said of it while nothing is wrong.
  void SetRemark(std::string remark);

  bool is_open() const { return open_; }
  bool listing() const { return listing_ != nullptr || opening_ != nullptr || again_ || gap_ != nullptr; }
  const DropFolderFacts& facts() const { return facts_; }
  const FolderRecord& record() const { return record_; }
  // Listings begun so far.
  std::uint64_t started() const { return started_; }
  // Nothing in the folder may be changed.
  bool copies() const { return settings_.after == After::kKeep || !facts_.writable; }
  // What is taken from it needs room in the spool.
  bool spools() const { return copies() || facts_.spools; }

 private:
  void Open();
  void OpenAs(const std::string& room_id, const std::string& fs_type);
  void Opened(DropFolderFacts facts);
  void Trouble(const Error& error);
  void SetState(const std::string& state, const std::string& reason);
  void ShowState();
  void SaveRecord();
  void List();
  void Listed(Result<Listing> listing);
  void ShowInside(const Listing& listing);
  void PlanPoll();
  void Prune();

  IntakeWorld& world_;
  const FolderSettings settings_;
  const Owner owner_;
  FolderRecord record_;
  bool record_dirty_ = false;
  std::string state_ = "ok";  // by itself: what the record says depends on the two after the reason, too
  std::string reason_;
  std::string crowded_;
  std::string unreadable_;
  std::string inside_;  // trouble with a folder inside
  std::string remark_;
  DropFolderFacts facts_;
  bool open_ = false;
  bool stopped_ = false;
  bool active_ = false;
  std::optional<std::chrono::milliseconds> sample_every_;
  bool was_in_trouble_ = false;
  bool again_ = false;  // another listing is wanted after the one under way
  std::uint64_t started_ = 0;
  std::uint64_t overflows_ = 0;
  int tries_ = 0;
  std::chrono::milliseconds took_{0};
  bool watched_ = false;   // events arrive from all of it
  MonoMs listed_at_ = 0;   // when the last listing ended
  MonoMs not_before_ = 0;  // no listing before
  HandlePtr opening_;
  std::function<void(Status)> accepting_;
  HandlePtr listing_;
  HandlePtr pruning_;
  HandlePtr retry_;
  HandlePtr gap_;
  HandlePtr poll_;
  HandlePtr prune_timer_;
  std::string prune_trouble_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace tegodrop
