// How much room the copies in the spool take, of all folders together, and how much they may. Belongs to the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "daemon/loop/handle.h"

namespace tegodrop {

class Spool {
 public:
  // Room that is kept for something while this lives.
  class Place {
   public:
    Place(Spool& spool, std::uint64_t size) : spool_(spool), size_(size) { spool_.used_ += size_; }
    ~Place() { spool_.Give(size_); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    Spool& spool_;
    const std::uint64_t size_;
  };

  explicit Spool(std::uint64_t limit) : limit_(limit) {}
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  std::uint64_t limit() const { return limit_; }
  // What is there stays, also where it is more than that.
  void SetLimit(std::uint64_t limit);
  std::uint64_t used() const { return used_; }
  bool Fits(std::uint64_t size) const { return size <= limit_ && used_ <= limit_ - size; }

  // The copy of a job is there or about to be made, also where it does not fit: what a smaller limit found there stays.
  void Hold(const std::string& job, std::uint64_t size);
  bool Holds(const std::string& job) const { return jobs_.contains(job); }
  // It is gone; a job that holds nothing is no error.
  void Free(const std::string& job);
  // `freed` runs inside the calls that give room back, until the handle goes; it may only note that.
  HandlePtr OnFreed(std::function<void()> freed);

 private:
  void Give(std::uint64_t size);

  std::uint64_t limit_;
  std::uint64_t used_ = 0;
  // Shared with the handles, which may outlive this.
  std::shared_ptr<std::list<std::function<void()>>> listeners_ = std::make_shared<std::list<std::function<void()>>>();
  // By id. Goes before the listeners: each gives its room back, and they are told.
  std::map<std::string, std::unique_ptr<Place>> jobs_;
};

}  // namespace tegodrop
