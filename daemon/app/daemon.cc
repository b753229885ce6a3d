#include "daemon/app/daemon.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/base/version.h"
#include "daemon/disk/file_system.h"
#include "daemon/disk/layout.h"
#include "daemon/portal/portal_client.h"

namespace tegodrop {
namespace {

std::string HostName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "unknown";
  return name.data();
}

// How long a folder may take to open before its jobs are begun all the same; what needs it waits by itself then.
constexpr std::chrono::seconds kOpenPatience{2};

std::set<std::string> PathsOf(const Settings& settings) {
  std::set<std::string> paths;
  for (const FolderSettings& folder : settings.folders) paths.insert(folder.path);
  return paths;
}

bool InSpool(const Job& job) { return job.target.after == SourceAfter::kKeep; }

}  // namespace

Daemon::Daemon(DaemonWorld world, Settings settings, Secret token,
               std::function<void(const Job&, const Progress&)> on_change)
    : world_(std::move(world)),
      settings_(std::move(settings)),
      producer_{HostName(), kVersion},
      spool_(settings_.limits.spool),
      claims_([this](const Job& job) { return folders_->Drop(job); }, PathsOf(settings_), world_.timers, world_.log),
      guarded_(world_.transfer, world_.timers, world_.clock, world_.log),
      clock_watch_(world_.ledger, world_.clock, world_.log),
      dated_(guarded_, world_.clock, [this](std::chrono::milliseconds ahead) { clock_watch_.Saw(ahead); }),
      leftovers_(world_.ledger, world_.log, world_.clock) {
  if (const auto rate = settings_.limits.upload_rate)
    rate_ = std::make_unique<RateLimit>(*rate, world_.timers, world_.clock);
  portal_ = MakePortalClient({settings_.portal.url, settings_.portal.tenant, token}, dated_, world_.clock, world_.log);
  uploader_ = std::make_unique<Uploader>(
      UploadWorld{*portal_, guarded_, world_.timers, world_.readers, world_.fs, world_.clock, world_.random, world_.log,
                  rate_.get()},
      UploadSettings{settings_.limits.concurrent_parts, token},
      [this](const Job& job, std::function<void(Result<Fd>)> done) -> HandlePtr {
        auto folder = folders_->Drop(job);
        if (!folder) {
          return Later(folder.error(), std::move(done));
        }
        return (*folder)->OpenClaimed(job.id, job.artifact.file_name, InSpool(job), std::move(done));
      },
      [this](const Job& job, std::function<void(Status)> done) { return claims_.Tell(job, false, std::move(done)); });
  tracker_ = std::make_unique<Tracker>(*portal_);
  const FindOutput find_output = [this](const Job& job) -> Result<OutputFolder*> {
    OutputFolder* output = folders_->Output(job);
    leftovers_.Tidy(*output);
    return output;
  };
  const FindDrop find_drop = [this](const Job& job) { return folders_->Drop(job); };
  deliverer_ = std::make_unique<Deliverer>(
      DeliveryWorld{*portal_, guarded_, world_.timers, world_.clock, world_.log, producer_}, find_output,
      [this](const Job& job, std::function<void(Status)> done) { return claims_.Tell(job, true, std::move(done)); });
  finisher_ = std::make_unique<Finisher>(
      FinishWorld{world_.timers, world_.log, producer_}, find_drop, find_output,
      [this](const Job& job, std::function<void(Status)> done) { return claims_.Ask(job, std::move(done)); });
  reclaimer_ = std::make_unique<Reclaimer>(ReclaimWorld{world_.timers, world_.clock}, find_drop, find_output);
  conductor_ = std::make_unique<Conductor>(
      ConductorWorld{world_.ledger, world_.timers, world_.clock, world_.random, world_.log},
      ConductorSettings{settings_.limits.concurrent_uploads, settings_.limits.concurrent_builds, settings_.polling,
                        settings_.portal.url, settings_.portal.tenant},
      MakeRooms(), [this, on_change = std::move(on_change)](const Job& job, const Progress& progress) {
        CountSpool(job);
        on_change(job, progress);
      });
}

Daemon::~Daemon() = default;

void Daemon::UseToken(const Secret& token) {
  portal_->UseToken(token);
  uploader_->UseToken(token);
  conductor_->CredentialsChanged();
}

Rooms Daemon::MakeRooms() {
  Rooms rooms;
  rooms.upload = [this](JobRecord& record, const Rooms::OnProgress& progress,
                        std::function<void(Status)> done) -> HandlePtr {
    // Before the portal is asked for anything: without its folder there is nothing to upload.
    if (auto folder = folders_->Drop(record.job()); !folder) return Later(folder.error(), std::move(done));
    const std::uint64_t total = record.job().artifact.size;
    return uploader_->Start(
        record, [progress, total](std::uint64_t sent) { progress(sent, total); }, std::move(done));
  };
  rooms.deliver = [this](JobRecord& record, Rooms::OnProgress progress, std::function<void(Status)> done) {
    return deliverer_->Start(record, std::move(progress), std::move(done));
  };
  rooms.finish = [this](JobRecord& record, const Rooms::OnProgress&, std::function<void(Status)> done) {
    return finisher_->Start(record, std::move(done));
  };
  rooms.reclaim = [this](JobRecord& record, const Rooms::OnProgress&, std::function<void(Status)> done) {
    return reclaimer_->Start(record, std::move(done));
  };
  rooms.forget = [this](const Job& job) { claims_.Forget(job); };
  rooms.look = [this](const std::string& version, std::vector<BuildIdentity> awaited,
                      std::function<void(Result<HistoryLook>)> done) {
    return tracker_->Look(version, std::move(awaited), std::move(done));
  };
  rooms.abort = [this](const OpenUpload& upload, std::function<void(Status)> done) {
    return portal_->AbortMultipart(upload.file_path, upload.upload_id, std::move(done));
  };
  rooms.has_claimed = [this](const Job& job, std::function<void(Result<bool>)> done) -> HandlePtr {
    auto folder = folders_->Drop(job);
    if (!folder) {
      return Later(folder.error(), std::move(done));
    }
    return (*folder)->HasClaimed(job.id, job.artifact.path(), InSpool(job),
                                 [this, id = job.id, done = std::move(done)](const Result<bool>& claimed) {
                                   if (claimed && !*claimed) spool_.Free(id);
                                   done(claimed);
                                 });
  };
  return rooms;
}

void Daemon::Start(std::function<void()> ready, std::function<void(const Error&)> failed) {
  ready_ = std::move(ready);
  // A new life asks anew.
  world_.ledger.RemoveNotice(kCredentialsNotice, nullptr);
  world_.ledger.RemoveNotices(kClaimNotice, nullptr);
  world_.ledger.LoadPauses([this, alive = std::weak_ptr<bool>(alive_), failed](Result<std::vector<Pause>> pauses) {
    if (alive.expired()) return;
    if (!pauses) return failed(pauses.error());
    std::set<std::string> paused;
    for (const Pause& one : *pauses) paused.insert(one.folder);
    conductor_->SetPaused(std::move(paused));
    world_.ledger.LoadFolders([this, alive, failed](Result<std::vector<FolderRecord>> records) {
      if (alive.expired()) return;
      if (!records) return failed(records.error());
      LoadRest(std::move(*records), failed);
    });
  });
}

void Daemon::LoadRest(std::vector<FolderRecord> records, std::function<void(const Error&)> failed) {
  world_.ledger.LoadOutputs([this, alive = std::weak_ptr<bool>(alive_), records = std::move(records),
                             failed = std::move(failed)](Result<std::vector<OutputRecord>> outputs) {
    if (alive.expired()) return;
    if (!outputs) return failed(outputs.error());
    world_.ledger.LoadUnfinished([this, alive, failed, records, outputs = *outputs](Result<std::vector<Job>> jobs) {
      if (alive.expired()) return;
      if (!jobs) return failed(jobs.error());
      TakeOver(records, outputs);
      TakeJobs(std::move(*jobs));
    });
  });
}

void Daemon::TakeJobs(std::vector<Job> jobs) {
  for (Job& job : jobs) {
    // One that was refused at once, or is delivered again, has no copy.
    const bool refused = job.failure && job.ticket.start_time == 0;
    if (!job.finished && TakesSpool(job) && !refused && NeedsArtifact(job)) spool_.Hold(job.id, job.artifact.size);
    held_[job.target.folder].push_back(std::move(job));
  }
  held_timer_ = world_.timers.After(kOpenPatience, [this] {
    while (!held_.empty()) HandOver(held_.begin()->first);
  });
  std::vector<std::string> strangers;
  for (const auto& [folder, held] : held_) {
    if (!intakes_.contains(folder)) strangers.push_back(folder);
  }
  for (const std::string& folder : strangers) HandOver(folder);
  for (auto& [name, intake] : intakes_) intake->Start();
  started_ = true;
  TellReady();
}

// A copy of what stays where it is, or of what was claimed on a share.
bool Daemon::TakesSpool(const Job& job) const { return InSpool(job) || claims_.OnShare(job); }

void Daemon::CountSpool(const Job& job) {
  if (job.finished) return spool_.Free(job.id);
  if (!TakesSpool(job)) return;
  // Taken back for a person, whether it fits or not.
  if (job.state == JobState::kReclaiming && NeedsArtifact(job) && !spool_.Holds(job.id)) {
    spool_.Hold(job.id, job.artifact.size);
  }
}

void Daemon::TellReady() {
  if (started() && ready_) world_.post(std::exchange(ready_, nullptr));
}

OperatorHands Daemon::Hands() {
  OperatorHands hands;
  hands.has = [this](const std::string& job) { return conductor_->Has(job); };
  hands.operate = [this](const std::string& job, OperatorVerb verb, std::function<void(Result<OperatorPlan>)> done) {
    conductor_->Operate(job, verb, std::move(done));
  };
  hands.take = [this](Job job) { conductor_->Take(std::move(job)); };
  hands.set_paused = [this](std::set<std::string> folders) { conductor_->SetPaused(std::move(folders)); };
  hands.is_open = [this](const std::string& folder) {
    return intakes_.contains(folder) && intakes_.at(folder)->is_open();
  };
  hands.accept = [this](const std::string& folder, std::function<void(Status)> done) {
    intakes_.at(folder)->Accept(std::move(done));
  };
  hands.accept_output = [this](const std::string& path) { return folders_->AcceptOutput(path); };
  hands.left_claims = [this](const std::string& prefix) {
    std::vector<std::string> left;
    for (const auto& [name, intake] : intakes_) {
      for (std::string& job : intake->LeftClaims()) {
        if (!prefix.empty() && job.starts_with(prefix)) left.push_back(std::move(job));
      }
    }
    return left;
  };
  hands.take_over = [this](const std::string& job, bool afresh, std::function<void(Result<std::string>)> done) {
    for (const auto& [name, intake] : intakes_) {
      const std::vector<std::string> left = intake->LeftClaims();
      if (std::find(left.begin(), left.end(), job) != left.end()) {
        return intake->TakeOver(job, afresh, std::move(done));
      }
    }
    world_.post(
        [done = std::move(done)] { done(Fail(ErrorKind::kRejected, "that claim is gone: it needs nobody any more")); });
  };
  return hands;
}

void Daemon::TakeOver(const std::vector<FolderRecord>& records, std::vector<OutputRecord> outputs) {
  folders_ = std::make_unique<Folders>(
      world_.folders, settings_.state_dir + "/" + std::string(kStateSpool), records, std::move(outputs),
      [this](const OutputRecord& output) {
        world_.ledger.SaveOutput(output, [this, alive = std::weak_ptr<bool>(alive_), output](const Status& saved) {
          if (saved || alive.expired()) return;
          world_.log.Warning("output.not_remembered",
                             "what the output folder is on is not remembered over a restart: " + saved.error().message,
                             {{"path", output.path}});
        });
      });
  for (const FolderRecord& one : records) {
    if (!one.fs_type.empty() && !IsLocalFsName(one.fs_type)) claims_.SawShare(one.path);
  }
  folders_->OnAskWhetherOpen([this](const std::string& path) {
    return std::any_of(settings_.folders.begin(), settings_.folders.end(), [&](const FolderSettings& folder) {
      const auto intake = intakes_.find(folder.name);
      return folder.path == path && intake != intakes_.end() && intake->second->is_open();
    });
  });
  for (const FolderSettings& folder : settings_.folders) {
    const auto record = std::find_if(records.begin(), records.end(), [&](const FolderRecord& one) {
      return one.name == folder.name && one.path == folder.path;
    });
    FolderRecord known = record == records.end() ? FolderRecord{} : *record;
    known.name = folder.name;
    known.path = folder.path;
    intakes_[folder.name] =
        std::make_unique<Intake>(IntakeWorld{folders_->Configured(folder), world_.ledger, world_.timers, world_.clock,
                                             world_.random, world_.log, &spool_},
                                 IntakeSettings{folder, settings_.portal.url, settings_.portal.tenant, producer_.host},
                                 std::move(known), [this](const Job& job) { conductor_->Take(job); });
    Intake& intake = *intakes_[folder.name];
    intake.OnChange([this, &intake, name = folder.name, path = folder.path] {
      if (intake.is_open() && intake.on_share()) claims_.SawShare(path);
      HandOver(name);
      if (intake.is_open()) conductor_->FolderIsBack(name);
    });
  }
}

void Daemon::HandOver(const std::string& folder) {
  const auto found = held_.find(folder);
  if (found == held_.end()) return;
  const std::vector<Job> jobs = std::move(found->second);
  held_.erase(found);
  for (const Job& job : jobs) conductor_->Take(job);
  TellReady();
}

std::vector<Daemon::FolderView> Daemon::folders() const {
  std::vector<FolderView> views;
  for (const FolderSettings& folder : settings_.folders) {
    const auto intake = intakes_.find(folder.name);
    if (intake != intakes_.end()) views.push_back({&folder, &intake->second->state()});
  }
  return views;
}

void Daemon::StopIntake(std::function<void()> done) {
  if (intakes_.empty()) {
    world_.post(std::move(done));
    return;
  }
  const auto left = std::make_shared<std::size_t>(intakes_.size());
  for (auto& [name, intake] : intakes_) {
    intake->Stop([left, done] {
      if (--*left == 0) done();
    });
  }
}

void Daemon::Stop(std::function<void()> done) {
  StopIntake([this, done = std::move(done)] { conductor_->Stop(done); });
}

}  // namespace tegodrop
