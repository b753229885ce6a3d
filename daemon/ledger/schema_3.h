// Schema 3: what an artifact and its output are (package, version, signatures), and what a folder asks of an output.
#pragma once

namespace tegodrop {

// A job that was claimed by an older version asked for none of it, and its trace says so.
inline constexpr const char* kSchema3 = R"sql(
ALTER TABLE jobs ADD COLUMN expected_signers TEXT NOT NULL DEFAULT '[]';
ALTER TABLE jobs ADD COLUMN warn_checks TEXT NOT NULL DEFAULT '[]';
ALTER TABLE jobs ADD COLUMN provenance TEXT NOT NULL DEFAULT 'off';
ALTER TABLE jobs ADD COLUMN package TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN version_name TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN version_code TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN output_package TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN output_version_name TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN output_version_code TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN signature_schemes TEXT;
)sql";

}  // namespace tegodrop
