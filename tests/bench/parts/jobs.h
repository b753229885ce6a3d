// Jobs as a night of real ones leaves them in the ledger, by the thousand: each goes through the states, the notes and
// the fields that an APK of a CI build goes through, with identities and hashes of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/model/job.h"

namespace tegodrop::bench {

// What all of them have in common.
struct Site {
  std::string portal_url = "https://portal.example/frontend";
  std::string tenant = "9f1c0a4e7b8d4a4db52e6a6d5c5c1f11";
  std::string folder = "first";
  std::string drop_path = "/srv/drop/first";
  std::string output_path = "/srv/protected/first";
};

// What the portal knows a build as.
struct Sent {
  std::string file_name;
  std::int64_t start_time = 0;
  std::string file_path;
};

struct Step {
  std::function<void(Job&)> change;
  std::string note;
};

// One in state claiming, first seen at `at`.
Job ClaimedJob(const Site& site, const Sent& sent, std::int64_t number, WallMs at);
// What is recorded of it until the portal has it, and then until it is finished.
std::vector<Step> StepsToSubmitted(const Sent& sent);
std::vector<Step> StepsToDelivered(const Sent& sent);
Sent SentOf(const Site& site, std::int64_t number);

}  // namespace tegodrop::bench
