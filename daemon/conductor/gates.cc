#include "daemon/conductor/gates.h"

#include <algorithm>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/base/units.h"
#include "daemon/conductor/reaction.h"

namespace tegodrop {
namespace {

GateStep Step(std::function<void(Job&)> change, std::string note) {
  GateStep step;
  step.change = std::move(change);
  step.note = std::move(note);
  return step;
}

GateStep FailStep(Failure failure, std::optional<BuildRow> row, WallMs now) {
  std::string note = failure.message;
  return Step(
      [failure = std::move(failure), row = std::move(row), now](Job& job) {
        job.state = JobState::kFailed;
        job.failure = failure;
        if (row) job.build = row;
        job.times.completed = now;
      },
      std::move(note));
}

// Whether `row` shows anything that the job's copy does not.
bool SameStage(const std::optional<BuildRow>& known, const BuildRow& row) {
  return known && known->success == row.success && known->status_message == row.status_message &&
         known->error_message == row.error_message && known->signing_error_message == row.signing_error_message;
}

// A build that is there and not done: too long, or simply at its next stage.
GateStep Unfinished(const Job& job, const std::optional<BuildRow>& row, const PollingSettings& polling, WallMs now) {
  const WallMs waited = now - job.times.submitted;
  if (waited >= polling.deadline.count()) {
    const BuildRow last = row.value_or(job.build.value_or(BuildRow{}));
    return FailStep(BuildFailure(job.id, last, FailureKind::kBuildStuck), row, now);
  }
  const bool alarm = waited >= polling.alarm_after.count() && !job.alarmed;
  const bool news = row && (job.state == JobState::kSubmitted || !SameStage(job.build, *row));
  if (!alarm && !news) return {};
  GateStep step = Step(
      [row, alarm](Job& changed) {
        if (row) {
          changed.state = JobState::kBuilding;
          changed.build = row;
          if (row->success.has_value() == false) changed.reset_since = 0;
        }
        changed.alarmed = changed.alarmed || alarm;
      },
      !news ? "the build takes long"
            : "the portal builds it" + (row->status_message ? ": " + Printable(*row->status_message) : ""));
  step.alarm = alarm;
  return step;
}

// As many looks are asked for as fit into the time, so that a wall clock that jumps does not shorten it.
int LooksThatFit(std::chrono::milliseconds time, const PollingSettings& polling) {
  return static_cast<int>(std::min<std::int64_t>(time / polling.interval, 1'000'000));
}

GateStep Reset(const Job& job, const BuildRow& row, const PollingSettings& polling, WallMs now) {
  if (job.reset_since == 0) {
    return Step(
        [row, now](Job& changed) {
          changed.state = JobState::kBuilding;
          changed.build = row;
          changed.reset_since = now;
          changed.confirming_looks = 0;
        },
        "the portal shows the build as not successful without naming an error: perhaps it is queued for signing");
  }
  const int needed = LooksThatFit(kResetGrace, polling);
  const int looks = job.confirming_looks + 1;
  if (looks >= needed && now - job.reset_since >= kResetGrace.count()) {
    return FailStep(BuildFailure(job.id, row, FailureKind::kBuildFailed), row, now);
  }
  GateStep step = Unfinished(job, row, polling, now);
  if (job.confirming_looks >= needed) return step;
  step.change = [change = std::move(step.change), looks](Job& changed) {
    if (change) change(changed);
    changed.confirming_looks = looks;
  };
  return step;
}

GateStep Judge(const Job& job, const BuildRow& row, const PollingSettings& polling, WallMs now) {
  switch (JudgeBuild(row, SignatureRequired(job))) {
    case GateVerdict::kPassed:
      return Step(
          [row, now](Job& changed) {
            changed.state = JobState::kBuilt;
            changed.build = row;
            changed.times.completed = now;
          },
          "the build is done and passed the release gates");
    case GateVerdict::kFailed:
    case GateVerdict::kDeleted:
      return FailStep(BuildFailure(job.id, row, FailureKind::kBuildFailed), row, now);
    case GateVerdict::kNotSigned:
      return FailStep(BuildFailure(job.id, row, FailureKind::kNotSigned), row, now);
    case GateVerdict::kReset:
      return Reset(job, row, polling, now);
    case GateVerdict::kRunning:
      break;
  }
  return Unfinished(job, row, polling, now);
}

GateStep NotConfirmed(const Job& job, const PollingSettings& polling, WallMs now) {
  const int needed = std::max(kLeastConfirmingLooks, LooksThatFit(polling.confirm_after, polling));
  const int looks = job.confirming_looks + 1;
  const bool long_enough = now - job.confirming_since >= polling.confirm_after.count();
  if (looks < needed || !long_enough) {
    // Only as many as count are written: afterwards time alone decides.
    if (job.confirming_looks >= needed) return {};
    return Step([looks](Job& changed) { changed.confirming_looks = looks; }, "");
  }
  if (job.sends >= kMostUnconfirmedSends) {
    if (!job.waiting.for_what.empty()) return {};
    return Step(
        [looks, now](Job& changed) {
          changed.confirming_looks = looks;
          changed.waiting = {"a person: the portal's history shows none of " + std::to_string(changed.sends) +
                                 " uploads; look at the portal, then 'tegodrop retry --rebuild " + changed.id +
                                 "' if it is not there, or 'tegodrop cancel' it",
                             now, 0};
        },
        "the history shows none of the uploads: a person has to decide");
  }
  return Step(
      [](Job& changed) {
        changed.state = JobState::kClaimed;
        ForgetUpload(changed);
        changed.confirming_since = 0;
        changed.confirming_looks = 0;
      },
      "the upload did not arrive (" + std::to_string(looks) + " looks over " +
          FormatDuration(std::chrono::milliseconds(now - job.confirming_since)) + "): it is sent once more");
}

}  // namespace

GateStep StepFor(const Job& job, const std::optional<BuildRow>& row, const PollingSettings& polling, WallMs now) {
  if (job.state == JobState::kConfirming) {
    if (!row) return NotConfirmed(job, polling, now);
    GateStep step = Step(
        [now](Job& changed) {
          changed.state = JobState::kSubmitted;
          changed.times.submitted = now;
          changed.upload_tries = 0;
          changed.refused_urls = 0;
        },
        "the history shows the build: the upload had arrived");
    step.again = true;
    return step;
  }
  if (!row) return Unfinished(job, row, polling, now);
  return Judge(job, *row, polling, now);
}

}  // namespace tegodrop
