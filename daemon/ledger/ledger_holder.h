// Whether somebody works on a ledger, for those who only look.
#pragma once

#include <string>

namespace tegodrop {

// True while a daemon, or a command that changes the ledger by its own hands, holds it. Writes nothing; a daemon that
// starts in this very moment tries its lock again a little later.
bool LedgerIsHeld(const std::string& state_dir);

}  // namespace tegodrop
