#include "daemon/cli/submit/submit.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "daemon/base/text.h"
#include "daemon/base/units.h"
#include "daemon/cli/submit/drop.h"
#include "daemon/cli/submit/follow.h"
#include "daemon/cli/submit/sidecars.h"
#include "daemon/cli/submit/telling.h"

namespace tegodrop {
namespace {

ExitCode CodeOf(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kRejected:
      return ExitCode::kFailed;
    case ErrorKind::kLocalDisk:
    case ErrorKind::kCorrupt:
      return ExitCode::kOutput;
    case ErrorKind::kCancelled:
      return ExitCode::kLeft;
    default:
      return ExitCode::kInternal;
  }
}

Unexpected Refuse(std::string sentence) { return Fail(ErrorKind::kRejected, std::move(sentence)); }

class Submission {
 public:
  Submission(const SubmitOptions& options, const SubmitWorld& world, Desk& desk)
      : options_(options),
        world_(world),
        desk_(desk),
        drop_(world.fs, desk, world.random, options.folder, options.rooms),
        follower_(world.fs, world.clock, desk, options.folder, options.rooms) {}

  ExitCode Run() {
    for (const std::string& id : options_.receipts) drops_.push_back({{}, {id, "", "", {}, ""}});
    ExitCode dropping = ExitCode::kDone;
    if (options_.receipts.empty()) {
      if (auto dropped = DropAll(); !dropped) dropping = Say(dropped.error());
      if (drops_.empty()) return dropping;
    }
    const ExitCode following = options_.wait ? FollowAll() : ExitCode::kDone;
    if (options_.json) desk_.Out(Document(options_, drops_));
    return WorstOf({dropping, following});
  }

 private:
  ExitCode Say(const Error& error) {
    desk_.Err("tegodrop: " + Printable(error.message) + "\n");
    return CodeOf(error);
  }

  Status DropAll() {
    desk_.LastWords("tegodrop: nothing was dropped; what was begun is removed as soon as the folder answers\n");
    auto status = StageAll();
    if (status) status = PlaceAll();
    drop_.Undo();
    desk_.Doing("");
    return status;
  }

  Status StageAll() {
    if (auto made = MakeParcels(); !made) return made;
    if (auto opened = drop_.Open(); !opened) return opened;
    for (Parcel& parcel : parcels_) {
      if (auto checked = drop_.Check(parcel); !checked) return checked;
    }
    if (options_.wait) {
      if (auto can = follower_.CanLook(); !can) {
        return Refuse("nothing was dropped, because --wait would never see the receipt: " + can.error().message);
      }
    }
    if (!drop_.has_room()) {
      desk_.Err("tegodrop: note: no daemon has opened " + Printable(options_.folder) + " yet (it has no " +
                Printable(options_.rooms) + "), or its share is not mounted here\n");
    }
    for (const std::string& note : notes_) desk_.Err("tegodrop: note: " + Printable(note) + "\n");
    for (Parcel& parcel : parcels_) {
      if (auto staged = drop_.Stage(parcel); !staged) return staged;
    }
    if (desk_.Stopped()) return Fail(ErrorKind::kCancelled, kStopped);
    return {};
  }

  Status MakeParcels() {
    std::optional<std::string> given;
    if (!options_.json_sidecar.empty()) {
      auto text = ReadSidecarFile();
      if (!text) return Fail(text.error());
      given = std::move(*text);
    }
    auto sidecar = MergeSidecar(given, options_.commit, options_.environment);
    if (!sidecar) return Refuse(options_.json_sidecar + " " + sidecar.error().message);
    notes_ = std::move(sidecar->notes);
    for (const std::string& file : options_.files) {
      Parcel parcel;
      parcel.file = file;
      parcel.name = NameOf(file);
      parcel.sidecar = sidecar->content;
      parcel.commit_from = sidecar->commit_from;
      if (options_.files.size() > 1 && !(parcel.sidecar.submit_id + parcel.sidecar.sha256).empty()) {
        return Refuse(options_.json_sidecar +
                      " has a submit_id or a sha256, which only one file can have: submit the files one by one");
      }
      std::string& id = parcel.sidecar.submit_id;
      if (id.empty()) id = NewId(world_.clock.Wall(), world_.random);
      parcels_.push_back(std::move(parcel));
    }
    return {};
  }

  Result<std::string> ReadSidecarFile() {
    desk_.Doing("reading " + options_.json_sidecar);
    auto file = OpenSource(world_.fs, options_.json_sidecar);
    if (!file) return Fail(file.error());
    // One byte more than is allowed, so that too large a one is seen.
    std::string text(kLargestSidecar + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
      auto count = world_.fs.ReadAt(file->get(), text.data() + size, text.size() - size, size);
      if (!count) return Refuse(count.error().message);
      if (*count == 0) break;
      size += *count;
    }
    text.resize(size);
    return text;
  }

  // From the first rename on it is carried through: the rest are renames too.
  Status PlaceAll() {
    for (Parcel& parcel : parcels_) {
      if (auto placed = drop_.Place(parcel); !placed) return placed;
      drops_.push_back({parcel, {parcel.sidecar.submit_id, parcel.name, parcel.sidecar.sha256, {}, ""}});
      desk_.LastWords(LookAgain(options_, drops_));
      // Standard output is for the outcome where that is waited for.
      const std::string line = DroppedLine(options_, drops_.back());
      options_.wait || options_.json ? desk_.Err(line) : desk_.Out(line);
    }
    return {};
  }

  ExitCode FollowAll() {
    desk_.LastWords(LookAgain(options_, drops_));
    if (options_.timeout) desk_.EndsWithin(*options_.timeout);
    std::vector<Awaited> all;
    for (const Dropped& one : drops_) all.push_back(one.outcome);
    const auto end = follower_.Follow(all, options_.timeout, [this](const Awaited& one) { Tell(one); });
    for (std::size_t i = 0; i < all.size(); ++i) drops_[i].outcome = std::move(all[i]);
    const bool failed =
        std::any_of(drops_.begin(), drops_.end(), [](const Dropped& one) { return one.outcome.failed(); });
    if (end != Follower::End::kAll) Unfinished(end);
    return WorstOf(
        {failed ? ExitCode::kFailed : ExitCode::kDone, end == Follower::End::kAll ? ExitCode::kDone : ExitCode::kLeft});
  }

  void Tell(const Awaited& one) {
    if (!one.receipt || !one.receipt->passed()) return desk_.Err(FailedLine(one));
    if (!options_.json) desk_.Out(PassedLine(one));
  }

  void Unfinished(Follower::End end) {
    std::string text = "tegodrop: ";
    text += end == Follower::End::kStopped ? "stopped" : "no outcome within " + FormatDuration(*options_.timeout);
    desk_.Err(text + ": nothing is lost, what was dropped stays dropped\n");
    if (drop_.fd() >= 0) {
      desk_.Doing("looking into the drop folder " + options_.folder);
      for (const Dropped& one : drops_) {
        if (one.outcome.open() && world_.fs.StatAt(drop_.fd(), one.outcome.file_name)) {
          desk_.Err("tegodrop: " + Printable(one.outcome.file_name) + " still lies in " + Printable(options_.folder) +
                    ": does a daemon run for this folder?\n");
        }
      }
      desk_.Doing("");
    }
    desk_.Err(LookAgain(options_, drops_));
  }

  const SubmitOptions& options_;
  const SubmitWorld& world_;
  Desk& desk_;
  Drop drop_;
  Follower follower_;
  std::vector<Parcel> parcels_;
  std::vector<std::string> notes_;  // said once nothing is refused any more
  std::vector<Dropped> drops_;
};

}  // namespace

std::string NameOf(const std::string& file) { return file.substr(file.find_last_of('/') + 1); }

ExitCode Submit(const SubmitOptions& options, const SubmitWorld& world, Desk& desk) {
  return Submission(options, world, desk).Run();
}

}  // namespace tegodrop
