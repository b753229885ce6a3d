#include "daemon/cli/submit/follow.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/base/units.h"
#include "daemon/disk/layout.h"
#include "daemon/disk/whole_file.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kLargestReceipt = 64 * 1024;
constexpr milliseconds kInterval{500};
// A build takes minutes: later the share is asked less often.
constexpr milliseconds kLaterInterval = std::chrono::seconds(2);
constexpr milliseconds kLater = std::chrono::minutes(1);
// Receipts appear whole: what cannot be read for so long is none.
constexpr milliseconds kUnreadableFor = std::chrono::seconds(10);
constexpr milliseconds kFirstNotice = std::chrono::seconds(10);
// Some build servers end a job that says nothing for ten minutes.
constexpr milliseconds kNextNotices = std::chrono::minutes(5);

// Why the receipt is not the one of this drop; empty: it is.
std::string Foreign(const Receipt& receipt, const Awaited& one) {
  if (!one.file_name.empty() && receipt.file_name != one.file_name) {
    return "it is about " + Printable(receipt.file_name);
  }
  const bool compare = !one.sha256.empty() && (receipt.passed() || !receipt.sha256.empty());
  if (compare && receipt.sha256 != one.sha256) return "it is about other bytes than those that were dropped";
  return "";
}

}  // namespace

Follower::Follower(FileSystem& fs, const Clock& clock, Desk& desk, std::string folder, const std::string& rooms)
    : fs_(fs),
      clock_(clock),
      desk_(desk),
      folder_(std::move(folder)),
      receipts_(rooms + "/" + std::string(kRoomReceipts)) {}

// By its path each time: a share may go and come back meanwhile.
Result<Fd> Follower::OpenReceipts() {
  desk_.Doing("looking for receipts in " + folder_ + "/" + receipts_);
  auto dir = fs_.OpenFolder(folder_);
  if (!dir) return dir;
  return fs_.OpenFolderAt(dir->get(), receipts_);
}

Status Follower::CanLook() {
  auto receipts = OpenReceipts();
  desk_.Doing("");
  if (!receipts && (receipts.error().sys == EACCES || receipts.error().sys == EPERM)) return Fail(receipts.error());
  return {};
}

void Follower::LookAt(int receipts, Awaited& one) {
  const std::string name = ReceiptName(one.submit_id);
  auto text = ReadWhole(fs_, receipts, name, kLargestReceipt);
  if (!text && text.error().sys == ENOENT) return;
  if (!text && text.error().sys != 0) {
    trouble_ = text.error().message;
    return;
  }
  auto receipt = text ? ParseReceipt(*text) : Result<Receipt>(Fail(text.error()));
  std::string fault = receipt ? Foreign(*receipt, one) : receipt.error().message;
  if (fault.empty()) {
    one.receipt = std::move(*receipt);
    return;
  }
  const MonoMs now = clock_.Mono();
  if (!unreadable_since_) unreadable_since_ = now;
  if (now - *unreadable_since_ >= kUnreadableFor.count()) {
    one.fault = folder_ + "/" + receipts_ + "/" + name + " is not its receipt: " + fault;
  }
}

Follower::End Follower::Follow(std::vector<Awaited>& all, std::optional<milliseconds> timeout,
                               const std::function<void(const Awaited&)>& told) {
  const MonoMs begun = clock_.Mono();
  milliseconds next_notice = kFirstNotice;
  for (;;) {
    trouble_.clear();
    auto receipts = OpenReceipts();
    if (!receipts) trouble_ = receipts.error().message;
    bool left = false;
    for (Awaited& one : all) {
      if (!one.open()) continue;
      if (receipts) LookAt(receipts->get(), one);
      one.open() ? void(left = true) : told(one);
    }
    desk_.Doing("");
    if (!left) return End::kAll;
    const milliseconds waited(clock_.Mono() - begun);
    if (timeout && waited >= *timeout) return End::kTimedOut;
    if (waited >= next_notice) {
      Notice(all, waited.count());
      next_notice = waited + kNextNotices;
    }
    milliseconds pause = waited < kLater ? kInterval : kLaterInterval;
    if (timeout) pause = std::min(pause, *timeout - waited);
    if (!desk_.Sleep(pause)) return End::kStopped;
  }
}

void Follower::Notice(const std::vector<Awaited>& all, MonoMs waited) {
  std::string who;
  for (const Awaited& one : all) {
    if (one.open()) who += (who.empty() ? "" : ", ") + Printable(one.label());
  }
  std::string text = "tegodrop: after " + HumanDuration(milliseconds(waited)) + " no receipt yet of " + who;
  if (!trouble_.empty()) {
    text += " (" + Printable(trouble_) +
            "; has a daemon opened this folder? Is its room named otherwise (--rooms)? Does it leave the folder as it "
            "is (after: keep)? Then receipts stand in its output folder)";
  }
  desk_.Err(text + "\n");
}

}  // namespace tegodrop
