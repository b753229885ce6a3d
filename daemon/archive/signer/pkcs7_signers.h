// Who a PKCS #7 or CMS signature says it is by: a JAR's signature block (META-INF/X.RSA, .DSA, .EC), or what Apple puts
// into an executable. The claim alone: the signature is not verified.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.h"

namespace tegodrop {

constexpr std::size_t kLargestPkcs7 = 1UL << 20U;  // real ones have 1 to 10 KiB

// Gives the SHA-256 of the certificates that the signature's SignerInfos name, by issuer and serial number or by
// subject key identifier, as 64 lowercase hex digits, in order, each once; at least one. It is the digest of the
// certificate's DER as OpenSSL writes it, which is what stands there unless that is no DER. Bytes behind the structure
// are not looked at. kCorrupt where `der` is longer than kLargestPkcs7 or no signed data, where it has no signer or
// more than 100, more than 1000 certificates, or a signer whose certificate it does not carry. Leaves nothing in
// OpenSSL's error queue.
Result<std::vector<std::string>> SignersOfPkcs7(std::string_view der);

}  // namespace tegodrop
