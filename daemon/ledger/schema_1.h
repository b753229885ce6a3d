// Schema 1 of the ledger, as it was released: later schemas are steps of their own (migrations.cc).
//
// STRICT: a value of the wrong type is refused when it is written and not found when it is read. Columns of jobs are
// the fields of Job (job_codec.cc) and, besides: seq (the order in which jobs came; the wall clock may jump), created
// and changed (wall time of the first and the last write), platform (as the portal is told it, for the identity).
#pragma once

namespace tegodrop {

inline constexpr const char* kSchema1 = R"sql(
CREATE TABLE jobs (
  seq INTEGER PRIMARY KEY,
  created INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  platform TEXT NOT NULL,

  id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL,
  finished INTEGER NOT NULL,
  owner TEXT NOT NULL,
  epoch INTEGER NOT NULL,

  folder TEXT NOT NULL,
  drop_path TEXT NOT NULL,
  rooms TEXT NOT NULL,
  output_path TEXT NOT NULL,
  output_name TEXT NOT NULL,
  output_mode INTEGER NOT NULL,
  source_after TEXT NOT NULL,
  signature TEXT NOT NULL,
  portal_url TEXT NOT NULL,
  tenant TEXT NOT NULL,
  version TEXT NOT NULL,
  signing_key TEXT NOT NULL,
  priority INTEGER NOT NULL,
  skip_same_bytes INTEGER NOT NULL,

  file_name TEXT NOT NULL,
  subfolder TEXT NOT NULL,
  kind TEXT NOT NULL,
  size INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  sidecar_present INTEGER NOT NULL,
  sidecar_files TEXT NOT NULL,
  sidecar_repository TEXT NOT NULL,
  sidecar_ref TEXT NOT NULL,
  sidecar_build_url TEXT NOT NULL,
  sidecar_signing_key_id TEXT NOT NULL,
  sidecar_submit_id TEXT NOT NULL,
  sidecar_labels TEXT NOT NULL,
  commit_candidates TEXT NOT NULL,

  start_time INTEGER NOT NULL,
  file_path TEXT NOT NULL,
  ticket_signing_key_id TEXT,
  upload_id TEXT,
  chunk_size INTEGER,
  total_parts INTEGER,
  sealed_urls TEXT,
  urls_expire_at INTEGER,
  parts TEXT,
  aborts TEXT NOT NULL,
  upload_tries INTEGER NOT NULL,
  refused_urls INTEGER NOT NULL,
  sends INTEGER NOT NULL,
  last_chunk_left INTEGER NOT NULL,
  confirming_since INTEGER NOT NULL,
  confirming_looks INTEGER NOT NULL,

  build_start_time INTEGER,
  build_end_time INTEGER,
  build_version TEXT,
  build_name TEXT,
  build_platform TEXT,
  build_success INTEGER,
  build_signed INTEGER,
  build_error_message TEXT,
  build_status_message TEXT,
  build_signing_key_id TEXT,
  build_signing_key_name TEXT,
  build_signing_error_message TEXT,
  build_deleted INTEGER,
  reset_since INTEGER NOT NULL,
  alarmed INTEGER NOT NULL,

  download_tries INTEGER NOT NULL,
  bad_downloads INTEGER NOT NULL,
  staging_name TEXT NOT NULL,
  protected_name TEXT NOT NULL,
  output_size INTEGER NOT NULL,
  output_sha256 TEXT NOT NULL,
  checks TEXT NOT NULL,
  kept_etag TEXT NOT NULL,
  kept_total INTEGER NOT NULL,
  kept_synced INTEGER NOT NULL,
  redeliveries INTEGER NOT NULL,
  duplicate_of TEXT NOT NULL,
  duplicate_trace TEXT NOT NULL,

  detected_at INTEGER NOT NULL,
  claimed_at INTEGER NOT NULL,
  submitted_at INTEGER NOT NULL,
  completed_at INTEGER NOT NULL,
  delivered_at INTEGER NOT NULL,

  waiting_for TEXT NOT NULL,
  waiting_since INTEGER NOT NULL,
  not_before INTEGER NOT NULL,

  failure_kind TEXT,
  failure_message TEXT,
  failure_remedy TEXT,
  failure_status_message TEXT,
  failure_error_message TEXT,
  failure_signing_error_message TEXT
) STRICT;

CREATE UNIQUE INDEX jobs_identity ON jobs (portal_url, tenant, version, platform, start_time, file_name)
  WHERE start_time <> 0;
CREATE INDEX jobs_unfinished ON jobs (seq) WHERE finished = 0 OR aborts <> '[]';
CREATE INDEX jobs_finished ON jobs (changed) WHERE finished = 1;
CREATE INDEX jobs_bytes ON jobs (sha256, folder) WHERE state = 'delivered' AND duplicate_of = '';

CREATE TABLE timeline (
  seq INTEGER PRIMARY KEY,
  job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  at INTEGER NOT NULL,
  state TEXT NOT NULL,
  note TEXT NOT NULL
) STRICT;
CREATE INDEX timeline_job ON timeline (job, seq);

CREATE TABLE folders (
  name TEXT NOT NULL PRIMARY KEY,
  path TEXT NOT NULL,
  room_id TEXT NOT NULL,
  fs_type TEXT NOT NULL,
  first_seen INTEGER NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  since INTEGER NOT NULL,
  host_id TEXT NOT NULL
) STRICT;

CREATE TABLE outputs (
  path TEXT NOT NULL PRIMARY KEY,
  fs_type TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE kept (
  folder TEXT NOT NULL,
  file_name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  job TEXT NOT NULL,
  stat_key TEXT NOT NULL,
  PRIMARY KEY (folder, file_name, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_job ON kept (job);

CREATE TABLE notices (
  name TEXT NOT NULL PRIMARY KEY,
  text TEXT NOT NULL,
  since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pauses (
  folder TEXT NOT NULL PRIMARY KEY,
  since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ignored (
  folder TEXT NOT NULL,
  file TEXT NOT NULL,
  PRIMARY KEY (folder, file)
) STRICT, WITHOUT ROWID;
)sql";

}  // namespace tegodrop
