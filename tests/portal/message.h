// One request as it came over the wire, and one answer to it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/portal/json.h"
#include "tests/portal/settings.h"
#include "tests/portal/storage.h"

namespace tegodrop::sim {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;
  std::string path;   // as sent, still percent-coded
  std::string query;  // what stands behind the '?', as sent
  bool has_query = false;
  HeaderList headers;
  std::string base_url;  // scheme and authority that the client reached, such as http://127.0.0.1:4711
  std::string body;      // of an endpoint that takes JSON

  // The first header of this name, in any case.
  std::optional<std::string> Header(std::string_view name) const;
  size_t Count(std::string_view name) const;
};

// The body is `body`, or `length` bytes of `file` from `offset` when there is a file.
struct Reply {
  int status = 200;
  HeaderList headers = {};
  std::string body = {};
  std::shared_ptr<StoredFile> file = {};
  int64_t offset = 0;
  int64_t length = 0;
  int64_t padding = 0;  // zero bytes behind it

  int64_t content_size() const { return file ? length : static_cast<int64_t>(body.size()); }
  int64_t size() const { return content_size() + padding; }
  // The header of this name says `value`, once; an empty one: there is none.
  void Replace(std::string_view name, std::string_view value);
};

Reply JsonReply(int status, const JsonWriter& body);

// An error of the portal, its body shaped by the switch error_body.
Reply ApiError(const Settings& settings, int status, std::string_view text);

// An error of the object store, in the XML that object stores use.
Reply StorageError(int status, std::string_view code, std::string_view text);

}  // namespace tegodrop::sim
