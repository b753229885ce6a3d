// Everything that is read from the portal's JSON: what is taken is usable, and what is refused is said in printable
// words.
#include <optional>
#include <string>

#include "daemon/base/safe_json.h"
#include "daemon/net/origin.h"
#include "daemon/portal/administration_wire.h"
#include "daemon/portal/wire.h"
#include "tests/fuzz/fuzz.h"

namespace tegodrop::fuzzing {
namespace {

template <typename T>
const T* Good(const Result<T>& result) {
  if (result) return &*result;
  MustBePrintable(result.error().message);
  Must(!result.error().message.empty(), "a refusal has words");
  Must(!Contains(result.error().message, "?X-Amz-Signature="), "no message holds a signed URL's query",
       result.error().message);
  return nullptr;
}

void MustBeSafe(const Secret& url) {
  const auto origin = ParseOrigin(url);
  Must(origin.has_value(), "a URL that was taken names a server", url.Reveal());
  Must(origin->loopback || origin->key.starts_with("https://"), "plain http is for this machine alone", url.Reveal());
}

void TryJson(std::string_view input) {
  const auto document = ParseJson(input);
  if (Good(document) == nullptr) return;
  const std::string text = JsonText(*document);
  const auto again = ParseJson(text);
  Must(again.has_value(), "what was written can be read", text);
  Must(JsonText(*again) == text, "and is the same", text);
}

void TryGrant(std::string_view input) {
  const auto read = ReadUploadGrant(input);
  const UploadGrant* grant = Good(read);
  if (grant == nullptr) return;
  Must(grant->url.has_value() != grant->multipart.has_value(), "a grant is either for one PUT or for parts");
  Must(!grant->file_path.empty(), "a grant names its path");
  if (grant->url) MustBeSafe(*grant->url);
  if (!grant->multipart) return;
  Must(!grant->multipart->upload_id.empty() && grant->multipart->chunk_size > 0, "parts have a size and an upload");
  Must(!grant->multipart->part_urls.empty(), "parts have URLs");
  for (const Secret& url : grant->multipart->part_urls) MustBeSafe(url);
}

void TryHistory(std::string_view input) {
  const auto read = ReadHistory(input, {"production", 1, 50});
  const HistoryReading* history = Good(read);
  if (history == nullptr) return;
  for (const BuildRow& row : history->page.rows) {
    Must(!row.version.empty() && !row.name.empty(), "a row names its build");
  }
  for (const std::string& sentence : history->skipped) MustBePrintable(sentence);
  Must(history->page.total_pages >= 0 && history->page.page >= 0, "pages are counted from 1");
}

void MustBeShown(const std::string& json) {
  const auto again = ParseJson(json);
  Must(again.has_value() && again->IsObject(), "what is shown of a row is an object of JSON", json);
}

void TryListing(std::string_view input) {
  const auto read = ReadBuildListing(input, {"production", 1, 50});
  const BuildListingReading* listing = Good(read);
  if (listing == nullptr) return;
  MustBeShown(listing->listing.json);
  for (const ListedBuild& one : listing->listing.builds) {
    Must(!one.row.version.empty() && !one.row.name.empty(), "a row names its build");
    MustBeShown(one.json);
  }
  for (const std::string& sentence : listing->skipped) MustBePrintable(sentence);
}

template <typename Row>
void TryRows(const Result<Rows<Row>>& read) {
  const Rows<Row>* rows = Good(read);
  if (rows == nullptr) return;
  for (const Row& row : rows->rows) MustBeShown(row.json);
  for (const std::string& sentence : rows->skipped) MustBePrintable(sentence);
}

}  // namespace

void Try(std::string_view input) {
  TryJson(input);
  TryGrant(input);
  TryHistory(input);
  TryListing(input);
  TryRows(ReadApplications(input));
  TryRows(ReadSigningKeys(input));
  const auto download = ReadDownload(input);
  if (const Secret* url = Good(download)) MustBeSafe(*url);
  const auto url = ReadUrl(input);
  if (const Secret* taken = Good(url)) MustBeSafe(*taken);
  const auto key = ReadSigningKeyGrant(input);
  if (const SigningKeyGrant* grant = Good(key)) {
    Must(!grant->key_id.empty(), "a key has an id");
    MustBeSafe(grant->url);
  }
  const auto done = ReadDone(input);
  if (!done) MustBePrintable(done.error().message);
  const auto tenants = ReadTenants(input);
  if (const auto* list = Good(tenants)) {
    for (const TenantInfo& tenant : *list) Must(!tenant.id.empty(), "a tenant has an id");
  }
  const auto subscription = ReadSubscription(input);
  (void)Good(subscription);
}

}  // namespace tegodrop::fuzzing
