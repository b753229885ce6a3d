// The signed URLs: /storage/... . Objects and parts come in by PUT, protected builds go out by GET.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tests/portal/message.h"
#include "tests/portal/signed_url.h"
#include "tests/portal/world.h"

namespace tegodrop::sim {

// One PUT of an object or a part. Destroyed before Finish(), it has stored nothing.
class ObjectPut {
 public:
  // Judges the headers. With a refusal() the body is not wanted, and Append and Finish are not to be called.
  ObjectPut(World* world, const Request& request);

  const std::optional<Reply>& refusal() const { return refusal_; }
  void Append(std::string_view piece);
  Reply Finish();

 private:
  std::optional<Reply> Judge(const Request& request);
  std::optional<Reply> JudgeGrant(Grant* grant);
  bool HasExpired() const;
  std::optional<Reply> JudgeSigningFile(const Request& request, const FileGrant& grant);
  Reply FinishPart(Grant* grant, std::shared_ptr<StoredFile> file, const std::string& etag);

  World* world_;
  SignedTarget target_;
  std::string part_etag_;  // the switch, as it stood at the beginning
  std::optional<Reply> refusal_;
  std::unique_ptr<FileWriter> writer_;
};

// Answers a GET of a protected build, whole or the range it asks for.
Reply ServeObject(World* world, const Request& request);

// "put", "part", "key_put" (a signing file) or "get": the request's name in the log, and as `where` of a fault.
std::string_view StorageEndpoint(const Request& request);

// What is wrong with a request to a signed URL of `method`, if anything; sets `target`. World::mutex is held. (For the
// two above.)
std::optional<Reply> JudgeSignedUrl(World* world, const Request& request, std::string_view method,
                                    SignedTarget* target);

}  // namespace tegodrop::sim
