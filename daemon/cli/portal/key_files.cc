// keys upload, signing-file upload: a record at the portal, and then the file to the signed URL that it answers with.
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "config/token.h"
#include "daemon/base/json.h"
#include "daemon/base/text.h"
#include "daemon/cli/portal/actions.h"
#include "daemon/disk/whole_file.h"
#include "daemon/portal/request_rules.h"

namespace tegodrop {
namespace {

constexpr int kTries = 3;

struct KeyFile {
  std::string name;
  std::string bytes;
};

Unexpected Refusal(const std::string& path, const char* why) {
  return Fail(ErrorKind::kRejected, Printable(path) + " " + why);
}

// kRejected where it is too large, and nothing else is looked at here.
Result<KeyFile> ReadKeyFile(FileSystem& fs, const std::string& path) {
  KeyFile file;
  file.name = path.substr(path.rfind('/') + 1);
  // Of a link what it leads to, under the name that was given.
  std::error_code trouble;
  const std::filesystem::path place = std::filesystem::canonical(path, trouble);
  if (trouble) return Fail(PosixError("cannot read", path, trouble.value()));
  if (!std::filesystem::is_regular_file(place, trouble)) return Refusal(path, "is no file");
  const std::uintmax_t size = std::filesystem::file_size(place, trouble);
  if (!trouble && size > kLargestSigningKeyFile)
    return Refusal(path, "has over 10 MB, the most that a key's file may have");
  const Result<Fd> opened = fs.OpenFolder(place.parent_path().string());
  if (!opened) return Fail(opened.error());
  auto bytes = ReadWhole(fs, opened->get(), place.filename().string(), kLargestSigningKeyFile);
  if (!bytes) return Fail(bytes.error());
  if (bytes->empty()) return Refusal(path, "is empty");
  file.bytes = std::move(*bytes);
  return file;
}

Result<Secret> PasswordOf(const PortalDesk& desk, const std::string& file) {
  if (!desk.options.password_file.empty()) return LoadPassword(desk.options.password_file);
  Result<Secret> password = desk.person.Password("Password of " + file + ": ");
  // Nothing was begun: there is nothing to go on with.
  if (!password) return Fail(ErrorKind::kRejected, password.error().message + ": nothing was sent");
  return password;
}

// Puts it to the URL; a store that is in trouble is asked again. Neither the URL nor what the store says is quoted. A
// signal ends it as kCancelled, so that what stands at the portal by now can be told of.
Status Put(PortalSession& session, const Secret& url, const std::string& bytes) {
  bool stopped = false;
  std::vector<HandlePtr> signals;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    signals.push_back(session.loop().OnSignal(number, [&] {
      stopped = true;
      session.loop().Stop();
    }));
  }
  Error last;
  for (int tried = 0; tried < kTries; ++tried) {
    if (tried > 0) session.Pause(std::chrono::seconds(tried));
    if (stopped) return Fail(ErrorKind::kCancelled, "stopped");
    const Result<HttpAnswer> answer = session.Await<HttpAnswer>([&](auto done) {
      HttpRequest request;
      request.method = "PUT";
      request.url = url;
      request.headers.push_back({"Content-Type", Secret(std::string("application/octet-stream"))});
      request.body = bytes;
      request.again = tried > 0;
      return session.transfer().Start(std::move(request), std::move(done));
    });
    if (answer && answer->status >= 200 && answer->status < 300) return {};
    if (!answer) {
      last = answer.error();
    } else {
      const bool passing = answer->status == 408 || answer->status == 429 || answer->status >= 500;
      last = MakeError(passing ? ErrorKind::kRetry : ErrorKind::kRejected,
                       "the store refused the file (HTTP " + std::to_string(answer->status) + ")");
    }
    last.outcome_unknown = false;  // the same file again does no harm
    if (last.kind != ErrorKind::kRetry) break;
  }
  last.message = "putting the file to the store: " + last.message;
  return Fail(last);
}

// Whether there is a way to learn the password; says so where there is none.
bool CanAsk(const PortalDesk& desk) {
  if (!desk.options.password_file.empty() || desk.person.there()) return true;
  Complain("there is no terminal to ask for the password at: give --password-file FILE");
  return false;
}

ExitCode Refused(const Error& error, const char* lookup) {
  // A file of our own that cannot be used: nothing was to be written.
  if (error.kind != ErrorKind::kLocalDisk && error.kind != ErrorKind::kCorrupt) return TellRefusal(error, lookup);
  Complain(error.message);
  return ExitCode::kFailed;
}

}  // namespace

ExitCode UploadKey(const PortalDesk& desk) {
  constexpr char kLookup[] = "keys list";
  const PortalOptions& asked = desk.options;
  const Result<KeyFile> file = ReadKeyFile(desk.fs, asked.file);
  if (!file) return Refused(file.error(), kLookup);
  SigningKeyUpload key{asked.name,  asked.platform,     file->name,          Secret("?"),
                       asked.alias, file->bytes.size(), /*is_default=*/false};
  // Before the password is asked for.
  if (const Status allowed = CheckSigningKey(key); !allowed) return Refused(allowed.error(), kLookup);
  if (!CanAsk(desk)) return ExitCode::kUsage;
  Result<Secret> password = PasswordOf(desk, file->name);
  if (!password) return Refused(password.error(), kLookup);
  key.password = std::move(*password);
  const Result<SigningKeyGrant> grant = desk.session.Await<SigningKeyGrant>(
      [&](auto done) { return desk.session.administration().UploadSigningKey(key, std::move(done)); });
  if (!grant) return TellRefusal(grant.error(), kLookup);
  if (const Status put = Put(desk.session, grant->url, file->bytes); !put) {
    const ExitCode code = TellRefusal(put.error(), kLookup);
    Complain("the portal has the record " + grant->key_id + " without its file: 'tegodrop keys delete " +
             grant->key_id + "', then upload it again");
    return code;
  }
  // Only now: while its file is missing it would be the default of every folder without a key of its own.
  if (asked.make_default) {
    const Status chosen = desk.session.Await<void>([&](auto done) {
      return desk.session.administration().SetDefaultSigningKey(asked.platform, grant->key_id, std::move(done));
    });
    if (!chosen) {
      const ExitCode code = TellRefusal(chosen.error(), kLookup);
      Complain("the key " + grant->key_id + " is uploaded and not the default: 'tegodrop keys set-default " +
               grant->key_id + " --platform " + asked.platform + "'");
      return code;
    }
  }
  if (asked.json) {
    Json json(2);
    json.Begin();
    json.Text("schema", "tegodrop-key/1");
    json.Text("key_id", grant->key_id);
    json.Text("key_name", asked.name);
    json.Text("platform", asked.platform);
    json.Text("file_name", file->name);
    json.Flag("is_default", asked.make_default);
    json.End();
    std::fputs(json.Finish().c_str(), stdout);
  } else {
    std::printf("uploaded signing key %s (%s, %s)%s\n", Printable(grant->key_id).c_str(), Printable(asked.name).c_str(),
                asked.platform.c_str(), asked.make_default ? "; it is the platform's default now" : "");
  }
  return ExitCode::kDone;
}

ExitCode UploadSigningFile(const PortalDesk& desk) {
  constexpr char kLookup[] = "apps list";
  const PortalOptions& asked = desk.options;
  const Result<KeyFile> file = ReadKeyFile(desk.fs, asked.file);
  if (!file) return Refused(file.error(), kLookup);
  SigningFileUpload upload{file->name, Secret("?"), asked.id, asked.platform, asked.alias};
  if (const Status allowed = CheckSigningFile(upload); !allowed) return Refused(allowed.error(), kLookup);
  if (!CanAsk(desk)) return ExitCode::kUsage;
  Result<Secret> password = PasswordOf(desk, file->name);
  if (!password) return Refused(password.error(), kLookup);
  upload.password = std::move(*password);
  const Result<Secret> url = desk.session.Await<Secret>(
      [&](auto done) { return desk.session.administration().UploadSigningFile(upload, std::move(done)); });
  if (!url) return TellRefusal(url.error(), kLookup);
  if (const Status put = Put(desk.session, *url, file->bytes); !put) {
    const ExitCode code = TellRefusal(put.error(), kLookup);
    Complain("the portal has the password of " + asked.id + " without its file: give the same command again");
    return code;
  }
  std::printf("uploaded the signing file of %s; 'tegodrop builds sign' signs a build with it\n",
              Printable(asked.id).c_str());
  return ExitCode::kDone;
}

}  // namespace tegodrop
