#include "tests/portal/build_farm.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "tests/portal/rewrite.h"
#include "tests/portal/text.h"

namespace tegodrop::sim {
namespace {

constexpr int64_t kDamagedBytes = 64;  // enough to lose the archive's end record

bool InProgressOf(const Build& build) { return !build.success.has_value(); }

}  // namespace

void BuildFarm::Start() {
  thread_ = std::thread([this] { Run(); });
}

void BuildFarm::Stop() {
  {
    std::lock_guard lock(*mutex_);
    stopping_ = true;
    changed_.notify_all();
    settled_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void BuildFarm::Queue(const Grant& grant, std::shared_ptr<StoredFile> source) {
  CatchUp();
  Build build;
  build.id = static_cast<int64_t>(builds_.size()) + 1;
  build.identity = grant.identity;
  build.signing_key = grant.signing_key;
  build.source = std::move(source);
  build.received = clock_->Now();
  builds_.push_back(std::move(build));
  Wake();
}

void BuildFarm::Delete(int64_t id, bool keep_row) {
  Build& build = builds_.at(static_cast<size_t>(id - 1));
  build.deleted = true;
  build.row_kept = keep_row;
  build.output.reset();
}

void BuildFarm::SignAgain(int64_t id) {
  CatchUp();
  Build& build = builds_.at(static_cast<size_t>(id - 1));
  build.success = false;
  build.end_status = "Queued for signing";
  build.signed_build = false;
  build.error_message.reset();
  build.signing_error_message.reset();
  build.signing_file = true;
  build.resetting = true;
  build.progress = settings_->build_seconds;
  Wake();
}

void BuildFarm::CatchUp() {
  const double now = clock_->Now();
  const double passed = now - std::exchange(caught_up_, now);
  if (settings_->hold_builds) return;
  for (Build& build : builds_) {
    if (InProgressOf(build) || build.resetting) build.progress += passed;
  }
}

void BuildFarm::WaitUntilSettled(std::unique_lock<std::mutex>* lock) {
  Wake();
  settled_.wait(*lock, [this] {
    CatchUp();
    return stopping_ ||
           std::none_of(builds_.begin(), builds_.end(), [this](const Build& one) { return one.making || IsDue(one); });
  });
}

void BuildFarm::EndStuckBuilds() {
  if (settings_->worker_timeout <= 0) return;
  for (Build& build : builds_) {
    if (!InProgressOf(build) || build.making || clock_->Now() < build.received + settings_->worker_timeout) continue;
    build.error_message = "The build took too long";
    End(&build, false, "Failed");
  }
}

int64_t BuildFarm::InProgress() const { return std::count_if(builds_.begin(), builds_.end(), InProgressOf); }

std::string_view BuildFarm::StatusMessage(const Build& build) const {
  if (!InProgressOf(build)) return build.end_status;
  const double total = settings_->build_seconds;
  const double part = total > 0 ? build.progress / total : 1;
  if (part < 0.1) return "Queued";
  if (part < 0.4) return "Analyzing";
  if (part < 0.8 || !build.signing_key) return "Protecting";
  return "Signing";
}

bool BuildFarm::IsDue(const Build& build) const {
  if (build.making || settings_->hold_builds) return false;
  if (build.resetting) return build.progress >= 2 * settings_->build_seconds;
  return InProgressOf(build) && build.progress >= settings_->build_seconds;
}

Build* BuildFarm::NextDue() {
  auto found = std::find_if(builds_.begin(), builds_.end(), [this](const Build& one) { return IsDue(one); });
  return found == builds_.end() ? nullptr : &*found;
}

std::optional<double> BuildFarm::SecondsToNextDue() const {
  std::optional<double> nearest;
  if (settings_->hold_builds) return nearest;
  for (const Build& build : builds_) {
    if (!InProgressOf(build) && !build.resetting) continue;
    double left = settings_->build_seconds * (build.resetting ? 2 : 1) - build.progress;
    nearest = nearest ? std::min(*nearest, left) : left;
  }
  return nearest;
}

void BuildFarm::Run() {
  std::unique_lock lock(*mutex_);
  while (!stopping_) {
    CatchUp();
    if (Build* due = NextDue()) {
      Make(due, &lock);
      settled_.notify_all();
    } else if (std::optional<double> seconds = SecondsToNextDue()) {
      changed_.wait_for(lock, std::chrono::duration<double>(std::clamp(*seconds, 0.001, 3600.0)));
    } else {
      changed_.wait(lock);
    }
  }
}

void BuildFarm::Make(Build* build, std::unique_lock<std::mutex>* lock) {
  // A reset build ends well the second time; what its output is was settled the first time.
  const std::string result = std::exchange(build->resetting, false) ? "" : settings_->build_result;
  const std::string refusal = settings_->fail_build;
  Rewriting rewriting;
  rewriting.source = build->source->path();
  rewriting.output = storage_->NewPath();
  rewriting.file_name = build->identity.file_name;
  const bool has_key = build->signing_key || build->signing_file;
  rewriting.sign = has_key && (result.empty() || result == "damaged" || result == "reset_for_signing");
  rewriting.cancelled = [this] { return stopping_.load(); };
  build->making = true;
  lock->unlock();
  std::string error = refusal.empty() ? Rewrite(rewriting) : refusal;
  std::shared_ptr<StoredFile> output = error.empty() ? storage_->Adopt(rewriting.output) : nullptr;
  if (error.empty() && !output) error = "The portal's disk refuses";
  lock->lock();
  build->making = false;
  if (!error.empty()) {
    build->error_message = error;
    End(build, false, "Failed");
    return;
  }
  build->output = OutputOf(*build, result, std::move(output));
  build->output_size = build->output->size();
  build->etag = "\"" + Hex(RandomBytes(16)) + "\"";
  SucceedAs(result, build);
}

std::shared_ptr<StoredFile> BuildFarm::OutputOf(const Build& build, const std::string& result,
                                                std::shared_ptr<StoredFile> made) {
  const bool for_good = result != "signing_failed" && result != "reset_for_signing";
  if (for_good && !given_.empty()) {
    std::shared_ptr<StoredFile> given = std::move(given_.front());
    given_.pop_front();
    return given;
  }
  return result == "unchanged" ? build.source : made;
}

void BuildFarm::SucceedAs(const std::string& result, Build* build) {
  if (result == "signing_failed" || result == "success_but_signing_error") {
    build->signing_error_message = "The signing key could not be opened";
    const bool success = result != "signing_failed";
    End(build, success, success ? "Complete" : "Signing failed");
    return;
  }
  if (result == "reset_for_signing") {
    build->resetting = true;
    End(build, false, "Queued for signing");
    return;
  }
  if (result == "damaged") build->output_size = std::max<int64_t>(0, build->output_size - kDamagedBytes);
  build->signed_build = build->signing_key || build->signing_file || result == "signed_without_signature";
  End(build, true, "Complete");
}

void BuildFarm::End(Build* build, bool success, std::string_view status) {
  build->success = success;
  build->end_status = status;
  build->end_time = static_cast<int64_t>(clock_->UnixNow());
  if (!build->resetting && !std::exchange(build->counted, true)) ended_(*build);
}

}  // namespace tegodrop::sim
