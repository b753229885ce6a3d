#include "daemon/archive/zip_reader.h"

#include <zip.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "daemon/archive/directory.h"

namespace tegodrop {
namespace {

constexpr std::size_t kInflateBuffer = 128UL * 1024;

// The FileWindow as a source of libzip's. What the disk said is kept: libzip passes on only that something was wrong.
class WindowSource {
 public:
  explicit WindowSource(FileWindow& file) : file_(file) { zip_error_init(&error_); }
  ~WindowSource() { zip_error_fini(&error_); }
  WindowSource(const WindowSource&) = delete;
  WindowSource& operator=(const WindowSource&) = delete;

  static zip_int64_t Call(void* self, void* data, zip_uint64_t size, zip_source_cmd_t command) {
    return static_cast<WindowSource*>(self)->Handle(data, size, command);
  }
  const std::optional<Error>& disk_error() const { return disk_error_; }

 private:
  zip_int64_t Handle(void* data, zip_uint64_t size, zip_source_cmd_t command) {
    switch (command) {
      case ZIP_SOURCE_OPEN:
        at_ = 0;
        return 0;
      case ZIP_SOURCE_READ:
        return Read(data, size);
      case ZIP_SOURCE_SEEK: {
        const zip_int64_t to = zip_source_seek_compute_offset(at_, file_.size(), data, size, &error_);
        if (to < 0) return -1;
        at_ = static_cast<std::uint64_t>(to);
        return 0;
      }
      case ZIP_SOURCE_TELL:
        return static_cast<zip_int64_t>(at_);
      case ZIP_SOURCE_STAT: {
        auto* stat = static_cast<zip_stat_t*>(data);
        if (size < sizeof *stat) return -1;
        zip_stat_init(stat);
        stat->size = file_.size();
        stat->valid = ZIP_STAT_SIZE;
        return sizeof *stat;
      }
      case ZIP_SOURCE_ERROR:
        return zip_error_to_data(&error_, data, size);
      case ZIP_SOURCE_SUPPORTS:
        return ZIP_SOURCE_SUPPORTS_SEEKABLE;
      case ZIP_SOURCE_CLOSE:
      case ZIP_SOURCE_FREE:
        return 0;
      default:
        zip_error_set(&error_, ZIP_ER_OPNOTSUPP, 0);
        return -1;
    }
  }

  zip_int64_t Read(void* data, zip_uint64_t size) {
    const std::uint64_t count = std::min<std::uint64_t>(size, file_.size() - at_);
    if (Status read = file_.Read(at_, data, static_cast<std::size_t>(count)); !read) {
      if (!disk_error_) disk_error_ = read.error();
      zip_error_set(&error_, ZIP_ER_READ, read.error().sys);
      return -1;
    }
    at_ += count;
    return static_cast<zip_int64_t>(count);
  }

  FileWindow& file_;
  std::uint64_t at_ = 0;
  zip_error_t error_;
  std::optional<Error> disk_error_;
};

std::string Words(zip_error_t* error) { return zip_error_strerror(error); }

class LibzipReader final : public ZipReader {
 public:
  explicit LibzipReader(FileWindow& file) : source_(file) {}
  ~LibzipReader() override {
    if (zip_ != nullptr) zip_discard(zip_);
  }

  Status Open(bool consistency) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source = zip_source_function_create(&WindowSource::Call, &source_, &error);
    if (source != nullptr) zip_ = zip_open_from_source(source, ZIP_RDONLY | (consistency ? ZIP_CHECKCONS : 0), &error);
    Status status;
    if (zip_ == nullptr) {
      if (source != nullptr) zip_source_free(source);
      status = Disk("the ZIP is not consistent: " + Words(&error));
    }
    zip_error_fini(&error);
    return status;
  }

  Status InflateAll(const std::vector<bool>& held, std::string_view watched,
                    const std::function<void(std::string_view)>& see) override {
    const zip_int64_t entries = zip_get_num_entries(zip_, 0);
    for (zip_int64_t i = 0; i < entries; ++i) {
      const auto index = static_cast<zip_uint64_t>(i);
      Result<zip_stat_t> entry = StatOf(index);
      if (!entry) return Fail(entry.error());
      const bool shown = !watched.empty() && watched == entry->name;
      if (!shown && index < held.size() && held[index]) continue;
      if (Status whole = Inflate(*entry, shown ? see : nullptr); !whole) return whole;
    }
    return {};
  }

  Result<std::string> ReadEntry(const std::string& name, std::size_t most) override {
    const zip_int64_t index = zip_name_locate(zip_, name.c_str(), ZIP_FL_ENC_RAW);
    if (index < 0) return Disk("there is no entry " + Quoted(name));
    Result<zip_stat_t> entry = StatOf(static_cast<zip_uint64_t>(index));
    if (!entry) return Fail(entry.error());
    if (entry->size > most) {
      return Fail(ErrorKind::kRejected,
                  "the entry " + Quoted(name) + " is larger than " + std::to_string(most) + " bytes");
    }
    std::string bytes;
    bytes.reserve(static_cast<std::size_t>(entry->size));
    if (Status whole = Inflate(*entry, [&](std::string_view piece) { bytes += piece; }); !whole) {
      return Fail(whole.error());
    }
    return bytes;
  }

 private:
  // The disk's own error where there was one, else kCorrupt.
  Unexpected Disk(std::string message) const {
    if (source_.disk_error()) return Fail(*source_.disk_error());
    return Fail(ErrorKind::kCorrupt, std::move(message));
  }

  // With its name as it stands in the file, and its size.
  Result<zip_stat_t> StatOf(zip_uint64_t index) {
    zip_stat_t stat;
    zip_stat_init(&stat);
    constexpr zip_uint64_t kNeeded = ZIP_STAT_SIZE | ZIP_STAT_NAME | ZIP_STAT_INDEX;
    if (zip_stat_index(zip_, index, ZIP_FL_ENC_RAW, &stat) != 0 || (stat.valid & kNeeded) != kNeeded) {
      return Disk("an entry cannot be read: " + Words(zip_get_error(zip_)));
    }
    return stat;
  }

  Status Inflate(const zip_stat_t& stat, const std::function<void(std::string_view)>& see) {
    const std::string name = Quoted(stat.name);
    zip_file_t* file = zip_fopen_index(zip_, stat.index, 0);
    if (file == nullptr) return Disk("the entry " + name + " cannot be read: " + Words(zip_get_error(zip_)));
    std::uint64_t total = 0;
    zip_int64_t got = 0;
    // Never past what the entry declared: that is what the caps counted.
    while (total <= stat.size && (got = zip_fread(file, buffer_.get(), kInflateBuffer)) > 0) {
      total += static_cast<std::uint64_t>(got);
      if (see) see({buffer_.get(), static_cast<std::size_t>(got)});
    }
    Status status;
    if (got < 0) {
      status = Disk("the entry " + name + " is damaged: " + Words(zip_file_get_error(file)));
    } else if (total != stat.size) {
      status = Disk("the entry " + name + " is not as long as it says");
    }
    zip_fclose(file);
    return status;
  }

  WindowSource source_;
  zip_t* zip_ = nullptr;
  const std::unique_ptr<char[]> buffer_{new char[kInflateBuffer]};
};

}  // namespace

Result<std::unique_ptr<ZipReader>> ZipReader::Open(FileWindow& file, bool consistency) {
  auto reader = std::make_unique<LibzipReader>(file);
  if (Status opened = reader->Open(consistency); !opened) return Fail(opened.error());
  return reader;
}

}  // namespace tegodrop
