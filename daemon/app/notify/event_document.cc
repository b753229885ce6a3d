#include "daemon/app/notify/event_document.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "daemon/base/json.h"
#include "daemon/base/text.h"

namespace tegodrop {
namespace {

// Longer words are cut: chat systems refuse what is too long, and a person reads on in `status`.
constexpr std::size_t kLongestText = 2000;
constexpr std::size_t kNamedInText = 5;

// What Slack, Teams and Mattermost take for markup.
constexpr std::array kLookAlikes{std::pair{'<', "‹"},  std::pair{'>', "›"},  std::pair{'&', "＆"}, std::pair{'@', "＠"},
                                 std::pair{'[', "［"}, std::pair{']', "］"}, std::pair{'`', "ˋ"},  std::pair{'|', "ǀ"}};

// Text from elsewhere, harmless in a chat.
std::string Plain(std::string_view text) {
  std::string out;
  for (const char c : Printable(text)) {
    const auto* found =
        std::find_if(kLookAlikes.begin(), kLookAlikes.end(), [c](const auto& one) { return one.first == c; });
    found == kLookAlikes.end() ? out.push_back(c) : void(out.append(found->second));
  }
  return out;
}

// Not in the middle of a character.
std::string Cut(std::string text) {
  if (text.size() <= kLongestText) return text;
  std::size_t end = kLongestText;
  while ((static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "…";
}

// What all of them have, else nothing.
std::string Shared(const std::vector<OutboxEvent>& events, std::string OutboxEvent::*field) {
  const std::string& first = events.front().*field;
  const bool same =
      std::all_of(events.begin(), events.end(), [&](const OutboxEvent& one) { return one.*field == first; });
  return same ? first : "";
}

// Of several: "300 artifacts failed: a.apk, b.apk and 298 more".
std::string BundleMessage(const std::vector<OutboxEvent>& events) {
  const OutboxEvent& first = events.front();
  const std::string count = std::to_string(events.size());
  std::string text = first.event == "failed" ? count + " artifacts failed"
                     : first.event == "stuck"
                         ? count + " artifacts need a person"
                         : count + " events of the kind " + first.event + (first.over ? " are over" : "");
  std::size_t named = 0;
  for (const OutboxEvent& one : events) {
    const std::string& name = one.file_name.empty() ? one.folder : one.file_name;
    if (name.empty() || named == kNamedInText) continue;
    text.append(named++ == 0 ? ": " : ", ").append(name);
  }
  if (named > 0 && events.size() > named) text += " and " + std::to_string(events.size() - named) + " more";
  return text;
}

std::string BundleRemedy(const OutboxEvent& first) {
  if (first.over) return "";
  return first.event == "failed" ? "look at 'tegodrop status', then 'tegodrop retry --failed' once the cause is gone"
                                 : "look at 'tegodrop status'";
}

std::string StateOf(const OutboxEvent& event) {
  if (event.over) return "over";
  return event.event == "failed" || event.event == "stuck" || event.event == "report" ? "happened" : "begun";
}

}  // namespace

std::string EventText(const std::vector<OutboxEvent>& events, const std::string& host) {
  const OutboxEvent& first = events.front();
  std::string text = "tegodrop on " + Plain(host) + ": ";
  if (events.size() > 1) {
    text += Plain(BundleMessage(events));
  } else {
    if (!first.file_name.empty()) text += Plain(first.file_name) + " ";
    if (!first.file_name.empty() && !first.folder.empty()) text += "(folder " + Plain(first.folder) + ") ";
    if (first.event == "failed") text += "failed: ";
    text += Plain(first.message);
  }
  const std::string remedy = events.size() > 1 ? BundleRemedy(first) : first.remedy;
  if (!remedy.empty()) text += ". What to do: " + Plain(remedy);
  if (events.size() == 1 && !first.job.empty()) text += " (job " + Plain(first.job) + ")";
  return Cut(std::move(text));
}

std::string EventDocument(const std::vector<OutboxEvent>& events, const std::string& host, const std::string& version) {
  const OutboxEvent& first = events.front();
  const bool several = events.size() > 1;
  Json json(1);
  json.Begin();
  json.Text("schema", "tegodrop-event/1");
  json.Text("event", first.event);
  json.Text("state", StateOf(first));
  json.Text("host", host);
  json.Time("time", first.at);
  json.Begin("tool");
  json.Text("name", "tegodrop");
  json.Text("version", version);
  json.End();
  json.Number("count", static_cast<std::int64_t>(events.size()));
  json.Known("folder", Shared(events, &OutboxEvent::folder));
  json.Known("job", Shared(events, &OutboxEvent::job));
  json.Known("file_name", Shared(events, &OutboxEvent::file_name));
  json.Known("kind", Shared(events, &OutboxEvent::kind));
  json.Known("message", several ? BundleMessage(events) : first.message);
  json.Known("remedy", several ? BundleRemedy(first) : first.remedy);
  json.BeginList("items");
  for (std::size_t i = 0; several && i < std::min(events.size(), kMostNamed); ++i) {
    const OutboxEvent& one = events[i];
    json.Begin();
    json.Time("time", one.at);
    json.Known("folder", one.folder);
    json.Known("job", one.job);
    json.Known("file_name", one.file_name);
    json.Known("kind", one.kind);
    json.Known("message", one.message);
    json.Known("remedy", one.remedy);
    json.End();
  }
  json.EndList();
  json.Text("text", EventText(events, host));
  json.End();
  return json.FinishLine();
}

}  // namespace tegodrop
