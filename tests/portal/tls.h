// A certificate authority that lives as long as one simulator, and its one certificate for loopback.
#pragma once

#include <string>

namespace tegodrop::sim {

struct TlsIdentity {
  std::string ca_pem;    // for clients to trust
  std::string cert_pem;  // for 127.0.0.1, ::1 and localhost, signed by that CA
  std::string key_pem;
};

// False with `error` when OpenSSL refuses. The CA's own key is thrown away.
bool MakeTlsIdentity(TlsIdentity* out, std::string* error);

}  // namespace tegodrop::sim
