#include "tests/portal/message.h"

#include "tests/portal/text.h"

namespace tegodrop::sim {

std::optional<std::string> Request::Header(std::string_view name) const {
  for (const auto& [header, value] : headers) {
    if (LowerCase(header) == LowerCase(name)) return value;
  }
  return std::nullopt;
}

size_t Request::Count(std::string_view name) const {
  size_t count = 0;
  for (const auto& [header, value] : headers) count += LowerCase(header) == LowerCase(name) ? 1 : 0;
  return count;
}

void Reply::Replace(std::string_view name, std::string_view value) {
  std::erase_if(headers, [&](const auto& one) { return LowerCase(one.first) == LowerCase(name); });
  if (!value.empty()) headers.emplace_back(name, value);
}

Reply JsonReply(int status, const JsonWriter& body) {
  return {.status = status, .headers = {{"Content-Type", "application/json"}}, .body = body.Take()};
}

Reply ApiError(const Settings& settings, int status, std::string_view text) {
  if (settings.error_body == "empty") return {.status = status};
  if (settings.error_body == "text") {
    return {.status = status, .headers = {{"Content-Type", "text/plain"}}, .body = std::string(text)};
  }
  if (settings.error_body == "html") {
    return {.status = status,
            .headers = {{"Content-Type", "text/html"}},
            .body = "<html><head><title>" + std::to_string(status) + "</title></head><body><h1>" + std::string(text) +
                    "</h1></body></html>\n"};
  }
  JsonWriter body;
  body.BeginObject().Key(settings.error_body).Text(text).EndObject();
  return JsonReply(status, body);
}

Reply StorageError(int status, std::string_view code, std::string_view text) {
  return {.status = status,
          .headers = {{"Content-Type", "application/xml"}},
          .body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + std::string(code) + "</Code><Message>" +
                  std::string(text) + "</Message></Error>\n"};
}

}  // namespace tegodrop::sim
