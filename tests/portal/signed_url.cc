#include "tests/portal/signed_url.h"

#include <map>

#include "tests/portal/text.h"

namespace tegodrop::sim {
namespace {

std::string SignatureOf(const SignedTarget& target, std::string_view secret) {
  std::string text = target.method + "\n" + target.path + "\n" + std::to_string(target.expires) + "\n" + target.grant +
                     "\n" + std::to_string(target.part) + "\n" + target.upload_id;
  return HmacHex(secret, text);
}

// Splits a query into names and values. False when a name comes twice or a piece has no '='.
bool SplitQuery(std::string_view query, std::map<std::string_view, std::string_view>* out) {
  while (true) {
    size_t end = query.find('&');
    std::string_view piece = query.substr(0, end);
    size_t equals = piece.find('=');
    if (equals == std::string_view::npos) return false;
    if (!out->emplace(piece.substr(0, equals), piece.substr(equals + 1)).second) return false;
    if (end == std::string_view::npos) return true;
    query.remove_prefix(end + 1);
  }
}

std::string_view Take(std::map<std::string_view, std::string_view>* fields, std::string_view name) {
  auto found = fields->find(name);
  if (found == fields->end()) return "";
  std::string_view value = found->second;
  fields->erase(found);
  return value;
}

}  // namespace

std::string SignTarget(const SignedTarget& target, std::string_view secret) {
  std::string out = target.path + "?";
  if (target.part > 0) out += "partNumber=" + std::to_string(target.part) + "&uploadId=" + target.upload_id + "&";
  return out + "X-Expires=" + std::to_string(target.expires) + "&X-Grant=" + target.grant +
         "&X-Signature=" + SignatureOf(target, secret);
}

Signature CheckTarget(std::string_view method, std::string_view path, std::string_view query, std::string_view secret,
                      SignedTarget* out) {
  std::map<std::string_view, std::string_view> fields;
  if (!SplitQuery(query, &fields)) return Signature::kBad;
  std::string_view signature = Take(&fields, "X-Signature");
  std::optional<int64_t> expires = ParseDecimal(Take(&fields, "X-Expires"));
  if (!expires) return Signature::kBad;
  SignedTarget target;
  target.path = path;
  target.expires = *expires;
  target.grant = Take(&fields, "X-Grant");
  target.upload_id = Take(&fields, "uploadId");
  if (fields.count("partNumber") > 0) {
    std::optional<int64_t> part = ParseDecimal(Take(&fields, "partNumber"));
    if (!part || *part < 1) return Signature::kBad;
    target.part = *part;
  }
  if (!fields.empty()) return Signature::kBad;
  for (const char* signed_for : {"PUT", "GET"}) {
    target.method = signed_for;
    if (!EqualSecret(SignatureOf(target, secret), signature)) continue;
    *out = target;
    return method == signed_for ? Signature::kGood : Signature::kWrongMethod;
  }
  return Signature::kBad;
}

}  // namespace tegodrop::sim
