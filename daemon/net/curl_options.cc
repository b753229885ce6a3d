#include "daemon/net/curl_options.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

constexpr long kBuffer = 64 * 1024;
constexpr long kUploadBuffer = 192 * 1024;
// Object stores close idle connections after 5 to 20 s, and a request that meets the close is lost.
constexpr long kIdleSeconds = 4;

// Sets options one after the other and remembers the first refusal.
class Setter {
 public:
  explicit Setter(CURL* easy) : easy_(easy) {}
  template <typename T>
  void operator()(CURLoption option, T value) {
    const CURLcode code = curl_easy_setopt(easy_, option, value);
    if (code_ == CURLE_OK) code_ = code;
  }
  CURLcode code() const { return code_; }

 private:
  CURL* easy_;
  CURLcode code_ = CURLE_OK;
};

bool IsToken(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool HasHeader(const HttpRequest& request, std::string_view lower_name) {
  return std::any_of(request.headers.begin(), request.headers.end(),
                     [&](const HttpHeader& one) { return ToLowerAscii(one.name) == lower_name; });
}

Status FillHeaders(const HttpRequest& request, bool ask_continue, HeaderList* list) {
  list->Clear();
  bool added = true;
  for (const HttpHeader& header : request.headers) {
    const std::string_view value = header.value.Reveal();
    // A line end in a value would be a header of somebody else's making.
    if (!IsToken(header.name) || value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
      return Fail(ErrorKind::kBug, "the header " + Printable(header.name) + " cannot be sent");
    }
    std::string line = header.name;
    // libcurl takes "Name:" as the wish to leave a header of its own away; "Name;" sends it empty.
    line += value.empty() ? ";" : ": ";
    line += value;
    added = list->Add(line) && added;
    explicit_bzero(line.data(), line.size());
  }
  // libcurl would ask by itself from 1 MiB on, and call every body a form.
  added = list->Add(ask_continue ? "Expect: 100-continue" : "Expect:") && added;
  if (!HasHeader(request, "content-type")) added = list->Add("Content-Type:") && added;
  if (!added) return Fail(ErrorKind::kRetry, "out of memory");
  return {};
}

void SetMethod(Setter& set, const HttpRequest& request) {
  if (request.method == "GET") {
    set(CURLOPT_HTTPGET, 1L);
  } else if (request.source) {
    // With INFILESIZE libcurl says Content-Length; without, it would send chunks, which no signed URL accepts.
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.source_size));
    if (request.method != "PUT") set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  } else {
    // libcurl goes back to the start of these bytes by itself, without a SEEKFUNCTION, and sends small ones in one
    // piece with the headers.
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDS, request.body.c_str());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    if (request.method != "POST") set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

void SetConnection(Setter& set, const HttpRequest& request) {
  // Never 2: slower by a fifth for large bodies, and at the price of a quarter more CPU.
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);  // a signed request or a token must not wander to another host
  set(CURLOPT_PATH_AS_IS, 1L);      // a signature covers the path as it was written
  set(CURLOPT_NOSIGNAL, 1L);
  // Without it removing a handle that resolves its host joins the resolver's thread: the loop would stand still for as
  // long as the name server does. With it the thread is let go and cleans up after itself.
  set(CURLOPT_QUICK_EXIT, 1L);
  // Beside our own limit: by it libcurl gives each of a host's addresses a share of the time.
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(1, request.connect_timeout.count())));
  set(CURLOPT_TCP_KEEPALIVE, 1L);  // an answer may take minutes, in which routers forget a silent connection
  set(CURLOPT_TCP_KEEPIDLE, 30L);
  set(CURLOPT_TCP_KEEPINTVL, 30L);
  set(CURLOPT_BUFFERSIZE, kBuffer);
  set(CURLOPT_UPLOAD_BUFFERSIZE, request.source ? kUploadBuffer : kBuffer);
  set(CURLOPT_MAXAGE_CONN, kIdleSeconds);
  if (request.fresh_connection) {
    set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_FORBID_REUSE, 1L);
  }
}

void SetProxy(Setter& set, const NetSettings& settings, const Origin& origin) {
  set(CURLOPT_NOPROXY, "");  // as set, so that the environment's no_proxy does not count
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (!settings.proxy || origin.loopback) {
    set(CURLOPT_PROXY, "");  // likewise: nullptr would let http_proxy and all_proxy count
    return;
  }
  set(CURLOPT_PROXY, settings.proxy->c_str());
  if (!settings.proxy_user_password.empty()) {
    set(CURLOPT_PROXYUSERPWD, settings.proxy_user_password.RevealCString());
  }
}

CURLcode UseTrust(CURL*, void* ssl_context, void* trust) {
  SSL_CTX_set1_cert_store(static_cast<SSL_CTX*>(ssl_context), static_cast<X509_STORE*>(trust));
  return CURLE_OK;
}

void SetTls(Setter& set, X509_STORE* trust) {
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  // The trusted certificates come in one store of ours. libcurl's CAINFO would replace the system's instead of adding
  // to them, and be read again for every connection.
  set(CURLOPT_CAINFO, static_cast<char*>(nullptr));
  set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
  set(CURLOPT_CA_CACHE_TIMEOUT, 0L);
  set(CURLOPT_SSL_CTX_FUNCTION, &UseTrust);
  set(CURLOPT_SSL_CTX_DATA, trust);
}

}  // namespace

HeaderList::~HeaderList() { Clear(); }

void HeaderList::Clear() {
  for (const curl_slist* one = list_; one != nullptr; one = one->next)
    explicit_bzero(one->data, std::strlen(one->data));
  curl_slist_free_all(list_);
  list_ = nullptr;
}

bool HeaderList::Add(const std::string& line) {
  curl_slist* longer = curl_slist_append(list_, line.c_str());
  if (longer != nullptr) list_ = longer;
  return longer != nullptr;
}

Status ApplyRequest(CURL* easy, const HttpRequest& request, const NetSettings& settings, const Origin& origin,
                    X509_STORE* trust, bool ask_continue, HeaderList* headers) {
  if (!IsToken(request.method)) return Fail(ErrorKind::kBug, "no method of HTTP");
  if (Status filled = FillHeaders(request, ask_continue, headers); !filled) return filled;
  Setter set(easy);
  set(CURLOPT_URL, request.url.RevealCString());
  SetMethod(set, request);
  set(CURLOPT_HTTPHEADER, headers->get());
  set(CURLOPT_EXPECT_100_TIMEOUT_MS, static_cast<long>(kContinueWait.count()));
  if (!settings.user_agent.empty()) set(CURLOPT_USERAGENT, settings.user_agent.c_str());
  SetConnection(set, request);
  SetProxy(set, settings, origin);
  SetTls(set, trust);
  if (set.code() == CURLE_OUT_OF_MEMORY) return Fail(ErrorKind::kRetry, "out of memory");
  if (set.code() != CURLE_OK) {
    return Fail(ErrorKind::kBug, std::string("this libcurl lacks what is needed: ") + curl_easy_strerror(set.code()));
  }
  return {};
}

}  // namespace tegodrop
