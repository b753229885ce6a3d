#include "daemon/app/daemon.h"

#include <algorithm>
#include <utility>

#include "daemon/app/schedule.h"
#include "daemon/base/host_name.h"
#include "daemon/base/version.h"
#include "daemon/disk/file_system.h"
#include "daemon/disk/layout.h"
#include "daemon/portal/portal_client.h"

namespace tegodrop {
namespace {

// How long a folder may take to open before its jobs are begun all the same; what needs it waits by itself then.
constexpr std::chrono::seconds kOpenPatience{2};

std::set<std::string> PathsOf(const Settings& settings) {
  std::set<std::string> paths;
  for (const FolderSettings& folder : settings.folders) paths.insert(folder.path);
  return paths;
}

bool InSpool(const Job& job) { return job.target->after == SourceAfter::kKeep; }

}  // namespace

Daemon::Daemon(DaemonWorld world, Settings settings, Secret token,
               std::function<void(const Job&, const Progress&)> on_change)
    : world_(std::move(world)),
      settings_(std::move(settings)),
      producer_{HostName(), kVersion},
      spool_(settings_.limits.spool),
      claims_([this](const Job& job) { return folders_->Drop(job); }, PathsOf(settings_), world_.timers, world_.log),
      rate_(settings_.limits.upload_rate, world_.timers, world_.clock),
      guarded_(world_.transfer, world_.timers, world_.clock, world_.log),
      clock_watch_(world_.ledger, world_.clock, world_.log),
      dated_(guarded_, world_.clock,
             [this](std::chrono::milliseconds ahead) {
               clock_watch_.Saw(ahead);
               conductor_->SawClock(ahead);
             }),
      leftovers_(world_.ledger, world_.log, world_.clock) {
  portal_ = MakePortalClient({settings_.portal.url, settings_.portal.tenant, token}, dated_, world_.clock, world_.log);
  uploader_ = std::make_unique<Uploader>(
      UploadWorld{*portal_, guarded_, world_.timers, world_.readers, world_.fs, world_.clock, world_.random, world_.log,
                  &rate_, world_.fingerprints},
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
      DeliveryWorld{*portal_, guarded_, world_.timers, world_.clock, world_.log, producer_, attestor_}, find_output,
      [this](const Job& job, std::function<void(Status)> done) { return claims_.Tell(job, true, std::move(done)); });
  finisher_ = std::make_unique<Finisher>(
      FinishWorld{world_.timers, world_.log, producer_}, find_drop, find_output,
      [this](const Job& job, std::function<void(Status)> done) { return claims_.Ask(job, std::move(done)); });
  reclaimer_ = std::make_unique<Reclaimer>(ReclaimWorld{world_.timers, world_.clock}, find_drop, find_output);
  conductor_ = std::make_unique<Conductor>(
      ConductorWorld{world_.ledger, world_.timers, world_.clock, world_.random, world_.log}, SettingsForConductor(),
      MakeRooms(), [this, on_change = std::move(on_change)](const Job& job, const Progress& progress) {
        CountSpool(job);
        on_change(job, progress);
      });
  conductor_->SetWindow(WindowOf(settings_.schedule, world_.log));
}

Daemon::~Daemon() = default;

ConductorSettings Daemon::SettingsForConductor() const {
  return {settings_.limits.concurrent_uploads, settings_.limits.concurrent_builds, settings_.polling,
          settings_.portal.url, settings_.portal.tenant};
}

void Daemon::Apply(Settings settings, const Secret& token, std::function<void(std::vector<std::string>)> done) {
  const bool other_schedule = !(settings.schedule == settings_.schedule);
  settings_ = std::move(settings);
  UseToken(token);
  if (other_schedule) conductor_->SetWindow(WindowOf(settings_.schedule, world_.log));
  conductor_->UseSettings(SettingsForConductor());
  uploader_->SetConcurrentParts(settings_.limits.concurrent_parts);
  rate_.SetRate(settings_.limits.upload_rate);
  spool_.SetLimit(settings_.limits.spool);
  claims_.SetConfigured(PathsOf(settings_));
  intakes_->Follow(settings_.folders, std::move(done));
}

// A claim that its folder's intake was still trying to make when it ended: what came of it is seen as after a restart.
void Daemon::TakeLeftClaims(const std::string& folder) {
  world_.ledger.LoadUnfinished([this, alive = std::weak_ptr<bool>(alive_),
                                folder](const Result<std::vector<Job>>& jobs) {
    if (alive.expired()) return;
    if (!jobs) {
      world_.log.Warning("folder.ledger",
                         "claims that could not be ended are looked at after the next start: " + jobs.error().message,
                         {{"folder", folder}});
      return;
    }
    for (const Job& job : *jobs) {
      const bool left = job.state == JobState::kClaiming && !job.finished && job.target->folder == folder;
      if (left && !conductor_->Has(job.id)) conductor_->Take(job);
    }
  });
}

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
      // A new life asks anew. Nothing is written before all was read: who fails there says that nothing was changed.
      world_.ledger.RemoveNotice(kCredentialsNotice, nullptr);
      world_.ledger.RemoveNotices(kClaimNotice, nullptr);
      TakeOver(records, outputs);
      TakeJobs(std::move(*jobs));
    });
  });
}

void Daemon::TakeJobs(std::vector<Job> jobs) {
  std::map<std::string, std::size_t> counts;
  for (const Job& job : jobs) ++counts[job.target->folder];
  for (const auto& [folder, count] : counts) held_[folder].reserve(count);
  for (Job& job : jobs) {
    // One that was refused at once, or is delivered again, has no copy.
    const bool refused = job.failure && job.ticket.start_time == 0;
    if (!job.finished && TakesSpool(job) && !refused && NeedsArtifact(job)) spool_.Hold(job.id, job.artifact.size);
    held_[job.target->folder].push_back(std::move(job));
  }
  jobs = std::vector<Job>();  // of tens of thousands even the shells count; assigning {} would keep the room for them
  held_timer_ = world_.timers.After(kOpenPatience, [this] {
    while (!held_.empty()) HandOver(held_.begin()->first);
    waited_for_folders_ = true;
    TellReady();
  });
  std::vector<std::string> strangers;
  for (const auto& [folder, held] : held_) {
    if (intakes_->Find(folder) == nullptr) strangers.push_back(folder);
  }
  for (const std::string& folder : strangers) HandOver(folder);
  intakes_->Start();
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
  if (!started() || !ready_) return;
  const auto views = folders();
  const bool seen = std::all_of(views.begin(), views.end(),
                                [](const FolderView& view) { return view.state->open || view.state->state != "ok"; });
  if (seen || waited_for_folders_) world_.post(std::exchange(ready_, nullptr));
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
    const Intake* intake = intakes_->Find(folder);
    return intake != nullptr && intake->is_open();
  };
  hands.accept = [this](const std::string& folder, std::function<void(Status)> done) {
    if (Intake* intake = intakes_->Find(folder)) return intake->Accept(std::move(done));
    world_.post([done = std::move(done)] {
      done(Fail(ErrorKind::kRetry, "it is just being opened anew: give the command again"));
    });
  };
  hands.accept_output = [this](const std::string& path) { return folders_->AcceptOutput(path); };
  hands.left_claims = [this](const std::string& prefix) {
    return prefix.empty() ? std::vector<std::string>() : LeftClaims(prefix);
  };
  hands.take_over = [this](const std::string& job, bool afresh, std::function<void(Result<std::string>)> done) {
    for (const Intakes::View& view : intakes_->all()) {
      const std::vector<std::string> left = view.intake->LeftClaims();
      if (std::find(left.begin(), left.end(), job) != left.end()) {
        return view.intake->TakeOver(job, afresh, std::move(done));
      }
    }
    world_.post(
        [done = std::move(done)] { done(Fail(ErrorKind::kRejected, "that claim is gone: it needs nobody any more")); });
  };
  return hands;
}

std::vector<std::string> Daemon::LeftClaims(const std::string& prefix) const {
  std::vector<std::string> left;
  for (const Intakes::View& view : intakes_->all()) {
    for (std::string& job : view.intake->LeftClaims()) {
      if (job.starts_with(prefix)) left.push_back(std::move(job));
    }
  }
  return left;
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
    const auto views = intakes_->all();
    return std::any_of(views.begin(), views.end(), [&](const Intakes::View& view) {
      return view.settings->path == path && view.intake->is_open();
    });
  });
  intakes_ = std::make_unique<Intakes>(
      IntakesWorld{*folders_, world_.ledger, world_.timers, world_.clock, world_.random, world_.log, spool_},
      JobOrigin{settings_.portal.url, settings_.portal.tenant, producer_.host},
      [this](const Job& job) { conductor_->Take(job); },
      [this](const FolderSettings& folder, const Intake& intake) { FolderChanged(folder, intake); },
      [this](const std::string& folder) {
        HandOver(folder);
        TakeLeftClaims(folder);
      });
  intakes_->Begin(settings_.folders, records);
}

void Daemon::FolderChanged(const FolderSettings& folder, const Intake& intake) {
  if (intake.is_open() && intake.on_share()) claims_.SawShare(folder.path);
  HandOver(folder.name);
  TellReady();
  if (intake.is_open()) conductor_->FolderIsBack(folder.name);
}

void Daemon::HandOver(const std::string& folder) {
  const auto found = held_.find(folder);
  if (found == held_.end()) return;
  std::vector<Job> jobs = std::move(found->second);
  held_.erase(found);
  for (Job& job : jobs) conductor_->Take(std::move(job));
  TellReady();
}

std::vector<Daemon::FolderView> Daemon::folders() const {
  std::vector<FolderView> views;
  if (!intakes_) return views;
  for (const Intakes::View& view : intakes_->all()) views.push_back({view.settings, &view.intake->state()});
  return views;
}

void Daemon::StopIntake(std::function<void()> done) {
  if (!intakes_) {
    world_.post(std::move(done));
    return;
  }
  intakes_->Stop(std::move(done));
}

void Daemon::Stop(std::function<void()> done) {
  StopIntake([this, done = std::move(done)] { conductor_->Stop(done); });
}

}  // namespace tegodrop
