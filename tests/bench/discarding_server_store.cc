#include "tests/bench/discarding_server_store.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "tests/bench/discarding_server_digest.h"

namespace tegodrop::bench {

std::string UnhashedEtag(std::uint64_t size) { return '"' + std::to_string(size) + "-1\""; }

bool Store::AddBlob(const std::string& path, std::string* error) {
  Object blob;
  struct stat about = {};
  blob.fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (blob.fd < 0 || fstat(blob.fd, &about) != 0) {
    *error = path + ": " + std::strerror(errno);
    return false;
  }
  blob.size = static_cast<std::uint64_t>(about.st_size);
  void* mapped = blob.size == 0 ? MAP_FAILED : mmap(nullptr, blob.size, PROT_READ, MAP_SHARED, blob.fd, 0);
  if (mapped == MAP_FAILED) {
    *error = path + ": it cannot be mapped";
    return false;
  }
  blob.bytes = static_cast<const char*>(mapped);
  Md5 digest;
  digest.Update(blob.bytes, blob.size);
  blob.etag = digest.Etag();
  objects_["/blob/" + std::to_string(blob.size)] = blob;
  return true;
}

void Store::Put(const std::string& path, Object object) {
  const std::lock_guard held(lock_);
  objects_[path] = std::move(object);
}

std::optional<Object> Store::Find(const std::string& path) {
  const std::lock_guard held(lock_);
  const auto found = objects_.find(path);
  return found == objects_.end() ? std::nullopt : std::optional(found->second);
}

Store::Upload* Store::FindLocked(const std::string& path, const std::string& id) {
  const auto found = uploads_.find(id);
  return found == uploads_.end() || found->second.path != path ? nullptr : &found->second;
}

std::string Store::BeginUpload(const std::string& path, Headers meta) {
  const std::lock_guard held(lock_);
  std::string id = "upload-" + std::to_string(++begun_);
  uploads_[id] = {path, std::move(meta), {}};
  return id;
}

bool Store::HasUpload(const std::string& path, const std::string& id) {
  const std::lock_guard held(lock_);
  return FindLocked(path, id) != nullptr;
}

bool Store::PutPart(const std::string& path, const std::string& id, std::uint64_t number, std::uint64_t size) {
  const std::lock_guard held(lock_);
  Upload* upload = FindLocked(path, id);
  if (upload != nullptr) upload->parts[number] = size;
  return upload != nullptr;
}

bool Store::Complete(const std::string& path, const std::string& id, Object* made) {
  const std::lock_guard held(lock_);
  Upload* upload = FindLocked(path, id);
  // Numbers are in order and begin with 1: the last one tells whether one is missing.
  if (upload == nullptr || upload->parts.empty() || upload->parts.rbegin()->first != upload->parts.size()) return false;
  for (const auto& [number, size] : upload->parts) made->size += size;
  made->etag = UnhashedEtag(made->size);
  made->meta = upload->meta;
  objects_[path] = *made;
  uploads_.erase(id);
  return true;
}

bool Store::Abort(const std::string& path, const std::string& id) {
  const std::lock_guard held(lock_);
  if (FindLocked(path, id) == nullptr) return false;
  uploads_.erase(id);
  return true;
}

}  // namespace tegodrop::bench
