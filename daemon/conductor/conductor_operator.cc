// What a person says: commands on single jobs, folders whose uploads are not begun, another config.
#include <chrono>
#include <utility>

#include "daemon/conductor/conductor.h"

namespace tegodrop {

using std::chrono::milliseconds;

bool Conductor::Paused(const Job& job) const { return paused_.contains("") || paused_.contains(job.target->folder); }

void Conductor::SetPaused(std::set<std::string> folders) {
  paused_ = std::move(folders);
  TurnSoon();
}

void Conductor::UseSettings(ConductorSettings settings) {
  settings.portal_url = settings_.portal_url;
  settings.tenant = settings_.tenant;
  settings_ = std::move(settings);
  slots_.SetMost(settings_.concurrent_builds);
  for (auto& [id, job] : jobs_) job->planned = false;
  TurnSoon();
}

void Conductor::Operate(const std::string& id, OperatorVerb verb, std::function<void(Result<OperatorPlan>)> done) {
  ActiveJob* job = Find(id);
  if (stopping_ || job == nullptr) {
    return AnswerLater(Fail(ErrorKind::kCancelled, "tegodrop is stopping: give the command again"), std::move(done));
  }
  // A refusal leaves the job's work alone.
  OperatorPlan plan = PlanFor(verb, job->job(), world_.clock.Wall());
  if (!plan) return AnswerLater(std::move(plan), std::move(done));
  job->work.reset();
  job->progress = {};
  Carry(*job, verb, std::move(done));
}

void Conductor::Carry(ActiveJob& job, OperatorVerb verb, std::function<void(Result<OperatorPlan>)> done) {
  const std::string id = job.job().id;
  if (job.saving()) {
    // What its work was just recording comes first, and may change what the command means.
    return job.Save([](Job&) {}, "",
                    [this, id, verb, done = std::move(done)](const Status&) {
                      ActiveJob* written = Find(id);
                      if (written != nullptr) return Carry(*written, verb, done);
                      AnswerLater(Fail(ErrorKind::kRetry, "the job is gone: give the command again"), done);
                    });
  }
  OperatorPlan plan = PlanFor(verb, job.job(), world_.clock.Wall());
  if (!plan) {
    TurnSoon();
    return AnswerLater(std::move(plan), std::move(done));
  }
  job.SaveForPerson(plan.change, plan.note, [this, id, plan, done = std::move(done)](const Status& saved) {
    ActiveJob* changed = Find(id);
    if (saved && changed != nullptr) {
      changed->due = 0;
      changed->disk_trouble = changed->output_trouble = false;
      changed->begun = false;
      changed->last_wait = {};
      ForgetSight(*changed);
      if (!changed->ours && !IsEnd(changed->job().state)) NoteForeign(*changed);
    }
    TurnSoon();
    if (!saved) return done(Fail(saved.error()));
    done(plan);
  });
}

void Conductor::AnswerLater(Result<OperatorPlan> answer, std::function<void(Result<OperatorPlan>)> done) {
  const int number = ++last_answer_;
  answers_[number] = world_.timers.After(milliseconds(0), [this, number, answer = std::move(answer), done] {
    const HandlePtr fired = std::move(answers_[number]);
    answers_.erase(number);
    done(answer);
  });
}

}  // namespace tegodrop
