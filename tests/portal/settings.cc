#include "tests/portal/settings.h"

#include <cmath>
#include <cstdlib>
#include <variant>
#include <vector>

#include "tests/portal/text.h"

namespace tegodrop::sim {
namespace {

using Member = std::variant<double Settings::*, int64_t Settings::*, bool Settings::*, std::string Settings::*>;

struct Switch {
  const char* name;
  Member member;
  std::vector<std::string_view> allowed = {};  // for text: the only values; empty = any
  int64_t minimum = 0;                         // for numbers
};

const std::vector<std::string_view> kBuildResults = {
    "",                           // as the build deserves
    "success_but_signing_error",  // success, not signed, with a signing_error_message
    "signing_failed",             // success false with a signing_error_message
    "reset_for_signing",          // success false with neither message for build_seconds, then success
    "signed_without_signature",   // the history says signed, the output carries no signature
    "unchanged",                  // the output has the source's very bytes
    "damaged",                    // the output's last bytes are missing
};

const std::vector<Switch>& Switches() {
  static const std::vector<Switch> switches = {
      {"build_seconds", &Settings::build_seconds},
      {"hold_builds", &Settings::hold_builds},
      {"fail_build", &Settings::fail_build},
      {"build_result", &Settings::build_result, kBuildResults},
      {"concurrent_builds", &Settings::concurrent_builds},
      {"build_quota", &Settings::build_quota},
      {"custom_limits", &Settings::custom_limits, {"shown", "none", "null"}},
      {"delete_keeps_row", &Settings::delete_keeps_row},
      {"signing_keys", &Settings::signing_keys},
      {"default_signing_key", &Settings::default_signing_key},
      {"plan", &Settings::plan, {"FREE", "TEAM", "ENTERPRISE"}},
      {"builds_permission", &Settings::builds_permission},
      {"controls_enabled", &Settings::controls_enabled},
      {"worker_timeout", &Settings::worker_timeout},
      {"history_lag", &Settings::history_lag},
      {"listing_order", &Settings::listing_order, {"newest", "oldest", "shuffled"}},
      {"expires_in", &Settings::expires_in, {}, 1},
      {"max_file_size", &Settings::max_file_size, {}, 1},
      {"multipart_threshold", &Settings::multipart_threshold, {}, 1},
      {"chunk_size", &Settings::chunk_size, {}, 1},
      {"unique_start_time", &Settings::unique_start_time},
      {"fixed_start_time", &Settings::fixed_start_time},
      {"fixed_start_time_answers", &Settings::fixed_start_time_answers},
      {"second_put_queues", &Settings::second_put_queues},
      {"tenants_body", &Settings::tenants_body, {"object", "array"}},
      {"retry_after", &Settings::retry_after, {"none", "seconds", "date"}},
      {"retry_after_seconds", &Settings::retry_after_seconds},
      {"complete_twice", &Settings::complete_twice, {"not_found", "success", "bad_request"}},
      {"complete_error_in_200", &Settings::complete_error_in_200, {"", "xml", "json"}},
      {"late_parts", &Settings::late_parts, {"refused", "accepted"}},
      {"part_etag", &Settings::part_etag, {"opaque", "md5", "odd", "unquoted", "weak"}},
      {"download_etag", &Settings::download_etag, {"strong", "weak", "none", "changes"}},
      {"status_words", &Settings::status_words, {"known", "unknown", "misleading", "null"}},
      {"multipart_false", &Settings::multipart_false},
      {"extra_fields", &Settings::extra_fields},
      {"null_fields", &Settings::null_fields},
      {"page_limit", &Settings::page_limit},
      {"repeated_rows", &Settings::repeated_rows},
      {"refusal_status", &Settings::refusal_status, {"400", "403", "409", "422"}},
      {"error_body", &Settings::error_body, {"message", "error", "detail", "text", "html", "empty"}},
      {"upload_bytes_per_second", &Settings::upload_bytes_per_second},
      {"download_bytes_per_second", &Settings::download_bytes_per_second},
      {"honour_range", &Settings::honour_range},
      {"portal_down", &Settings::portal_down},
  };
  return switches;
}

std::string Wanted(const Switch& entry) {
  struct Visitor {
    const Switch& entry;
    std::string operator()(double Settings::*) const { return "a number, at least 0"; }
    std::string operator()(int64_t Settings::*) const {
      return "an integer, at least " + std::to_string(entry.minimum);
    }
    std::string operator()(bool Settings::*) const { return "true or false"; }
    std::string operator()(std::string Settings::*) const {
      if (entry.allowed.empty()) return "text";
      std::string out = "one of";
      for (std::string_view value : entry.allowed) out += " '" + std::string(value) + "'";
      return out;
    }
  };
  return std::visit(Visitor{entry}, entry.member);
}

struct Setter {
  Settings* settings;
  const Switch& entry;
  const rapidjson::Value& value;

  bool operator()(double Settings::*member) const {
    if (!value.IsNumber() || !(value.GetDouble() >= 0) || !std::isfinite(value.GetDouble())) return false;
    settings->*member = value.GetDouble();
    return true;
  }
  bool operator()(int64_t Settings::*member) const {
    if (!value.IsInt64() || value.GetInt64() < entry.minimum) return false;
    settings->*member = value.GetInt64();
    return true;
  }
  bool operator()(bool Settings::*member) const {
    if (!value.IsBool()) return false;
    settings->*member = value.GetBool();
    return true;
  }
  bool operator()(std::string Settings::*member) const {
    // A number does for a text that is one.
    const std::string number = value.IsInt64() ? std::to_string(value.GetInt64()) : "";
    if (!value.IsString() && (number.empty() || entry.allowed.empty())) return false;
    const std::string_view text = value.IsString() ? Text(value) : number;
    bool allowed = entry.allowed.empty();
    for (std::string_view one : entry.allowed) allowed = allowed || one == text;
    if (allowed) settings->*member = std::string(text);
    return allowed;
  }
};

const Switch* Find(std::string_view name) {
  for (const Switch& entry : Switches()) {
    if (name == entry.name) return &entry;
  }
  return nullptr;
}

}  // namespace

bool Settings::Set(std::string_view name, const rapidjson::Value& value, std::string* error) {
  const Switch* entry = Find(name);
  if (entry == nullptr) {
    *error = "unknown setting '" + std::string(name) + "'";
    return false;
  }
  if (std::visit(Setter{this, *entry, value}, entry->member)) return true;
  *error = "setting '" + std::string(name) + "' wants " + Wanted(*entry);
  return false;
}

bool Settings::SetFromText(std::string_view name, std::string_view value, std::string* error) {
  const Switch* entry = Find(name);
  rapidjson::Document parsed;
  if (entry != nullptr && std::holds_alternative<std::string Settings::*>(entry->member)) {
    parsed.SetString(value.data(), static_cast<rapidjson::SizeType>(value.size()), parsed.GetAllocator());
  } else {
    parsed.Parse(value.data(), value.size());
    if (parsed.HasParseError()) parsed.SetNull();
  }
  return Set(name, parsed, error);
}

std::string Settings::Help() const {
  JsonWriter values;
  Write(&values);
  rapidjson::Document parsed;
  const std::string text = values.Take();
  parsed.Parse(text.data(), text.size());
  std::string out;
  for (const Switch& entry : Switches()) {
    rapidjson::StringBuffer value;
    rapidjson::Writer<rapidjson::StringBuffer> writer(value);
    parsed[entry.name].Accept(writer);
    out += std::string("  ") + entry.name + " = " + value.GetString();
    for (const std::string_view& word : entry.allowed) {
      out += (&word == &entry.allowed.front() ? "   of: '" : ", '") + std::string(word) + "'";
    }
    out += "\n";
  }
  return out;
}

void Settings::Write(JsonWriter* out) const {
  struct Visitor {
    const Settings& settings;
    JsonWriter* out;
    void operator()(double Settings::*member) const { out->Number(settings.*member); }
    void operator()(int64_t Settings::*member) const { out->Integer(settings.*member); }
    void operator()(bool Settings::*member) const { out->Bool(settings.*member); }
    void operator()(std::string Settings::*member) const { out->Text(settings.*member); }
  };
  out->BeginObject();
  for (const Switch& entry : Switches()) {
    out->Key(entry.name);
    std::visit(Visitor{*this, out}, entry.member);
  }
  out->EndObject();
}

}  // namespace tegodrop::sim
