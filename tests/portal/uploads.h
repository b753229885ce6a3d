// What the portal knows of uploads and the objects that arrived. World::mutex guards all of it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "tests/portal/storage.h"

namespace tegodrop::sim {

// What a build is known by at the portal. Nothing keeps two uploads of one second from sharing it.
struct Identity {
  std::string version;
  std::string platform;
  std::string file_name;
  int64_t start_time = 0;
};

struct SigningKey {
  std::string id;
  std::string platform;
  std::string name;
};

// Where a key's or an application's signing file may be put.
struct FileGrant {
  enum class Owner { kKey, kApplication };

  Owner owner = Owner::kKey;
  std::string id;  // the key's or the application's
  std::optional<int64_t> declared_size;
};

struct Part {
  std::shared_ptr<StoredFile> file;
  std::string etag;
};

// One answer of upload_application_build.
struct Grant {
  enum class State { kOpen, kCompleting, kCompleted, kAborted };

  std::string id;
  std::string key;  // the answer's file_path: names the object
  Identity identity;
  std::optional<int64_t> declared_size;
  std::optional<SigningKey> signing_key;

  std::string upload_id;  // empty: a single PUT
  int64_t chunk_size = 0;
  int64_t total_parts = 0;
  std::map<int64_t, Part> parts = {};
  State state = State::kOpen;  // of a multipart upload
  bool collision_convicted = false;
};

struct StoredObject {
  std::shared_ptr<StoredFile> file;
  std::string grant;  // the grant that its bytes came by
  int64_t puts = 0;
};

}  // namespace tegodrop::sim
