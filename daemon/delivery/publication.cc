#include "daemon/delivery/publication.h"

#include <cerrno>
#include <chrono>
#include <utility>

#include "daemon/delivery/records.h"
#include "daemon/model/operator.h"
#include "daemon/model/output_name.h"

namespace tegodrop {

void Publication::Start() { job().output.protected_name.empty() ? Choose() : Publish(); }

void Publication::Choose() {
  step_ = output_.ChooseName(ProtectedName(job()), DeliveryTag(job()), [this](Result<std::string> name) {
    if (!name) return Done(Fail(name.error()));
    RecordName(std::move(*name));
  });
}

void Publication::RecordName(std::string name) {
  std::string note = "to be published as " + name;
  Save(
      [name = std::move(name), now = world_.clock.Wall()](Job& job) {
        job.output.protected_name = name;
        job.times.delivered = now;
      },
      std::move(note), [this] { Publish(); });
}

void Publication::Publish() {
  PublishRequest request;
  request.job = job().id;
  request.staging_name = job().output.staging_name;
  request.name = job().output.protected_name;
  request.facts = {job().output.size, job().output.sha256};
  request.checksum = ChecksumLine(job());
  request.trace = TraceJson(job(), world_.producer);
  Result<Attestation> attested = world_.attestor.Attest(job(), request.trace);
  if (!attested) return Later(attested.error());
  request.provenance_name = std::move(attested->name);
  request.provenance = std::move(attested->content);
  request.mode = job().target->output_mode;
  step_ = output_.Publish(std::move(request), [this](const Result<PublishOutcome>& outcome) {
    if (!outcome) return Done(Fail(outcome.error()));
    switch (*outcome) {
      case PublishOutcome::kPublished:
        return RecordPublished();
      case PublishOutcome::kNameTaken:
        return ChooseAnother();
      case PublishOutcome::kLost:
        return BackToBuilt();
    }
  });
}

// Never inside the starting call.
void Publication::Later(Error error) {
  step_ = world_.timers.After(std::chrono::milliseconds(0), [this, error = std::move(error)] { Done(Fail(error)); });
}

void Publication::RecordPublished() {
  Save([](Job& job) { job.state = JobState::kPublished; }, "published as " + job().output.protected_name,
       [this] { Done({}); });
}

void Publication::ChooseAnother() {
  const std::string other = NameWithJob(ProtectedName(job()), DeliveryTag(job()));
  if (job().output.protected_name == other) {
    Error error = MakeError(ErrorKind::kLocalDisk, "'" + other + "' in " + job().target->output_path +
                                                       ", or a file of that name with a companion's ending "
                                                       "(.sha256, .trace.json, .provenance.json, .intoto.jsonl), is "
                                                       "somebody else's: move it away");
    error.sys = EEXIST;
    return Done(Fail(std::move(error)));
  }
  RecordName(other);
}

// The staging name stays in the row: the next attempt removes what may be left under it.
void Publication::BackToBuilt() {
  const char* why = "the staged file is gone: downloading it again";
  Save(
      [](Job& job) {
        job.state = JobState::kBuilt;
        std::string staging_name = std::move(job.output.staging_name);
        job.output = {};
        job.output.staging_name = std::move(staging_name);
        job.times.delivered = 0;
      },
      why, [this, why] { Done(Fail(ErrorKind::kRetry, why)); });
}

}  // namespace tegodrop
