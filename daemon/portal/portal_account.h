// Whose calls they are.
#pragma once

#include <string>

#include "daemon/base/secret.h"

namespace tegodrop {

struct PortalAccount {
  std::string url;     // base URL, e.g. https://app.apptego.com/frontend
  std::string tenant;  // 32 hex digits
  Secret token;        // KEY:SECRET
};

}  // namespace tegodrop
