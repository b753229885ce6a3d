// What the discarding server remembers of what it has thrown away, and the files that it gives.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tegodrop::bench {

using Headers = std::vector<std::pair<std::string, std::string>>;

// An object that was received, or a file that is given.
struct Object {
  std::uint64_t size = 0;
  std::string etag;  // in its quotes
  Headers meta;      // x-amz-meta-*, as they were sent
  int fd = -1;       // of a file that is given, open for as long as the server runs; -1: its bytes are gone
  const char* bytes = nullptr;
};

// Safe from every thread.
class Store {
 public:
  // Gives the file at /blob/<its size>. False, with what is wrong, where it cannot be read. Only before any other call.
  bool AddBlob(const std::string& path, std::string* error);

  void Put(const std::string& path, Object object);
  std::optional<Object> Find(const std::string& path);

  // Multipart uploads. False: there is no such upload of that path; for Complete also: its parts are not 1 to N.
  std::string BeginUpload(const std::string& path, Headers meta);
  bool HasUpload(const std::string& path, const std::string& id);
  bool PutPart(const std::string& path, const std::string& id, std::uint64_t number, std::uint64_t size);
  bool Complete(const std::string& path, const std::string& id, Object* made);
  bool Abort(const std::string& path, const std::string& id);

 private:
  struct Upload {
    std::string path;
    Headers meta;
    std::map<std::uint64_t, std::uint64_t> parts;  // sizes by numbers
  };
  Upload* FindLocked(const std::string& path, const std::string& id);

  std::mutex lock_;
  std::map<std::string, Object> objects_;
  std::map<std::string, Upload> uploads_;
  std::uint64_t begun_ = 0;
};

// The ETag of what nobody hashed. Its dash, as those of multipart objects have one, says that it is no MD5.
std::string UnhashedEtag(std::uint64_t size);

}  // namespace tegodrop::bench
