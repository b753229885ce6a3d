// Of what the daemon does once at its start and a run here would do for each artifact: the system's certificates are
// not read (20 ms). A server's own, which --ca names, are.
#include <openssl/x509_vfy.h>

extern "C" {
__attribute__((visibility("hidden"))) int X509_STORE_load_file(X509_STORE* /*store*/, const char* /*path*/) {
  return 1;
}
__attribute__((visibility("hidden"))) int X509_STORE_load_path(X509_STORE* /*store*/, const char* /*path*/) {
  return 1;
}
}
