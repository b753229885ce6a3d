#include "daemon/app/operator_desk.h"

#include <algorithm>
#include <utility>

#include "daemon/base/text.h"

namespace tegodrop {

OperatorDesk::OperatorDesk(Ledger& ledger, const Clock& clock, std::vector<FolderSettings> folders, OperatorHands hands)
    : ledger_(ledger), clock_(clock), folders_(std::move(folders)), hands_(std::move(hands)) {}

void OperatorDesk::Serve(OperatorRequest request, std::function<void(OperatorAnswer)> done) {
  orders_.push_back({std::move(request), std::move(done)});
  if (orders_.size() == 1) BeginNext();
}

void OperatorDesk::BeginNext() {
  answer_ = {};
  const OperatorRequest& request = orders_.front().request;
  switch (request.command) {
    case OperatorCommand::kPause:
      return PauseFolder();
    case OperatorCommand::kResume:
      return ResumeFolder();
    case OperatorCommand::kAccept:
      if (const FolderSettings* folder = FolderNamed(request.folder)) return Accept(*folder);
      return;
    default:
      break;
  }
  jobs_.assign(request.jobs.begin(), request.jobs.end());
  if (!request.all_failed) return NextJob();
  ledger_.LoadFailed(WhileAlive<Result<std::vector<std::string>>>([this](Result<std::vector<std::string>> ids) {
    if (!ids) {
      answer_.error = "the ledger cannot be read: " + ids.error().message;
      return EndOrder();
    }
    jobs_.assign(ids->begin(), ids->end());
    NextJob();
  }));
}

void OperatorDesk::EndOrder() {
  const auto done = std::move(orders_.front().done);
  const OperatorAnswer answer = std::move(answer_);
  orders_.pop_front();
  if (!orders_.empty()) BeginNext();
  done(answer);
}

OperatorVerb OperatorDesk::verb() const {
  switch (orders_.front().request.command) {
    case OperatorCommand::kRebuild:
      return OperatorVerb::kRebuild;
    case OperatorCommand::kRedeliver:
      return OperatorVerb::kRedeliver;
    case OperatorCommand::kCancel:
      return OperatorVerb::kCancel;
    default:
      return OperatorVerb::kRetry;
  }
}

std::string OperatorDesk::carried_out() const {
  return hands_.online() ? "" : "; no daemon runs: the next run carries it out";
}

void OperatorDesk::Say(const std::string& about, OperatorOutcome outcome, std::string message) {
  answer_.results.push_back({about, outcome, std::move(message)});
}

void OperatorDesk::Trouble(const std::string& about, const Error& error) {
  Say(about, OperatorOutcome::kTrouble, error.message);
}

void OperatorDesk::NextJob() {
  if (jobs_.empty()) return EndOrder();
  const std::string asked = std::move(jobs_.front());
  jobs_.pop_front();
  ledger_.Find(asked, WhileAlive<Result<std::vector<Job>>>(
                          [this, asked](const Result<std::vector<Job>>& found) { OnFound(asked, found); }));
}

void OperatorDesk::OnFound(const std::string& asked, const Result<std::vector<Job>>& found) {
  if (!found) {
    Trouble(asked, found.error());
  } else if (found->empty()) {
    return OnStranger(asked);
  } else if (found->size() > 1) {
    std::string ids;
    for (const Job& job : *found) ids += (ids.empty() ? "" : ", ") + job.id;
    Say(asked, OperatorOutcome::kUnknown, "several jobs begin with '" + Printable(asked) + "': " + ids);
  } else {
    return OnRow(found->front());
  }
  NextJob();
}

// No job of ours: perhaps what another host has left.
void OperatorDesk::OnStranger(const std::string& asked) {
  const std::vector<std::string> left = hands_.left_claims ? hands_.left_claims(asked) : std::vector<std::string>{};
  if (left.size() > 1) {
    std::string ids;
    for (const std::string& job : left) ids += (ids.empty() ? "" : ", ") + job;
    Say(asked, OperatorOutcome::kUnknown,
        "several claims of other hosts begin with '" + Printable(asked) + "': " + ids);
    return NextJob();
  }
  if (left.empty()) {
    Say(asked, OperatorOutcome::kUnknown,
        "there is no job '" + Printable(asked) + "': 'tegodrop status' shows them" +
            (hands_.online() ? "" : "; what another host has left is taken over by a running daemon alone"));
    return NextJob();
  }
  const std::string& job = left.front();
  if (verb() != OperatorVerb::kRetry && verb() != OperatorVerb::kRebuild) {
    Say(job, OperatorOutcome::kRefused, "job " + job + " is another host's: only 'tegodrop retry' takes it over");
    return NextJob();
  }
  hands_.take_over(job, verb() == OperatorVerb::kRebuild,
                   WhileAlive<Result<std::string>>([this, job](const Result<std::string>& taken) {
                     if (taken) {
                       Say(job, OperatorOutcome::kDone, *taken);
                     } else if (taken.error().kind == ErrorKind::kRejected) {
                       Say(job, OperatorOutcome::kRefused, taken.error().message);
                     } else {
                       Trouble(job, taken.error());
                     }
                     NextJob();
                   }));
}

void OperatorDesk::OnRow(const Job& row) {
  if (!hands_.online()) return Change(row);
  if (!hands_.has(row.id)) {
    if (row.finished) return Change(row);
    // Nobody has it at work yet: its claim is on the way to its row.
    Say(row.id, OperatorOutcome::kRefused, "job " + row.id + " is just being claimed: try again in a moment");
    return NextJob();
  }
  hands_.operate(row.id, verb(), WhileAlive<Result<OperatorPlan>>([this, id = row.id](Result<OperatorPlan> plan) {
                   if (!plan) {
                     Trouble(id, plan.error());
                   } else {
                     Say(id, *plan ? OperatorOutcome::kDone : OperatorOutcome::kRefused, plan->message);
                   }
                   NextJob();
                 }));
}

// A row that nobody has at work.
void OperatorDesk::Change(const Job& row) {
  const OperatorPlan plan = PlanFor(verb(), row, clock_.Wall());
  if (!plan) {
    Say(row.id, OperatorOutcome::kRefused, plan.message);
    return NextJob();
  }
  Job changed = row;
  plan.change(changed);
  if (!MayFollow(row.state, changed.state) && !MayReopen(row.state, changed.state)) {
    Say(row.id, OperatorOutcome::kTrouble,
        "a fault inside tegodrop (please report it): the job cannot become " + std::string(ToString(changed.state)));
    return NextJob();
  }
  ledger_.Save(changed, plan.note, WhileAlive<Status>([this, changed, message = plan.message](const Status& saved) {
                 if (!saved) {
                   Trouble(changed.id, saved.error());
                 } else {
                   Say(changed.id, OperatorOutcome::kDone, message + carried_out());
                   if (hands_.online()) hands_.take(changed);
                 }
                 NextJob();
               }));
}

}  // namespace tegodrop
