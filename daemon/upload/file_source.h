// An artifact as the body of its PUT: read ahead and checked on workers beside the sending, with the last chunk behind
// a gate. Owned by the request and by the attempt that made it; belongs to the loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/base/digest.h"
#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"
#include "daemon/loop/handle.h"
#include "daemon/loop/task_runner.h"
#include "daemon/net/transfer.h"
#include "daemon/upload/block_reader.h"

namespace tegodrop {

// The open file and what must be true of it. Workers share the descriptor: it closes with the last of them.
struct FileToSend {
  std::shared_ptr<const Fd> file;
  FileStat opened;                                           // as it was when opened; its size is what will be sent
  std::string sha256;                                        // what its bytes must hash to
  std::shared_ptr<const Fingerprint> fingerprint = nullptr;  // of these bytes; null: they are hashed once more
};

class FileSource final : public BodySource {
 public:
  // One being sent, one being read, two for the jitter of either side.
  static constexpr std::size_t kMostBlocks = 4;
  // What is held back: enough to be worth a packet train, little enough to leave at once.
  static constexpr std::size_t kLastChunk = 64 * 1024;

  // Starts to read at once. `at_gate` runs once from the loop, never inside a call of this object: with success when
  // the transfer has taken all but the last chunk, every byte was read, they are those of `sha256` and the file is in
  // every respect the one that was opened; then the caller decides about OpenGate. With an error as soon as that can no
  // longer become true: kCorrupt (the bytes or the file differ) or kLocalDisk (it could not be read); nothing more is
  // given then. It may destroy this object. `fs` and `readers` must outlive this object, and `fs` the work that it has
  // begun there. `rate` (null: no limit): the line that it shares with other uploads; must outlive this object.
  FileSource(FileToSend what, FileSystem& fs, TaskRunner& readers, std::function<void(Status)> at_gate,
             RateLimit* rate = nullptr);

  FlowState Read(char* to, std::size_t room, std::size_t* given) override;
  void OnReady(std::function<void()> resume) override { resume_ = std::move(resume); }
  Error error() const override;

  // Lets the last chunk go. Only after `at_gate` gave success.
  void OpenGate();
  // Gives nothing more and calls nobody any more; work in flight is dropped.
  void Stop();

  // Whether the transfer has taken every byte. While it has not, the object cannot be whole on the other side.
  bool gave_all() const { return given_ == what_.opened.size; }

 private:
  void OnBlock(Status read);
  void CheckAtGate();
  void GiveUp(Error error);
  void Resume();
  std::uint64_t limit() const;

  const FileToSend what_;
  FileSystem& fs_;
  TaskRunner& readers_;
  std::function<void(Status)> at_gate_;
  std::function<void()> resume_;
  BlockReader blocks_;
  HandlePtr check_;

  std::uint64_t given_ = 0;
  bool waiting_ = false;    // the last Read said kWait
  bool asked_all_ = false;  // the transfer has taken all that is free and wants the last chunk
  bool checking_ = false;
  bool gate_open_ = false;
  bool stopped_ = false;
  std::optional<Error> error_;
};

}  // namespace tegodrop
