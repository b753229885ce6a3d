// Schema 2: the ledger counts the ends of jobs (outcomes.h), keeps what is to be told outside (outbox.h), and finds
// what failed among many jobs.
#pragma once

namespace tegodrop {

inline constexpr const char* kSchema2 = R"sql(
CREATE TABLE outcomes (
  folder TEXT NOT NULL,
  result TEXT NOT NULL,
  count INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (folder, result)
) STRICT, WITHOUT ROWID;

INSERT INTO outcomes (folder, result, count, last)
  SELECT folder, iif(duplicate_of = '', state, 'duplicate') AS result, count(*), max(changed)
  FROM jobs WHERE finished = 1 GROUP BY folder, result;

CREATE TRIGGER jobs_ended AFTER UPDATE OF finished ON jobs WHEN OLD.finished = 0 AND NEW.finished = 1
BEGIN
  INSERT INTO outcomes (folder, result, count, last)
    VALUES (NEW.folder, iif(NEW.duplicate_of = '', NEW.state, 'duplicate'), 1, NEW.changed)
    ON CONFLICT (folder, result) DO UPDATE SET count = count + 1, last = excluded.last;
END;

CREATE TABLE outbox (
  number INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  event TEXT NOT NULL,
  over INTEGER NOT NULL,
  folder TEXT NOT NULL,
  job TEXT NOT NULL,
  file_name TEXT NOT NULL,
  kind TEXT NOT NULL,
  message TEXT NOT NULL,
  remedy TEXT NOT NULL
) STRICT;

CREATE TABLE told (
  mark TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE INDEX jobs_failed ON jobs (changed) WHERE finished = 1 AND state = 'failed';
)sql";

}  // namespace tegodrop
