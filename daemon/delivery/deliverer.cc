#include "daemon/delivery/deliverer.h"

#include <chrono>
#include <utility>

#include "daemon/delivery/download.h"
#include "daemon/delivery/errand.h"
#include "daemon/delivery/publication.h"

namespace tegodrop {
namespace {

class Delivery final : public Errand {
 public:
  Delivery(const DeliveryWorld& world, const BeforePublication& before_publication, JobRecord& record, bool publishes,
           std::function<void(Status)> done)
      : Errand(record, std::move(done)),
        world_(world),
        before_publication_(before_publication),
        record_(record),
        publishes_(publishes) {}

  void Start(const FindOutput& find_output, DeliveryProgress progress) {
    if (job().state != JobState::kBuilt && job().state != JobState::kFetched) {
      return Later(MakeError(ErrorKind::kBug,
                             "a job in state " + std::string(ToString(job().state)) + " has nothing to be delivered"));
    }
    auto output = find_output(job());
    if (!output) return Later(output.error());
    output_ = *output;
    job().state == JobState::kBuilt ? Fetch(std::move(progress)) : BeforePublish();
  }

 private:
  void Fetch(DeliveryProgress progress) {
    auto download = std::make_unique<Download>(world_, *output_, record_, std::move(progress), [this](Status fetched) {
      if (!fetched || !publishes_) return Done(std::move(fetched));
      BeforePublish();
    });
    download->Start();
    step_ = std::move(download);
  }

  void BeforePublish() {
    HandlePtr telling;
    if (before_publication_) {
      telling = before_publication_(job(), [this](Status told) {
        if (!told) return Done(std::move(told));
        Publish();
      });
    }
    if (!telling) return Publish();
    step_ = std::move(telling);
  }

  void Publish() {
    auto publication =
        std::make_unique<Publication>(world_, *output_, record_, [this](Status status) { Done(std::move(status)); });
    publication->Start();
    step_ = std::move(publication);
  }

  // Never inside the starting call.
  void Later(Error error) {
    step_ = world_.timers.After(std::chrono::milliseconds(0), [this, error = std::move(error)] { Done(Fail(error)); });
  }

  const DeliveryWorld& world_;
  const BeforePublication& before_publication_;
  JobRecord& record_;
  const bool publishes_;
  OutputFolder* output_ = nullptr;
};

}  // namespace

Deliverer::Deliverer(DeliveryWorld world, FindOutput find_output, BeforePublication before_publication)
    : world_(std::move(world)),
      find_output_(std::move(find_output)),
      before_publication_(std::move(before_publication)) {}

HandlePtr Deliverer::Start(JobRecord& record, std::function<void(std::uint64_t, std::uint64_t)> progress,
                           std::function<void(Status)> done) {
  auto delivery = std::make_unique<Delivery>(world_, before_publication_, record, /*publishes=*/true, std::move(done));
  delivery->Start(find_output_, std::move(progress));
  return delivery;
}

HandlePtr Deliverer::Fetch(JobRecord& record, std::function<void(std::uint64_t, std::uint64_t)> progress,
                           std::function<void(Status)> done) {
  auto delivery = std::make_unique<Delivery>(world_, before_publication_, record, /*publishes=*/false, std::move(done));
  delivery->Start(find_output_, std::move(progress));
  return delivery;
}

}  // namespace tegodrop
