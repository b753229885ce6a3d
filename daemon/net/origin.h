// The server that a URL names: what a request may know about it before it is sent.
#pragma once

#include <string>

#include "daemon/base/result.h"
#include "daemon/base/secret.h"

namespace tegodrop {

struct Origin {
  std::string key;        // "https://host:443", the same for every URL of that server
  bool loopback = false;  // this machine: 127.0.0.0/8, ::1, localhost
};

// kRejected for anything but an http or https URL. The error names it without its query.
Result<Origin> ParseOrigin(const Secret& url);

}  // namespace tegodrop
