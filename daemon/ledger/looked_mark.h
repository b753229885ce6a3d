// The mark beside a ledger that was looked over for damage: "ledger.looked". It names the file as it stood when it was
// closed, after a life that had looked over all of it. Only while the file stands so may a start work with it before it
// is looked over. The mark is gone before the first write, so that a death, damage that was found, a look that was not
// brought to its end, and a file that somebody put in its place all lead to a look first.
#pragma once

#include <string>

#include "daemon/base/result.h"

namespace tegodrop {

// Whether it is there and names the ledger as it stands.
bool HasLookedMark(const std::string& state_dir);

// Makes it for the ledger as it stands: whole, or not at all.
Status MakeLookedMark(const std::string& state_dir);

// Durably gone. None is no error.
Status RemoveLookedMark(const std::string& state_dir);

}  // namespace tegodrop
