// What of the daemon's life is worth a message to the webhook: failures, quota, folders, credentials, what is stuck.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/settings.h"
#include "daemon/app/daemon.h"
#include "daemon/app/notify/messenger.h"
#include "daemon/app/notify/trouble_watch.h"
#include "daemon/base/clock.h"
#include "daemon/conductor/conductor.h"
#include "daemon/loop/handle.h"
#include "daemon/loop/timers.h"

namespace tegodrop {

// What is looked at, as far as it is not told of by itself.
struct EventScene {
  struct Folder {
    const FolderSettings* settings = nullptr;
    bool open = false;
    std::string state;
    std::string reason;
  };
  std::vector<Folder> folders;
  Overview overview;
  std::vector<std::string> left_claims;  // jobs of other hosts
  std::set<std::string> jobs;            // that have not come to their end
};

// Of the daemon; nothing before it has taken over its jobs.
std::optional<EventScene> SceneOf(const Daemon& daemon);

inline constexpr std::chrono::milliseconds kLookEvery = std::chrono::seconds(5);

class EventWatch {
 public:
  // `on`: the events that are told. All references must outlive it; `messenger` has read its outbox.
  EventWatch(TimerMaker& timers, const Clock& clock, std::vector<std::string> on,
             std::function<std::optional<EventScene>()> look, Messenger& messenger);
  EventWatch(const EventWatch&) = delete;
  EventWatch& operator=(const EventWatch&) = delete;

  // As Conductor's on_change.
  void OnChange(const Job& job);

 private:
  void Look();
  void SeeFolders(const EventScene& scene);
  void SeeOutputs(const EventScene& scene);
  void SeePortal(const EventScene& scene);
  void SeeClaims(const EventScene& scene);
  // Marks of an earlier life whose jobs and folders are no more.
  void ForgetStrangers(const EventScene& scene);
  // `event`: what is told where it is news; its words for the end are `over`.
  void See(const TroubleSeen& seen, OutboxEvent event, const std::string& over);
  void AboutJob(const std::string& mark, bool is, const char* event, const Job& job, const std::string& message,
                const std::string& remedy);
  bool Wanted(const std::string& event) const { return on_.contains(event); }
  std::vector<std::string> Marks(const std::string& prefix) const;

  TimerMaker& timers_;
  const Clock& clock_;
  const std::set<std::string> on_;
  const std::function<std::optional<EventScene>()> look_;
  Messenger& messenger_;
  TroubleWatch watch_;
  MonoMs refused_at_ = 0;  // when the credentials were last seen to be refused
  bool looked_ = false;
  HandlePtr timer_;
};

}  // namespace tegodrop
