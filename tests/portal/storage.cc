#include "tests/portal/storage.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace tegodrop::sim {

StoredFile::~StoredFile() { close(fd_); }

std::string StoredFile::path() const { return "/proc/self/fd/" + std::to_string(fd_); }

int64_t StoredFile::Read(int64_t offset, char* out, size_t size) const {
  ssize_t count;
  do {
    count = pread(fd_, out, size, offset);
  } while (count < 0 && errno == EINTR);
  return count;
}

std::string StoredFile::Md5() const {
  Digest digest(Digest::Kind::kMd5);
  std::vector<char> buffer(size_t{256} * 1024);
  int64_t offset = 0;
  for (int64_t count; (count = Read(offset, buffer.data(), buffer.size())) > 0; offset += count) {
    digest.Add({buffer.data(), static_cast<size_t>(count)});
  }
  return digest.Finish();
}

FileWriter::~FileWriter() {
  if (fd_ >= 0) close(fd_);
}

bool FileWriter::Append(std::string_view piece) {
  if (hashed_) digest_.Add(piece);
  while (!failed_ && !piece.empty()) {
    ssize_t count = write(fd_, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      failed_ = true;
      break;
    }
    size_ += count;
    piece.remove_prefix(static_cast<size_t>(count));
  }
  return !failed_;
}

bool FileWriter::Append(const StoredFile& file) {
  std::vector<char> buffer(size_t{256} * 1024);
  int64_t offset = 0;
  while (offset < file.size() && !failed_) {
    int64_t count = file.Read(offset, buffer.data(), buffer.size());
    if (count <= 0) {
      failed_ = true;
      break;
    }
    Append({buffer.data(), static_cast<size_t>(count)});
    offset += count;
  }
  return !failed_;
}

std::shared_ptr<StoredFile> FileWriter::Finish() {
  if (failed_) return nullptr;
  auto file = std::make_shared<StoredFile>(fd_, size_, hashed_ ? digest_.Finish() : "");
  fd_ = -1;
  return file;
}

std::unique_ptr<Storage> Storage::Make(const std::string& parent, std::string* error) {
  std::string name = parent + "/tegodrop-portal-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) {
    *error = "no folder for received files can be made in " + parent + ": " + std::strerror(errno);
    return nullptr;
  }
  return std::unique_ptr<Storage>(new Storage(name));
}

Storage::~Storage() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string Storage::NewPath() {
  std::lock_guard lock(mutex_);
  return folder_ + "/" + std::to_string(++next_);
}

std::unique_ptr<FileWriter> Storage::NewFile(bool hashed) {
  std::string path = NewPath();
  int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return nullptr;
  unlink(path.c_str());
  return std::make_unique<FileWriter>(fd, hashed);
}

std::shared_ptr<StoredFile> Storage::Copy(const std::string& path) {
  // Nobody may write into a FIFO: that is found after the opening, which must not wait.
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return nullptr;
  struct stat status {};
  const bool regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  const StoredFile theirs(fd, regular ? status.st_size : 0, "");
  std::unique_ptr<FileWriter> copy = regular ? NewFile() : nullptr;
  return copy && copy->Append(theirs) ? copy->Finish() : nullptr;
}

std::shared_ptr<StoredFile> Storage::Adopt(const std::string& path) {
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return nullptr;
  unlink(path.c_str());
  struct stat status {};
  if (fstat(fd, &status) != 0) {
    close(fd);
    return nullptr;
  }
  Digest digest;
  StoredFile unhashed(fd, status.st_size, "");
  std::vector<char> buffer(size_t{256} * 1024);
  for (int64_t offset = 0; offset < status.st_size;) {
    int64_t count = unhashed.Read(offset, buffer.data(), buffer.size());
    if (count <= 0) return nullptr;
    digest.Add({buffer.data(), static_cast<size_t>(count)});
    offset += count;
  }
  int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return own < 0 ? nullptr : std::make_shared<StoredFile>(own, status.st_size, digest.Finish());
}

}  // namespace tegodrop::sim
