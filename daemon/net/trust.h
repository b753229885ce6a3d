// The certificates that a server's may hang on: the system's, and those of a file.
#pragma once

#include <openssl/x509.h>

#include <memory>
#include <optional>
#include <string>

#include "daemon/base/result.h"

namespace tegodrop {

struct X509StoreFree {
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
};
using TrustStore = std::unique_ptr<X509_STORE, X509StoreFree>;

// Read once and shared by every connection: parsing the system's bundle costs milliseconds, which each connection would
// pay on the loop. `ca_file`: PEM, added to the system's. kRejected where it cannot be read or holds no certificate.
Result<TrustStore> LoadTrust(const std::optional<std::string>& ca_file);

}  // namespace tegodrop
