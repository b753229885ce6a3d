#include "daemon/archive/signer/apk_signers.h"

#include <cstdint>

#include "daemon/archive/little_endian.h"
#include "daemon/archive/signer/signer_list.h"
#include "daemon/base/digest.h"

namespace tegodrop {
namespace {

Unexpected Malformed(const char* what) {
  return Fail(ErrorKind::kCorrupt, std::string("the list of the APK's signers is malformed: ") + what);
}

// Takes a piece off the front of `from`: its length in 32 bits, and as many bytes.
Result<std::string_view> TakePiece(std::string_view* from) {
  if (from->size() < 4) return Malformed("it ends inside of a length");
  const std::uint32_t size = U32(from->data());
  if (size > from->size() - 4) return Malformed("a part is longer than what it lies in");
  const std::string_view piece = from->substr(4, size);
  from->remove_prefix(4 + static_cast<std::size_t>(size));
  return piece;
}

// A signer is {signed data, …}, the signed data {digests, certificates, …}, the certificates are pieces of DER.
Result<std::string_view> CertificateOf(std::string_view signer) {
  Result<std::string_view> signed_data = TakePiece(&signer);
  if (!signed_data) return signed_data;
  if (const auto digests = TakePiece(&*signed_data); !digests) return digests;
  Result<std::string_view> certificates = TakePiece(&*signed_data);
  if (!certificates) return certificates;
  if (certificates->empty()) return Malformed("a signer has no certificate");
  Result<std::string_view> first = TakePiece(&*certificates);
  if (first && first->empty()) return Malformed("a signer's certificate is empty");
  return first;
}

}  // namespace

Result<std::vector<std::string>> SignersOfApkScheme(std::string_view block) {
  Result<std::string_view> sequence = TakePiece(&block);
  if (!sequence) return Fail(sequence.error());
  if (sequence->empty()) return Malformed("it is empty");
  std::vector<std::string> signers;
  for (int count = 0; !sequence->empty(); ++count) {
    if (count == kMostSigners) return Malformed("it has more than 100");
    const Result<std::string_view> signer = TakePiece(&*sequence);
    if (!signer) return Fail(signer.error());
    const Result<std::string_view> certificate = CertificateOf(*signer);
    if (!certificate) return Fail(certificate.error());
    AddOnce(Sha256Hex(*certificate), &signers);
  }
  return signers;
}

}  // namespace tegodrop
