#include "tests/portal/tls.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

namespace tegodrop::sim {
namespace {

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Memory = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;

struct Named {
  int nid;
  const char* value;
};

bool SetRandomSerial(X509* certificate) {
  std::unique_ptr<BIGNUM, Freer<BN_free>> number(BN_new());
  return number && BN_rand(number.get(), 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool AddExtension(X509* certificate, X509* issuer, const Named& wanted) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  Extension extension(X509V3_EXT_conf_nid(nullptr, &context, wanted.nid, wanted.value));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool SetName(X509_NAME* name, const char* common_name) {
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common_name), -1,
                                    -1, 0) == 1;
}

// Signs `subject_key` as `common_name` with the issuer's key; an `issuer` of null makes it self-signed.
Certificate Issue(const char* common_name, EVP_PKEY* subject_key, X509* issuer, EVP_PKEY* issuer_key,
                  std::initializer_list<Named> extensions) {
  constexpr long kAnHour = 3600;
  constexpr long kTenDays = 10 * 24 * kAnHour;
  Certificate made(X509_new());
  if (!made) return nullptr;
  X509* signer = issuer == nullptr ? made.get() : issuer;
  bool good = X509_set_version(made.get(), 2) == 1 && SetRandomSerial(made.get()) &&
              X509_gmtime_adj(X509_getm_notBefore(made.get()), -kAnHour) != nullptr &&
              X509_gmtime_adj(X509_getm_notAfter(made.get()), kTenDays) != nullptr &&
              SetName(X509_get_subject_name(made.get()), common_name) &&
              X509_set_issuer_name(made.get(), X509_get_subject_name(signer)) == 1 &&
              X509_set_pubkey(made.get(), subject_key) == 1;
  for (const Named& extension : extensions) good = good && AddExtension(made.get(), signer, extension);
  good = good && X509_sign(made.get(), issuer_key, EVP_sha256()) > 0;
  return good ? std::move(made) : nullptr;
}

template <typename Write>
std::string Pem(Write write) {
  Memory memory(BIO_new(BIO_s_mem()));
  if (!memory || write(memory.get()) != 1) return "";
  char* data = nullptr;
  long size = BIO_get_mem_data(memory.get(), &data);
  return {data, static_cast<size_t>(size)};
}

}  // namespace

bool MakeTlsIdentity(TlsIdentity* out, std::string* error) {
  *error = "OpenSSL could not make a certificate";
  Key ca_key(EVP_EC_gen("P-256"));
  Key key(EVP_EC_gen("P-256"));
  if (!ca_key || !key) return false;
  Certificate ca = Issue("tegodrop portal simulator CA", ca_key.get(), nullptr, ca_key.get(),
                         {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                          {NID_key_usage, "critical,keyCertSign,cRLSign"},
                          {NID_subject_key_identifier, "hash"}});
  if (!ca) return false;
  Certificate certificate = Issue("localhost", key.get(), ca.get(), ca_key.get(),
                                  {{NID_basic_constraints, "critical,CA:FALSE"},
                                   {NID_key_usage, "critical,digitalSignature"},
                                   {NID_ext_key_usage, "serverAuth"},
                                   {NID_subject_key_identifier, "hash"},
                                   {NID_authority_key_identifier, "keyid:always"},
                                   {NID_subject_alt_name, "IP:127.0.0.1,IP:::1,DNS:localhost"}});
  if (!certificate) return false;
  out->ca_pem = Pem([&](BIO* bio) { return PEM_write_bio_X509(bio, ca.get()); });
  out->cert_pem = Pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
  out->key_pem = Pem(
      [&](BIO* bio) { return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  if (out->ca_pem.empty() || out->cert_pem.empty() || out->key_pem.empty()) return false;
  error->clear();
  return true;
}

}  // namespace tegodrop::sim
