// A fixed amount of one kind of work, in a function of its own for valgrind to count the instructions of
// (counted_test.py): counted history | transitions | scan | manifest | inspection. What is made ready for it is
// not counted.
#include <string_view>

#include "tests/bench/parts/work.h"

namespace tegodrop::bench {
namespace {

template <typename Work>
__attribute__((noinline)) void Counted(const Work& work) {
  work();
  asm volatile("" ::: "memory");  // so that it returns here
}

void History() {
  const std::string answer = HistoryAnswer(50);
  ReadHistoryAnswer(answer);  // what is made once in a life is made
  Counted([&] {
    if (ReadHistoryAnswer(answer) != 50) GiveUp("not fifty rows");
  });
}

void ThousandTransitions() {
  const WorkFolder state_dir;
  Transitions transitions(state_dir.path());
  transitions.Next();
  Counted([&] {
    for (int i = 0; i < 1000; ++i) transitions.Next();
  });
}

void Scan() {
  const WorkFolder root;
  ScannedFolder folder(root.path(), 1000);
  folder.Scan();
  Counted([&] {
    if (folder.Scan() != 10) GiveUp("not ten artifacts");
  });
}

void Manifest() {
  const std::string manifest = AndroidManifest();
  ReadManifest(manifest);
  Counted([&] { ReadManifest(manifest); });
}

void EightMiB() {
  const WorkFolder root;
  ScannedFolder folder(root.path(), 0);
  folder.Drop("small.apk", Apk(1000));
  folder.Inspect("small.apk");
  folder.Drop("app.apk", Apk(8 << 20));
  Counted([&] { folder.Inspect("app.apk"); });
}

int Main(std::string_view what) {
  struct Kind {
    std::string_view name;
    void (*work)();
  };
  for (const Kind& kind : {Kind{"history", History},
                           {"transitions", ThousandTransitions},
                           {"scan", Scan},
                           {"manifest", Manifest},
                           {"inspection", EightMiB}}) {
    if (kind.name != what) continue;
    kind.work();
    return 0;
  }
  GiveUp("counted history | transitions | scan | manifest | inspection");
}

}  // namespace
}  // namespace tegodrop::bench

int main(int argc, char** argv) { return tegodrop::bench::Main(argc == 2 ? argv[1] : ""); }
