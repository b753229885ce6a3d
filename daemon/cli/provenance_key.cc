#include "daemon/cli/provenance_key.h"

#include <cstdlib>
#include <utility>

#include "config/provenance_key.h"

namespace tegodrop {

Result<std::optional<SigningKey>> ReadProvenanceKey(const Settings& settings) {
  const auto text = LoadProvenanceKey(settings, std::getenv("CREDENTIALS_DIRECTORY"));
  if (!text) return Fail(text.error());
  if (!*text) return std::nullopt;
  auto key = SigningKey::FromPem((*text)->pem);
  if (!key) return Fail(key.error().kind, (*text)->source + " " + key.error().message);
  return std::optional<SigningKey>(std::move(*key));
}

}  // namespace tegodrop
