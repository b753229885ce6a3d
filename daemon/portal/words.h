// The portal's own words in an answer that is not what was hoped for. The shape of its errors is stated nowhere, so
// several are tried.
#pragma once

#include <string>
#include <string_view>

namespace tegodrop {

// One printable line: `message`, `error` or `detail` (a text, or an object or list with one
// of them), else the title and the text of an HTML page or the message of an XML error, else the text itself. Without
// the queries of URLs, which may be signatures. Empty where there are no words; a page may be long, see Shortened.
std::string PortalWords(std::string_view body);

// The same, but empty where only the text itself would be left.
std::string PortalMessage(std::string_view body);

// True where a JSON answer says by itself that it failed, whatever its status: an `error` or `errors` that is neither
// null, false nor empty, or `success` false; an XML or HTML page says so too.
bool SaysItFailed(std::string_view body);

// The text with everything left out that stands behind a '?' without a space.
std::string WithoutQueries(std::string_view text);

// At most some 600 bytes of it, cut between characters. Whatever must be left out is taken out before: half a
// credential is not found any more.
std::string Shortened(std::string text);

}  // namespace tegodrop
