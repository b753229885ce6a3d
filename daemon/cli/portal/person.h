// Who sits at the terminal: asked for a yes and for a password.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "daemon/base/result.h"
#include "daemon/base/secret.h"

namespace tegodrop {

class Person {
 public:
  virtual ~Person() = default;
  // Whether anybody can be asked.
  virtual bool there() const = 0;
  // `question` in one line; true for "yes" alone.
  virtual bool Agrees(const std::string& question) = 0;
  // Typed without being shown. kCancelled where nothing was typed, or it was given up.
  virtual Result<Secret> Password(const std::string& prompt) = 0;
};

// The one at the controlling terminal, whatever standard input and output are.
class TerminalPerson final : public Person {
 public:
  bool there() const override;
  bool Agrees(const std::string& question) override;
  Result<Secret> Password(const std::string& prompt) override;
};

// How wide the terminal on standard output is; nullopt where there is none. $COLUMNS is not asked: a script may have it
// from somebody else.
std::optional<std::size_t> OutputWidth();

}  // namespace tegodrop
