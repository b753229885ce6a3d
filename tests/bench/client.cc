// What the daemon's rooms for uploads and downloads do with one artifact, as a program of its own, so that it can be
// measured beside others: the same classes, the same settings, against any server.
//
//   client put FILE URL [--ca PEM]                                   one PUT
//   client parts FILE URLPREFIX --chunk BYTES [--at-once N] [--ca PEM]   part N goes to URLPREFIX followed by N
//   client get URL OUTFILE [--ca PEM]                                a download, hashed and checked, to OUTFILE's
//   folder client admit FILE ADMITTED                                           what intake does: read and hashed once
//
// An upload with --admitted ADMITTED is that of an artifact that intake has just read; with --admit it is read and
// hashed first, as intake does, in what is measured; without either it is one after a restart of the daemon, which
// hashes beside the sending. Prints one line of JSON, and exits with 0, where all went
// well.
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/disk/whole_file.h"
#include "tests/bench/admitted.h"
#include "tests/bench/one_job.h"
#include "tests/bench/rooms.h"

namespace tegodrop::bench {
namespace {

struct Asked {
  std::string verb;
  std::string file;
  std::string url;
  std::optional<std::string> ca;
  std::uint64_t chunk = 0;
  int at_once = 4;
  std::optional<std::string> admitted;
  bool admit = false;
};

std::optional<Asked> Read(const std::vector<std::string>& words) {
  if (words.size() < 3) return std::nullopt;
  Asked asked;
  asked.verb = words[0];
  const bool get = asked.verb == "get";
  if (!get && asked.verb != "put" && asked.verb != "parts" && asked.verb != "admit") return std::nullopt;
  asked.file = words[get ? 2 : 1];
  asked.url = words[get ? 1 : 2];
  for (std::size_t i = 3; i < words.size(); ++i) {
    if (words[i] == "--admit") {
      asked.admit = true;
      continue;
    }
    if (i + 1 == words.size()) return std::nullopt;
    const std::string& value = words[++i];
    if (words[i - 1] == "--ca") {
      asked.ca = value;
    } else if (words[i - 1] == "--admitted") {
      asked.admitted = value;
    } else if (words[i - 1] == "--chunk") {
      asked.chunk = std::stoull(value);
    } else if (words[i - 1] == "--at-once") {
      asked.at_once = std::stoi(value);
    } else {
      return std::nullopt;
    }
  }
  if ((asked.verb == "parts") != (asked.chunk > 0)) return std::nullopt;
  return asked;
}

// One client: the rooms around one job.
class Client {
 public:
  explicit Client(Asked asked) : asked_(std::move(asked)) {}

  int Run() {
    if (auto open = rooms_.Open(asked_.ca); !open) return Told(open);
    if (asked_.verb == "get") {
      rooms_.Download(asked_.url, asked_.file);
      return Told(rooms_.Run());
    }
    auto file = rooms_.OpenFile(asked_.file);
    if (!file) return Told(Fail(file.error()));
    auto stat = rooms_.fs().Stat(file->get());
    if (!stat) return Told(Fail(stat.error()));
    return asked_.verb == "admit" ? Admit(*file, stat->size) : Put(std::move(*file), stat->size);
  }

 private:
  int Admit(const Fd& file, std::uint64_t size) {
    const auto sha256 = rooms_.ReadAsIntakeDoes(file, size);
    if (!sha256) return Told(Fail(sha256.error()));
    std::ofstream out(asked_.url, std::ios::binary);
    WriteAdmitted(out, *sha256, *rooms_.prints().Of(*sha256));
    return Told(out.flush() ? Status() : Fail(ErrorKind::kLocalDisk, "cannot write " + asked_.url));
  }

  int Put(Fd file, std::uint64_t size) {
    Job job = JobOf(asked_.file, size);
    if (asked_.admitted) {
      std::ifstream in(*asked_.admitted, std::ios::binary);
      auto [sha256, fingerprint] = ReadAdmitted(in);
      job.artifact.sha256 = sha256;
      rooms_.prints().Remember(sha256, std::move(fingerprint));
    } else {
      auto sha256 = asked_.admit ? rooms_.ReadAsIntakeDoes(file, size) : HashFile(rooms_.fs(), file.get(), size);
      if (!sha256) return Told(Fail(sha256.error()));
      job.artifact.sha256 = *sha256;
    }
    rooms_.Upload(std::move(job), std::move(file), asked_.url, asked_.chunk, asked_.at_once);
    return Told(rooms_.Run());
  }

  int Told(const Status& status) const {
    if (!status) {
      std::cerr << "client: " << status.error().message << "\n";
      return 1;
    }
    std::cout << "{\"verb\": \"" << asked_.verb << "\"}\n";
    return 0;
  }

  const Asked asked_;
  Rooms rooms_;
};

}  // namespace
}  // namespace tegodrop::bench

int main(int argc, char** argv) {
  const auto asked = tegodrop::bench::Read({argv + 1, argv + argc});
  if (!asked) {
    std::cerr << "usage: client put FILE URL | parts FILE URLPREFIX --chunk BYTES [--at-once N] |"
                 " get URL OUTFILE | admit FILE ADMITTED; [--ca PEM] [--admitted ADMITTED | --admit]\n";
    return 64;
  }
  return tegodrop::bench::Client(*asked).Run();
}
