// Signatures: who they say they are by, of any bytes, and the same however an executable comes in pieces. The first
// byte says what the rest is read as.
#include <algorithm>
#include <string>
#include <vector>

#include "daemon/archive/signer/apk_signers.h"
#include "daemon/archive/signer/mach_o_signature.h"
#include "daemon/archive/signer/pkcs7_signers.h"
#include "tests/fuzz/fuzz.h"

namespace tegodrop::fuzzing {
namespace {

using Signers = std::vector<std::string>;

// The answer as text, which has its form.
std::string Said(const Result<Signers>& answer) {
  if (!answer) {
    MustBePrintable(answer.error().message);
    Must(!answer.error().message.empty() && answer.error().kind == ErrorKind::kCorrupt, "a refusal says why");
    return "!" + answer.error().message;
  }
  std::string all;
  for (const std::string& signer : *answer) {
    Must(signer.size() == 64 && signer.find_first_not_of("0123456789abcdef") == std::string::npos,
         "a signer is a SHA-256", signer);
    Must(std::count(answer->begin(), answer->end(), signer) == 1, "each signer is told once", signer);
    all += signer + "\n";
  }
  return all;
}

std::string SaidOfMachO(std::string_view bytes, std::size_t step) {
  MachOSignature signature;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) signature.Feed(bytes.substr(0, step));
  return Said(signature.Finish());
}

}  // namespace

void Try(std::string_view input) {
  Pieces pieces(input);
  switch (pieces.Byte() % 3) {
    case 0: {
      const Result<Signers> signers = SignersOfApkScheme(pieces.rest());
      Said(signers);
      Must(!signers || !signers->empty(), "an APK's signature is somebody's");
      return;
    }
    case 1: {
      const Result<Signers> signers = SignersOfPkcs7(pieces.rest());
      Said(signers);
      Must(!signers || !signers->empty(), "a signature is somebody's");
      return;
    }
    default: {
      const std::string whole = SaidOfMachO(pieces.rest(), input.size());
      for (const std::size_t step : {1U, 13U}) {
        Must(SaidOfMachO(pieces.rest(), step) == whole, "pieces of any size say the same", whole);
      }
    }
  }
}

}  // namespace tegodrop::fuzzing
