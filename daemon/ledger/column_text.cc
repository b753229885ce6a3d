#include "daemon/ledger/column_text.h"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <array>
#include <utility>

namespace tegodrop {
namespace {

template <typename Enum>
using Word = std::pair<Enum, std::string_view>;

constexpr std::array kKinds = {Word<ArtifactKind>{ArtifactKind::kApk, "apk"},
                               Word<ArtifactKind>{ArtifactKind::kAab, "aab"},
                               Word<ArtifactKind>{ArtifactKind::kIpa, "ipa"}};
constexpr std::array kAfters = {Word<SourceAfter>{SourceAfter::kArchive, "archive"},
                                Word<SourceAfter>{SourceAfter::kDelete, "delete"},
                                Word<SourceAfter>{SourceAfter::kKeep, "keep"}};
constexpr std::array kSignatures = {Word<SignatureNeed>{SignatureNeed::kAuto, "auto"},
                                    Word<SignatureNeed>{SignatureNeed::kRequired, "required"},
                                    Word<SignatureNeed>{SignatureNeed::kNotRequired, "not_required"}};
constexpr std::array kProvenances = {Word<Provenance>{Provenance::kOff, "off"},
                                     Word<Provenance>{Provenance::kStatement, "statement"},
                                     Word<Provenance>{Provenance::kSigned, "signed"}};

template <typename Enum, std::size_t kCount>
std::string_view WordIn(const std::array<Word<Enum>, kCount>& words, Enum value) {
  for (const auto& [known, word] : words) {
    if (known == value) return word;
  }
  return "";  // no enumerator: reading it back fails, naming the column
}

template <typename Enum, std::size_t kCount>
bool FindWord(const std::array<Word<Enum>, kCount>& words, std::string_view text, Enum& value) {
  for (const auto& [known, word] : words) {
    if (word != text) continue;
    value = known;
    return true;
  }
  return false;
}

template <typename Enum>
bool Take(std::optional<Enum> found, Enum& value) {
  if (found) value = *found;
  return found.has_value();
}

// The fields of what stands in a list. The sizes see to it that none is forgotten: these structs hold strings alone.
template <typename T>
using Member = std::pair<const char*, std::string T::*>;
constexpr std::array kLabel = {Member<Label>{"key", &Label::key}, Member<Label>{"value", &Label::value}};
constexpr std::array kCandidate = {Member<CommitCandidate>{"origin", &CommitCandidate::origin},
                                   Member<CommitCandidate>{"sha", &CommitCandidate::sha}};
constexpr std::array kCheck = {Member<Check>{"id", &Check::id}, Member<Check>{"result", &Check::result},
                               Member<Check>{"detail", &Check::detail}};
constexpr std::array kOpenUpload = {Member<OpenUpload>{"file_path", &OpenUpload::file_path},
                                    Member<OpenUpload>{"upload_id", &OpenUpload::upload_id}};
constexpr std::array kPart = {Member<UploadedPart>{"etag", &UploadedPart::etag},
                              Member<UploadedPart>{"sha256", &UploadedPart::sha256}};
static_assert(sizeof(Label) == kLabel.size() * sizeof(std::string));
static_assert(sizeof(CommitCandidate) == kCandidate.size() * sizeof(std::string));
static_assert(sizeof(Check) == kCheck.size() * sizeof(std::string));
static_assert(sizeof(OpenUpload) == kOpenUpload.size() * sizeof(std::string));
static_assert(sizeof(UploadedPart) == kPart.size() * sizeof(std::string) + sizeof(UploadedPart::number));

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void WriteText(Writer& writer, const std::string& text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

// What an element holds besides its texts.
template <typename T>
void WriteNumber(Writer&, const T&) {}
void WriteNumber(Writer& writer, const UploadedPart& part) {
  writer.Key("number");
  writer.Int64(part.number);
}
template <typename T>
bool ReadNumber(const rapidjson::Value&, T&) {
  return true;
}
bool ReadNumber(const rapidjson::Value& element, UploadedPart& part) {
  const auto found = element.FindMember("number");
  if (found == element.MemberEnd() || !found->value.IsInt64()) return false;
  part.number = found->value.GetInt64();
  return true;
}

template <typename T, std::size_t kCount>
std::string WriteList(const std::vector<T>& list, const std::array<Member<T>, kCount>& members) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartArray();
  for (const T& element : list) {
    writer.StartObject();
    WriteNumber(writer, element);
    for (const auto& [name, member] : members) {
      writer.Key(name);
      WriteText(writer, element.*member);
    }
    writer.EndObject();
  }
  writer.EndArray();
  return {buffer.GetString(), buffer.GetSize()};
}

// Iterative: a damaged row must not exhaust the stack.
bool ParseArray(const std::string& text, rapidjson::Document& document) {
  document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  return !document.HasParseError() && document.IsArray();
}

std::string TextOf(const rapidjson::Value& value) { return {value.GetString(), value.GetStringLength()}; }

template <typename T, std::size_t kCount>
bool ReadList(const std::string& text, const std::array<Member<T>, kCount>& members, std::vector<T>& list) {
  rapidjson::Document document;
  if (!ParseArray(text, document)) return false;
  std::vector<T> read;
  for (const rapidjson::Value& element : document.GetArray()) {
    if (!element.IsObject()) return false;
    T& one = read.emplace_back();
    if (!ReadNumber(element, one)) return false;
    for (const auto& [name, member] : members) {
      const auto found = element.FindMember(name);
      if (found == element.MemberEnd() || !found->value.IsString()) return false;
      one.*member = TextOf(found->value);
    }
  }
  list = std::move(read);
  return true;
}

}  // namespace

std::string_view ColumnWord(JobState value) { return ToString(value); }
std::string_view ColumnWord(FailureKind value) { return ToString(value); }
std::string_view ColumnWord(ArtifactKind value) { return WordIn(kKinds, value); }
std::string_view ColumnWord(SourceAfter value) { return WordIn(kAfters, value); }
std::string_view ColumnWord(SignatureNeed value) { return WordIn(kSignatures, value); }
std::string_view ColumnWord(Provenance value) { return WordIn(kProvenances, value); }

bool FromColumnWord(std::string_view word, JobState& value) { return Take(JobStateFromString(word), value); }
bool FromColumnWord(std::string_view word, FailureKind& value) { return Take(FailureKindFromString(word), value); }
bool FromColumnWord(std::string_view word, ArtifactKind& value) { return FindWord(kKinds, word, value); }
bool FromColumnWord(std::string_view word, SourceAfter& value) { return FindWord(kAfters, word, value); }
bool FromColumnWord(std::string_view word, SignatureNeed& value) { return FindWord(kSignatures, word, value); }
bool FromColumnWord(std::string_view word, Provenance& value) { return FindWord(kProvenances, word, value); }

std::string ColumnList(const std::vector<std::string>& list) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartArray();
  for (const std::string& text : list) WriteText(writer, text);
  writer.EndArray();
  return {buffer.GetString(), buffer.GetSize()};
}

std::string ColumnList(const std::vector<Label>& list) { return WriteList(list, kLabel); }
std::string ColumnList(const std::vector<CommitCandidate>& list) { return WriteList(list, kCandidate); }
std::string ColumnList(const std::vector<Check>& list) { return WriteList(list, kCheck); }
std::string ColumnList(const std::vector<OpenUpload>& list) { return WriteList(list, kOpenUpload); }
std::string ColumnList(const std::vector<UploadedPart>& list) { return WriteList(list, kPart); }

bool FromColumnList(const std::string& text, std::vector<std::string>& list) {
  rapidjson::Document document;
  if (!ParseArray(text, document)) return false;
  std::vector<std::string> read;
  for (const rapidjson::Value& element : document.GetArray()) {
    if (!element.IsString()) return false;
    read.push_back(TextOf(element));
  }
  list = std::move(read);
  return true;
}

bool FromColumnList(const std::string& text, std::vector<Label>& list) { return ReadList(text, kLabel, list); }
bool FromColumnList(const std::string& text, std::vector<CommitCandidate>& list) {
  return ReadList(text, kCandidate, list);
}
bool FromColumnList(const std::string& text, std::vector<Check>& list) { return ReadList(text, kCheck, list); }
bool FromColumnList(const std::string& text, std::vector<OpenUpload>& list) {
  return ReadList(text, kOpenUpload, list);
}
bool FromColumnList(const std::string& text, std::vector<UploadedPart>& list) { return ReadList(text, kPart, list); }

}  // namespace tegodrop
