// One connection of the discarding server: requests and answers in turn, until one side has enough.
#pragma once

#include <memory>

#include "tests/bench/discarding_server_store.h"
#include "tests/bench/discarding_server_stream.h"

namespace tegodrop::bench {

// `md5`: single objects get the MD5 of their bytes as their ETag, which costs this machine's time.
void ServeConnection(std::unique_ptr<Stream> stream, Store* store, bool md5);

}  // namespace tegodrop::bench
