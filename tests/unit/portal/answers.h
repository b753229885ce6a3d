// Answers of the portal as its page has them.
#pragma once

#include "daemon/portal/wire.h"

namespace tegodrop {

inline constexpr char kGrant[] = R"({
  "url": "https://apps.apptego.com/signed-upload-url",
  "file_path": "tenant-123/uploads/android/production/1700000000/app-release.apk",
  "start_time": 1700000000,
  "expires_in": 3600,
  "signing_key_id": "key-uuid-1234"
})";

inline constexpr char kMultipart[] = R"({
  "multipart": true,
  "upload_id": "multipart-upload-id",
  "part_urls": [
    "https://apps.apptego.com/signed-part-1",
    "https://apps.apptego.com/signed-part-2"
  ],
  "chunk_size": 10485760,
  "total_parts": 2,
  "file_path": "tenant-123/uploads/android/production/1700000000/app-release.apk",
  "start_time": 1700000000,
  "expires_in": 3600,
  "signing_key_id": null
})";

inline constexpr char kHistory[] = R"({
  "results": [
    {
      "start_time": 1700000000,
      "end_time": 1700000300,
      "version": "production",
      "name": "app-release.apk",
      "platform": "android",
      "success": true,
      "signed": true,
      "error_message": null,
      "status_message": "Complete",
      "signing_key_id": "key-uuid-1234",
      "signing_key_name": "Android release key",
      "deleted": false,
      "signing_error_message": null
    }
  ],
  "total_count": 1,
  "page": 1,
  "page_size": 6,
  "total_pages": 1,
  "builds_used_apple": 0,
  "builds_used_android": 1,
  "still_waiting": false
})";

inline const HistoryQuestion kQuestion{"production", 1, 50};

}  // namespace tegodrop
