#include "daemon/app/event_watch.h"

#include <algorithm>
#include <utility>

#include "daemon/model/operator.h"

namespace tegodrop {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// What is over before that was no trouble to wake anybody for; what comes back before that was never over.
constexpr milliseconds kFolderWrong = seconds(10);
constexpr milliseconds kFolderRight = seconds(30);
// At its limit the portal refuses now and then all night.
constexpr milliseconds kQuotaRight = minutes(10);
// Others' claims are seen to be left after an hour of each life.
constexpr milliseconds kClaimRight = hours(2);

OutboxEvent Event(const char* event, std::string folder, std::string message, std::string remedy) {
  OutboxEvent made;
  made.event = event;
  made.folder = std::move(folder);
  made.message = std::move(message);
  made.remedy = std::move(remedy);
  return made;
}

}  // namespace

std::optional<EventScene> SceneOf(const Daemon& daemon) {
  if (!daemon.started()) return std::nullopt;
  EventScene scene;
  for (const Daemon::FolderView& view : daemon.folders()) {
    scene.folders.push_back({view.settings, view.state->open, view.state->state, view.state->reason});
  }
  scene.overview = daemon.overview();
  scene.left_claims = daemon.LeftClaims("");
  daemon.ForEachJob([&](const Job& job) { scene.jobs.insert(job.id); });
  return scene;
}

EventWatch::EventWatch(TimerMaker& timers, const Clock& clock, std::vector<std::string> on,
                       std::function<std::optional<EventScene>()> look, Messenger& messenger)
    : timers_(timers), clock_(clock), on_(on.begin(), on.end()), look_(std::move(look)), messenger_(messenger) {
  timer_ = timers_.After(seconds(1), [this] { Look(); });
}

void EventWatch::OnChange(const Job& job) {
  const bool failed = job.state == JobState::kFailed && job.failure;
  AboutJob("failed ", failed && !job.finished, "failed", job, failed ? job.failure->message : "",
           failed ? job.failure->remedy : "");
  AboutJob("overdue ", job.alarmed && AwaitsBuild(job.state), "stuck", job,
           "its build takes longer than polling.alarm_after",
           "look at the build in the portal; it goes on being awaited until polling.deadline");
  AboutJob("person ", HeldForAPerson(job), "stuck", job, "it waits for " + job.waiting.for_what, "");
}

void EventWatch::AboutJob(const std::string& mark, bool is, const char* event, const Job& job,
                          const std::string& message, const std::string& remedy) {
  const bool told = messenger_.Marked(mark + job.id);
  if (!is && told) messenger_.Forget(mark + job.id);
  if (!is || told || !Wanted(event)) return;
  OutboxEvent made = Event(event, job.target->folder, message, remedy);
  made.job = job.id;
  made.file_name = job.artifact.file_name;
  if (job.failure) made.kind = ToString(job.failure->kind);
  messenger_.Tell(mark + job.id, std::move(made));
}

void EventWatch::Look() {
  timer_ = timers_.After(kLookEvery, [this] { Look(); });
  const std::optional<EventScene> scene = look_();
  if (!scene) return;
  if (!std::exchange(looked_, true)) ForgetStrangers(*scene);
  SeeFolders(*scene);
  SeeOutputs(*scene);
  SeePortal(*scene);
  SeeClaims(*scene);
}

void EventWatch::ForgetStrangers(const EventScene& scene) {
  for (const std::string prefix : {"failed ", "overdue ", "person "}) {
    for (const std::string& mark : Marks(prefix)) {
      if (!scene.jobs.contains(mark.substr(prefix.size()))) messenger_.Forget(mark);
    }
  }
  for (const std::string& mark : Marks("folder ")) {
    const bool known = std::any_of(scene.folders.begin(), scene.folders.end(), [&](const EventScene::Folder& one) {
      return "folder " + one.settings->name == mark;
    });
    if (!known) messenger_.Forget(mark);
  }
}

void EventWatch::SeeFolders(const EventScene& scene) {
  for (const EventScene::Folder& one : scene.folders) {
    // Not opened yet: nobody knows.
    if (!one.open && one.state == "ok") continue;
    const std::string& name = one.settings->name;
    See({"folder " + name, one.state != "ok", kFolderWrong, kFolderRight},
        Event("folder", name, "the drop folder " + name + " is " + one.state + ": " + one.reason,
              "look at 'tegodrop status'; it goes on by itself once the folder is as it was"),
        "the drop folder " + name + " is ok again");
  }
}

void EventWatch::SeeOutputs(const EventScene& scene) {
  std::map<std::string, std::string> all = scene.overview.outputs_in_trouble;
  for (const std::string& mark : Marks("output ")) all.try_emplace(mark.substr(std::string("output ").size()));
  for (const EventScene::Folder& one : scene.folders) all.try_emplace(one.settings->output);
  for (const auto& [path, words] : all) {
    const auto owner = std::find_if(scene.folders.begin(), scene.folders.end(),
                                    [&, &output = path](const auto& one) { return one.settings->output == output; });
    See({"output " + path, scene.overview.outputs_in_trouble.contains(path), kFolderWrong, kFolderRight},
        Event("folder", owner == scene.folders.end() ? "" : owner->settings->name,
              "deliveries into the output folder " + path + " wait for " + words,
              "make room or mount it again; they go on by themselves"),
        "the output folder " + path + " is ok again");
  }
}

void EventWatch::SeePortal(const EventScene& scene) {
  const Overview& overview = scene.overview;
  See({"quota", overview.portal_full, milliseconds(0), kQuotaRight},
      Event("quota", "", "the portal takes no more builds now: uploads wait for a free build slot or quota",
            "nothing, they go on by themselves as builds end; 'tegodrop status' has the portal's words"),
      "no upload waits for a build slot or quota any more");
  if (overview.credentials_refused) refused_at_ = clock_.Mono();
  // Nothing was asked since, so nobody knows.
  const bool accepted = overview.portal_answered && *overview.portal_answered >= refused_at_;
  if (!overview.credentials_refused && !accepted) return;
  See({"credentials", overview.credentials_refused},
      Event("credentials", "", "the portal refused the credentials: nothing is asked of it",
            "put a valid token with the Builds permission into place, then 'tegodrop reload'; a systemd credential "
            "needs a restart"),
      "the portal accepts the credentials again");
}

void EventWatch::SeeClaims(const EventScene& scene) {
  std::map<std::string, bool> all;
  for (const std::string& mark : Marks("claim ")) all[mark.substr(std::string("claim ").size())] = false;
  for (const std::string& job : scene.left_claims) all[job] = true;
  for (const auto& [job, left] : all) {
    OutboxEvent event = Event("stuck", "", "another host on a share has claimed an artifact and seems to have left it",
                              "'tegodrop status' names it; 'tegodrop retry " + job + "' takes it over");
    event.job = job;
    See({"claim " + job, left, milliseconds(0), kClaimRight, false}, std::move(event), "");
  }
}

void EventWatch::See(const TroubleSeen& seen, OutboxEvent event, const std::string& over) {
  const TroubleStep step = watch_.See(seen, messenger_.Marked(seen.mark), clock_.Mono());
  if (step == TroubleStep::kNothing) return;
  // No longer asked for, though its beginning was.
  if (step == TroubleStep::kForget || (step == TroubleStep::kOver && !Wanted(event.event))) {
    return messenger_.Forget(seen.mark);
  }
  if (!Wanted(event.event)) return;
  if (step == TroubleStep::kOver) {
    event.over = true;
    event.message = over;
    event.remedy.clear();
  }
  messenger_.Tell(seen.mark, std::move(event));
}

std::vector<std::string> EventWatch::Marks(const std::string& prefix) const {
  std::vector<std::string> found;
  for (const std::string& mark : messenger_.marks()) {
    if (mark.starts_with(prefix)) found.push_back(mark);
  }
  return found;
}

}  // namespace tegodrop
