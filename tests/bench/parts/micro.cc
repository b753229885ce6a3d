// Micro benchmarks of the daemon's parts: bazel run --config=opt //tests/bench:micro (needs third_party/install
// --bench).
#include <benchmark/benchmark.h>

#include <filesystem>
#include <fstream>

#include "tests/bench/parts/work.h"

namespace tegodrop::bench {
namespace {

constexpr std::size_t kMiB = 1 << 20;

void BM_Scan(benchmark::State& state) {
  const WorkFolder root;
  ScannedFolder folder(root.path(), static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(folder.Scan());
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Scan)->ArgName("entries")->RangeMultiplier(10)->Range(100, 10'000)->Unit(benchmark::kMicrosecond);

void Transition(benchmark::State& state, const char* under) {
  const WorkFolder root(under);
  Transitions transitions(root.path());
  for (auto _ : state) transitions.Next();
}
BENCHMARK_CAPTURE(Transition, in_memory, "")->Name("BM_Transition/in_memory")->Unit(benchmark::kMicrosecond);
// Most of it is the disk's own time to make a write durable.
BENCHMARK_CAPTURE(Transition, on_disk, "/var/tmp")
    ->Name("BM_Transition/on_disk")
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

void BM_HistoryPage(benchmark::State& state) {
  const std::string answer = HistoryAnswer(50);
  for (auto _ : state) benchmark::DoNotOptimize(ReadHistoryAnswer(answer));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(answer.size()));
}
BENCHMARK(BM_HistoryPage)->Unit(benchmark::kMicrosecond);

void BM_Manifest(benchmark::State& state) {
  const std::string manifest = AndroidManifest();
  for (auto _ : state) ReadManifest(manifest);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(manifest.size()));
}
BENCHMARK(BM_Manifest)->Unit(benchmark::kMicrosecond);

void BM_Sha256(benchmark::State& state) {
  const std::string bytes(kMiB, 'x');
  for (auto _ : state) Hash(bytes);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(BM_Sha256)->Unit(benchmark::kMicrosecond);

// Without the entries' bytes, and with all of them.
void BM_ZipCheck(benchmark::State& state) {
  const WorkFolder root;
  const std::string apk = Apk(8 * kMiB);
  const std::string path = root.path() + "/app.apk";
  std::ofstream(path, std::ios::binary) << apk;
  for (auto _ : state) CheckApk(path, apk.size(), state.range(0) != 0);
  if (state.range(0) != 0) state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(apk.size()));
}
BENCHMARK(BM_ZipCheck)->ArgName("all_bytes")->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

// As before it is taken: read once, hashed, its ZIP checked.
void BM_Inspect(benchmark::State& state) {
  const WorkFolder root;
  ScannedFolder folder(root.path(), 0);
  const std::string apk = Apk(8 * kMiB);
  folder.Drop("app.apk", apk);
  for (auto _ : state) benchmark::DoNotOptimize(folder.Inspect("app.apk"));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(apk.size()));
}
BENCHMARK(BM_Inspect)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tegodrop::bench

BENCHMARK_MAIN();
