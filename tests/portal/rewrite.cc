#include "tests/portal/rewrite.h"

#include <unistd.h>
#include <zip.h>

#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "tests/portal/text.h"

namespace tegodrop::sim {
namespace {

struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
using Archive = std::unique_ptr<zip_t, Discard>;

std::string Damaged(std::string_view why) { return "The archive is damaged: " + std::string(why); }

std::string Open(const std::string& path, int flags, Archive* out) {
  int code = 0;
  out->reset(zip_open(path.c_str(), flags, &code));
  if (*out) return "";
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string text = Damaged(zip_error_strerror(&error));
  zip_error_fini(&error);
  return text;
}

std::string NameOf(zip_t* archive, zip_int64_t index) {
  const char* name = zip_get_name(archive, static_cast<zip_uint64_t>(index), ZIP_FL_ENC_RAW);
  return name == nullptr ? "" : name;
}

// Inflates one entry to its end, which is where libzip compares the CRC.
std::string CheckEntry(zip_t* archive, zip_int64_t index, const std::function<bool()>& cancelled,
                       std::vector<char>* buffer) {
  zip_file_t* file = zip_fopen_index(archive, static_cast<zip_uint64_t>(index), 0);
  if (file == nullptr) return Damaged(zip_strerror(archive));
  zip_int64_t count;
  do {
    count = zip_fread(file, buffer->data(), buffer->size());
  } while (count > 0 && !cancelled());
  std::string error = count < 0 ? Damaged(zip_file_strerror(file)) : "";
  zip_fclose(file);
  return error;
}

bool Ends(std::string_view name, std::string_view ending) { return LowerCase(name).ends_with(ending); }

// "Payload/X.app/" of the entry's name, or "".
std::string AppFolder(const std::string& name) {
  constexpr std::string_view kPayload = "Payload/";
  if (!name.starts_with(kPayload)) return "";
  size_t end = name.find('/', kPayload.size());
  if (end == std::string::npos || !std::string_view(name).substr(0, end).ends_with(".app")) return "";
  return name.substr(0, end + 1);
}

std::string NotOfItsKind(zip_t* archive, const std::string& file_name, const std::string& app_folder) {
  auto has = [&](const char* name) { return zip_name_locate(archive, name, ZIP_FL_ENC_RAW) >= 0; };
  if (Ends(file_name, ".apk") && !has("AndroidManifest.xml")) return "Unsupported: the APK has no AndroidManifest.xml";
  if (Ends(file_name, ".aab") && !has("BundleConfig.pb")) return "Unsupported: the app bundle has no BundleConfig.pb";
  if (Ends(file_name, ".ipa") && app_folder.empty()) return "Unsupported: the IPA has no Payload/*.app folder";
  return "";
}

bool IsSignature(const std::string& name, const std::string& app_folder) {
  if (!app_folder.empty()) return name.starts_with(app_folder + "_CodeSignature/");
  constexpr std::string_view kMeta = "META-INF/";
  if (!name.starts_with(kMeta) || name.find('/', kMeta.size()) != std::string::npos) return false;
  return name == "META-INF/MANIFEST.MF" || Ends(name, ".sf") || Ends(name, ".rsa") || Ends(name, ".dsa") ||
         Ends(name, ".ec");
}

// `content` must outlive the archive's closing.
bool Put(zip_t* archive, const std::string& name, const std::string& content) {
  zip_source_t* source = zip_source_buffer(archive, content.data(), content.size(), 0);
  if (source == nullptr) return false;
  if (zip_file_add(archive, name.c_str(), source, ZIP_FL_OVERWRITE | ZIP_FL_ENC_UTF_8) >= 0) return true;
  zip_source_free(source);
  return false;
}

struct Added {
  std::string name;
  std::string content;
};

std::vector<Added> Additions(const Rewriting& rewriting, const std::string& app_folder) {
  std::vector<Added> added;
  const std::string folder = app_folder.empty() ? "META-INF/" : app_folder;
  added.push_back(
      {folder + "apptego-protection.txt", "protected by the portal simulator " + Hex(RandomBytes(8)) + "\n"});
  if (!rewriting.sign) return added;
  if (!app_folder.empty()) {
    added.push_back({app_folder + "_CodeSignature/CodeResources",
                     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict/></plist>\n"});
    return added;
  }
  added.push_back({"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\nCreated-By: portal simulator\r\n\r\n"});
  added.push_back({"META-INF/APPTEGO.SF", "Signature-Version: 1.0\r\nCreated-By: portal simulator\r\n\r\n"});
  added.push_back({"META-INF/APPTEGO.RSA", "a placeholder of the portal simulator\n"});
  return added;
}

// Reads all of the source: what is wrong with it, or "" and the application's folder (of an IPA).
std::string Inspect(const Rewriting& rewriting, std::string* app_folder) {
  Archive archive;
  std::string error = Open(rewriting.source, ZIP_RDONLY | ZIP_CHECKCONS, &archive);
  if (!error.empty()) return error;
  std::vector<char> buffer(size_t{256} * 1024);
  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    error = CheckEntry(archive.get(), i, rewriting.cancelled, &buffer);
    if (!error.empty()) return error;
    if (rewriting.cancelled()) return "Cancelled";
    if (Ends(rewriting.file_name, ".ipa") && app_folder->empty()) *app_folder = AppFolder(NameOf(archive.get(), i));
  }
  return NotOfItsKind(archive.get(), rewriting.file_name, *app_folder);
}

std::string Change(const Rewriting& rewriting, const std::string& app_folder) {
  const std::vector<Added> additions = Additions(rewriting, app_folder);
  Archive archive;
  std::string error = Open(rewriting.output, 0, &archive);
  if (!error.empty()) return error;
  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    if (!IsSignature(NameOf(archive.get(), i), app_folder)) continue;
    if (zip_delete(archive.get(), static_cast<zip_uint64_t>(i)) != 0) return Damaged(zip_strerror(archive.get()));
  }
  for (const Added& added : additions) {
    if (!Put(archive.get(), added.name, added.content)) return Damaged(zip_strerror(archive.get()));
  }
  auto cancelled = [](zip_t*, void* state) { return (*static_cast<const std::function<bool()>*>(state))() ? 1 : 0; };
  auto* state = const_cast<std::function<bool()>*>(&rewriting.cancelled);
  zip_register_cancel_callback_with_state(archive.get(), cancelled, nullptr, state);
  if (zip_close(archive.get()) != 0) return Damaged(zip_strerror(archive.get()));
  // zip_close has freed it.
  static_cast<void>(archive.release());
  return "";
}

}  // namespace

std::string Rewrite(const Rewriting& rewriting) {
  std::string app_folder;
  std::string error = Inspect(rewriting, &app_folder);
  if (!error.empty()) return error;
  // libzip writes anew beside the name that it was given and renames that over it: over this link, not over the source.
  // So the disk holds the source and the output, and no copy more.
  std::error_code linking;
  std::filesystem::create_symlink(rewriting.source, rewriting.output, linking);
  if (linking) return "The portal's disk refuses: " + linking.message();
  error = Change(rewriting, app_folder);
  if (!error.empty()) unlink(rewriting.output.c_str());
  return error;
}

}  // namespace tegodrop::sim
