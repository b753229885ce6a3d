#include "daemon/intake/spool.h"

#include <utility>

namespace tegodrop {
namespace {

using Listeners = std::list<std::function<void()>>;

class Listening final : public Handle {
 public:
  Listening(const std::shared_ptr<Listeners>& all, Listeners::iterator mine) : all_(all), mine_(mine) {}
  ~Listening() override {
    if (const auto all = all_.lock()) all->erase(mine_);
  }

 private:
  const std::weak_ptr<Listeners> all_;
  const Listeners::iterator mine_;
};

}  // namespace

void Spool::Hold(const std::string& job, std::uint64_t size) { jobs_[job] = std::make_unique<Place>(*this, size); }

void Spool::Free(const std::string& job) { jobs_.erase(job); }

HandlePtr Spool::OnFreed(std::function<void()> freed) {
  listeners_->push_back(std::move(freed));
  return std::make_unique<Listening>(listeners_, std::prev(listeners_->end()));
}

void Spool::SetLimit(std::uint64_t limit) {
  limit_ = limit;
  Give(0);
}

void Spool::Give(std::uint64_t size) {
  used_ -= size;
  // The next time another folder hears of it first.
  if (!listeners_->empty()) listeners_->splice(listeners_->end(), *listeners_, listeners_->begin());
  for (const auto& freed : *listeners_) freed();
}

}  // namespace tegodrop
