#include "tests/portal/signing_keys.h"

namespace tegodrop::sim {
namespace {

// What stands before the first `separator`; `rest` becomes what stands behind it.
std::string_view Piece(std::string_view* rest, char separator) {
  size_t end = rest->find(separator);
  std::string_view piece = rest->substr(0, end);
  *rest = end == std::string_view::npos ? "" : rest->substr(end + 1);
  return piece;
}

}  // namespace

std::optional<SigningKey> FindSigningKey(const Settings& settings, std::string_view id) {
  std::string_view keys = settings.signing_keys;
  while (!keys.empty()) {
    std::string_view key = Piece(&keys, ';');
    if (Piece(&key, ':') != id || id.empty()) continue;
    std::string_view platform = Piece(&key, ':');
    return SigningKey{std::string(id), std::string(platform), std::string(key)};
  }
  return std::nullopt;
}

std::optional<SigningKey> DefaultSigningKey(const Settings& settings, std::string_view platform) {
  std::string_view ids = settings.default_signing_key;
  while (!ids.empty()) {
    std::optional<SigningKey> key = FindSigningKey(settings, Piece(&ids, ','));
    if (key && key->platform == platform) return key;
  }
  return std::nullopt;
}

}  // namespace tegodrop::sim
