// Bytes on disk. Every file is unlinked as soon as it is open, so that nothing stays behind however the simulator ends;
// memory holds none of them.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/portal/text.h"

namespace tegodrop::sim {

// A complete, immutable file; its bytes go with its last owner. Safe from every thread.
class StoredFile {
 public:
  StoredFile(int fd, int64_t size, std::string sha256) : fd_(fd), size_(size), sha256_(std::move(sha256)) {}
  ~StoredFile();
  StoredFile(const StoredFile&) = delete;
  StoredFile& operator=(const StoredFile&) = delete;

  int64_t size() const { return size_; }
  const std::string& sha256() const { return sha256_; }
  // A path under which this process can open the file anew.
  std::string path() const;
  // Reads up to `size` bytes at `offset`: how many, 0 at the end, -1 on failure.
  int64_t Read(int64_t offset, char* out, size_t size) const;
  // Reads all of it.
  std::string Md5() const;

 private:
  int fd_;
  int64_t size_;
  std::string sha256_;
};

// A file being received. Abandoned when destroyed unfinished.
class FileWriter {
 public:
  FileWriter(int fd, bool hashed) : fd_(fd), hashed_(hashed) {}
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  // False when the disk refuses; stays false from then on.
  bool Append(std::string_view piece);
  bool Append(const StoredFile& file);
  int64_t size() const { return size_; }
  // The finished file, or null after a failure. Call once, at the end.
  std::shared_ptr<StoredFile> Finish();

 private:
  int fd_;
  bool hashed_;
  int64_t size_ = 0;
  bool failed_ = false;
  Digest digest_;
};

// The folder that files are made in, removed at the end. Safe from every thread.
class Storage {
 public:
  // Makes a folder of its own below `parent`; null with `error` when it cannot.
  static std::unique_ptr<Storage> Make(const std::string& parent, std::string* error);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  // Null when the disk refuses. What is not hashed has no sha256().
  std::unique_ptr<FileWriter> NewFile(bool hashed = true);
  // A path that nothing uses, for a library that wants to write by path. Adopt() takes it over.
  std::string NewPath();
  // A file with the bytes of somebody else's at `path`, which stays as it is; null when that is no regular file or
  // cannot be read.
  std::shared_ptr<StoredFile> Copy(const std::string& path);
  // Opens and unlinks the file at `path`; null when it cannot be read.
  std::shared_ptr<StoredFile> Adopt(const std::string& path);

 private:
  explicit Storage(std::string folder) : folder_(std::move(folder)) {}

  std::string folder_;
  std::mutex mutex_;
  int64_t next_ = 0;
};

}  // namespace tegodrop::sim
