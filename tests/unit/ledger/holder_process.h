// The test's end of ledger_holder, and a look at a folder that shows every change in it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

namespace tegodrop::testing {

class HolderProcess {
 public:
  explicit HolderProcess(const std::string& state_dir) {
    int in[2];
    int out[2];
    EXPECT_EQ(pipe2(in, O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(out, O_CLOEXEC), 0);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(in[0], 0);
      dup2(out[1], 1);
      execl("tests/unit/ledger/ledger_holder", "ledger_holder", state_dir.c_str(), nullptr);
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    in_ = in[1];
    out_ = fdopen(out[0], "r");
    ready_ = Line() == "ready";
  }
  ~HolderProcess() {
    if (pid_ > 0) Kill();
    fclose(out_);
  }
  HolderProcess(const HolderProcess&) = delete;
  HolderProcess& operator=(const HolderProcess&) = delete;

  bool ready() const { return ready_; }
  void Say(const std::string& line) {
    const std::string text = line + "\n";
    EXPECT_EQ(write(in_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void AwaitDone() { EXPECT_EQ(Line(), "done"); }
  void Do(const std::string& line) {
    Say(line);
    AwaitDone();
  }
  // As a power cut of this process alone: nothing is closed.
  void Kill() {
    kill(pid_, SIGKILL);
    Wait();
  }
  // Closes the ledger; the exit status.
  int Close() { return Wait(); }

 private:
  std::string Line() {
    char line[64];
    if (fgets(line, sizeof line, out_) == nullptr) return "";
    std::string text = line;
    if (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }
  int Wait() {
    close(in_);
    int status = 0;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  pid_t pid_ = -1;
  int in_ = -1;
  FILE* out_ = nullptr;
  bool ready_ = false;
};

// The folder's own times and, of each file, what it is and what it holds. Opens the files: not for a ledger that this
// process has open, whose locks that would drop.
inline std::map<std::string, std::string> Everything(const std::string& folder) {
  const auto describe = [](const std::string& path) {
    struct stat st {};
    EXPECT_EQ(lstat(path.c_str(), &st), 0);
    std::string text;
    for (const auto number :
         {static_cast<std::int64_t>(st.st_ino), static_cast<std::int64_t>(st.st_mode),
          static_cast<std::int64_t>(st.st_size), static_cast<std::int64_t>(st.st_mtim.tv_sec),
          static_cast<std::int64_t>(st.st_mtim.tv_nsec), static_cast<std::int64_t>(st.st_ctim.tv_sec),
          static_cast<std::int64_t>(st.st_ctim.tv_nsec)}) {
      text += std::to_string(number) + " ";
    }
    return text;
  };
  std::map<std::string, std::string> all;
  all["."] = describe(folder);
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    all[entry.path().filename().string()] =
        describe(entry.path().string()) + std::string(std::istreambuf_iterator<char>(file), {});
  }
  return all;
}

// Names of what is not the same in both; for messages that can be read.
inline std::string Changed(const std::map<std::string, std::string>& before,
                           const std::map<std::string, std::string>& after) {
  std::string changed;
  for (const auto& [name, content] : before) {
    const auto now = after.find(name);
    if (now == after.end()) {
      changed += name + " went; ";
    } else if (now->second != content) {
      std::size_t at = 0;
      while (now->second[at] == content[at]) ++at;
      changed += name + " changed at " + std::to_string(at) + "; ";
    }
  }
  for (const auto& [name, content] : after) {
    if (before.count(name) == 0) changed += name + " came; ";
  }
  return changed;
}

}  // namespace tegodrop::testing
