// The parts of one artifact on their way to the store, several at once, each confirmed part recorded, until all are
// there and make up what was admitted. Belongs to the loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/base/secret.h"
#include "daemon/disk/file_system.h"
#include "daemon/model/job.h"
#include "daemon/upload/part_source.h"
#include "daemon/upload/parts_at_once.h"
#include "daemon/upload/parts_pace.h"
#include "daemon/upload/uploader.h"
#include "daemon/upload/whole_check.h"

namespace tegodrop {

struct PartsToSend {
  std::string job;  // for the log
  std::string file_name;
  std::shared_ptr<const Fd> file;
  FileStat opened;     // as it was when opened
  std::string sha256;  // what the whole must hash to
  // Of that whole; null: it is read and hashed once more beside the sending.
  std::shared_ptr<const Fingerprint> fingerprint;
  std::uint64_t chunk_size = 0;
  std::vector<Secret> urls;             // one for each part; they fit the size
  WallMs expires_at = 0;                // when the URLs do
  std::vector<UploadedPart> confirmed;  // by an earlier attempt
  int most_at_once = 1;
};

class PartsSender final : public Handle {
 public:
  struct Events {
    // Makes the confirmed parts durable, all that there are now, then calls back. One at a time; never cancelled.
    std::function<void(std::vector<UploadedPart> parts, std::function<void(Status)> then)> record;
    // Bytes that the store has or that are on their way, of all.
    std::function<void(std::uint64_t sent)> progress;
    // Once, from the loop; it may destroy the sender. Success: every part is confirmed and recorded, and together they
    // are what was admitted. Else
    //   kExpired   the store does not take these URLs any longer, or will not for long enough: a new upload
    //   kRejected  the store will never take it
    //   kRetry     passing trouble, or the file was touched meanwhile: what is recorded stays good
    //   kCorrupt, kLocalDisk  as the file is; and what `record` failed with
    std::function<void(Status)> done;
  };

  PartsSender(UploadWorld world, PartsToSend what, Events events);
  ~PartsSender() override;

  // Once.
  void Begin();

 private:
  struct OnItsWay {
    std::shared_ptr<PartSource> source;
    HandlePtr put;
    HandlePtr pause;  // before the next try, instead of the two
  };

  void Fill();
  void Send(std::int64_t number);
  void OnAnswer(std::int64_t number, Result<HttpAnswer> answer);
  void Again(std::int64_t number, const Error& error);
  void HeldBack(std::int64_t number, const Error& error);
  void Pause(std::int64_t number, std::chrono::milliseconds delay);
  void OnDigests(Result<WholeDigests> digests);
  // Whether each part is held against the fingerprint as it is read.
  bool Fingerprinted() const;
  bool DiffersFromFile(const UploadedPart& part) const;
  void Record();
  void EndIfWhole();
  void WatchLife();
  void MeasurePaceAnew();
  std::uint64_t SentBytes() const;
  void TellProgress();
  PartRange RangeOf(std::int64_t number) const;
  // Nothing more is sent or told; then `done`, once no record is under way.
  void End(Status status);

  const UploadWorld world_;
  const PartsToSend what_;
  Events events_;
  PartsPace pace_;       // what failures allow
  PartsAtOnce at_once_;  // what the line is worth
  const bool checked_as_read_;
  std::map<std::int64_t, OnItsWay> on_its_way_;  // by part number, here and below
  std::map<std::int64_t, UploadedPart> confirmed_;
  std::set<std::int64_t> waiting_;
  std::map<std::int64_t, int> tries_;
  std::optional<WholeDigests> digests_;
  HandlePtr whole_check_;
  HandlePtr last_look_;
  HandlePtr life_timer_;
  // The pace is measured from the last failure on: what a store in trouble takes says nothing about the line.
  MonoMs measured_since_ = 0;
  std::uint64_t sent_before_ = 0;  // bytes, by then
  bool recording_ = false;
  bool unrecorded_ = false;  // something was confirmed since `record` was asked
  bool told_tight_ = false;
  std::optional<Status> ending_;  // all is over once `record` has answered
  // A record cannot be cancelled: its callback holds this weakly.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace tegodrop
