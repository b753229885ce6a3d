// Opens what lies below a folder, and nowhere else: no link is followed and no mount is crossed on the way.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace tegodrop {

// As openat2 with RESOLVE_BENEATH, NO_SYMLINKS, NO_MAGICLINKS and NO_XDEV: `name` may have several components, `flags`
// are open's, to which O_CLOEXEC and O_NOFOLLOW are added. Returns the descriptor, which is the caller's, or -1 and
// errno: EXDEV for what leads out, ELOOP or ENOTDIR for a link, EAGAIN for what passes. Where the kernel or a sandbox
// has no openat2 (RestrictSUIDSGID= of systemd refuses it, because the mode stands where no filter sees it), it goes
// there component by component, by WalkBeneath.
int OpenBeneath(int dir, const std::string& name, std::uint64_t flags, mode_t mode);

// The same without openat2; ".." is refused also where it would stay below `dir`.
int WalkBeneath(int dir, const std::string& name, std::uint64_t flags, mode_t mode);

}  // namespace tegodrop
