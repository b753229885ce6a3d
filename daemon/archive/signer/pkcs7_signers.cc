#include "daemon/archive/signer/pkcs7_signers.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

#include "daemon/archive/signer/signer_list.h"
#include "daemon/base/text.h"

namespace tegodrop {
namespace {

constexpr int kMostCertificates = 1000;  // each is compared with each signer; real ones have fewer than ten

struct CmsFree {
  void operator()(CMS_ContentInfo* cms) const { CMS_ContentInfo_free(cms); }
};
struct CertificatesFree {
  void operator()(STACK_OF(X509) * all) const { sk_X509_pop_free(all, X509_free); }
};

Unexpected Malformed(const char* what) {
  return Fail(ErrorKind::kCorrupt, std::string("the signature's certificates cannot be read: ") + what);
}

Result<std::string> DigestOf(const X509* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1) return Malformed("one has no DER form");
  return ToHex(std::string_view(reinterpret_cast<const char*>(digest), size));
}

// Two certificates may have the name that a signer gives: then it may be either's.
Status AddNamed(CMS_SignerInfo* signer, const STACK_OF(X509) * certificates, std::vector<std::string>* signers) {
  bool found = false;
  for (int i = 0; i < sk_X509_num(certificates); ++i) {
    X509* certificate = sk_X509_value(certificates, i);
    if (CMS_SignerInfo_cert_cmp(signer, certificate) != 0) continue;
    Result<std::string> digest = DigestOf(certificate);
    if (!digest) return Fail(digest.error());
    AddOnce(*std::move(digest), signers);
    found = true;
  }
  if (!found) return Malformed("a signer's is not among them");
  return {};
}

Result<std::vector<std::string>> Read(std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const std::unique_ptr<CMS_ContentInfo, CmsFree> cms(d2i_CMS_ContentInfo(nullptr, &at, static_cast<long>(der.size())));
  if (!cms || OBJ_obj2nid(CMS_get0_type(cms.get())) != NID_pkcs7_signed) return Malformed("it is no signed data");
  const STACK_OF(CMS_SignerInfo)* infos = CMS_get0_SignerInfos(cms.get());
  if (sk_CMS_SignerInfo_num(infos) <= 0) return Malformed("it names no signer");
  if (sk_CMS_SignerInfo_num(infos) > kMostSigners) return Malformed("it names more than 100 signers");
  const std::unique_ptr<STACK_OF(X509), CertificatesFree> certificates(CMS_get1_certs(cms.get()));
  if (sk_X509_num(certificates.get()) > kMostCertificates) return Malformed("there are more than 1000");
  std::vector<std::string> signers;
  for (int i = 0; i < sk_CMS_SignerInfo_num(infos); ++i) {
    const Status added = AddNamed(sk_CMS_SignerInfo_value(infos, i), certificates.get(), &signers);
    if (!added) return Fail(added.error());
  }
  return signers;
}

}  // namespace

Result<std::vector<std::string>> SignersOfPkcs7(std::string_view der) {
  if (der.size() > kLargestPkcs7) return Malformed("it is larger than 1 MiB");
  Result<std::vector<std::string>> signers = Read(der);
  ERR_clear_error();
  return signers;
}

}  // namespace tegodrop
