#include "tests/portal/faults.h"

#include <algorithm>
#include <array>

namespace tegodrop::sim {
namespace {

constexpr std::array<std::string_view, 21> kWheres = {
    "any",          "upload_request",   "complete",     "abort",        "list",
    "tenants",      "download_request", "put",          "part",         "get",
    "key_put",      "subscription",     "applications", "delete_build", "delete_application",
    "signing_keys", "upload_key",       "default_key",  "delete_key",   "signing_file",
    "sign_build"};

bool Refuse(std::string* error, std::string_view text) {
  *error = text;
  return false;
}

bool ReadCount(const rapidjson::Value& object, const char* name, int64_t minimum, int64_t* out, std::string* error) {
  auto found = object.FindMember(name);
  if (found == object.MemberEnd()) return true;
  if (!found->value.IsInt64() || found->value.GetInt64() < minimum) {
    return Refuse(error, std::string("'") + name + "' wants an integer, at least " + std::to_string(minimum));
  }
  *out = found->value.GetInt64();
  return true;
}

bool ReadStatus(const rapidjson::Value& action, FaultAction* out, std::string* error) {
  int64_t status = IntegerOr(action, "status", 0);
  if (status < 200 || status > 599) return Refuse(error, "'status' wants an integer from 200 to 599");
  out->answer.status = static_cast<int>(status);
  out->answer.body = TextOr(action, "body", "");
  auto headers = action.FindMember("headers");
  if (headers == action.MemberEnd()) return true;
  if (!headers->value.IsObject()) return Refuse(error, "'headers' wants an object of texts");
  for (const auto& header : headers->value.GetObject()) {
    if (!header.value.IsString()) return Refuse(error, "'headers' wants an object of texts");
    out->answer.headers.emplace_back(Text(header.name), Text(header.value));
  }
  return true;
}

bool IsTrue(const rapidjson::Value& action, const char* name) {
  auto found = action.FindMember(name);
  return found != action.MemberEnd() && found->value.IsTrue();
}

bool ReadSide(const rapidjson::Value& action, FaultAction* out, std::string* error) {
  const std::string side = TextOr(action, "of", "");
  if (side == "request") {
    out->side = FaultAction::Side::kRequest;
  } else if (side == "answer") {
    out->side = FaultAction::Side::kAnswer;
  } else if (action.HasMember("of")) {
    return Refuse(error, "'of' wants request or answer");
  }
  return true;
}

bool ReadBytes(const rapidjson::Value& action, const char* name, FaultAction* out, std::string* error) {
  int64_t bytes = -1;
  if (!ReadCount(action, name, 0, &bytes, error) || !ReadSide(action, out, error)) return false;
  if (bytes >= 0) out->bytes = bytes;
  return true;
}

// A header's text. Only an object's answer has these headers.
bool ReadHeader(const rapidjson::Value& action, const char* name, std::string_view where,
                std::optional<std::string>* out, std::string* error) {
  auto found = action.FindMember(name);
  if (found == action.MemberEnd()) return true;
  if (where != "get") return Refuse(error, std::string("'") + name + "' is of 'get' alone");
  if (!found->value.IsString()) return Refuse(error, std::string("'") + name + "' wants a text");
  const std::string_view text = Text(found->value);
  const bool one_line =
      std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 0x7F; });
  if (!one_line) return Refuse(error, std::string("'") + name + "' wants one line");
  *out = std::string(text);
  return true;
}

// What leaves the request to be served.
bool ReadOther(const rapidjson::Value& action, std::string_view where, FaultAction* out, std::string* error) {
  int64_t corrupt_at = -1;
  if (!ReadCount(action, "drip", 1, &out->drip, error) || !ReadCount(action, "short_by", 1, &out->short_by, error) ||
      !ReadCount(action, "longer_by", 1, &out->longer_by, error) ||
      !ReadCount(action, "corrupt_at", 0, &corrupt_at, error) ||
      !ReadHeader(action, "content_range", where, &out->content_range, error) ||
      !ReadHeader(action, "etag", where, &out->etag, error)) {
    return false;
  }
  if (corrupt_at >= 0) out->corrupt_at = corrupt_at;
  out->ignore_expect = IsTrue(action, "ignore_expect");
  const bool any = out->drip > 0 || out->short_by > 0 || out->longer_by > 0 || out->corrupt_at || out->ignore_expect ||
                   out->content_range || out->etag;
  return any || Refuse(error,
                       "'action' wants one of status, close_after_bytes, stall: true, lost_answer: true, garbage, "
                       "ignore_expect: true, drip, short_by, longer_by, corrupt_at, content_range, etag");
}

bool ReadAction(const rapidjson::Value& action, std::string_view where, FaultAction* out, std::string* error) {
  out->reset = IsTrue(action, "reset");
  if (action.HasMember("status")) {
    out->kind = FaultAction::Kind::kStatus;
    out->early = IsTrue(action, "early");
    return ReadStatus(action, out, error);
  }
  if (action.HasMember("close_after_bytes")) {
    out->kind = FaultAction::Kind::kClose;
    return ReadBytes(action, "close_after_bytes", out, error);
  }
  if (IsTrue(action, "stall")) {
    out->kind = FaultAction::Kind::kStall;
    return ReadBytes(action, "after_bytes", out, error);
  }
  if (IsTrue(action, "lost_answer")) {
    out->kind = FaultAction::Kind::kLostAnswer;
    return true;
  }
  if (action.HasMember("garbage")) {
    out->kind = FaultAction::Kind::kGarbage;
    out->garbage = TextOr(action, "garbage", "");
    return !out->garbage.empty() || Refuse(error, "'garbage' wants a text");
  }
  return ReadOther(action, where, out, error);
}

bool OnlyKnown(const rapidjson::Value& object, std::initializer_list<std::string_view> known, std::string* error) {
  for (const auto& member : object.GetObject()) {
    if (std::find(known.begin(), known.end(), Text(member.name)) == known.end()) {
      return Refuse(error, "unknown field '" + std::string(Text(member.name)) + "'");
    }
  }
  return true;
}

}  // namespace

bool Faults::Add(const rapidjson::Value& object, std::string* error) {
  Order order;
  if (!OnlyKnown(object, {"where", "times", "skip", "action"}, error)) return false;
  order.where = TextOr(object, "where", "");
  if (std::find(kWheres.begin(), kWheres.end(), order.where) == kWheres.end()) {
    *error = "'where' wants one of";
    for (std::string_view where : kWheres) *error += " " + std::string(where);
    return false;
  }
  if (!ReadCount(object, "times", 1, &order.times, error) || !ReadCount(object, "skip", 0, &order.skip, error)) {
    return false;
  }
  auto action = object.FindMember("action");
  if (action == object.MemberEnd() || !action->value.IsObject()) return Refuse(error, "'action' wants an object");
  if (!OnlyKnown(action->value,
                 {"status", "headers", "body", "early", "close_after_bytes", "reset", "of", "stall", "after_bytes",
                  "lost_answer", "garbage", "ignore_expect", "drip", "short_by", "longer_by", "corrupt_at",
                  "content_range", "etag"},
                 error) ||
      !ReadAction(action->value, order.where, &order.action, error)) {
    return false;
  }
  orders_.push_back(std::move(order));
  return true;
}

std::optional<FaultAction> Faults::Take(std::string_view where) {
  auto order = std::find_if(orders_.begin(), orders_.end(),
                            [&](const Order& one) { return one.where == where || one.where == "any"; });
  if (order == orders_.end()) return std::nullopt;
  if (order->skip > 0) {
    --order->skip;
    return std::nullopt;
  }
  FaultAction action = order->action;
  if (--order->times == 0) orders_.erase(order);
  return action;
}

int64_t Faults::Left() const {
  int64_t left = 0;
  for (const Order& order : orders_) left += order.times;
  return left;
}

}  // namespace tegodrop::sim
