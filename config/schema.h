// The JSON Schema for editors, made from the key table. config/schema.json is its output; a test compares the two.
#pragma once

#include <string>

namespace tegodrop {

// Only keywords that draft-04 and draft-07 share. Ends in a line break.
std::string ConfigSchemaJson();

}  // namespace tegodrop
