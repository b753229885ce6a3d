// One request as libcurl's options.
#pragma once

#include <curl/curl.h>
#include <openssl/x509.h>

#include "daemon/base/result.h"
#include "daemon/net/curl_transfer.h"
#include "daemon/net/origin.h"

namespace tegodrop {

// A list of header lines; wiped when it goes, because a header may be a credential.
class HeaderList {
 public:
  HeaderList() = default;
  ~HeaderList();
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;

  // False where memory is out.
  bool Add(const std::string& line);
  void Clear();
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

// How long libcurl waits for "100 Continue" before it sends the body all the same.
inline constexpr std::chrono::milliseconds kContinueWait = std::chrono::seconds(1);

// The options that follow from the request and the settings alone. `request`, `headers` (filled here) and `trust` must
// live as long as the easy handle is used. `ask_continue`: whether the body waits for "100 Continue". kBug where the
// request cannot be put into HTTP.
Status ApplyRequest(CURL* easy, const HttpRequest& request, const NetSettings& settings, const Origin& origin,
                    X509_STORE* trust, bool ask_continue, HeaderList* headers);

}  // namespace tegodrop
