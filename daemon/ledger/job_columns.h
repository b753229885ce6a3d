// The one table of a job's columns: each field of Job and of what it is made of, once, with its column's name. Whoever
// writes, reads or names the columns walks through it, so that they cannot disagree.
//
// The structs are taken apart by structured bindings: a field added to one of them does not compile until it stands
// here (and has a column, by a step in migrations.cc). Bindings follow the order of the declarations in model/.
#pragma once

#include <type_traits>

#include "daemon/model/job.h"

namespace tegodrop {

template <typename Visitor, typename TargetT>  // here and below: const for writing, mutable for reading
void VisitTarget(Visitor& v, TargetT& target) {
  auto& [folder, drop_path, rooms, output_path, output_name, output_mode, after, signature, portal_url, tenant, version,
         signing_key, priority, skip_same_bytes, expected_signers, warn_checks, provenance] = target;
  v.Field("folder", folder);
  v.Field("drop_path", drop_path);
  v.Field("rooms", rooms);
  v.Field("output_path", output_path);
  v.Field("output_name", output_name);
  v.Field("output_mode", output_mode);
  v.Field("source_after", after);
  v.Field("signature", signature);
  v.Field("portal_url", portal_url);
  v.Field("tenant", tenant);
  v.Field("version", version);
  v.Field("signing_key", signing_key);
  v.Field("priority", priority);
  v.Field("skip_same_bytes", skip_same_bytes);
  v.Field("expected_signers", expected_signers);
  v.Field("warn_checks", warn_checks);
  v.Field("provenance", provenance);
}

template <typename Visitor, typename ArtifactT>
void VisitArtifact(Visitor& v, ArtifactT& artifact) {
  auto& [file_name, subfolder, kind, size, sha256, identity, sidecar, commit] = artifact;
  v.Field("file_name", file_name);
  v.Field("subfolder", subfolder);
  v.Field("kind", kind);
  v.Field("size", size);
  v.Field("sha256", sha256);
  auto& [package, version_name, version_code] = identity;
  v.Field("package", package);
  v.Field("version_name", version_name);
  v.Field("version_code", version_code);
  auto& [present, files, repository, ref, build_url, signing_key_id, submit_id, labels] = sidecar;
  v.Field("sidecar_present", present);
  v.Field("sidecar_files", files);
  v.Field("sidecar_repository", repository);
  v.Field("sidecar_ref", ref);
  v.Field("sidecar_build_url", build_url);
  v.Field("sidecar_signing_key_id", signing_key_id);
  v.Field("sidecar_submit_id", submit_id);
  v.Field("sidecar_labels", labels);
  auto& [candidates] = commit;
  v.Field("commit_candidates", candidates);
}

template <typename Visitor, typename TicketT>
void VisitTicket(Visitor& v, TicketT& ticket) {
  auto& [start_time, file_path, signing_key_id] = ticket;
  v.Field("start_time", start_time);
  v.Field("file_path", file_path);
  v.Field("ticket_signing_key_id", signing_key_id);
}

template <typename Visitor, typename MultipartT>
void VisitMultipart(Visitor& v, MultipartT& multipart) {
  auto& [upload_id, chunk_size, total_parts, sealed_urls, expires_at, parts] = multipart;
  v.Field("upload_id", upload_id);
  v.Field("chunk_size", chunk_size);
  v.Field("total_parts", total_parts);
  v.Field("sealed_urls", sealed_urls);
  v.Field("urls_expire_at", expires_at);
  v.Field("parts", parts);
}

template <typename Visitor, typename BuildRowT>
void VisitBuild(Visitor& v, BuildRowT& build) {
  auto& [start_time, end_time, version, name, platform, success, signed_, error_message, status_message, signing_key_id,
         signing_key_name, signing_error_message, deleted] = build;
  v.Field("build_start_time", start_time);
  v.Field("build_end_time", end_time);
  v.Field("build_version", version);
  v.Field("build_name", name);
  v.Field("build_platform", platform);
  v.Field("build_success", success);
  v.Field("build_signed", signed_);
  v.Field("build_error_message", error_message);
  v.Field("build_status_message", status_message);
  v.Field("build_signing_key_id", signing_key_id);
  v.Field("build_signing_key_name", signing_key_name);
  v.Field("build_signing_error_message", signing_error_message);
  v.Field("build_deleted", deleted);
}

template <typename Visitor, typename OutputT>
void VisitOutput(Visitor& v, OutputT& output) {
  auto& [staging_name, protected_name, size, sha256, identity, signature_schemes, checks, kept] = output;
  v.Field("staging_name", staging_name);
  v.Field("protected_name", protected_name);
  v.Field("output_size", size);
  v.Field("output_sha256", sha256);
  auto& [package, version_name, version_code] = identity;
  v.Field("output_package", package);
  v.Field("output_version_name", version_name);
  v.Field("output_version_code", version_code);
  v.Field("signature_schemes", signature_schemes);
  v.Field("checks", checks);
  auto& [etag, total, synced] = kept;
  v.Field("kept_etag", etag);
  v.Field("kept_total", total);
  v.Field("kept_synced", synced);
}

template <typename Visitor, typename TimesT>
void VisitTimes(Visitor& v, TimesT& times) {
  auto& [detected, claimed, submitted, completed, delivered] = times;
  v.Field("detected_at", detected);
  v.Field("claimed_at", claimed);
  v.Field("submitted_at", submitted);
  v.Field("completed_at", completed);
  v.Field("delivered_at", delivered);
}

template <typename Visitor, typename WaitingT>
void VisitWaiting(Visitor& v, WaitingT& waiting) {
  auto& [for_what, since, not_before] = waiting;
  v.Field("waiting_for", for_what);
  v.Field("waiting_since", since);
  v.Field("not_before", not_before);
}

template <typename Visitor, typename FailureT>
void VisitFailure(Visitor& v, FailureT& failure) {
  auto& [kind, message, remedy, status_message, error_message, signing_error_message] = failure;
  v.Field("failure_kind", kind);
  v.Field("failure_message", message);
  v.Field("failure_remedy", remedy);
  v.Field("failure_status_message", status_message);
  v.Field("failure_error_message", error_message);
  v.Field("failure_signing_error_message", signing_error_message);
}

// `v.Field(column, field)` for every field, and `v.Group(optional, visit)` for one that brings several columns: all are
// NULL where it is absent, and the first of them is NULL only then.
template <typename Visitor, typename JobT>
void VisitJob(Visitor& v, JobT& job) {
  auto& [id, state, finished, owner, epoch, target, artifact, ticket, multipart, aborts, upload_tries, refused_urls,
         sends, last_chunk_left, confirming_since, confirming_looks, build, reset_since, alarmed, download_tries,
         bad_downloads, output, redeliveries, duplicate_of, duplicate_trace, times, waiting, failure] = job;
  v.Field("id", id);
  v.Field("state", state);
  v.Field("finished", finished);
  v.Field("owner", owner);
  v.Field("epoch", epoch);
  if constexpr (std::is_const_v<JobT>) {
    VisitTarget(v, *target);
  } else {
    VisitTarget(v, target.Edit());
  }
  VisitArtifact(v, artifact);
  VisitTicket(v, ticket);
  v.Group(multipart, [](Visitor& inner, auto& upload) { VisitMultipart(inner, upload); });
  v.Field("aborts", aborts);
  v.Field("upload_tries", upload_tries);
  v.Field("refused_urls", refused_urls);
  v.Field("sends", sends);
  v.Field("last_chunk_left", last_chunk_left);
  v.Field("confirming_since", confirming_since);
  v.Field("confirming_looks", confirming_looks);
  v.Group(build, [](Visitor& inner, auto& row) { VisitBuild(inner, row); });
  v.Field("reset_since", reset_since);
  v.Field("alarmed", alarmed);
  v.Field("download_tries", download_tries);
  v.Field("bad_downloads", bad_downloads);
  VisitOutput(v, output);
  v.Field("redeliveries", redeliveries);
  v.Field("duplicate_of", duplicate_of);
  v.Field("duplicate_trace", duplicate_trace);
  VisitTimes(v, times);
  VisitWaiting(v, waiting);
  v.Group(failure, [](Visitor& inner, auto& what) { VisitFailure(inner, what); });
}

}  // namespace tegodrop
