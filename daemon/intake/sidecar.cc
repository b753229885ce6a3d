#include "daemon/intake/sidecar.h"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "daemon/base/safe_json.h"
#include "daemon/base/text.h"
#include "daemon/intake/utf16.h"

namespace tegodrop {
namespace {

Unexpected Wrong(std::string sentence) { return Fail(ErrorKind::kCorrupt, std::move(sentence)); }

std::string Shown(std::string_view text) {
  constexpr std::size_t kShown = 80;
  return "'" + Printable(text.substr(0, kShown)) + (text.size() > kShown ? "…'" : "'");
}

bool IsDigest(std::string_view text) { return text.size() == 64 && IsHex(text); }

Result<std::string> CommitSha(std::string_view text) {
  if (IsCommitSha(text)) return ToLowerAscii(text);
  return Wrong("holds " + Shown(text) + " where a commit SHA of 40 or 64 hex digits must stand");
}

// What stood in the place of the SHA. The short SHA in `git describe` output names no commit for certain.
Status TakeCommit(const std::string& text, SidecarContent& out) {
  if (IsDescribeOutput(text)) {
    out.described = text;
    if (out.ref.empty()) out.ref = text;
    return {};
  }
  auto sha = CommitSha(text);
  if (!sha) return Fail(sha.error());
  out.commit = *sha;
  return {};
}

Result<std::string> Digest(std::string_view text) {
  if (IsDigest(text)) return ToLowerAscii(text);
  return Wrong("holds " + Shown(text) + " where a SHA-256 of 64 hex digits must stand");
}

// What follows the last slash of either kind: sums are often made on another machine.
std::string_view LastComponent(std::string_view path) {
  const std::size_t slash = path.find_last_of("/\\");
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// sha256sum escapes a name with a backslash or a line break in it, and says so with a backslash before the digest.
std::string Unescape(std::string_view name) {
  std::string out;
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (name[at] != '\\' || at + 1 == name.size()) {
      out += name[at];
      continue;
    }
    const char next = name[++at];
    out += next == 'n' ? '\n' : next == 'r' ? '\r' : next;
  }
  return out;
}

struct SumLine {
  std::string digest;
  std::string name;  // empty: the bare digest
  bool escaped = false;
};

Result<SumLine> ParseSumLine(std::string_view line) {
  SumLine out;
  if (line.starts_with('\\')) {
    out.escaped = true;
    line.remove_prefix(1);
  }
  const std::string_view digest = line.substr(0, line.find_first_of(" \t"));
  auto parsed = Digest(digest);
  if (!parsed) return Fail(parsed.error());
  out.digest = *parsed;
  std::string_view rest = line.substr(digest.size());
  if (rest.empty()) return out;
  // "hex  name", "hex *name"; a single blank is written by some tools.
  rest.remove_prefix(1);
  if (!rest.empty() && (rest.front() == ' ' || rest.front() == '*' || rest.front() == '\t')) rest.remove_prefix(1);
  out.name = out.escaped ? Unescape(rest) : std::string(rest);
  return out;
}

Result<SidecarContent> ParseSums(std::string_view text, std::string_view artifact_name) {
  std::vector<SumLine> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = Trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    auto parsed = ParseSumLine(line);
    if (!parsed) return Fail(parsed.error());
    lines.push_back(std::move(*parsed));
  }
  if (lines.empty()) return Wrong("is empty, and a line as sha256sum writes it must stand in it");
  SidecarContent out;
  // The file's own name says whom a single line is about; the digest is compared anyway.
  if (lines.size() == 1) {
    out.sha256 = lines.front().digest;
    return out;
  }
  for (const SumLine& line : lines) {
    // A backslash in an unescaped name is part of a Windows path, or of a name: both readings count.
    if (line.name != artifact_name && LastComponent(line.name) != artifact_name) continue;
    if (!out.sha256.empty() && out.sha256 != line.digest) {
      return Wrong("names " + Shown(artifact_name) + " twice with different digests");
    }
    out.sha256 = line.digest;
  }
  if (out.sha256.empty()) return Wrong("has no line for " + Shown(artifact_name));
  return out;
}

std::string_view TextOf(const rapidjson::Value& value) { return {value.GetString(), value.GetStringLength()}; }

// A label's value as text; nullopt for objects and lists.
std::optional<std::string> LabelText(const rapidjson::Value& value) {
  if (value.IsString()) return std::string(TextOf(value));
  if (value.IsBool()) return value.GetBool() ? "true" : "false";
  if (value.IsNull()) return "";
  if (!value.IsNumber()) return std::nullopt;
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return std::string(buffer.GetString(), buffer.GetSize());
}

Status ReadLabels(const rapidjson::Value& labels, SidecarContent& out) {
  if (labels.IsNull()) return {};
  if (!labels.IsObject()) return Wrong("has 'labels' that are no object of texts");
  for (const auto& member : labels.GetObject()) {
    auto text = LabelText(member.value);
    if (!text) return Wrong("has a label " + Shown(TextOf(member.name)) + " that is no text, number, true or false");
    out.labels.push_back({std::string(TextOf(member.name)), std::move(*text)});
  }
  return {};
}

Status ReadKnownKeys(const rapidjson::Value& object, SidecarContent& out) {
  const std::array<std::pair<std::string_view, std::string*>, 7> known{{
      {"commit_sha", &out.commit},
      {"repository", &out.repository},
      {"ref", &out.ref},
      {"build_url", &out.build_url},
      {"sha256", &out.sha256},
      {"signing_key_id", &out.signing_key_id},
      {"submit_id", &out.submit_id},
  }};
  for (const auto& [key, field] : known) {
    const auto found = object.FindMember(rapidjson::Value(rapidjson::StringRef(key.data(), key.size())));
    if (found == object.MemberEnd() || found->value.IsNull()) continue;
    if (!found->value.IsString()) return Wrong("has a '" + std::string(key) + "' that is no text");
    *field = std::string(Trim(TextOf(found->value)));
  }
  if (!out.submit_id.empty() && !NamesReceipt(out.submit_id)) {
    return Wrong(
        "has a 'submit_id' that cannot name a receipt: 1 to 64 letters, digits, '.', '_' and '-', no '.' first");
  }
  return {};
}

Result<SidecarContent> ReadJson(std::string_view text) {
  const Result<rapidjson::Document> parsed = ParseJson(text);
  if (!parsed) return Wrong(parsed.error().message);
  const rapidjson::Value& document = *parsed;
  if (!document.IsObject()) return Wrong("is JSON, but no object");
  SidecarContent out;
  if (auto read = ReadKnownKeys(document, out); !read) return Fail(read.error());
  if (!out.commit.empty()) {
    if (auto taken = TakeCommit(std::exchange(out.commit, ""), out); !taken) return Fail(taken.error());
  }
  if (!out.sha256.empty()) {
    auto digest = Digest(out.sha256);
    if (!digest) return Fail(digest.error());
    out.sha256 = *digest;
  }
  const auto labels = document.FindMember("labels");
  if (labels != document.MemberEnd()) {
    if (auto read = ReadLabels(labels->value, out); !read) return Fail(read.error());
  }
  return out;
}

}  // namespace

Result<SidecarContent> ParseSidecar(SidecarKind kind, std::string_view content, std::string_view artifact_name) {
  const auto text = DecodeText(content);
  if (!text) return Wrong("is no text in UTF-8, nor in UTF-16 with a byte order mark");
  switch (kind) {
    case SidecarKind::kCommit: {
      SidecarContent out;
      if (auto taken = TakeCommit(std::string(Trim(*text)), out); !taken) return Fail(taken.error());
      return out;
    }
    case SidecarKind::kSha256:
      return ParseSums(*text, artifact_name);
    case SidecarKind::kJson:
      break;
  }
  return ReadJson(*text);
}

std::string SubmitIdOf(std::string_view content) {
  const auto text = DecodeText(content);
  if (!text) return "";
  const Result<rapidjson::Document> parsed = ParseJson(*text);
  if (!parsed || !parsed->IsObject()) return "";
  const auto found = parsed->FindMember("submit_id");
  if (found == parsed->MemberEnd() || !found->value.IsString()) return "";
  std::string id(Trim(TextOf(found->value)));
  return NamesReceipt(id) ? id : "";
}

}  // namespace tegodrop
