// fetched -> published: a free name is chosen and recorded with the time of delivery, so that every try publishes the
// very same trace; then file, checksum, provenance and trace appear. Internal.
#pragma once

#include <functional>
#include <string>

#include "daemon/delivery/deliverer.h"
#include "daemon/delivery/errand.h"

namespace tegodrop {

class Publication final : public Errand {
 public:
  Publication(const DeliveryWorld& world, OutputFolder& output, JobRecord& record, std::function<void(Status)> done)
      : Errand(record, std::move(done)), world_(world), output_(output) {}

  // `done` never runs inside the call.
  void Start();

 private:
  void Choose();
  void RecordName(std::string name);
  void Publish();
  void Later(Error error);
  void RecordPublished();
  void ChooseAnother();
  void BackToBuilt();

  const DeliveryWorld& world_;
  OutputFolder& output_;
};

}  // namespace tegodrop
