#include "daemon/archive/manifest/version_control.h"

#include <optional>
#include <string>
#include <utility>

#include "daemon/archive/manifest/commit_text.h"

namespace tegodrop {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f'; }

bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == '-' || c == '+';
}

// A word, one sign, or a string without its quotes; escapes stay as they are, since no revision has any.
struct Token {
  enum class Kind { kWord, kSign, kString } kind;
  std::string_view text;
};

class Tokens {
 public:
  explicit Tokens(std::string_view text) : rest_(text) {}

  // nullopt at the end, and at a string that its line does not end.
  std::optional<Token> Next() {
    SkipSpaceAndComments();
    if (rest_.empty()) return std::nullopt;
    const char first = rest_.front();
    if (first == '"' || first == '\'') return String(first);
    std::size_t length = 0;
    while (length < rest_.size() && IsWord(rest_[length])) ++length;
    if (length == 0) return Token{Token::Kind::kSign, Take(1)};
    return Token{Token::Kind::kWord, Take(length)};
  }

 private:
  std::string_view Take(std::size_t length) {
    const std::string_view taken = rest_.substr(0, length);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  void SkipSpaceAndComments() {
    while (!rest_.empty() && (IsSpace(rest_.front()) || rest_.front() == '#')) {
      Take(rest_.front() == '#' ? rest_.find('\n') : 1);
    }
  }
  std::optional<Token> String(char quote) {
    for (std::size_t at = 1; at < rest_.size() && rest_[at] != '\n'; ++at) {
      if (rest_[at] == '\\') {
        ++at;
      } else if (rest_[at] == quote) {
        return Token{Token::Kind::kString, Take(at + 1).substr(1, at - 1)};
      }
    }
    return std::nullopt;
  }

  std::string_view rest_;
};

void Add(std::string_view revision, std::vector<EmbeddedCommit>* commits) {
  std::optional<std::string> sha = AsCommit(revision);
  if (!sha || commits->size() == kMostCommits) return;
  for (const EmbeddedCommit& commit : *commits) {
    if (commit.sha == *sha) return;
  }
  commits->push_back({"revision", *std::move(sha)});
}

}  // namespace

std::vector<EmbeddedCommit> ReadVersionControlInfo(std::string_view text) {
  std::vector<EmbeddedCommit> commits;
  Tokens tokens(text);
  std::size_t depth = 0;
  std::string_view block;  // the one at the top that is open
  std::string_view name;   // of the field whose value is next
  std::optional<Token> token = tokens.Next();
  while (token) {
    const char sign = token->kind == Token::Kind::kSign ? token->text.front() : '\0';
    if (sign == '{' || sign == '<') {
      if (depth++ == 0) block = name;
    } else if (sign == '}' || sign == '>') {
      if (depth == 0) break;  // more ends than beginnings: what follows means nothing
      // `repositories: [{…}, {…}]` goes on with the same name.
      if (--depth == 0) name = block;
    } else if (token->kind == Token::Kind::kWord) {
      name = token->text;
    } else if (token->kind == Token::Kind::kString) {
      std::string_view value = token->text;
      token = tokens.Next();
      // Strings beside each other are one string.
      const bool goes_on = token && token->kind == Token::Kind::kString;
      if (!goes_on && depth == 1 && block == "repositories" && name == "revision") Add(value, &commits);
      while (token && token->kind == Token::Kind::kString) token = tokens.Next();
      continue;
    }
    token = tokens.Next();
  }
  return commits;
}

}  // namespace tegodrop
