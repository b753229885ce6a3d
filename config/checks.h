// What single texts of the config must look like. Each check takes the text as written, may bring it into its one form
// (a URL loses its slash at the end), and returns what is wrong and what is allowed, or nothing. Pure.
//
// None repeats a URL in its answer: somebody may have put a password into it.
#pragma once

#include <string>
#include <string_view>

namespace tegodrop {

// https://host[:port][/path]; http only to 127.0.0.0/8, [::1] and localhost.
std::string CheckPortalUrl(std::string& url);
// https://host[:port][/path][?query]; http as above. For an address that is a credential.
std::string CheckWebhookUrl(std::string& url);
// An event of notify.on.
std::string CheckNotifyEvent(std::string& event);
// http://host:port
std::string CheckProxy(std::string& url);
// 32 hex digits; becomes lower case.
std::string CheckTenant(std::string& tenant);
std::string CheckFolderName(std::string& name);
// "default", "none" or a key id: printable ASCII without spaces.
std::string CheckSigningKey(std::string& id);
// One path component that Windows and macOS can show too.
std::string CheckRooms(std::string& name);
// A regular expression with one group, see daemon/model/commit_pattern.h.
std::string CheckCommitPattern(std::string& pattern);
// SHA-256 of a certificate, with or without colons; becomes 64 lowercase hex digits.
std::string CheckFingerprint(std::string& fingerprint);
// The id of a check that may warn instead of failing an output.
std::string CheckWarnCheck(std::string& id);
// One window of schedule.window, see daemon/model/upload_window.h; gets its one form.
std::string CheckWindow(std::string& window);
// "local" or a name that the system's tz database has, which is looked up there.
std::string CheckTimeZone(std::string& name);
// Ends in {ext}; only known placeholders; tells artifacts apart. A template without {start_time}, {job} or {sha256} is
// allowed, because a name that is taken gets the job's id; one that is the same for every artifact is not.
std::string CheckOutputName(std::string& name);

}  // namespace tegodrop
