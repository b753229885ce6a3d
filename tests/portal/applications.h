// The tenant's applications: each appears with the first build of it that ends well. World::mutex guards them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/portal/build_farm.h"
#include "tests/portal/storage.h"

namespace tegodrop::sim {

struct Application {
  std::string id;
  std::string platform;
  std::string name;
  int64_t last_build = 0;  // Build::id
  int64_t creation_time = 0;
  std::string alias;                         // of the signing file
  std::shared_ptr<StoredFile> signing_file;  // null until it was put
};

class Applications {
 public:
  // What is no new application's build becomes the last one of the application it belongs to.
  void Note(const Build& build, int64_t now);
  bool Remove(std::string_view id);
  Application* Find(std::string_view id);
  // The application that a build belongs to: the simulator tells them apart by platform and file name.
  Application* Of(const Identity& identity);
  const std::vector<Application>& all() const { return all_; }

 private:
  std::vector<Application> all_;
};

}  // namespace tegodrop::sim
