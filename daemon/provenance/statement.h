// The provenance of a delivery: an in-toto Statement v1 (https://in-toto.io/Statement/v1) with SLSA provenance v1
// (https://slsa.dev/provenance/v1) as its predicate. Pure.
//
// It is made of the trace and nothing else, so that whoever has the trace can make it again and compare; and it names
// the trace by its digest, so that a signature over the statement is one over the trace too.
#pragma once

#include <string>
#include <string_view>

#include "daemon/base/result.h"

namespace tegodrop {

// What the statement calls the kind of build: the portal takes one artifact, an external parameter says how.
inline constexpr std::string_view kBuildType = "urn:tegodrop:apptego-protection:v1";

// `trace`: the text of a tegodrop-trace/1 of something that was delivered; `trace_name`: the name that it stands under.
//   subject                  the protected output, by its SHA-256
//   externalParameters       version, platform, file_name, signing_key_id
//   internalParameters       tenant, folder, start_time, file_path
//   resolvedDependencies     the source by its SHA-256; the commit as git+<repository>@<ref> where the sidecar named
//                            a repository, by gitCommit where there is one
//   builder.id               the portal's address; tegodrop's version beside it
//   metadata                 invocationId: what identifies the build at the portal; startedOn, finishedOn
//   byproducts               the trace, by its SHA-256
// The same trace gives the same bytes: one object, indented, with a newline at its end. kCorrupt for what is no such
// trace.
Result<std::string> ProvenanceStatement(std::string_view trace, std::string_view trace_name);

}  // namespace tegodrop
