#include "daemon/net/trust.h"

#include <curl/curl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <cerrno>
#include <cstring>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

// Where libcurl was built to look. Not X509_STORE_set_default_paths, which would obey SSL_CERT_FILE and SSL_CERT_DIR.
void AddSystem(X509_STORE* store) {
  const curl_version_info_data* built = curl_version_info(CURLVERSION_NOW);
  // A machine without a bundle is no fault here: the file's certificates may be all that is needed, and a server that
  // hangs on another is refused when it is asked.
  if (built->cainfo != nullptr) X509_STORE_load_file(store, built->cainfo);
  if (built->capath != nullptr) X509_STORE_load_path(store, built->capath);
  ERR_clear_error();
}

Status AddFile(X509_STORE* store, const std::string& path) {
  errno = 0;
  const std::unique_ptr<BIO, int (*)(BIO*)> file(BIO_new_file(path.c_str(), "r"), BIO_free);
  if (!file) {
    const std::string reason = errno != 0 ? std::strerror(errno) : "cannot be opened";
    ERR_clear_error();
    return Fail(ErrorKind::kRejected, "the CA file " + Printable(path) + " cannot be read: " + reason);
  }
  int certificates = 0;
  STACK_OF(X509_INFO)* blocks = PEM_X509_INFO_read_bio(file.get(), nullptr, nullptr, nullptr);
  for (int i = 0; i < sk_X509_INFO_num(blocks); ++i) {
    X509* certificate = sk_X509_INFO_value(blocks, i)->x509;
    if (certificate != nullptr && X509_STORE_add_cert(store, certificate) == 1) ++certificates;
  }
  sk_X509_INFO_pop_free(blocks, X509_INFO_free);
  ERR_clear_error();
  if (certificates > 0) return {};
  return Fail(ErrorKind::kRejected,
              "the CA file " + Printable(path) + " holds no certificate that can be read; it must be PEM");
}

}  // namespace

Result<TrustStore> LoadTrust(const std::optional<std::string>& ca_file) {
  TrustStore store(X509_STORE_new());
  if (!store) return Fail(ErrorKind::kBug, "OpenSSL gives no certificate store");
  AddSystem(store.get());
  if (ca_file) {
    if (Status added = AddFile(store.get(), *ca_file); !added) return Fail(std::move(added.error()));
  }
  return store;
}

}  // namespace tegodrop
