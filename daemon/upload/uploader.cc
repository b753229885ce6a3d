#include "daemon/upload/uploader.h"

#include <utility>

#include "daemon/upload/attempt.h"

namespace tegodrop {

Uploader::Uploader(UploadWorld world, UploadSettings settings, OpenSource open_source, BeforeArrival before_arrival)
    : world_(world),
      settings_(std::move(settings)),
      open_source_(std::move(open_source)),
      before_arrival_(std::move(before_arrival)) {}

HandlePtr Uploader::Start(JobRecord& record, std::function<void(std::uint64_t sent)> progress,
                          std::function<void(Status)> done) {
  auto attempt = std::make_unique<UploadAttempt>(world_, settings_, UploadAttempt::Doors{open_source_, before_arrival_},
                                                 record, std::move(progress), std::move(done));
  attempt->Begin();
  return attempt;
}

}  // namespace tegodrop
