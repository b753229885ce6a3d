#include "daemon/upload/uploader.h"

#include <utility>

#include "daemon/upload/attempt.h"

namespace tegodrop {

Uploader::Uploader(UploadWorld world, UploadSettings settings, OpenSource open_source)
    : world_(world), settings_(std::move(settings)), open_source_(std::move(open_source)) {}

HandlePtr Uploader::Start(JobRecord& record, std::function<void(std::uint64_t sent)> progress,
                          std::function<void(Status)> done) {
  auto attempt =
      std::make_unique<UploadAttempt>(world_, settings_, open_source_, record, std::move(progress), std::move(done));
  attempt->Begin();
  return attempt;
}

}  // namespace tegodrop
