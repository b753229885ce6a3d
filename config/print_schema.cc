// Prints the JSON Schema: bazel run //config:print_schema > config/schema.json
#include <cstdio>

#include "config/schema.h"

int main() { return std::fputs(tegodrop::ConfigSchemaJson().c_str(), stdout) < 0 ? 1 : 0; }
