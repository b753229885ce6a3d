// What stands in a TEXT column for a value that is no text: the words of enums, lists as JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/job.h"

namespace tegodrop {

// Words that stay readable at sqlite3's prompt and do not move when an enum is extended.
std::string_view ColumnWord(JobState value);
std::string_view ColumnWord(FailureKind value);
std::string_view ColumnWord(ArtifactKind value);
std::string_view ColumnWord(SourceAfter value);
std::string_view ColumnWord(SignatureNeed value);
std::string_view ColumnWord(Provenance value);
// False, with `value` unchanged, for a word that is not known.
bool FromColumnWord(std::string_view word, JobState& value);
bool FromColumnWord(std::string_view word, FailureKind& value);
bool FromColumnWord(std::string_view word, ArtifactKind& value);
bool FromColumnWord(std::string_view word, SourceAfter& value);
bool FromColumnWord(std::string_view word, SignatureNeed& value);
bool FromColumnWord(std::string_view word, Provenance& value);

// ["a","b"] and [{"key":"…","value":"…"}]. Bytes that are not UTF-8 are kept as they are: the JSON of a hostile name is
// then no valid JSON text for others, but ours again when it is read.
std::string ColumnList(const std::vector<std::string>& list);
std::string ColumnList(const std::vector<Label>& list);
std::string ColumnList(const std::vector<CommitCandidate>& list);
std::string ColumnList(const std::vector<Check>& list);
std::string ColumnList(const std::vector<OpenUpload>& list);
std::string ColumnList(const std::vector<UploadedPart>& list);
// False for what is no such list.
bool FromColumnList(const std::string& text, std::vector<std::string>& list);
bool FromColumnList(const std::string& text, std::vector<Label>& list);
bool FromColumnList(const std::string& text, std::vector<CommitCandidate>& list);
bool FromColumnList(const std::string& text, std::vector<Check>& list);
bool FromColumnList(const std::string& text, std::vector<OpenUpload>& list);
bool FromColumnList(const std::string& text, std::vector<UploadedPart>& list);

}  // namespace tegodrop
